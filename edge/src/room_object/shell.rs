//! Inputs in, effects out.

use std::cell::{OnceCell, RefCell};
use std::collections::HashSet;
use std::rc::Rc;
use std::time::Duration;

use protocol::TimestampMs;
use protocol::close::CloseCode;
use protocol::envelope::ErrorBody;
use room::{Caller, Effect, Input, Restored, Room, Rules, Session, SocketId};
use serde_json::json;
use worker::js_sys::{Date, Function, Reflect};
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::{Delay, Env, Error, Response, Result, State, WebSocket, WebSocketPair, WebSocketRequestResponsePair};

use super::client::{RoomMessage, SubmitRun};
use super::sockets::{Line, Sockets};
use super::storage::{BASE, HEAD, POSITION_MAX, Storage};
use super::submission::{self, Answered};
use crate::answer::Failure;
use crate::clock;
use crate::config::Config;
use crate::functions::data_of;
use crate::log::{self, Level};

/// What the runtime answers by itself, without waking the room. It matches strings only.
const PING: &str = r#"{"type":"ping"}"#;
const PONG: &str = r#"{"type":"pong"}"#;

/// The room, its sockets and its storage.
pub(super) struct Shell {
    pub(super) state: State,
    env: Env,
    /// The tables, once they were opened.
    storage: OnceCell<Storage>,
    /// The room in memory; nothing before the first input, during one, and after a failure.
    room: RefCell<Option<Room>>,
    /// The open sockets.
    pub(super) sockets: Sockets,
}

/// What one input leads to besides what is done at once.
#[derive(Default)]
struct Outcome {
    /// Sockets that the room or their queues have closed.
    closed: Vec<SocketId>,
    /// Why the room refused what it was asked.
    refused: Option<ErrorBody>,
}

impl Shell {
    pub(super) fn new(state: State, env: Env) -> Self {
        match WebSocketRequestResponsePair::new(PING, PONG) {
            Ok(pair) => state.set_websocket_auto_response(&pair),
            // The room answers pings itself then, at the price of waking up.
            Err(error) => log::write(Level::Warn, "no automatic pong", json!({ "cause": format!("{error:?}") })),
        }
        Self { state, env, storage: OnceCell::new(), room: RefCell::default(), sockets: Sockets::default() }
    }

    pub(super) fn storage(&self) -> Result<&Storage> {
        if let Some(storage) = self.storage.get() {
            return Ok(storage);
        }
        let opened = Storage::open(self.state.storage().sql())?;
        Ok(self.storage.get_or_init(|| opened))
    }

    /// A socket's name: its tag.
    pub(super) fn name_of(&self, socket: &WebSocket) -> SocketId {
        SocketId(self.state.get_tags(socket).first().and_then(|tag| tag.parse().ok()).unwrap_or_default())
    }

    /// Accepts a socket for a session that the worker has verified.
    pub(super) fn accept(self: &Rc<Self>, session: Session) -> Result<Response> {
        let WebSocketPair { client, server } = WebSocketPair::new()?;
        let socket = self.name_socket()?;
        self.state.accept_websocket_with_tags(&server, &[&socket.0.to_string()]);
        self.sockets.insert(socket, Line::Web(server));
        self.handle(Input::Opened { socket, session: Box::new(session) })?;
        Response::from_websocket(client)
    }

    /// A name for the next socket.
    pub(super) fn name_socket(&self) -> Result<SocketId> {
        let mut room = self.take_room()?;
        let socket = room.next_socket(clock::now());
        self.room.replace(Some(room));
        Ok(socket)
    }

    /// Answers a message of the worker.
    pub(super) async fn answer(self: &Rc<Self>, message: RoomMessage) -> Result<Response> {
        match message {
            RoomMessage::Ping => self.storage()?.last().map(drop)?,
            RoomMessage::Files => {
                self.handle(Input::Settle)?;
                return Response::from_json(&self.with_document(|room| room.files())?);
            }
            RoomMessage::History(message) => return self.answer_history(message),
            RoomMessage::SubmitRun(submission) => return self.submit_over_http(*submission).await,
            RoomMessage::Claimed { run, attempt } => self.handle(Input::RunClaimed { run, attempt })?,
            RoomMessage::Changed { run } => self.handle(Input::RunChanged { run })?,
            RoomMessage::Revoked { kind, id } => self.handle(Input::Revoked { kind, id })?,
        }
        Response::from_json(&())
    }

    /// Handles one input to its last effect.
    pub(super) fn handle(self: &Rc<Self>, input: Input) -> Result<()> {
        self.ask(input).map(drop)
    }

