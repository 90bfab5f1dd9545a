//! Poll sessions: sockets of the room whose frames are fetched and brought by HTTP calls.
//!
//! For the core a session is a socket like any other. It lives in this object's memory only: after an eviction or a
//! restart its client is told to come back (1012), as a WebSocket's is after a deploy.
//!
//! # Sleep
//! A waiting `GET`, and a timer while sessions exist, keep the object awake. WebSockets beside them are none the
//! wiser, and without sessions there is neither.
//!
//! # Calls that get lost
//! Frames that were taken for an answer are gone when the answer does not arrive, and a browser may send a call again
//! by itself. So a client counts its calls of either direction in `?turn=`, from 1. A `POST` that was handled is not
//! handled again; a gap between `POST`s, or a second `GET` of a turn that took frames, ends the session with 1012: the
//! client comes back and brings and gets what is missing.

mod queue;
mod sessions;

use std::rc::Rc;
use std::time::Duration;

use futures_util::StreamExt as _;
use protocol::close::CloseCode;
use protocol::poll::{PollSession, Record, records};
use room::{Channel, FRAME_MAX_BYTES, Input, Session};
use serde::{Deserialize, Serialize};
use serde_json::json;
use worker::{Delay, Headers, Method, Request, RequestInit, Response};

use super::client::{RoomStub, escape};
use super::shell::Shell;
use super::sockets::Line;
use crate::answer::Failure;
use crate::clock;
use crate::log::{self, Level};
use crate::object_call::OBJECT_URL;
use queue::Waited;
use sessions::Turn;
pub(super) use sessions::{PollSocket, Polls};

/// Largest body of a `POST`: the largest frame, and small ones gathered beside it.
const BODY_MAX_BYTES: usize = FRAME_MAX_BYTES + 1024 * 1024;

/// Carries the call of a worker, as JSON. Only the worker reaches the object, so it is believed.
pub(super) const CALL_HEADER: &str = "x-tutti-poll";

/// What a worker, which has checked the token, asks of the room.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum PollCall {
    /// Open a session.
    Open(Box<Session>),
    /// The body holds frames for the room.
    Push(PollKey),
    /// Wait for frames from the room.
    Pull(PollKey),
    /// The client leaves.
    Close(PollKey),
}

/// Names a session, and proves that the caller is the one who opened it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PollKey {
    /// The session's secret.
    pub(crate) session: String,
    /// `jti` of the caller's token.
    pub(crate) token_id: String,
    /// The channel that was addressed.
    pub(crate) channel: Channel,
    /// Counts the client's calls of this kind, from 1.
    pub(crate) turn: Option<u64>,
}

impl RoomStub {
    /// Hands a call of the fallback to the room, with the frames of the request that it came by.
    pub(crate) async fn poll(&self, call: &PollCall, request: &Request) -> Result<Response, Failure> {
        let frames = matches!(call, PollCall::Push(_)).then(|| request.inner().body()).flatten();
        let call = serde_json::to_string(call).map_err(|source| Failure::Unreadable { part: "call", source })?;
        let headers = Headers::new();
        headers.set(CALL_HEADER, &escape(&call))?;
        let mut init = RequestInit::new();
        init.with_method(Method::Post).with_headers(headers);
        init.with_body(frames.map(Into::into));
        let request = Request::new_with_init(OBJECT_URL, &init)?;
        self.0.fetch_with_request(request).await.map_err(|source| Failure::Unreachable { part: "room", source })
    }
}

impl Shell {
    /// Answers a call of the fallback: with JSON where it worked, with records where there is something to tell.
    pub(super) async fn poll(self: &Rc<Self>, call: PollCall, mut request: Request) -> worker::Result<Response> {
        match call {
            PollCall::Open(session) => self.open_poll(*session),
            PollCall::Push(key) => {
                let body = body_of(&mut request).await?;
                match self.sockets.polls.find(&key) {
                    Some(socket) => self.push_poll(&key, &socket, body),
                    None => unknown(),
                }
            }
            PollCall::Pull(key) => match self.sockets.polls.find(&key) {
                Some(socket) => self.pull_poll(&key, &socket).await,
                None => unknown(),
            },
            PollCall::Close(key) => {
                if let Some(socket) = self.sockets.polls.find(&key) {
                    self.leave_poll(&key, &socket)?;
                }
                Response::from_json(&())
            }
        }
    }

