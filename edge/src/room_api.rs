//! The calls under `/api/v1/rooms/{id}` that the room's object answers.

use protocol::envelope::{ErrorBody, ErrorCode, FieldError};
use protocol::ids::RoomId;
use protocol::run::RoomRunRequest;
use worker::{Request, Response};

use crate::answer::{self, Failure};
use crate::identity;
use crate::proxy;
use crate::request_context::RequestContext;
use crate::room_object::{RoomStub, SubmitRun};

/// `GET /api/v1/rooms/{id}/files`: the document's files, for whoever may view them.
pub(crate) async fn files(context: &RequestContext, request: &Request, room: &RoomId) -> Result<Response, Failure> {
    let (_token, claims) = identity::room_token(context, request, room).await?;
    if !claims.rights.view {
        return Err(Failure::refused(ErrorCode::Forbidden, "your role does not let you read this room"));
    }
    let files = RoomStub::of(&context.env, room)?.files().await?;
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
    let body = parse(&proxy::body_of(&mut request).await?)?;
    let submission = SubmitRun {
        token,
        address: context.client_address.clone(),
        request_id: context.request_id.clone(),
        idempotency_key,
        request: body,
    };
    let answer = RoomStub::of(&context.env, room)?.submit_run(submission).await?;
    if answer.status_code() >= 500 {
        let source = worker::Error::RustError(format!("status {}", answer.status_code()));
        return Err(Failure::Unreachable { part: "room", source });
    }
    let headers = answer.headers().clone();
    headers.set("content-type", "application/json")?;
    Ok(answer.with_headers(headers))
}

/// Tells what cannot be parsed (400) from what has a wrong field (422).
fn parse(body: &[u8]) -> Result<RoomRunRequest, Failure> {
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