    /// Handles one input to its last effect, and gives back why the room refused what it asks.
    pub(super) fn ask(self: &Rc<Self>, input: Input) -> Result<Option<ErrorBody>> {
        let mut room = self.take_room()?;
        if room.needs_document(&input) {
            self.load_document(&mut room)?;
        }
        let effects = room.handle(input, clock::now());
        let mut outcome = Outcome::default();
        for effect in effects {
            if let Err(error) = self.carry_out(effect, &mut outcome) {
                return self.abandon(&error);
            }
        }
        self.room.replace(Some(room));
        for socket in outcome.closed {
            self.sockets.remove(socket);
            self.handle(Input::Closed { socket })?;
        }
        Ok(outcome.refused)
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
        for socket in self.state.get_websockets() {
            // A socket whose attachment is missing was accepted in a callback that failed.
            let Some(attachment) = socket.deserialize_attachment::<String>()? else { continue };
            let name = self.name_of(&socket);
            if astray.contains(&name) {
                continue;
            }
            sessions.push((name, serde_json::from_str(&attachment)?));
            self.sockets.insert(name, Line::Web(socket));
        }
        let (position, last_at) = storage.last()?;
        Ok(Room::restore(Restored {
            rules: Rules {
                is_unlimited: Config::of(&self.env).is_ok_and(|config| config.is_unlimited),
                ..Rules::default()
            },
            position,
            last_at,
            generation: storage.generation()?,
            chat: storage.chat()?,
            runs: storage.runs()?,
            terminals: storage.terminals()?,
            sessions,
        }))
    }

    /// Loads the document from the head, or from the whole history where the head is damaged.
    fn load_document(&self, room: &mut Room) -> Result<()> {
        let storage = self.storage()?;
        for name in [HEAD, BASE] {
            let state = storage.state(name)?;
            if name == HEAD && state.is_none() {
                continue;
            }
            let after = state.as_ref().map_or(0, |state| state.head.position);
            let report = room.load_document(state.as_ref(), &storage.edits(after, POSITION_MAX)?);
            if !report.is_state_sound {
                log::write(Level::Error, "a stored document does not apply", json!({ "name": name }));
                continue;
            }
            if !report.quarantined.is_empty() {
                log::write(Level::Error, "rows of the log are put aside", json!({ "positions": report.quarantined }));
                storage.quarantine(&report.quarantined)?;
            }
            break;
        }
        Ok(())
    }

    /// Reads from the room with its document.
    pub(super) fn with_document<T>(&self, read: impl FnOnce(&Room) -> Option<T>) -> Result<T> {
        let mut room = self.take_room()?;
        if room.document().is_none() {
            self.load_document(&mut room)?;
        }
        let value = read(&room);
        self.room.replace(Some(room));
        value.ok_or_else(|| Error::RustError("the document was not loaded".to_owned()))
    }

