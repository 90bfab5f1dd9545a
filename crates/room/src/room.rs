//! The room itself: its state, and which rule an input goes to.

use std::collections::BTreeMap;

use protocol::TimestampMs;
use protocol::close::CloseCode;
use protocol::event::{ChatMessage, RoomEvent, RunWithOutput};
use protocol::ids::ParticipantId;
use protocol::internal::PrincipalKind;
use protocol::room::RoomFiles;
use protocol::run::SourceFile;

use crate::awareness::Departed;
use crate::document::Document;
use crate::effect::{Effect, Frame};
use crate::input::Input;
use crate::log::LogRow;
use crate::outbox::Outbox;
use crate::runs::Runs;
use crate::session::{Channel, Session, SocketId};
use crate::sync::frame_needs_document;
use crate::talk::{complaint, text_needs_document};

/// What storage and sockets hold of a room when it wakes.
#[derive(Debug, Default)]
pub struct Restored {
    /// The last position of the log.
    pub position: u64,
    /// The latest [`crate::CHAT_KEPT`] messages, oldest first.
    pub chat: Vec<ChatMessage>,
    /// The latest runs with their output.
    pub runs: Vec<RunWithOutput>,
    /// The sessions of the sockets that are open.
    pub sessions: Vec<(SocketId, Session)>,
}

/// A room in memory. Everything in it can be rebuilt from storage and the sockets' attachments.
#[derive(Debug)]
pub struct Room {
    /// The document, once something needed it.
    pub(crate) document: Option<Document>,
    /// The last position of the log.
    pub(crate) position: u64,
    /// The name that was given last.
    last_socket: SocketId,
    /// Updates that were applied and not sent or written yet.
    pub(crate) outbox: Outbox,
    /// Open sockets, in order of arrival.
    pub(crate) sessions: BTreeMap<SocketId, Session>,
    /// The latest messages, oldest first.
    pub(crate) chat: Vec<ChatMessage>,
    /// The latest runs.
    pub(crate) runs: Runs,
    /// Awareness entries whose owners have gone.
    pub(crate) departed: Departed,
}

impl Room {
    /// A room as storage and sockets hold it. The document is not loaded yet.
    #[must_use]
    pub fn restore(restored: Restored) -> Self {
        let sessions: BTreeMap<_, _> = restored.sessions.into_iter().collect();
        Self {
            document: None,
            position: restored.position,
            outbox: Outbox::default(),
            last_socket: sessions.last_key_value().map_or(SocketId(0), |(last, _)| *last),
            sessions,
            chat: restored.chat,
            runs: Runs::restore(restored.runs),
            departed: Departed::default(),
        }
    }

    /// A name for the next socket, in order of arrival and never used before: the runtime may report a socket's end
    /// long after the room has closed it, and that must not hit a newcomer. Time keeps names apart across evictions.
    #[must_use]
    pub fn next_socket(&mut self, now: TimestampMs) -> SocketId {
        self.last_socket = SocketId((self.last_socket.0 + 1).max(now));
        self.last_socket
    }

    /// True if [`Room::load_document`] has to be called before this input is handled.
    #[must_use]
    pub fn needs_document(&self, input: &Input) -> bool {
        self.document.is_none()
            && match input {
                Input::Opened { session, .. } => session.channel == Channel::Sync,
                Input::Frame { bytes, .. } => frame_needs_document(bytes),
                Input::Text { text, .. } => text_needs_document(text),
                _ => false,
            }
    }

    /// True if the document is in memory.
    #[must_use]
    pub fn has_document(&self) -> bool {
        self.document.is_some()
    }

    /// Loads the document from the whole log. Returns the positions of rows that do not apply and were left out.
    pub fn load_document(&mut self, rows: &[LogRow]) -> Vec<u64> {
        let (document, quarantined) = Document::load(rows);
        self.document = Some(document);
        quarantined
    }

    /// What the document holds of each client, if it is in memory.
    #[must_use]
    pub fn state_vector(&self) -> Option<yrs::StateVector> {
        self.document.as_ref().map(Document::state_vector)
    }

    /// The files, if the document is in memory. After [`Input::Settle`] they are those of the log's position.
    #[must_use]
    pub fn files(&self) -> Option<RoomFiles> {
        self.document.as_ref().map(|document| RoomFiles { items: document.files(), position: self.position })
    }

    /// What a run submitted now would execute, if the document is in memory: files and log position. To be called
    /// after [`Input::Settle`].
    #[must_use]
    pub fn freeze(&self) -> Option<(Vec<SourceFile>, u64)> {
        self.document.as_ref().map(|document| (document.source_files(), self.position))
    }