    fn open_poll(self: &Rc<Self>, session: Session) -> worker::Result<Response> {
        let name = self.name_socket()?;
        let (secret, socket) = self.sockets.polls.open(name, &session);
        self.sockets.insert(name, Line::Poll(Rc::clone(&socket)));
        self.handle(Input::Opened { socket: name, session: Box::new(session) })?;
        if socket.is_closed() {
            self.sockets.polls.remove(&secret);
            return answer(socket.take(None));
        }
        self.sweep();
        Response::from_json(&PollSession { session: secret })
    }

    fn push_poll(
        self: &Rc<Self>,
        key: &PollKey,
        socket: &Rc<PollSocket>,
        body: Option<Vec<u8>>,
    ) -> worker::Result<Response> {
        let Some(body) = body else {
            self.hang_up(socket, CloseCode::FrameTooLarge, "the frames of one call are too large together")?;
            return Response::from_json(&());
        };
        match socket.accept_push(key.turn) {
            Turn::Due => {}
            Turn::Repeated => return Response::from_json(&()),
            Turn::Early => self.hang_up(socket, CloseCode::ServiceRestart, "a call got lost; come back")?,
        }
        for record in records(&body) {
            if socket.is_closed() {
                break;
            }
            let name = socket.name;
            match record {
                Ok(Record::Binary(bytes)) => self.handle(Input::Frame { socket: name, bytes: bytes.to_vec() })?,
                Ok(Record::Text(text)) => self.handle(Input::Text { socket: name, text: text.to_owned() })?,
                Ok(Record::Close { .. }) => {
                    self.leave_poll(key, socket)?;
                    break;
                }
                Err(error) => self.hang_up(socket, CloseCode::Malformed, &error.to_string())?,
            }
        }
        Response::from_json(&())
    }

    async fn pull_poll(self: &Rc<Self>, key: &PollKey, socket: &Rc<PollSocket>) -> worker::Result<Response> {
        if !socket.accept_pull(key.turn) {
            self.hang_up(socket, CloseCode::ServiceRestart, "an answer got lost; come back")?;
        }
        if socket.wait().await == Waited::Superseded {
            return answer(Vec::new());
        }
        let taken = socket.take(key.turn);
        if socket.is_spent() {
            self.sockets.polls.remove(&key.session);
        }
        answer(taken)
    }

    /// Closes a session for both sides.
    fn hang_up(self: &Rc<Self>, socket: &PollSocket, code: CloseCode, reason: &str) -> worker::Result<()> {
        socket.close(code, reason);
        self.forget(socket)
    }

    /// The client has left: nobody fetches a close record.
    fn leave_poll(self: &Rc<Self>, key: &PollKey, socket: &PollSocket) -> worker::Result<()> {
        self.sockets.polls.remove(&key.session);
        socket.end_wait();
        self.forget(socket)
    }

    fn forget(self: &Rc<Self>, socket: &PollSocket) -> worker::Result<()> {
        if self.sockets.remove(socket.name) { self.handle(Input::Closed { socket: socket.name }) } else { Ok(()) }
    }

    /// Looks after the sessions for as long as there are any.
    fn sweep(self: &Rc<Self>) {
        if !self.sockets.polls.begin_sweep() {
            return;
        }
        let shell = Rc::clone(self);
        self.state.wait_until(async move {
            while let Some(due) = shell.sockets.polls.next_due() {
                // At least a moment: the clock may stand a little before the timer's time.
                Delay::from(Duration::from_millis(due.saturating_sub(clock::now()).max(1))).await;
                for socket in shell.sockets.polls.take_idle(clock::now()) {
                    if let Err(error) = shell.forget(&socket) {
                        let cause = error.to_string();
                        log::write(Level::Error, "a poll session could not be closed", json!({ "cause": cause }));
                    }
                }
            }
            shell.sockets.polls.end_sweep();
        });
    }
}

/// The body, unless it is too large. It is read to its end in any case: the runtime complains of a client that still
/// sends when it is answered.
async fn body_of(request: &mut Request) -> worker::Result<Option<Vec<u8>>> {
    let mut body = Some(Vec::new());
    if request.inner().body().is_none() {
        return Ok(body);
    }
    let mut stream = request.stream()?;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk?;
        if let Some(kept) = &mut body {
            kept.extend(chunk);
        }
        body = body.filter(|kept| kept.len() <= BODY_MAX_BYTES);
    }
    Ok(body)
}

/// An answer to somebody whose session is not here: it ended, or the object was evicted since.
fn unknown() -> worker::Result<Response> {
    let code = CloseCode::ServiceRestart.code();
    answer(Record::Close { code, reason: "this session is not known here; come back" }.encode())
}

/// An answer of records.
fn answer(records: Vec<u8>) -> worker::Result<Response> {
    // Says `application/octet-stream`.
    Response::from_bytes(records)
}
