//! Inputs in, effects out.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::time::Duration;

use protocol::TimestampMs;
use protocol::close::CloseCode;
use protocol::envelope::ErrorBody;
use protocol::run::RunAnswer;
use room::{Caller, Effect, Frame, Input, Restored, Room, Session, SocketId};
use serde_json::json;
use worker::js_sys::Uint8Array;
use worker::{Delay, Env, Error, Response, Result, State, WebSocket, WebSocketPair, WebSocketRequestResponsePair};

use super::client::{RoomMessage, SubmitRun};
use super::storage::Storage;
use super::submission::{self, Answered};
use crate::answer::Failure;
use crate::clock;
use crate::functions::data_of;
use crate::log::{self, Level};

/// What the runtime answers by itself, without waking the room. It matches strings only.
const PING: &str = r#"{"type":"ping"}"#;
const PONG: &str = r#"{"type":"pong"}"#;

/// The room, its sockets and its storage.
pub(super) struct Shell {
    state: State,
    env: Env,
    /// The room in memory; nothing before the first input, during one, and after a failure.
    room: RefCell<Option<Room>>,
    /// The open sockets by name.
    sockets: RefCell<HashMap<SocketId, WebSocket>>,
}

impl Shell {
    pub(super) fn new(state: State, env: Env) -> Self {
        match WebSocketRequestResponsePair::new(PING, PONG) {
            Ok(pair) => state.set_websocket_auto_response(&pair),
            // The room answers pings itself then, at the price of waking up.
            Err(error) => log::write(Level::Warn, "no automatic pong", json!({ "cause": format!("{error:?}") })),
        }
        Self { state, env, room: RefCell::default(), sockets: RefCell::default() }
    }

    fn storage(&self) -> Result<Storage> {
        Storage::open(self.state.storage().sql())
    }

    /// A socket's name: its tag.
    pub(super) fn name_of(&self, socket: &WebSocket) -> SocketId {
        SocketId(self.state.get_tags(socket).first().and_then(|tag| tag.parse().ok()).unwrap_or_default())
    }

    /// Accepts a socket for a session that the worker has verified.
    pub(super) fn accept(self: &Rc<Self>, session: Session) -> Result<Response> {
        let WebSocketPair { client, server } = WebSocketPair::new()?;
        let mut room = self.take_room()?;
        let socket = room.next_socket(clock::now());
        self.room.replace(Some(room));
        self.state.accept_websocket_with_tags(&server, &[&socket.0.to_string()]);
        self.sockets.borrow_mut().insert(socket, server);
        self.handle(Input::Opened { socket, session: Box::new(session) })?;
        Response::from_websocket(client)
    }

    /// Answers a message of the worker.
    pub(super) async fn answer(self: &Rc<Self>, message: RoomMessage) -> Result<Response> {
        match message {
            RoomMessage::Ping => self.storage()?.position().map(drop)?,
            RoomMessage::Files => {
                self.handle(Input::Settle)?;
                return Response::from_json(&self.with_document(|room| room.files())?);
            }
            RoomMessage::SubmitRun(submission) => return self.submit_over_http(*submission).await,
            RoomMessage::Claimed { run, attempt } => self.handle(Input::RunClaimed { run, attempt })?,
            RoomMessage::Changed { run } => self.handle(Input::RunChanged { run })?,
            RoomMessage::Revoked { kind, id } => self.handle(Input::Revoked { kind, id })?,
        }
        Response::from_json(&())
    }

    /// Handles one input to its last effect.
    pub(super) fn handle(self: &Rc<Self>, input: Input) -> Result<()> {
        let mut room = self.take_room()?;
        if room.needs_document(&input) {
            self.load_document(&mut room)?;
        }
        let effects = room.handle(input, clock::now());
        let mut closed = Vec::new();
        for effect in effects {
            if let Err(error) = self.carry_out(effect, &mut closed) {
                return self.abandon(&error);
            }
        }
        self.room.replace(Some(room));
        for socket in closed {
            self.sockets.borrow_mut().remove(&socket);
            self.handle(Input::Closed { socket })?;
        }
        Ok(())
    }

