//! The Yjs protocol on a sync socket.

use protocol::TimestampMs;
use protocol::close::CloseCode;
use protocol::event::RoomEvent;
use yrs::StateVector;
use yrs::sync::{Message, SyncMessage};
use yrs::updates::encoder::Encode;

use crate::awareness::{decode_message, sync_message};
use crate::document::{Applied, Document, DocumentError};
use crate::effect::{Effect, Frame, LogEntry};
use crate::limits::FRAME_MAX_BYTES;
use crate::room::Room;
use crate::session::{Channel, SocketId};

/// What a reader is told who tries to write.
const READ_ONLY: &str = "this link lets you read, not edit";

/// True if handling the frame takes the document. Awareness does not, so that presence never loads it.
pub(crate) fn frame_needs_document(bytes: &[u8]) -> bool {
    bytes.first() == Some(&yrs::sync::protocol::MSG_SYNC)
}

impl Room {
    /// The server's half of the handshake: what it holds, and who is there.
    pub(crate) fn greet_sync(&mut self, socket: SocketId, effects: &mut Vec<Effect>) {
        let Some(document) = &self.document else { return };
        let state = document.state_vector();
        send(socket, sync_message(SyncMessage::SyncStep1(state)), effects);
        if let Some(others) = self.awareness_of_others(socket) {
            send(socket, others, effects);
        }
    }

    pub(crate) fn on_frame(&mut self, socket: SocketId, bytes: &[u8], now: TimestampMs, effects: &mut Vec<Effect>) {
        if bytes.len() > FRAME_MAX_BYTES {
            let reason = format!("a frame has at most {FRAME_MAX_BYTES} bytes; split the change");
            effects.push(Effect::Close { socket, code: CloseCode::FrameTooLarge, reason });
            return;
        }
        match decode_message(bytes) {
            Some(Message::Sync(SyncMessage::SyncStep1(known))) => self.on_step_1(socket, &known, effects),
            Some(Message::Sync(SyncMessage::SyncStep2(update))) => self.on_step_2(socket, update, now, effects),
            Some(Message::Sync(SyncMessage::Update(update))) => self.on_update(socket, update, now, effects),
            Some(Message::Awareness(update)) => self.on_awareness(socket, &update, now, effects),
            Some(Message::AwarenessQuery) => {
                if let Some(others) = self.awareness_of_others(socket) {
                    send(socket, others, effects);
                }
            }
            // A client has nothing to grant; stock ones never send it.
            Some(Message::Auth(_)) => {}
            Some(Message::Custom(..)) | None => {
                close_malformed(socket, "the frame is no message of the Yjs protocol", effects)
            }
        }
    }

    /// Answers what the client lacks. What came earlier on this socket is in the log already, so the answer is a
    /// barrier: the runtime holds it back until those rows are durable.
    fn on_step_1(&mut self, socket: SocketId, known: &StateVector, effects: &mut Vec<Effect>) {
        let Some(document) = &self.document else { return };
        match document.diff(known) {
            Ok(update) => send(socket, sync_message(SyncMessage::SyncStep2(update)), effects),
            Err(error) => self.refuse(socket, error, effects),
        }
    }

    /// What the client had and the room lacks. A reader answers with what it holds too, which is nothing new.
    fn on_step_2(&mut self, socket: SocketId, update: Vec<u8>, now: TimestampMs, effects: &mut Vec<Effect>) {
        if self.may_edit(socket) {
            self.apply(socket, update, now, effects);
            return;
        }
        match self.document.as_ref().map(|document| document.lacks(&update)) {
            Some(Ok(true)) => send(socket, Message::Auth(Some(READ_ONLY.to_owned())).encode_v1(), effects),
            Some(Err(error)) => self.refuse(socket, error, effects),
            Some(Ok(false)) | None => {}
        }
    }

    fn on_update(&mut self, socket: SocketId, update: Vec<u8>, now: TimestampMs, effects: &mut Vec<Effect>) {
        if !self.may_edit(socket) {
            send(socket, Message::Auth(Some(READ_ONLY.to_owned())).encode_v1(), effects);
            return;
        }
        if self.apply(socket, update, now, effects) {
            if let Some(session) = self.sessions.get_mut(&socket) {
                session.frames += 1;
                effects.push(Effect::Remember { socket, session: Box::new(session.clone()) });
            }
            self.tell_saved(effects);
        }
    }

    /// Applies, stores and passes on an update. True if it was lawful.
    fn apply(&mut self, socket: SocketId, update: Vec<u8>, now: TimestampMs, effects: &mut Vec<Effect>) -> bool {
        let Some(author) = self.sessions.get(&socket).and_then(|session| session.participant.clone()) else {
            return false;
        };
        let Some(document) = &mut self.document else { return false };
        match document.apply(&update) {
            Ok(Applied::Known) => true,
            Ok(Applied::New) => {
                self.position += 1;
                let mut others = self.sockets_of(|channel| *channel == Channel::Sync);
                others.retain(|other| *other != socket);
                let frame = Frame::Binary(sync_message(SyncMessage::Update(update.clone())));
                effects.push(Effect::Append(LogEntry { position: self.position, at: now, author: author.id, update }));
                effects.push(Effect::Send { to: others, frame });
                true
            }
            Err(error) => {
                self.refuse(socket, error, effects);
                false
            }
        }
    }

    /// Tells every events socket how far the log is durable, and how much of its own token's frames is in it.
    fn tell_saved(&self, effects: &mut Vec<Effect>) {
        let position = self.position;
        for (id, session) in self.sessions.iter().filter(|(_, session)| session.channel == Channel::Events) {
            let same_token =
                |other: &&crate::Session| other.channel == Channel::Sync && other.token_id == session.token_id;
            let frames = self.sessions.values().filter(same_token).map(|other| other.frames).next_back().unwrap_or(0);
            effects.push(Room::event(vec![*id], &RoomEvent::Saved { position, frames }));
        }
    }

    /// Closes the sender of bytes that do not apply. The document may be half changed: it is loaded again.
    fn refuse(&mut self, socket: SocketId, error: DocumentError, effects: &mut Vec<Effect>) {
        if error == DocumentError::Inapplicable {
            self.document = None::<Document>;
        }
        close_malformed(socket, &error.to_string(), effects);
    }

    fn may_edit(&self, socket: SocketId) -> bool {
        self.sessions.get(&socket).is_some_and(|session| session.rights.edit)
    }
}

fn send(socket: SocketId, bytes: Vec<u8>, effects: &mut Vec<Effect>) {
    effects.push(Effect::Send { to: vec![socket], frame: Frame::Binary(bytes) });
}

fn close_malformed(socket: SocketId, reason: &str, effects: &mut Vec<Effect>) {
    effects.push(Effect::Close { socket, code: CloseCode::Malformed, reason: reason.to_owned() });
}