    fn carry_out(self: &Rc<Self>, effect: Effect, outcome: &mut Outcome) -> Result<()> {
        let storage = self.storage()?;
        match effect {
            Effect::Append(entry) => storage.append(entry)?,
            Effect::SaveAuthor(author) => storage.save_author(&author)?,
            Effect::SaveRun { run, first } => storage.save_run(&run, first)?,
            Effect::DropRun { run } => storage.drop_run(&run)?,
            Effect::Compact { head, keep_bytes } => storage.compact(&head, keep_bytes)?,
            Effect::Rebuild { state } => storage.rebuild(&state)?,
            Effect::SaveSnapshot(snapshot) => storage.save_snapshot(snapshot)?,
            Effect::DropSnapshot(id) => storage.drop_snapshot(&id)?,
            Effect::Rename(author) => storage.rename(&author)?,
            Effect::Refuse(body) => outcome.refused = Some(body),
            Effect::Remember { socket, session } => self.sockets.remember(socket, &session)?,
            Effect::Send { to, frame } => outcome.closed.extend(self.sockets.send(&to, &frame)),
            Effect::Close { socket, code, reason } => {
                self.sockets.close(socket, code, &reason);
                outcome.closed.push(socket);
            }
            Effect::WakeAt(at) => self.wake_at(at),
            Effect::AlarmAt(at) => self.alarm_at(at),
            Effect::SubmitRun { socket, caller, request, files, position, dispatch } => {
                let bundle = submission::bundle(request, files, position, dispatch);
                self.go(socket, "run:start", caller, async move |context, caller| {
                    submission::submit_for_socket(&context, &caller, &bundle).await
                });
            }
            Effect::Requeue { run, ticket, request } => {
                self.ask_functions(async move |context| submission::requeue(&context, &run, &ticket, &request).await);
            }
            Effect::RequestLease { socket, caller } => {
                self.go(socket, "terminal:open", caller, async move |context, caller| {
                    submission::request_lease(&context, &caller).await
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

    /// A time at which the runtime wakes the object if it sleeps.
    fn alarm_at(&self, at: TimestampMs) {
        let storage = self.state.storage();
        let offset = i64::try_from(at.saturating_sub(clock::now())).unwrap_or(i64::MAX);
        self.state.wait_until(async move {
            if let Err(error) = storage.set_alarm(offset).await {
                log::write(Level::Error, "no alarm could be set", json!({ "cause": error.to_string() }));
            }
        });
    }

    /// The alarm rings. When sockets last sent a ping the runtime knows, since it answered them.
    pub(super) fn ring(self: &Rc<Self>) -> Result<()> {
        let pings = self.state.get_websockets().into_iter().filter_map(|socket| {
            let at = last_ping_of(&self.state, &socket)?;
            Some((self.name_of(&socket), at))
        });
        let pings = pings.collect();
        self.handle(Input::Alarm { pings })
    }

    /// A timer, and with it a few milliseconds in which the object does not sleep.
    fn wake_at(self: &Rc<Self>, at: TimestampMs) {
        let shell = Rc::clone(self);
        let delay = Duration::from_millis(at.saturating_sub(clock::now()));
        self.state.wait_until(async move {
            Delay::from(delay).await;
            if let Err(error) = shell.handle(Input::Woken { due: at }) {
                log::write(Level::Error, "rows could not be written", json!({ "cause": error.to_string() }));
            }
        });
    }

    /// A write failed: memory and storage may differ. Everybody comes back to what storage holds.
    fn abandon<T>(&self, error: &Error) -> Result<T> {
        log::write(Level::Error, "a write failed, the room is rebuilt", json!({ "cause": error.to_string() }));
        self.dismiss_sockets();
        Err(Error::RustError("a write failed".to_owned()))
    }

    /// Sends everybody away to come back at once: stock clients bring along what the room lacks.
    fn dismiss_sockets(&self) -> HashSet<SocketId> {
        self.sockets.dismiss(CloseCode::ServiceRestart, "the room restarts; come back")
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

    /// Calls a function on behalf of the room itself. After a failure the room's alarm asks again.
    fn ask_functions<F>(self: &Rc<Self>, call: F)
    where
        F: AsyncFnOnce(crate::request_context::RequestContext) -> Result<Input, Failure> + 'static,
    {
        let shell = Rc::clone(self);
        self.state.wait_until(async move {
            let outcome = match submission::context(&shell.env, String::new(), None) {
                Ok(context) => call(context).await,
                Err(failure) => Err(failure),
            };
            let heard = match outcome {
                Ok(input) => shell.handle(input).map_err(|error| error.to_string()),
                Err(failure) => Err(failure.to_string()),
            };
            if let Err(cause) = heard {
                log::write(Level::Error, "a run could not be queued again", json!({ "cause": cause }));
            }
        });
    }

    async fn submit_over_http(self: &Rc<Self>, submission: SubmitRun) -> Result<Response> {
        let SubmitRun { token, address, request_id, idempotency_key, request } = submission;
        self.handle(Input::Settle)?;
        let (files, position, dispatch) = self.with_document(Room::freeze)?;
        let bundle = submission::bundle(request, files, position, dispatch);
        let answered = match submission::context(&self.env, address, Some(request_id)) {
            Ok(context) => submission::submit(&context, &token, idempotency_key, &bundle).await,
            Err(failure) => Err(failure),
        };
        let Answered { status, retry_after, bytes } =
            answered.map_err(|failure| Error::RustError(failure.to_string()))?;
        if let Ok(answer) = data_of(&bytes) {
            self.handle(submission::submitted(answer))?;
        }
        let bytes = submission::without_dispatch(bytes).map_err(|failure| Error::RustError(failure.to_string()))?;
        let response = Response::from_bytes(bytes)?.with_status(status);
        if let Some(seconds) = retry_after {
            response.headers().set("retry-after", &seconds)?;
        }
        Ok(response)
    }
}

/// When a socket last sent a ping that the runtime answered. The crate has no binding for it.
fn last_ping_of(state: &State, socket: &WebSocket) -> Option<TimestampMs> {
    let raw: &JsValue = state.as_raw().as_ref();
    let ask = Reflect::get(raw, &"getWebSocketAutoResponseTimestamp".into()).ok()?.dyn_into::<Function>().ok()?;
    let date = ask.call1(raw, socket.as_ref()).ok()?.dyn_into::<Date>().ok()?;
    // Milliseconds since 1970 are a whole number far below 2^53.
    Some(date.get_time() as TimestampMs)
}

/// What a socket is told of a failure; the log gets the cause.
fn body_of(failure: &Failure) -> ErrorBody {
    let body = failure.body();
    if body.code.status() >= 500 {
        log::write(Level::Error, "a run could not be passed on", json!({ "cause": failure.to_string() }));
    }
    body
}
