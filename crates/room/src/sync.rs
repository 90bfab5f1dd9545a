//! The Yjs protocol on a sync socket.

use std::collections::{BTreeSet, HashMap};

use protocol::TimestampMs;
use protocol::close::CloseCode;
use protocol::event::RoomEvent;
use yrs::StateVector;
use yrs::sync::{Message, SyncMessage};
use yrs::updates::encoder::Encode;

use crate::ahead::Owed;
use crate::apply::Taken;
use crate::awareness::{awareness_in, decode_message, sync_message};
use crate::compaction::Size;
use crate::document::DocumentError;
use crate::effect::{Effect, Frame};
use crate::limits::{DOCUMENT_MAX_BYTES, FRAME_MAX_BYTES};
use crate::log::{LogBody, LogEntry};
use crate::outbox::{Applied, Gathered, Unwritten, gather_ms};
use crate::room::Room;
use crate::session::{Channel, Session, SocketId};
use crate::update::{SYNC_FRAME_MAX_BYTES, split};

/// Sockets above which a room is crowded: 25 people with two each.
const CROWD: usize = 50;

/// How often a crowded room tells everybody how far the log is durable.
const SAVED_TO_ALL_MS: u64 = 1_000;

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
        if let Some(update) = awareness_in(bytes) {
            return self.on_awareness(socket, update, now, effects);
        }
        match decode_message(bytes) {
            Some(Message::Sync(SyncMessage::SyncStep1(known))) => self.on_step_1(socket, known, now, effects),
            Some(Message::Sync(SyncMessage::SyncStep2(update))) => self.on_step_2(socket, update, now, effects),
            Some(Message::Sync(SyncMessage::Update(update))) => self.on_update(socket, update, now, effects),
            Some(Message::AwarenessQuery) => {
                if let Some(others) = self.awareness_of_others(socket) {
                    send(socket, others, effects);
                }
            }
            // A client has nothing to grant; stock ones never send it.
            Some(Message::Auth(_)) => {}
            Some(Message::Awareness(_) | Message::Custom(..)) | None => {
                close_malformed(socket, "the frame is no message of the Yjs protocol", effects)
            }
        }
    }

    /// Answers what the client lacks. What came earlier is written first, so the answer is a barrier: the runtime
    /// holds it back until those rows are durable.
    fn on_step_1(&mut self, socket: SocketId, known: StateVector, now: TimestampMs, effects: &mut Vec<Effect>) {
        let Some(known) = self.ahead.hold(socket, known) else { return };
        self.write(now, effects);
        let Some(document) = &self.document else { return };
        match document.diff(&known) {
            Ok(update) => {
                // The last one is the answer that the client waits for.
                let mut parts = in_frames(update);
                let last = parts.pop().unwrap_or_default();
                parts.into_iter().for_each(|part| send(socket, sync_message(SyncMessage::Update(part)), effects));
                send(socket, sync_message(SyncMessage::SyncStep2(last)), effects);
            }
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
        if !self.has_space(&update) {
            let reason =
                format!("the document is full: with what was deleted it has at most {DOCUMENT_MAX_BYTES} bytes");
            effects.push(Effect::Close { socket, code: CloseCode::FrameTooLarge, reason });
            return;
        }
        let Some(document) = &mut self.document else { return };
        let Taken { update, is_ahead } = match document.take(update) {
            Ok(taken) => taken,
            Err(error) => return self.refuse(socket, error, now, effects),
        };
        if update.is_some() {
            self.note_author(&author, effects);
        }
        let applied = Applied { socket: Some(socket), author: author.id, at: now, update, is_counted };
        match (is_counted, is_ahead) {
            (true, false) => self.outbox.push(applied),
            (true, true) => {
                self.outbox.push(Applied { is_counted: false, ..applied });
                self.ask(socket, effects);
            }
            (false, _) => self.settle(applied, now, effects),
        }
        self.send_due(now, effects);
    }

    /// Asks a socket that is ahead for everything that the room lacks.
    fn ask(&mut self, socket: SocketId, effects: &mut Vec<Effect>) {
        if let Some(document) = self.document.as_ref().filter(|_| self.ahead.note(socket)) {
            send(socket, sync_message(SyncMessage::SyncStep1(document.state_vector())), effects);
        }
    }

    /// Takes in a socket's answer to the handshake, and makes up for what waited for it.
    fn settle(&mut self, answer: Applied, now: TimestampMs, effects: &mut Vec<Effect>) {
        let Owed { frames, barriers } = answer.socket.map(|socket| self.ahead.settle(socket)).unwrap_or_default();
        for _ in 0..frames {
            self.outbox.push(Applied { update: None, is_counted: true, ..answer.clone() });
        }
        let socket = answer.socket;
        self.outbox.push(answer);
        if let Some(socket) = socket {
            barriers.into_iter().for_each(|barrier| self.on_step_1(socket, barrier, now, effects));
        }
    }

    /// True if the document may grow by an update. It is measured only when it could be too large.
    fn has_space(&mut self, update: &[u8]) -> bool {
        let size = Size::of(update);
        if !(self.tail.document_bound() + size).is_allowed()
            && let Some(state) = self.document.as_ref().and_then(|document| document.state().ok())
        {
            self.tail.measured(Size::of(&state));
        }
        (self.tail.document_bound() + size).is_allowed()
    }

    /// Sends and writes what is due, and asks to be woken for the rest.
    pub(crate) fn send_due(&mut self, now: TimestampMs, effects: &mut Vec<Effect>) {
        let gather_ms = self.gather_ms();
        for gathered in self.outbox.take_due_frames(gather_ms, now) {
            self.pass_on(gathered, effects);
        }
        let is_synced = |session: &Session| session.channel == Channel::Sync;
        let sockets = || self.sessions.iter().filter(|(_, it)| is_synced(it)).map(|(socket, _)| *socket).collect();
        if let Some((message, to)) = self.outbox.take_due_awareness(gather_ms, now, sockets) {
            effects.push(Effect::Send { to, frame: Frame::Binary(message) });
        }
        if self.outbox.are_rows_due(now) {
            self.write(now, effects);
        }
        if self.owes_saved && now >= self.told_all_saved_at + SAVED_TO_ALL_MS {
            self.tell_saved(&BTreeSet::new(), now, effects);
        }
        self.remember_due(now, effects);
        let owed = self.owes_saved.then_some(self.told_all_saved_at + SAVED_TO_ALL_MS);
        let others = [owed, self.attachments.due_at()].into_iter().flatten().min();
        effects.extend(self.outbox.next_wake(gather_ms, others).map(Effect::WakeAt));
    }

    /// Writes everything that was applied. What follows among the effects is held back until it is durable.
    pub(crate) fn write(&mut self, now: TimestampMs, effects: &mut Vec<Effect>) {
        let (frames, Unwritten { edits, counted }) = self.outbox.take_rows(now);
        for gathered in frames {
            self.pass_on(gathered, effects);
        }
        if edits.is_empty() && counted.is_empty() {
            return;
        }
        if let Some(first) = edits.first() {
            let at = self.place(first.at);
            self.edited_at = self.position;
            let bytes = edits.iter().map(|edit| edit.update.len() as u64).sum();
            self.tail.add(bytes, edits.iter().map(|edit| edit.update.as_slice()));
            effects.push(Effect::Append(LogEntry { position: self.position, at, body: LogBody::Edits(edits) }));
        }
        let mut changed = BTreeSet::new();
        for socket in counted {
            if let Some(session) = self.sessions.get_mut(&socket) {
                session.frames += 1;
                changed.insert(session.token_id.clone());
                self.attachments.change(socket, now);
            }
        }
        self.tell_saved(&changed, now, effects);
        self.compact_if_long(effects);
    }

    /// How long frames are gathered now.
    fn gather_ms(&self) -> u64 {
        gather_ms(self.sessions.values().filter(|session| session.channel == Channel::Sync).count())
    }

    /// True in a room where what need not go out at once waits for company.
    pub(crate) fn is_crowded(&self) -> bool {
        self.sessions.len() > CROWD
    }

    fn pass_on(&self, gathered: Gathered, effects: &mut Vec<Effect>) {
        let mut to = self.sockets_of(|channel| *channel == Channel::Sync);
        to.retain(|socket| Some(*socket) != gathered.but);
        if to.is_empty() {
            return;
        }
        for part in in_frames(gathered.update) {
            let frame = Frame::Binary(sync_message(SyncMessage::Update(part)));
            effects.push(Effect::Send { to: to.clone(), frame });
        }
    }

    /// Tells how far the log is durable, and everybody how much of their own token's frames is in it. In a crowd
    /// those whose count stays the same hear of it once a second.
    fn tell_saved(&mut self, changed: &BTreeSet<String>, now: TimestampMs, effects: &mut Vec<Effect>) {
        let position = self.position;
        let for_all = !self.is_crowded() || now >= self.told_all_saved_at + SAVED_TO_ALL_MS;
        if for_all {
            self.told_all_saved_at = now;
        }
        self.owes_saved = !for_all;
        let synced = self.sessions.values().filter(|session| session.channel == Channel::Sync);
        // A token's newest sync socket counts.
        let frames: HashMap<_, _> = synced.map(|session| (session.token_id.as_str(), session.frames)).collect();
        for (id, session) in self.sessions.iter().filter(|(_, session)| session.channel == Channel::Events) {
            if for_all || changed.contains(&session.token_id) {
                let frames = frames.get(session.token_id.as_str()).copied().unwrap_or(0);
                effects.push(Room::event(vec![*id], &RoomEvent::Saved { position, frames }));
            }
        }
    }

    /// Closes the sender of bytes that do not apply. The document may be half changed: it is loaded again, from a log
    /// that holds everything which did apply.
    fn refuse(&mut self, socket: SocketId, error: DocumentError, now: TimestampMs, effects: &mut Vec<Effect>) {
        if error == DocumentError::Inapplicable {
            self.write(now, effects);
            self.document = None;
        }
        let code = match error {
            DocumentError::TooHeavy => CloseCode::FrameTooLarge,
            DocumentError::Undecodable | DocumentError::Inapplicable | DocumentError::Misplaced => CloseCode::Malformed,
        };
        effects.push(Effect::Close { socket, code, reason: error.to_string() });
    }

    fn may_edit(&self, socket: SocketId) -> bool {
        self.sessions.get(&socket).is_some_and(|session| session.rights.edit)
    }
}

/// An update in pieces that each reach a client on a slow line within its patience.
fn in_frames(update: Vec<u8>) -> Vec<Vec<u8>> {
    split(&update, SYNC_FRAME_MAX_BYTES)
}

fn send(socket: SocketId, bytes: Vec<u8>, effects: &mut Vec<Effect>) {
    effects.push(Effect::Send { to: vec![socket], frame: Frame::Binary(bytes) });
}

fn close_malformed(socket: SocketId, reason: &str, effects: &mut Vec<Effect>) {
    effects.push(Effect::Close { socket, code: CloseCode::Malformed, reason: reason.to_owned() });
}