    /// The room, out of its place; rebuilt where there is none.
    fn take_room(&self) -> Result<Room> {
        if let Some(room) = self.room.take() {
            return Ok(room);
        }
        // Sockets without a room: the last input ended in a panic, and with it updates that were not written yet.
        let astray = self.dismiss_sockets();
        let storage = self.storage()?;
        let mut sessions = Vec::new();
        let mut sockets = HashMap::new();
        for socket in self.state.get_websockets() {
            // A socket whose attachment is missing was accepted in a callback that failed.
            let Some(attachment) = socket.deserialize_attachment::<String>()? else { continue };
            let name = self.name_of(&socket);
            if astray.contains(&name) {
                continue;
            }
            sessions.push((name, serde_json::from_str(&attachment)?));
            sockets.insert(name, socket);
        }
        self.sockets.borrow_mut().extend(sockets);
        Ok(Room::restore(Restored {
            position: storage.position()?,
            chat: storage.chat()?,
            runs: storage.runs()?,
            sessions,
        }))
    }

    fn load_document(&self, room: &mut Room) -> Result<()> {
        let quarantined = room.load_document(&self.storage()?.log()?);
        if !quarantined.is_empty() {
            log::write(Level::Error, "rows of the log do not apply", json!({ "positions": quarantined }));
        }
        Ok(())
    }

    fn with_document<T>(&self, read: impl FnOnce(&Room) -> Option<T>) -> Result<T> {
        let mut room = self.take_room()?;
        if !room.has_document() {
            self.load_document(&mut room)?;
        }
        let value = read(&room);
        self.room.replace(Some(room));
        value.ok_or_else(|| Error::RustError("the document was not loaded".to_owned()))
    }

    fn carry_out(self: &Rc<Self>, effect: Effect, closed: &mut Vec<SocketId>) -> Result<()> {
        match effect {
            Effect::Append(entry) => self.storage()?.append(entry)?,
            Effect::SaveChat(message) => self.storage()?.save_chat(message)?,
            Effect::SaveRun(run) => self.storage()?.save_run(&run)?,
            Effect::SaveOutput { run, chunk, .. } => self.storage()?.save_output(&run, chunk)?,
            Effect::DropOutput { run } => self.storage()?.drop_output(&run)?,
            Effect::DropRun { run } => self.storage()?.drop_run(&run)?,
            Effect::Remember { socket, session } => self.remember(socket, &session)?,
            Effect::Send { to, frame } => self.send(&to, &frame),
            Effect::Close { socket, code, reason } => {
                self.close(socket, code, &reason);
                closed.push(socket);
            }
            Effect::WakeAt(at) => self.wake_at(at),
            Effect::SubmitRun { socket, caller, request, files, position } => {
                let bundle = submission::bundle(request, files, position);
                self.go(socket, "run:start", caller, async move |context, caller| {
                    submission::submit_for_socket(&context, &caller, &bundle).await
                });
            }
            Effect::CancelRun { socket, caller, run } => {
                self.go(socket, "run:cancel", caller, async move |context, caller| {
                    submission::cancel(&context, &caller, &run).await
                });
            }
        }
        Ok(())
    }

    /// A timer, and with it a few milliseconds in which the object does not sleep.
    fn wake_at(self: &Rc<Self>, at: TimestampMs) {
        let shell = Rc::clone(self);
        let delay = Duration::from_millis(at.saturating_sub(clock::now()));
        self.state.wait_until(async move {
            Delay::from(delay).await;
            if let Err(error) = shell.handle(Input::Woken) {
                log::write(Level::Error, "rows could not be written", json!({ "cause": error.to_string() }));
            }
        });
    }

    fn remember(&self, socket: SocketId, session: &Session) -> Result<()> {
        match self.sockets.borrow().get(&socket) {
            Some(open) => open.serialize_attachment(serde_json::to_string(session)?),
            None => Ok(()),
        }
    }

