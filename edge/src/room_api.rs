//! The calls under `/api/v1/rooms/{id}` that the room's object answers.

use protocol::envelope::{ErrorBody, ErrorCode, FieldError};
use protocol::ids::RoomId;
use protocol::run::RoomRunRequest;
use serde::de::DeserializeOwned;
use worker::{Request, Response};

use crate::answer::{self, Failure};
use crate::history_api;
use crate::identity;
use crate::proxy;
use crate::request_context::RequestContext;
use crate::room_object::{RoomStub, SubmitRun};

/// `GET /api/v1/rooms/{id}/files?at=`: the document's files, now or at a moment, for whoever may view them.
pub(crate) async fn files(context: &RequestContext, request: &Request, room: &RoomId) -> Result<Response, Failure> {
    history_api::viewer(context, request, room).await?;
    let stub = RoomStub::of(&context.env, room)?;
    let files = match history_api::number(context, "at")? {
        Some(at) => stub.files_at(at).await?,
        None => stub.files().await?,
    };
    Ok(answer::success(context, files)?)
}

/// `POST /api/v1/rooms/{id}/runs`: freezes the files and runs them, for whoever may run.
///
/// 1. The caller's room token is found (401) and must carry the right to run (403).
/// 2. The body is read (400, 413, 422).
/// 3. The room freezes its files and submits them; the function's answer (202, 409, 422, 429) is passed back.
pub(crate) async fn submit_run(
    context: &RequestContext,
    mut request: Request,
    room: &RoomId,
) -> Result<Response, Failure> {
    let (token, claims) = identity::room_token(context, &request, room).await?;
    if !claims.rights.run {
        return Err(Failure::refused(ErrorCode::Forbidden, "your role does not let you run code in this room"));
    }
    let idempotency_key = request.headers().get("idempotency-key")?;
    let body: RoomRunRequest = parse(&proxy::body_of(&mut request).await?)?;
    let submission = SubmitRun {
        token,
        address: context.client_address.clone(),
        request_id: context.request_id.clone(),
        idempotency_key,
        request: body,
    };
    let answer = RoomStub::of(&context.env, room)?.submit_run(submission).await?;
    // With a time to come back it is the function's own refusal, in words for the client.
    let is_refusal = answer.status_code() == 503 && answer.headers().has("retry-after")?;
    if answer.status_code() >= 500 && !is_refusal {
        let source = worker::Error::RustError(format!("status {}", answer.status_code()));
        return Err(Failure::Unreachable { part: "room", source });
    }
    let headers = answer.headers().clone();
    headers.set("content-type", "application/json")?;
    Ok(answer.with_headers(headers))
}

/// Tells what cannot be parsed (400) from what has a wrong field (422).
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    let value: serde_json::Value = serde_json::from_slice(body)
        .map_err(|error| Failure::refused(ErrorCode::BadRequest, format!("the body is not JSON: {error}")))?;
    serde_json::from_value(value).map_err(|error| {
        let field = FieldError { field: field_of(&error.to_string()), message: error.to_string() };
        Failure::Refused(ErrorBody::validation(&[field]))
    })
}

/// The field that a message of serde names in backticks, or the body as a whole.
fn field_of(message: &str) -> String {
    let named = message.strip_prefix("missing field").or_else(|| message.strip_prefix("unknown field"));
    named.and_then(|rest| rest.split('`').nth(1)).unwrap_or("body").to_owned()
}
