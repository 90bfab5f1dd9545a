//! The shell in memory: carries out effects, keeps the log, loses what it is told to lose.

use std::collections::{BTreeMap, VecDeque};

use protocol::event::Participant;
use protocol::ids::{ParticipantId, RoomId};
use protocol::rights::Role;
use protocol::token::RoomClaims;
use room::{Channel, Effect, Frame, Input, Retention, Room, Rules, Session, SocketId};

use crate::store::Store;

/// The next write fails.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Failing {
    /// It was made all the same; only its answer is lost.
    pub(crate) keeps_write: bool,
}

#[derive(Default)]
pub(crate) struct Host {
    room: Option<Room>,
    pub(crate) store: Store,
    sessions: BTreeMap<SocketId, Session>,
    /// Moves by 1 ms with each input.
    clock: u64,
    wake_at: Option<u64>,
    /// What was sent and not read yet; a socket without an entry is closed.
    pub(crate) outbox: BTreeMap<SocketId, VecDeque<Vec<u8>>>,
    pub(crate) failing: Option<Failing>,
}

impl Host {
    /// Forgets the room. Without a timer it is hibernation: log and attachments stay. With one it is a crash, which
    /// takes the sockets along.
    pub(crate) fn evict(&mut self) {
        self.room = None;
        if self.wake_at.take().is_some() {
            self.sessions.clear();
            self.outbox.clear();
        }
    }

    /// Lets time pass until the timer, if there is one.
    pub(crate) fn pass_time(&mut self) {
        if let Some(at) = self.wake_at.take() {
            self.clock = self.clock.max(at);
            self.handle(Input::Woken { due: at });
        }
    }

    /// A shell whose storage is tidied up all the time.
    pub(crate) fn with_small_storage() -> Self {
        let retention = Retention { keep_bytes: 6_000, compact_rows: 7, compact_bytes: 400 };
        let store = Store::with_rules(Rules { retention, is_unlimited: false });
        Self { store, ..Self::default() }
    }

    fn room(&mut self) -> &mut Room {
        let (store, sessions) = (&self.store, &self.sessions);
        self.room.get_or_insert_with(|| {
            let sessions = sessions.iter().map(|(id, session)| (*id, session.clone())).collect();
            Room::restore(room::Restored { sessions, ..store.restored(Vec::new()) })
        })
    }

    pub(crate) fn open(&mut self, number: u64) -> SocketId {
        let claims = RoomClaims {
            sub: ParticipantId::parse(&format!("{number:020}")).expect("digits are an id"),
            room: RoomId::from_entropy(&[1; 32]),
            role: Role::Editor,
            rights: Role::Editor.rights(),
            name: format!("client {number}"),
            user: None,
            sid: None,
            link: None,
            tier: protocol::tier::Tier::Anonymous,
            scopes: None,
            generation: 0,
            iat: 0,
            exp: 1_000_000,
            jti: number.to_string(),
        };
        let now = self.clock;
        let socket = self.room().next_socket(now);
        self.outbox.insert(socket, VecDeque::new());
        let session = Session::of_person(Channel::Sync, &claims, "token", "127.0.0.1".to_owned());
        self.handle(Input::Opened { socket, session: Box::new(session) });
        socket
    }

    pub(crate) fn handle(&mut self, input: Input) {
        self.clock += 1;
        let now = self.clock;
        self.room();
        let room = self.room.as_mut().expect("woken just now");
        if room.needs_document(&input) {
            self.store.load_into(room);
        }
        let mut closed = Vec::new();
        for effect in room.handle(input, now) {
            if !self.carry_out(effect, &mut closed) {
                // A failed write: everybody is sent away, the room is rebuilt.
                self.room = None;
                self.wake_at = None;
                self.sessions.clear();
                self.outbox.clear();
                return;
            }
        }
        for socket in closed {
            self.outbox.remove(&socket);
            self.sessions.remove(&socket);
            self.handle(Input::Closed { socket });
        }
    }

    fn carry_out(&mut self, effect: Effect, closed: &mut Vec<SocketId>) -> bool {
        match effect {
            Effect::Append(_) => {
                let failing = self.failing.take();
                if failing.is_none_or(|failing| failing.keeps_write) {
                    self.store.carry_out(&effect);
                }
                return failing.is_none();
            }
            Effect::Remember { socket, session } => {
                self.sessions.insert(socket, *session);
            }
            Effect::Send { to, frame: Frame::Binary(bytes) } => {
                for socket in to {
                    if let Some(outbox) = self.outbox.get_mut(&socket) {
                        outbox.push_back(bytes.clone());
                    }
                }
            }
            Effect::Close { socket, .. } => closed.push(socket),
            Effect::WakeAt(at) => self.wake_at = Some(self.wake_at.map_or(at, |earlier| earlier.min(at))),
            other => self.store.carry_out(&other),
        }
        true
    }

    pub(crate) fn close(&mut self, socket: SocketId) {
        self.outbox.remove(&socket);
        self.handle(Input::Closed { socket });
        self.sessions.remove(&socket);
    }

    pub(crate) fn is_open(&self, socket: SocketId) -> bool {
        self.outbox.contains_key(&socket)
    }

    /// The text, from nothing but storage.
    pub(crate) fn text(&self) -> String {
        self.store.files().into_iter().map(|file| file.content).collect()
    }

    /// The position of everything written so far, and the text there.
    pub(crate) fn moment(&mut self) -> (u64, String) {
        self.handle(Input::Settle);
        let position = self.room().position();
        (position, self.text())
    }

    /// Goes back to a moment, if history is kept for it.
    pub(crate) fn restore(&mut self, to: u64, client: u64) -> bool {
        if to < self.store.first() {
            return false;
        }
        let files = self.store.document_at(to).files();
        let id = ParticipantId::from_entropy(&[8; 32]);
        let by = Participant { id, name: "Restorer".to_owned(), role: Role::Editor, guest: true };
        self.handle(Input::Restore { by, to, files, client });
        true
    }

    /// The text at a moment, while history is kept for it.
    pub(crate) fn text_at(&self, position: u64) -> Option<String> {
        let is_kept = position >= self.store.first();
        is_kept.then(|| self.store.document_at(position).files().into_iter().map(|file| file.content).collect())
    }
}
