//! The poll sessions of a room: who may use each, what waits in it, and when it was used last.

use std::cell::{Cell, RefCell};
use std::cmp::Ordering;
use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::{Either, select};
use protocol::TimestampMs;
use protocol::close::CloseCode;
use protocol::poll::{POLL_IDLE_MAX_MS, POLL_WAIT_MAX_MS};
use protocol::secret;
use room::{Channel, Session, SocketId};
use worker::Delay;

use super::PollKey;
use super::queue::{Queue, Waited};
use crate::clock;
use crate::random;

/// Most that waits for all sessions of a room together: a document of 32 MiB, its largest, on its way to one of them,
/// and what happens meanwhile. A room shares 128 MB with others.
const WAITING_MAX_BYTES: usize = 40 * 1024 * 1024;

/// One session.
pub(crate) struct PollSocket {
    /// Its name in the room.
    pub(super) name: SocketId,
    /// `jti` of the token that opened it.
    token_id: String,
    /// What it carries.
    channel: Channel,
    /// What waits to be fetched.
    queue: RefCell<Queue>,
    /// When the last `GET` began or brought frames.
    polled_at: Cell<TimestampMs>,
    /// Turn of the last `GET` that took frames.
    pulled: Cell<u64>,
    /// Turn of the last `POST` that was handled.
    pushed: Cell<u64>,
}

/// The sessions by their secret. A closed one stays until its close record was fetched.
#[derive(Default)]
pub(crate) struct Polls {
    sessions: RefCell<HashMap<String, Rc<PollSocket>>>,
    /// True while a timer looks after them.
    is_swept: Cell<bool>,
}

/// Whether a `POST` comes in its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// It does.
    Due,
    /// It was handled before.
    Repeated,
    /// One before it is missing.
    Early,
}

impl PollSocket {
    /// Queues an encoded frame.
    pub(crate) fn push(&self, record: Rc<[u8]>) {
        self.queue.borrow_mut().push(record);
    }

    /// Queues the end.
    pub(crate) fn close(&self, code: CloseCode, reason: &str) {
        self.queue.borrow_mut().close(code, reason);
    }

    /// True once the end is queued.
    pub(super) fn is_closed(&self) -> bool {
        self.queue.borrow().is_closed()
    }

    /// True once the end was taken.
    pub(super) fn is_spent(&self) -> bool {
        self.queue.borrow().is_spent()
    }

    /// A `POST` has come.
    pub(super) fn accept_push(&self, turn: Option<u64>) -> Turn {
        let due = self.pushed.get() + 1;
        let turn = turn.unwrap_or(due);
        if turn == due {
            self.pushed.set(turn);
        }
        match turn.cmp(&due) {
            Ordering::Less => Turn::Repeated,
            Ordering::Equal => Turn::Due,
            Ordering::Greater => Turn::Early,
        }
    }

    /// A `GET` has come; false where an earlier one of its turn took frames.
    pub(super) fn accept_pull(&self, turn: Option<u64>) -> bool {
        self.polled_at.set(clock::now());
        turn.is_none_or(|turn| turn > self.pulled.get())
    }

    /// Waits until there is something to take, but not for long.
    pub(super) async fn wait(&self) -> Waited {
        let wait = self.queue.borrow_mut().begin_wait();
        let ready = poll_fn(|context| self.queue.borrow_mut().poll_wait(wait, context.waker()));
        match select(ready, pin!(Delay::from(Duration::from_millis(POLL_WAIT_MAX_MS)))).await {
            Either::Left((waited, _)) => waited,
            Either::Right(_) => Waited::Ready,
        }
    }

    /// Sends home whoever waits.
    pub(super) fn end_wait(&self) {
        self.queue.borrow_mut().begin_wait();
    }

    /// Takes what one answer carries.
    pub(super) fn take(&self, turn: Option<u64>) -> Vec<u8> {
        let taken = self.queue.borrow_mut().take();
        if !taken.is_empty() {
            self.polled_at.set(clock::now());
            self.pulled.set(turn.unwrap_or_default());
        }
        taken
    }
}

impl Polls {
    /// Adds a session and gives its secret.
    pub(super) fn open(&self, name: SocketId, session: &Session) -> (String, Rc<PollSocket>) {
        let secret = secret::spell(&random::entropy());
        let socket = Rc::new(PollSocket {
            name,
            token_id: session.token_id.clone(),
            channel: session.channel.clone(),
            queue: RefCell::default(),
            polled_at: Cell::new(clock::now()),
            pulled: Cell::new(0),
            pushed: Cell::new(0),
        });
        self.sessions.borrow_mut().insert(secret.clone(), Rc::clone(&socket));
        (secret, socket)
    }

    /// The session, for whoever opened it. To everybody else it does not exist.
    pub(super) fn find(&self, key: &PollKey) -> Option<Rc<PollSocket>> {
        let sessions = self.sessions.borrow();
        let socket = sessions.get(&key.session)?;
        (socket.token_id == key.token_id && socket.channel == key.channel).then(|| Rc::clone(socket))
    }

    /// Drops a session.
    pub(super) fn remove(&self, session: &str) {
        self.sessions.borrow_mut().remove(session);
    }

    /// While too much waits, closes the session for which most does. Gives back those that were open.
    pub(crate) fn relieve(&self) -> Vec<SocketId> {
        let sessions = self.sessions.borrow();
        let mut closed = Vec::new();
        while sessions.values().map(|socket| socket.queue.borrow().bytes()).sum::<usize>() > WAITING_MAX_BYTES {
            let Some(fullest) = sessions.values().max_by_key(|socket| socket.queue.borrow().bytes()) else { break };
            if !fullest.is_closed() {
                closed.push(fullest.name);
            }
            fullest.queue.borrow_mut().overflow();
        }
        closed
    }

    /// True for the first who asks: that one has to look after the sessions from now on.
    pub(super) fn begin_sweep(&self) -> bool {
        !self.is_swept.replace(true)
    }

    /// Nobody looks after the sessions any more: there are none, or what looked after them may have failed.
    pub(crate) fn end_sweep(&self) {
        self.is_swept.set(false);
    }

    /// When the next session counts as left alone, if there are any.
    pub(super) fn next_due(&self) -> Option<TimestampMs> {
        self.sessions.borrow().values().map(|socket| socket.polled_at.get() + POLL_IDLE_MAX_MS).min()
    }

    /// Drops the sessions that were left alone, and gives them back.
    pub(super) fn take_idle(&self, now: TimestampMs) -> Vec<Rc<PollSocket>> {
        let is_idle = |socket: &PollSocket| now >= socket.polled_at.get() + POLL_IDLE_MAX_MS;
        self.sessions.borrow_mut().extract_if(|_, socket| is_idle(socket)).map(|(_, socket)| socket).collect()
    }
}
