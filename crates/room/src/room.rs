//! The room itself: its state, and which rule an input goes to.

use std::collections::BTreeMap;

use protocol::TimestampMs;
use protocol::close::CloseCode;
use protocol::event::{ChatMessage, RoomEvent, RunWithOutput};
use protocol::ids::ParticipantId;
use protocol::room::RoomFiles;
use protocol::run::SourceFile;
use protocol::terminal::TerminalWithOutput;

use crate::ahead::Ahead;
use crate::attachments::Attachments;
use crate::awareness::{Departed, awareness_in};
use crate::compaction::Tail;
use crate::document::{Document, LoadReport};
use crate::effect::{Effect, Frame};
use crate::input::Input;
use crate::leases::Lost;
use crate::limits::Rules;
use crate::log::LogRow;
use crate::outbox::Outbox;
use crate::rates::{Frames, Rates};
use crate::runs::Runs;
use crate::session::{Channel, Session, SocketId};
use crate::state::SavedState;
use crate::sync::frame_needs_document;
use crate::talk::{complaint, text_needs_document};
use crate::terminals::Terminals;

/// What storage and sockets hold of a room when it wakes.
#[derive(Debug, Default)]
pub struct Restored {
    /// How it is run.
    pub rules: Rules,
    /// The last position of the log.
    pub position: u64,
    /// The time of that position.
    pub last_at: TimestampMs,
    /// How often the room was rebuilt.
    pub generation: u64,
    /// The latest [`crate::CHAT_KEPT`] messages, oldest first.
    pub chat: Vec<ChatMessage>,
    /// The latest runs with their output, and the positions of their `run:queued`.
    pub runs: Vec<(RunWithOutput, u64)>,
    /// The terminals that were not closed, with what is on their screens.
    pub terminals: Vec<TerminalWithOutput>,
    /// The sessions of the sockets that are open.
    pub sessions: Vec<(SocketId, Session)>,
}

/// A room in memory. Everything in it can be rebuilt from storage and the sockets' attachments.
#[derive(Debug)]
pub struct Room {
    /// How it is run.
    pub(crate) rules: Rules,
    /// The document, once something needed it.
    pub(crate) document: Option<Document>,
    /// The rows of edits since the document was written as a whole.
    pub(crate) tail: Tail,
    /// The last position of the log.
    pub(crate) position: u64,
    /// The position of the last edit, once the document is in memory.
    pub(crate) edited_at: u64,
    /// The time of the last position.
    pub(crate) last_at: TimestampMs,
    /// How often the room was rebuilt.
    pub(crate) generation: u64,
    /// The name that was given last.
    last_socket: SocketId,
    /// Updates that were applied and not sent or written yet.
    pub(crate) outbox: Outbox,
    /// Open sockets, in order of arrival.
    pub(crate) sessions: BTreeMap<SocketId, Session>,
    /// Sessions to be kept with their sockets again.
    pub(crate) attachments: Attachments,
    /// The latest messages, oldest first.
    pub(crate) chat: Vec<ChatMessage>,
    /// The latest runs.
    pub(crate) runs: Runs,
    /// Runners whose connection broke.
    pub(crate) lost: Vec<Lost>,
    /// The terminals.
    pub(crate) terminals: Terminals,
    /// Awareness entries whose owners have gone.
    pub(crate) departed: Departed,
    /// Sockets that lean on what the room lacks.
    pub(crate) ahead: Ahead,
    /// How fast people send.
    pub(crate) rates: Rates,
    /// Authors and names that storage was told since the room woke.
    pub(crate) known_authors: BTreeMap<ParticipantId, String>,
    /// When everybody was last told how far the log is durable.
    pub(crate) told_all_saved_at: TimestampMs,
    /// True if somebody was not told of the last write.
    pub(crate) owes_saved: bool,
    /// The alarm that was asked for.
    pub(crate) alarm_at: Option<TimestampMs>,
}

impl Room {
    /// A room as storage and sockets hold it. The document is not loaded yet.
    #[must_use]
    pub fn restore(restored: Restored) -> Self {
        let sessions: BTreeMap<_, _> = restored.sessions.into_iter().collect();
        Self {
            rules: restored.rules,
            document: None,
            tail: Tail::default(),
            position: restored.position,
            edited_at: 0,
            last_at: restored.last_at,
            generation: restored.generation,
            outbox: Outbox::default(),
            last_socket: sessions.last_key_value().map_or(SocketId(0), |(last, _)| *last),
            terminals: Terminals::restore(restored.terminals, sessions.values(), restored.last_at),
            sessions,
            attachments: Attachments::default(),
            chat: restored.chat,
            runs: Runs::restore(restored.runs),
            lost: Vec::new(),
            departed: Departed::default(),
            ahead: Ahead::default(),
            rates: Rates::default(),
            known_authors: BTreeMap::new(),
            told_all_saved_at: 0,
            owes_saved: false,
            alarm_at: None,
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
                Input::Text { text, .. } => text_needs_document(text) || self.greeting_needs_document(text),
                Input::Restore { .. } | Input::Merge { .. } | Input::Seed { .. } | Input::Rebuild { .. } => true,
                _ => false,
            }
    }