    /// Sends one frame to many. The bytes cross the border of WASM once.
    fn send(&self, to: &[SocketId], frame: &Frame) {
        let sockets = self.sockets.borrow();
        let open = to.iter().filter_map(|name| sockets.get(name));
        // A socket that fails here is about to be reported as closed.
        match frame {
            Frame::Text(text) => open.for_each(|socket| drop(socket.send_with_str(text))),
            Frame::Binary(bytes) => {
                let buffer = Uint8Array::from(bytes.as_slice()).buffer();
                open.for_each(|socket| drop(socket.as_ref().send_with_array_buffer(&buffer)));
            }
        }
    }

    fn close(&self, socket: SocketId, code: CloseCode, reason: &str) {
        if let Some(open) = self.sockets.borrow().get(&socket) {
            // It may have closed in the meantime.
            drop(open.close(Some(code.code()), Some(reason)));
        }
    }

    /// A write failed: memory and storage may differ. Everybody comes back to what storage holds.
    fn abandon(&self, error: &Error) -> Result<()> {
        log::write(Level::Error, "a write failed, the room is rebuilt", json!({ "cause": error.to_string() }));
        self.dismiss_sockets();
        Err(Error::RustError("a write failed".to_owned()))
    }

    /// Sends everybody away to come back at once: stock clients bring along what the room lacks.
    fn dismiss_sockets(&self) -> HashSet<SocketId> {
        let sockets = self.sockets.take();
        for socket in sockets.values() {
            drop(socket.close(Some(CloseCode::ServiceRestart.code()), Some("the room restarts; come back")));
        }
        sockets.into_keys().collect()
    }

    /// Calls a function on behalf of a socket, and lets the room hear of the outcome.
    fn go<F>(self: &Rc<Self>, socket: SocketId, regarding: &'static str, caller: Caller, call: F)
    where
        F: AsyncFnOnce(crate::request_context::RequestContext, Caller) -> Result<Input, Failure> + 'static,
    {
        let shell = Rc::clone(self);
        self.state.wait_until(async move {
            let outcome = match submission::context(&shell.env, caller.address.clone(), None) {
                Ok(context) => call(context, caller).await,
                Err(failure) => Err(failure),
            };
            let input =
                outcome.unwrap_or_else(|failure| Input::Refused { socket, regarding, error: body_of(&failure) });
            if let Err(error) = shell.handle(input) {
                log::write(Level::Error, "the room could not hear of a run", json!({ "cause": error.to_string() }));
            }
        });
    }

    async fn submit_over_http(self: &Rc<Self>, submission: SubmitRun) -> Result<Response> {
        let SubmitRun { token, address, request_id, idempotency_key, request } = submission;
        self.handle(Input::Settle)?;
        let (files, position) = self.with_document(Room::freeze)?;
        let bundle = submission::bundle(request, files, position);
        let answered = match submission::context(&self.env, address, Some(request_id)) {
            Ok(context) => submission::submit(&context, &token, idempotency_key, &bundle).await,
            Err(failure) => Err(failure),
        };
        let Answered { status, retry_after, bytes } =
            answered.map_err(|failure| Error::RustError(failure.to_string()))?;
        if let Ok(RunAnswer { run }) = data_of(&bytes) {
            self.handle(Input::RunSubmitted { run: Box::new(run) })?;
        }
        let response = Response::from_bytes(bytes)?.with_status(status);
        if let Some(seconds) = retry_after {
            response.headers().set("retry-after", &seconds)?;
        }
        Ok(response)
    }
}

/// What a socket is told of a failure; the log gets the cause.
fn body_of(failure: &Failure) -> ErrorBody {
    let body = failure.body();
    if body.code.status() >= 500 {
        log::write(Level::Error, "a run could not be passed on", json!({ "cause": failure.to_string() }));
    }
    body
}
