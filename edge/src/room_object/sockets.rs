//! The ways out of the room: WebSockets and poll sessions under one kind of name.
//!
//! It knows how to reach each, not what it is told. For the core they are all sockets.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use protocol::close::CloseCode;
use protocol::poll::Record;
use room::{Frame, Session, SocketId};
use worker::js_sys::Uint8Array;
use worker::{Result, WebSocket};

use super::poll::{PollSocket, Polls};

/// One way out.
pub(super) enum Line {
    /// A WebSocket; it outlives the object's memory.
    Web(WebSocket),
    /// A poll session; it does not.
    Poll(Rc<PollSocket>),
}

/// The open sockets by name, and the poll sessions, which are fetched from for a while after they were closed.
#[derive(Default)]
pub(super) struct Sockets {
    /// The open sockets by name.
    open: RefCell<HashMap<SocketId, Line>>,
    /// The poll sessions by their secret.
    pub(super) polls: Polls,
}

impl Sockets {
    /// Adds a socket.
    pub(super) fn insert(&self, name: SocketId, line: Line) {
        self.open.borrow_mut().insert(name, line);
    }

    /// Forgets a socket; true if it was there.
    pub(super) fn remove(&self, name: SocketId) -> bool {
        self.open.borrow_mut().remove(&name).is_some()
    }

    /// Keeps a session with its socket. That of a poll session lives no longer than the room, which has it too.
    pub(super) fn remember(&self, name: SocketId, session: &Session) -> Result<()> {
        match self.open.borrow().get(&name) {
            Some(Line::Web(socket)) => socket.serialize_attachment(serde_json::to_string(session)?),
            Some(Line::Poll(_)) | None => Ok(()),
        }
    }

    /// Sends one frame to many. It is spelled once for each kind of way, and the bytes cross the border of WASM once.
    /// Gives back the poll sessions that are closed because too much waits for them.
    pub(super) fn send(&self, to: &[SocketId], frame: &Frame) -> Vec<SocketId> {
        let open = self.open.borrow();
        let (mut webs, mut polls) = (Vec::new(), Vec::new());
        for line in to.iter().filter_map(|name| open.get(name)) {
            match line {
                Line::Web(socket) => webs.push(socket),
                Line::Poll(poll) => polls.push(poll),
            }
        }
        send_to_webs(&webs, frame);
        if polls.is_empty() {
            return Vec::new();
        }
        let record: Rc<[u8]> = match frame {
            Frame::Text(text) => Record::Text(text),
            Frame::Binary(bytes) => Record::Binary(bytes),
        }
        .encode()
        .into();
        polls.iter().for_each(|poll| poll.push(Rc::clone(&record)));
        self.polls.relieve()
    }

    /// Closes a socket. It stays until it is removed.
    pub(super) fn close(&self, name: SocketId, code: CloseCode, reason: &str) {
        if let Some(line) = self.open.borrow().get(&name) {
            line.close(code, reason);
        }
    }

    /// Closes all sockets with one code, after a failure. Gives back their names.
    pub(super) fn dismiss(&self, code: CloseCode, reason: &str) -> HashSet<SocketId> {
        self.polls.end_sweep();
        let open = self.open.take();
        open.values().for_each(|line| line.close(code, reason));
        open.into_keys().collect()
    }
}

impl Line {
    fn close(&self, code: CloseCode, reason: &str) {
        match self {
            // It may have closed in the meantime.
            Self::Web(socket) => drop(socket.close(Some(code.code()), Some(reason))),
            Self::Poll(poll) => poll.close(code, reason),
        }
    }
}

fn send_to_webs(sockets: &[&WebSocket], frame: &Frame) {
    // A socket that fails here is about to be reported as closed.
    match frame {
        _ if sockets.is_empty() => {}
        Frame::Text(text) => sockets.iter().for_each(|socket| drop(socket.send_with_str(text))),
        Frame::Binary(bytes) => {
            let buffer = Uint8Array::from(bytes.as_slice()).buffer();
            sockets.iter().for_each(|socket| drop(socket.as_ref().send_with_array_buffer(&buffer)));
        }
    }
}