    /// Handles one input. The effects are to be carried out in order.
    pub fn handle(&mut self, input: Input, now: TimestampMs) -> Vec<Effect> {
        let mut effects = Vec::new();
        match input {
            Input::Opened { socket, session } => self.on_opened(socket, *session, now, &mut effects),
            Input::Frame { socket, bytes } => match self.standing(socket, now, &mut effects) {
                Some(Channel::Sync) => self.on_frame(socket, &bytes, now, &mut effects),
                Some(_) => close_wrong_kind(socket, "this socket takes text frames", &mut effects),
                None => {}
            },
            Input::Text { socket, text } => match self.standing(socket, now, &mut effects) {
                Some(Channel::Events) => self.on_event_text(socket, &text, now, &mut effects),
                Some(Channel::Runner { .. }) => self.on_runner_text(socket, &text, &mut effects),
                Some(Channel::Sync) => close_wrong_kind(socket, "this socket takes binary frames", &mut effects),
                None => {}
            },
            Input::Woken => {
                self.outbox.woken();
                self.send_due(now, &mut effects);
            }
            Input::Settle => self.write(now, &mut effects),
            Input::Closed { socket } => self.on_closed(socket, now, &mut effects),
            Input::Revoked { kind, id } => self.on_revoked(kind, &id, &mut effects),
            Input::RunSubmitted { run } => self.on_run_submitted(*run, &mut effects),
            Input::Refused { socket, regarding, error } => {
                effects.push(complaint(socket, Some(regarding.to_owned()), error));
            }
            Input::RunClaimed { run, attempt } => self.on_run_claimed(&run, attempt, &mut effects),
            Input::RunChanged { run } => self.on_run_changed(*run, &mut effects),
        }
        effects
    }

    fn on_opened(&mut self, socket: SocketId, session: Session, now: TimestampMs, effects: &mut Vec<Effect>) {
        let arrival = session.participant.clone().filter(|who| !self.is_present(&who.id));
        let channel = session.channel.clone();
        effects.push(Effect::Remember { socket, session: Box::new(session.clone()) });
        self.sessions.insert(socket, session);
        match channel {
            Channel::Sync => self.greet_sync(socket, effects),
            Channel::Events => self.welcome(socket, now, effects),
            Channel::Runner { .. } => {}
        }
        if let Some(participant) = arrival {
            self.announce_arrival(&participant, effects);
        }
    }

    fn welcome(&self, socket: SocketId, now: TimestampMs, effects: &mut Vec<Effect>) {
        let Some(session) = self.sessions.get(&socket) else { return };
        let Some(you) = session.participant.clone() else { return };
        let event = RoomEvent::Welcome {
            role: you.role,
            you,
            rights: session.rights,
            participants: self.participants(),
            chat: self.chat.clone(),
            runs: self.runs.list(),
            server_time: now,
            position: self.position,
        };
        effects.push(Self::event(vec![socket], &event));
    }

    fn on_closed(&mut self, socket: SocketId, now: TimestampMs, effects: &mut Vec<Effect>) {
        let Some(session) = self.sessions.remove(&socket) else { return };
        let Some(participant) = session.participant else { return };
        if let Some(own) = &session.awareness {
            self.withdraw_awareness(own, &participant.id, now, effects);
        }
        self.announce_departure(&participant, effects);
    }

    fn on_revoked(&mut self, kind: PrincipalKind, id: &str, effects: &mut Vec<Effect>) {
        let hangs_on_it = |session: &Session| match kind {
            PrincipalKind::Login => session.login.as_ref().is_some_and(|login| login.as_str() == id),
            PrincipalKind::Link => session.link.as_ref().is_some_and(|link| link.as_str() == id),
            PrincipalKind::Room => true,
        };
        let (code, reason) = match kind {
            PrincipalKind::Login => (CloseCode::Forbidden, "you have logged out"),
            PrincipalKind::Link => (CloseCode::Forbidden, "the link that you came by was withdrawn"),
            PrincipalKind::Room => (CloseCode::NotFound, "the room was deleted"),
        };
        for (socket, _) in self.sessions.iter().filter(|(_, session)| hangs_on_it(session)) {
            effects.push(Effect::Close { socket: *socket, code, reason: reason.to_owned() });
        }
    }

    /// What a socket carries, unless its token has expired: then it is closed.
    fn standing(&self, socket: SocketId, now: TimestampMs, effects: &mut Vec<Effect>) -> Option<Channel> {
        let session = self.sessions.get(&socket)?;
        if now < session.expires_at {
            return Some(session.channel.clone());
        }
        let reason = "the token has expired; get a new one".to_owned();
        effects.push(Effect::Close { socket, code: CloseCode::Unauthorized, reason });
        None
    }

    /// The sockets whose channel passes.
    pub(crate) fn sockets_of(&self, passes: impl Fn(&Channel) -> bool) -> Vec<SocketId> {
        self.sessions.iter().filter(|(_, session)| passes(&session.channel)).map(|(id, _)| *id).collect()
    }

    /// An event as a frame.
    pub(crate) fn event(to: Vec<SocketId>, event: &RoomEvent) -> Effect {
        let text = serde_json::to_string(event).expect("an event without maps of odd keys serialises");
        Effect::Send { to, frame: Frame::Text(text) }
    }

    /// Sends events to every events socket.
    pub(crate) fn tell_all(&self, events: &[RoomEvent], effects: &mut Vec<Effect>) {
        let everyone = self.sockets_of(|channel| *channel == Channel::Events);
        effects.extend(events.iter().map(|event| Self::event(everyone.clone(), event)));
    }

    /// Sends an event to every events socket but one person's own.
    pub(crate) fn tell_others(&self, but: &ParticipantId, event: &RoomEvent, effects: &mut Vec<Effect>) {
        let is_other = |session: &Session| session.participant.as_ref().is_none_or(|who| who.id != *but);
        let others =
            self.sessions.iter().filter(|(_, session)| session.channel == Channel::Events && is_other(session));
        let to = others.map(|(id, _)| *id).collect();
        effects.push(Self::event(to, event));
    }
}

fn close_wrong_kind(socket: SocketId, reason: &str, effects: &mut Vec<Effect>) {
    effects.push(Effect::Close { socket, code: CloseCode::Malformed, reason: reason.to_owned() });
}
