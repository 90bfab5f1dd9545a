//! A room's Durable Object: the shell around `crates/room`.
//!
//! Callbacks of the runtime become inputs, effects become writes and frames. Nothing is decided here.
//!
//! # Atomicity
//! One input is handled without `await`: the core changes, its rows are written, its frames are handed over. The
//! runtime's output gate holds back what is sent after a write until the rows are durable, so nothing is ever called
//! saved that a crash could take back.
//!
//! # Failure
//! The room in memory is taken out of its place while it handles an input, and put back when all effects are
//! carried out. A caught panic or a failed write leaves the place empty: the sockets are closed with 1012, and the
//! room is rebuilt from storage. Whoever comes back brings along what storage lacks.
//!
//! # Hibernation
//! Sockets are accepted through the hibernation API; a session lives in its socket's attachment, a socket's name
//! in its tag. An idle room has no timer and goes to sleep with its sockets open; `ping` is answered by the runtime.

mod client;
mod history;
mod poll;
mod shell;
mod sockets;
mod storage;
mod submission;

use std::panic::AssertUnwindSafe;
use std::rc::Rc;

pub(crate) use history::Merge;
use room::Input;
use worker::{
    DurableObject, Env, Error, Request, Response, Result, State, WebSocket, WebSocketIncomingMessage, durable_object,
    wasm_bindgen,
};

pub(crate) use client::{RoomStub, SubmitRun};
pub(crate) use poll::{PollCall, PollKey};
use shell::Shell;

/// The Durable Object.
#[durable_object]
pub struct RoomObject {
    // See "Failure": a caught panic leaves the shell without a room, never with half of one.
    shell: AssertUnwindSafe<Rc<Shell>>,
}

impl DurableObject for RoomObject {
    fn new(state: State, env: Env) -> Self {
        Self { shell: AssertUnwindSafe(Rc::new(Shell::new(state, env))) }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        if let Some(session) = request.headers().get(client::SESSION_HEADER)? {
            return self.shell.accept(serde_json::from_str(&session)?);
        }
        if let Some(call) = request.headers().get(poll::CALL_HEADER)? {
            return self.shell.poll(serde_json::from_str(&call)?, request).await;
        }
        let message = request.json().await?;
        self.shell.answer(message).await
    }

    async fn alarm(&self) -> Result<Response> {
        self.shell.ring()?;
        Response::empty()
    }

    async fn websocket_message(&self, socket: WebSocket, message: WebSocketIncomingMessage) -> Result<()> {
        let socket = self.shell.name_of(&socket);
        self.shell.handle(match message {
            WebSocketIncomingMessage::Binary(bytes) => Input::Frame { socket, bytes },
            WebSocketIncomingMessage::String(text) => Input::Text { socket, text },
        })
    }

    async fn websocket_close(&self, socket: WebSocket, code: usize, _reason: String, _was_clean: bool) -> Result<()> {
        let name = self.shell.name_of(&socket);
        self.shell.handle(Input::Closed { socket: name })?;
        // Completes the handshake. Codes such as 1005 and 1006 only describe, they cannot be sent.
        let code = u16::try_from(code).ok().filter(|code| matches!(code, 1000 | 3000..=4999)).unwrap_or(1000);
        // The runtime may have done it already.
        socket.close(Some(code), Some("")).or(Ok(()))
    }

    async fn websocket_error(&self, socket: WebSocket, _error: Error) -> Result<()> {
        let socket = self.shell.name_of(&socket);
        self.shell.handle(Input::Closed { socket })
    }
}
