//! A principal: a login, a share link or a room's existence, one Durable Object each, named `login:{id}`, `link:{id}`
//! or `room:{id}`.
//!
//! It knows whether the principal still stands, and which rooms have sockets that hang on it. A revocation is
//! written first and pushed to those rooms before it is answered, so that whoever revoked can rely on it.
//!
//! Storage: `revoked(at)` with at most one row; `rooms(id)`; both of schema version 1.

use std::panic::AssertUnwindSafe;

use protocol::ids::RoomId;
use protocol::internal::PrincipalKind;
use serde::{Deserialize, Serialize};
use worker::{DurableObject, Env, Request, Response, Result, SqlStorage, State, Stub, WebSocket, wasm_bindgen};
use worker::{WebSocketIncomingMessage, durable_object};

use crate::answer::Failure;
use crate::clock;
use crate::object_call;
use crate::request_context::RequestContext;
use crate::room_object::RoomStub;

/// The binding's name in wrangler.toml.
const BINDING: &str = "PRINCIPALS";

#[derive(Debug, Serialize, Deserialize)]
enum PrincipalMessage {
    /// Does it stand? With a room: which from now on has sockets that hang on it.
    Stands { room: Option<RoomId> },
    /// It does not stand any more.
    Revoke { kind: PrincipalKind, id: String },
}

#[derive(Debug, Serialize, Deserialize)]
struct PrincipalAnswer {
    stands: bool,
}

/// The way to a principal's object.
pub(crate) struct PrincipalStub {
    stub: Stub,
    kind: PrincipalKind,
    id: String,
}

impl PrincipalStub {
    /// The object of a principal.
    ///
    /// # Errors
    /// [`Failure::Runtime`] without the binding.
    pub(crate) fn of(context: &RequestContext, kind: PrincipalKind, id: &str) -> Result<Self, Failure> {
        let name = format!("{}:{id}", kind.as_str());
        let stub = context.env.durable_object(BINDING)?.get_by_name(&name)?;
        Ok(Self { stub, kind, id: id.to_owned() })
    }

    /// True unless it was revoked. A room that asks hears of a later revocation.
    ///
    /// # Errors
    /// [`Failure::Unreachable`] where the object fails.
    pub(crate) async fn stands(&self, room: Option<&RoomId>) -> Result<bool, Failure> {
        let message = PrincipalMessage::Stands { room: room.cloned() };
        let answer: PrincipalAnswer = object_call::ask(&self.stub, "principal", &message).await?;
        Ok(answer.stands)
    }

    /// Revokes it. On return it is recorded, and its open sockets are closed.
    ///
    /// # Errors
    /// [`Failure::Unreachable`] where the object or one of the rooms fails; it is recorded in the second case.
    pub(crate) async fn revoke(&self) -> Result<(), Failure> {
        let message = PrincipalMessage::Revoke { kind: self.kind, id: self.id.clone() };
        object_call::ask::<_, PrincipalAnswer>(&self.stub, "principal", &message).await.map(drop)
    }
}

/// The Durable Object.
#[durable_object]
pub struct PrincipalObject {
    // Nothing is held in memory, so a caught panic leaves nothing half done.
    inner: AssertUnwindSafe<Inner>,
}

struct Inner {
    state: State,
    env: Env,
}

impl Inner {
    fn sql(&self) -> SqlStorage {
        self.state.storage().sql()
    }

    fn migrate(&self) -> Result<()> {
        self.sql().exec("CREATE TABLE IF NOT EXISTS revoked (at INTEGER NOT NULL)", None)?;
        self.sql().exec("CREATE TABLE IF NOT EXISTS rooms (id TEXT PRIMARY KEY) WITHOUT ROWID", None)?;
        Ok(())
    }

    fn stands(&self, room: Option<&RoomId>) -> Result<bool> {
        if self.sql().exec("SELECT at FROM revoked LIMIT 1", None)?.raw().next().is_some() {
            return Ok(false);
        }
        if let Some(room) = room {
            self.sql().exec("INSERT OR IGNORE INTO rooms (id) VALUES (?)", vec![room.as_str().into()])?;
        }
        Ok(true)
    }

    async fn revoke(&self, kind: PrincipalKind, id: &str) -> Result<(), Failure> {
        let at = i64::try_from(clock::now()).unwrap_or(i64::MAX);
        self.sql()
            .exec("INSERT INTO revoked (at) SELECT ? WHERE NOT EXISTS (SELECT 1 FROM revoked)", vec![at.into()])?;
        #[derive(Deserialize)]
        struct Row {
            id: RoomId,
        }
        for Row { id: room } in self.sql().exec("SELECT id FROM rooms", None)?.to_array::<Row>()? {
            RoomStub::of(&self.env, &room)?.revoked(kind, id).await?;
        }
        Ok(())
    }
}

impl DurableObject for PrincipalObject {
    fn new(state: State, env: Env) -> Self {
        Self { inner: AssertUnwindSafe(Inner { state, env }) }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        self.inner.migrate()?;
        let stands = match request.json().await? {
            PrincipalMessage::Stands { room } => self.inner.stands(room.as_ref())?,
            PrincipalMessage::Revoke { kind, id } => {
                let pushed = self.inner.revoke(kind, &id).await;
                pushed.map_err(|error| worker::Error::RustError(error.to_string()))?;
                false
            }
        };
        Response::from_json(&PrincipalAnswer { stands })
    }

    async fn alarm(&self) -> Result<Response> {
        Response::empty()
    }

    async fn websocket_message(&self, socket: WebSocket, _message: WebSocketIncomingMessage) -> Result<()> {
        socket.close(Some(1008), Some("a principal has no sockets"))
    }

    async fn websocket_close(&self, _socket: WebSocket, _code: usize, _reason: String, _was_clean: bool) -> Result<()> {
        Ok(())
    }

    async fn websocket_error(&self, _socket: WebSocket, _error: worker::Error) -> Result<()> {
        Ok(())
    }
}
