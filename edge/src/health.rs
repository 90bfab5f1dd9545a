//! `GET /health` and `GET /api/v1/health` (features N1).

use std::cell::Cell;

use protocol::TimestampMs;
use protocol::envelope::{ErrorBody, ErrorCode};
use serde::Serialize;
use worker::{Method, Response, Result};

use crate::answer;
use crate::clock;
use crate::config::Function;
use crate::functions::Call;
use crate::request_context::RequestContext;
use crate::room_object::RoomStub;

/// Where the `auth` function says whether it reaches its table.
const FUNCTION_HEALTH_PATH: &str = "/internal/health";

thread_local! {
    /// When this isolate answered its first health check; 0 before.
    static STARTED_AT: Cell<TimestampMs> = const { Cell::new(0) };
}

#[derive(Serialize)]
struct Health {
    /// `ok` or `degraded`.
    status: &'static str,
    timestamp: String,
    /// Seconds since this isolate was first asked. Isolates come and go with the load.
    uptime: u64,
    environment: String,
    version: &'static str,
    services: Services,
}

#[derive(Serialize)]
struct Services {
    /// The functions and their tables.
    database: &'static str,
    /// The rooms' objects and their storage.
    websocket: &'static str,
}

/// 200 when every part answers, 503 otherwise; the body says which does not.
pub(crate) async fn answer(context: &RequestContext) -> Result<Response> {
    let now = clock::now();
    if STARTED_AT.get() == 0 {
        STARTED_AT.set(now);
    }
    let (has_database, has_rooms) = futures_util::join!(functions_answer(context), rooms_answer(context));
    let word = |is_up| if is_up { "up" } else { "down" };
    let is_ok = has_database && has_rooms;
    let health = Health {
        status: if is_ok { "ok" } else { "degraded" },
        timestamp: protocol::envelope::rfc3339(now),
        uptime: (now - STARTED_AT.get()) / 1000,
        environment: context.config().map(|config| config.stage.clone()).unwrap_or_default(),
        version: env!("CARGO_PKG_VERSION"),
        services: Services { database: word(has_database), websocket: word(has_rooms) },
    };
    if is_ok {
        return answer::success(context, health);
    }
    let mut body = ErrorBody::new(ErrorCode::Unavailable, "a part of the service does not answer");
    body.details = Some(serde_json::to_value(health)?);
    answer::failure(context, body)
}

async fn functions_answer(context: &RequestContext) -> bool {
    let call = Call {
        function: Function::Auth,
        method: Method::Get,
        path: FUNCTION_HEALTH_PATH,
        bearer: None,
        headers: Vec::new(),
        body: Vec::new(),
    };
    call.send(context).await.is_ok_and(|response| response.status_code() == 200)
}

async fn rooms_answer(context: &RequestContext) -> bool {
    match RoomStub::for_health(&context.env) {
        Ok(room) => room.ping().await.is_ok(),
        Err(_unbound) => false,
    }
}