    /// The document, if it is in memory.
    #[must_use]
    pub fn document(&self) -> Option<&Document> {
        self.document.as_ref()
    }

    /// Loads the document from the head and the rows of edits after it. What does not apply is left out and named.
    pub fn load_document(&mut self, head: Option<&SavedState>, rows: &[LogRow]) -> LoadReport {
        let (document, report) = Document::load(head, rows);
        self.document = Some(document);
        self.tail = Tail::of(head, rows);
        self.edited_at = rows.last().map(|row| row.position).or(head.map(|it| it.head.position)).unwrap_or_default();
        report
    }

    /// The last position of the log.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// How often the room was rebuilt.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The files and the position of the last edit, if the document is in memory. To be called after
    /// [`Input::Settle`].
    #[must_use]
    pub fn files(&self) -> Option<RoomFiles> {
        self.document.as_ref().map(|document| RoomFiles { items: document.files(), position: self.edited_at })
    }

    /// What a run submitted now would execute, if the document is in memory: files and the position of the last edit,
    /// and whether a runner of the room has room for it.
    /// To be called after [`Input::Settle`].
    #[must_use]
    pub fn freeze(&self) -> Option<(Vec<SourceFile>, u64, bool)> {
        let dispatch = self.free_runner().is_some();
        self.document.as_ref().map(|document| (document.source_files(), self.edited_at, dispatch))
    }

    /// Handles one input. The effects are to be carried out in order.
    pub fn handle(&mut self, input: Input, now: TimestampMs) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.dispatch(input, now, &mut effects);
        self.set_alarm(now, &mut effects);
        effects
    }

    fn dispatch(&mut self, input: Input, now: TimestampMs, effects: &mut Vec<Effect>) {
        match input {
            Input::Opened { socket, session } => self.on_opened(socket, *session, now, effects),
            Input::Frame { socket, bytes } => match self.standing(socket, frames_of(&bytes), bytes.len(), now, effects)
            {
                Some(Channel::Sync) => self.on_frame(socket, &bytes, now, effects),
                Some(_) => close_wrong_kind(socket, "this socket takes text frames", effects),
                None => {}
            },
            Input::Text { socket, text } => match self.standing(socket, Frames::All, text.len(), now, effects) {
                Some(Channel::Events) => self.on_event_text(socket, &text, now, effects),
                Some(Channel::Lease) => self.on_lease_text(socket, &text, now, effects),
                Some(Channel::Sync) => close_wrong_kind(socket, "this socket takes binary frames", effects),
                None => {}
            },
            Input::Woken { due } => {
                self.outbox.woken(due);
                self.send_due(now, effects);
            }
            Input::Alarm { pings } => self.on_alarm(pings, now, effects),
            Input::Settle => self.write(now, effects),
            Input::Closed { socket } => self.on_closed(socket, now, effects),
            Input::Revoked { kind, id } => self.on_revoked(kind, &id, effects),
            Input::TakeSnapshot { by, id, request, existing } => {
                self.on_take_snapshot(by, id, request, existing, now, effects);
            }
            Input::DeleteSnapshot { id } => self.on_delete_snapshot(id, effects),
            Input::Restore { by, to, files, client } => self.on_restore(by, to, &files, client, now, effects),
            Input::Merge { by, from, update } => self.on_merge(by, from, update, now, effects),
            Input::Seed { by, state } => self.on_seed(by, state, now, effects),
            Input::Rebuild { generation, client } => self.on_rebuild(generation, client, now, effects),
            Input::Erase { author } => self.on_erase(author, effects),
            Input::RunSubmitted { run, dispatch } => {
                self.on_run_submitted(*run, dispatch.map(|dispatch| *dispatch), now, effects);
            }
            Input::Requeued { run, is_queued } => self.on_requeued(*run, is_queued, now, effects),
            Input::Refused { socket, regarding, error } => {
                effects.push(complaint(socket, Some(regarding.to_owned()), error));
            }
            Input::RunClaimed { run, attempt } => self.on_run_claimed(&run, attempt, now, effects),
            Input::RunChanged { run } => self.on_run_changed(*run, now, effects),
        }
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

/// Awareness is metered when it is known whose it is.
fn frames_of(bytes: &[u8]) -> Frames {
    if awareness_in(bytes).is_some() { Frames::Echoes } else { Frames::All }
}

fn close_wrong_kind(socket: SocketId, reason: &str, effects: &mut Vec<Effect>) {
    effects.push(Effect::Close { socket, code: CloseCode::Malformed, reason: reason.to_owned() });
}
