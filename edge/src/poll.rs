//! The HTTP fallback of sockets, on its way to a room: [`protocol::poll`] says what clients do.
//!
//! Each call is checked as a socket is when it opens. A refusal is answered with the close record that a refused
//! socket would get, so that clients treat both alike.

use protocol::envelope::ErrorCode;
use protocol::ids::RoomId;
use protocol::poll::{PollSession, Record};
use room::Channel;
use serde_json::json;
use worker::{Method, Request, Response};

use crate::answer::{self, Failure};
use crate::identity;
use crate::request_context::RequestContext;
use crate::room_object::{PollCall, PollKey, RoomStub};
use crate::sockets::{self, Denial};

/// `POST /{channel}/{roomId}/poll` and `POST`, `GET`, `DELETE /{channel}/{roomId}/poll/{session}`.
///
/// 1. The room's id is read (4404) and the bearer checked (4401), and what is behind it must stand (4403, 4404).
/// 2. The room's object answers: 201 with a session, 200 with nothing, or 200 with records.
pub(crate) async fn answer(
    context: &RequestContext,
    request: &Request,
    channel: Channel,
    room: &str,
    session: Option<&str>,
) -> Result<Response, Failure> {
    let method = request.method();
    let called = match session {
        None if method == Method::Post => opening(context, request, channel, room).await,
        Some(session) if matches!(method, Method::Get | Method::Post | Method::Delete) => {
            call_on(context, request, channel, room, session).await
        }
        _ => return Err(Failure::refused(ErrorCode::MethodNotAllowed, "this address takes no such method")),
    };
    match called {
        Ok((room, call)) => carry(context, request, &room, &call).await,
        Err(Denial::Refused(code, reason)) => {
            Ok(Response::from_bytes(Record::Close { code: code.code(), reason }.encode())?)
        }
        Err(Denial::Failed(failure)) => Err(failure),
    }
}

async fn opening(
    context: &RequestContext,
    request: &Request,
    channel: Channel,
    room: &str,
) -> Result<(RoomId, PollCall), Denial> {
    let (room, session) = sockets::session(context, channel, room, identity::bearer_of(request)).await?;
    Ok((room, PollCall::Open(Box::new(session))))
}

async fn call_on(
    context: &RequestContext,
    request: &Request,
    channel: Channel,
    room: &str,
    session: &str,
) -> Result<(RoomId, PollCall), Denial> {
    let claims = sockets::claims_of(context, room, identity::bearer_of(request).as_deref()).await?;
    // Asking anew each time would double the work of a call; a revocation reaches the session through the room.
    for (kind, id) in identity::principals_of(&claims) {
        if !identity::stands(context, kind, &id).await? {
            return Err(sockets::denial_of(kind));
        }
    }
    let turn = context.url.query_pairs().find(|(name, _)| name == "turn").and_then(|(_, turn)| turn.parse().ok());
    let key = PollKey { session: session.to_owned(), token_id: claims.jti, channel, turn };
    let call = match request.method() {
        Method::Get => PollCall::Pull(key),
        Method::Delete => PollCall::Close(key),
        _ => PollCall::Push(key),
    };
    Ok((claims.room, call))
}

async fn carry(
    context: &RequestContext,
    request: &Request,
    room: &RoomId,
    call: &PollCall,
) -> Result<Response, Failure> {
    let mut answered = RoomStub::of(&context.env, room)?.poll(call, request).await?;
    if answered.status_code() != 200 {
        let source = worker::Error::RustError(format!("status {}", answered.status_code()));
        return Err(Failure::Unreachable { part: "room", source });
    }
    if answered.headers().get("content-type")?.is_some_and(|kind| kind == "application/octet-stream") {
        return Ok(answered);
    }
    match call {
        PollCall::Open(_) => Ok(answer::success(context, answered.json::<PollSession>().await?)?.with_status(201)),
        _ => Ok(answer::success(context, json!({}))?),
    }
}
