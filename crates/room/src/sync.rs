//! The Yjs protocol on a sync socket.

use std::collections::{BTreeSet, HashMap};

use protocol::TimestampMs;
use protocol::close::CloseCode;
use protocol::event::RoomEvent;
use yrs::StateVector;
use yrs::sync::{Message, SyncMessage};
use yrs::updates::encoder::Encode;

use crate::awareness::{decode_message, sync_message};
use crate::document::{DocumentError, Novelty};
use crate::effect::{Effect, Frame};
use crate::limits::FRAME_MAX_BYTES;
use crate::log::LogEntry;
use crate::outbox::{Applied, Gathered, Row, gather_ms};
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
            Some(Message::Sync(SyncMessage::SyncStep1(known))) => self.on_step_1(socket, &known, now, effects),
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

    /// Answers what the client lacks. What came earlier is written first, so the answer is a barrier: the runtime
    /// holds it back until those rows are durable.
    fn on_step_1(&mut self, socket: SocketId, known: &StateVector, now: TimestampMs, effects: &mut Vec<Effect>) {
        self.write(now, effects);
        let Some(document) = &self.document else { return };
        match document.diff(known) {
            Ok(update) => send(socket, sync_message(SyncMessage::SyncStep2(update)), effects),
            Err(error) => self.refuse(socket, error, now, effects),
        }
    }

    /// What the client had and the room lacks. A reader answers with what it holds too, which is nothing new.
    fn on_step_2(&mut self, socket: SocketId, update: Vec<u8>, now: TimestampMs, effects: &mut Vec<Effect>) {
        if self.may_edit(socket) {
            self.apply(socket, update, false, now, effects);
            return;
        }
        match self.document.as_ref().map(|document| document.lacks(&update)) {
            Some(Ok(true)) => send(socket, Message::Auth(Some(READ_ONLY.to_owned())).encode_v1(), effects),
            Some(Err(error)) => self.refuse(socket, error, now, effects),
            Some(Ok(false)) | None => {}
        }
    }

    fn on_update(&mut self, socket: SocketId, update: Vec<u8>, now: TimestampMs, effects: &mut Vec<Effect>) {
        if self.may_edit(socket) {
            self.apply(socket, update, true, now, effects);
        } else {
            send(socket, Message::Auth(Some(READ_ONLY.to_owned())).encode_v1(), effects);
        }
    }

    /// Applies an update and puts it on its way.
    fn apply(
        &mut self,
        socket: SocketId,
        update: Vec<u8>,
        is_counted: bool,
        now: TimestampMs,
        effects: &mut Vec<Effect>,
    ) {
        let Some(author) = self.sessions.get(&socket).and_then(|session| session.participant.clone()) else { return };
        let Some(document) = &mut self.document else { return };
        match document.apply(&update) {
            Ok(novelty) => {
                let update = (novelty == Novelty::New).then_some(update);
                self.outbox.push(Applied { socket, author: author.id, at: now, update, is_counted });
                self.send_due(now, effects);
            }
            Err(error) => self.refuse(socket, error, now, effects),
        }
    }

    /// Sends and writes what is due, and asks to be woken for the rest.
    pub(crate) fn send_due(&mut self, now: TimestampMs, effects: &mut Vec<Effect>) {
        let gather_ms = gather_ms(self.sockets_of(|channel| *channel == Channel::Sync).len());
        for gathered in self.outbox.take_due_frames(gather_ms, now) {
            self.pass_on(gathered, effects);
        }
        if self.outbox.are_rows_due(now) {
            self.write(now, effects);
        }
        effects.extend(self.outbox.next_wake(gather_ms).map(Effect::WakeAt));
    }

    /// Writes everything that was applied. What follows among the effects is held back until it is durable.
    pub(crate) fn write(&mut self, now: TimestampMs, effects: &mut Vec<Effect>) {
        let (frames, rows, counted) = self.outbox.take_rows(now);
        for gathered in frames {
            self.pass_on(gathered, effects);
        }
        if rows.is_empty() && counted.is_empty() {
            return;
        }
        for Row { author, at, bytes } in rows {
            self.position += 1;
            effects.push(Effect::Append(LogEntry { position: self.position, at, author, bytes }));
        }
        let mut changed = BTreeSet::new();
        for socket in counted {
            if let Some(session) = self.sessions.get_mut(&socket) {
                session.frames += 1;
                changed.insert(socket);
            }
        }
        for socket in changed {
            let session = Box::new(self.sessions[&socket].clone());
            effects.push(Effect::Remember { socket, session });
        }
        self.tell_saved(effects);
    }

    fn pass_on(&self, gathered: Gathered, effects: &mut Vec<Effect>) {
        let mut to = self.sockets_of(|channel| *channel == Channel::Sync);
        to.retain(|socket| Some(*socket) != gathered.but);
        let frame = Frame::Binary(sync_message(SyncMessage::Update(gathered.update)));
        effects.push(Effect::Send { to, frame });
    }

    /// Tells every events socket how far the log is durable, and how much of its own token's frames is in it.
    fn tell_saved(&self, effects: &mut Vec<Effect>) {
        let position = self.position;
        let synced = self.sessions.values().filter(|session| session.channel == Channel::Sync);
        // A token's newest sync socket counts.
        let frames: HashMap<_, _> = synced.map(|session| (session.token_id.as_str(), session.frames)).collect();
        for (id, session) in self.sessions.iter().filter(|(_, session)| session.channel == Channel::Events) {
            let frames = frames.get(session.token_id.as_str()).copied().unwrap_or(0);
            effects.push(Room::event(vec![*id], &RoomEvent::Saved { position, frames }));
        }
    }

    /// Closes the sender of bytes that do not apply. The document may be half changed: it is loaded again, from a log
    /// that holds everything which did apply.
    fn refuse(&mut self, socket: SocketId, error: DocumentError, now: TimestampMs, effects: &mut Vec<Effect>) {
        if error == DocumentError::Inapplicable {
            self.write(now, effects);
            self.document = None;
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
