//! Sockets on their way to a room.
//!
//! A refused socket is accepted and then closed with its code: a failed handshake makes a stock client retry for
//! ever.

use protocol::close::CloseCode;
use protocol::ids::RoomId;
use protocol::internal::PrincipalKind;
use protocol::token::{AttemptClaims, RoomClaims, TokenError};
use room::{Channel, Session};
use worker::{Request, Response, WebSocketPair};

use crate::answer::Failure;
use crate::identity;
use crate::internal;
use crate::keys;
use crate::principal_object::PrincipalStub;
use crate::request_context::RequestContext;
use crate::room_object::RoomStub;

/// Why a socket is refused.
type Refusal = (CloseCode, &'static str);

/// True if the request asks for a socket.
pub(crate) fn is_upgrade(request: &Request) -> bool {
    let header = request.headers().get("upgrade").ok().flatten();
    header.is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
}

/// `/sync/{roomId}` and `/events/{roomId}`.
///
/// 1. The room's id is read (4404) and the token in `?token=` checked (4401).
/// 2. The login or link behind the token must stand (4403), and so must the room (4404); the room is noted there, to
///    hear of a revocation.
/// 3. The room's object takes the socket.
pub(crate) async fn open(context: &RequestContext, channel: Channel, room: &str) -> Result<Response, Failure> {
    match session(context, channel, room).await? {
        Ok((room, session)) => RoomStub::of(&context.env, &room)?.open_socket(&session).await,
        Err((code, reason)) => refuse(code, reason),
    }
}

async fn session(
    context: &RequestContext,
    channel: Channel,
    room: &str,
) -> Result<Result<(RoomId, Session), Refusal>, Failure> {
    let Ok(room) = RoomId::parse(room) else { return Ok(Err((CloseCode::NotFound, "there is no such room"))) };
    let token = context.url.query_pairs().find(|(name, _)| name == "token").map(|(_, token)| token.into_owned());
    let Some(token) = token else { return Ok(Err((CloseCode::Unauthorized, "the token is missing"))) };
    let claims = match keys::verify::<RoomClaims>(context, &token).await? {
        Ok(claims) if claims.room == room => claims,
        Ok(_) => return Ok(Err((CloseCode::Unauthorized, "the token is for another room"))),
        Err(TokenError::Expired) => return Ok(Err((CloseCode::Unauthorized, "the token has expired"))),
        Err(_) => return Ok(Err((CloseCode::Unauthorized, "the token is not valid"))),
    };
    for (kind, id) in identity::principals_of(&claims) {
        if !PrincipalStub::of(context, kind, &id)?.stands(Some(&room)).await? {
            return Ok(Err(match kind {
                PrincipalKind::Room => (CloseCode::NotFound, "the room was deleted"),
                _ => (CloseCode::Forbidden, "the login or link behind the token was revoked"),
            }));
        }
    }
    Ok(Ok((room, Session::of_person(channel, &claims, &token, context.client_address.clone()))))
}

/// `/internal/runs/{runId}/stream`: a runner's output, with its attempt's credential as bearer.
pub(crate) async fn open_stream(context: &RequestContext, request: &Request, run: &str) -> Result<Response, Failure> {
    let (_token, claims) = internal::authenticate::<AttemptClaims>(context, request).await?;
    let Some(room) = claims.room.filter(|_| claims.run.as_str() == run) else {
        return refuse(CloseCode::NotFound, "no room watches this run");
    };
    let session = Session::of_runner(claims.run, claims.attempt, claims.exp * 1000);
    RoomStub::of(&context.env, &room)?.open_socket(&session).await
}

fn refuse(code: CloseCode, reason: &str) -> Result<Response, Failure> {
    let WebSocketPair { client, server } = WebSocketPair::new()?;
    server.accept()?;
    server.close(Some(code.code()), Some(reason))?;
    Ok(Response::from_websocket(client)?)
}
