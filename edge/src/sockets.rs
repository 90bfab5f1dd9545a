//! Sockets on their way to a room.
//!
//! A refused socket is accepted and then closed with its code: a failed handshake makes a stock client retry for
//! ever.

use protocol::close::CloseCode;
use protocol::ids::RoomId;
use protocol::internal::PrincipalKind;
use protocol::token::{LeaseClaims, RoomClaims, TokenError};
use room::{Channel, Session};
use worker::{Request, Response, WebSocketPair};

use crate::answer::Failure;
use crate::identity;
use crate::internal;
use crate::keys;
use crate::principal_object::PrincipalStub;
use crate::request_context::RequestContext;
use crate::room_object::RoomStub;

/// Why there is no session for somebody.
pub(crate) enum Denial {
    /// Theirs to mend.
    Refused(CloseCode, &'static str),
    /// Ours.
    Failed(Failure),
}

impl From<Failure> for Denial {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// True if the request asks for a socket.
pub(crate) fn is_upgrade(request: &Request) -> bool {
    let header = request.headers().get("upgrade").ok().flatten();
    header.is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
}

/// `/sync/{roomId}` and `/events/{roomId}`.
///
/// 1. The room's id is read (4404) and the token in `?token=` checked (4401).
/// 2. It must have the right to view (4403). The login or link behind the token must stand (4403), and so must the room
///    (4404); the room is noted there, to hear of a revocation.
/// 3. The room's object takes the socket.
pub(crate) async fn open(context: &RequestContext, channel: Channel, room: &str) -> Result<Response, Failure> {
    let token = context.url.query_pairs().find(|(name, _)| name == "token").map(|(_, token)| token.into_owned());
    match session(context, channel, room, token).await {
        Ok((room, session)) => RoomStub::of(&context.env, &room)?.open_socket(&session).await,
        Err(Denial::Refused(code, reason)) => refuse(code, reason),
        Err(Denial::Failed(failure)) => Err(failure),
    }
}

/// A session for whoever holds a token. From now on the room hears of the revocation of what is behind it.
pub(crate) async fn session(
    context: &RequestContext,
    channel: Channel,
    room: &str,
    token: Option<String>,
) -> Result<(RoomId, Session), Denial> {
    let claims = claims_of(context, room, token.as_deref()).await?;
    if !claims.rights.view {
        return Err(Denial::Refused(CloseCode::Forbidden, "the token does not let its bearer read the room"));
    }
    for (kind, id) in identity::principals_of(&claims) {
        if !PrincipalStub::of(context, kind, &id)?.stands(Some(&claims.room)).await? {
            return Err(denial_of(kind));
        }
    }
    let session =
        Session::of_person(channel, &claims, token.as_deref().unwrap_or_default(), context.client_address.clone());
    Ok((claims.room, session))
}

/// What a token of a room says.
pub(crate) async fn claims_of(context: &RequestContext, room: &str, token: Option<&str>) -> Result<RoomClaims, Denial> {
    let Ok(room) = RoomId::parse(room) else {
        return Err(Denial::Refused(CloseCode::NotFound, "there is no such room"));
    };
    let unauthorized = |reason| Err(Denial::Refused(CloseCode::Unauthorized, reason));
    let Some(token) = token.filter(|token| !token.is_empty()) else { return unauthorized("the token is missing") };
    match keys::verify::<RoomClaims>(context, token).await? {
        Ok(claims) if claims.room == room => Ok(claims),
        Ok(_) => unauthorized("the token is for another room"),
        Err(TokenError::Expired) => unauthorized("the token has expired"),
        Err(_) => unauthorized("the token is not valid"),
    }
}

/// What somebody is told whose principal does not stand.
pub(crate) fn denial_of(kind: PrincipalKind) -> Denial {
    match kind {
        PrincipalKind::Room => Denial::Refused(CloseCode::NotFound, "the room was deleted"),
        PrincipalKind::Login | PrincipalKind::Link => {
            Denial::Refused(CloseCode::Forbidden, "the login or link behind the token was revoked")
        }
    }
}

/// `/internal/rooms/{roomId}/lease`: a runner serves a room, with its lease's credential as bearer.
pub(crate) async fn open_lease(context: &RequestContext, request: &Request, room: &str) -> Result<Response, Failure> {
    let (_token, claims) = internal::authenticate::<LeaseClaims>(context, request).await?;
    if claims.room.as_str() != room {
        return refuse(CloseCode::NotFound, "the lease is for another room");
    }
    let stands = PrincipalStub::of(context, PrincipalKind::Room, room)?.stands(Some(&claims.room)).await?;
    if !stands {
        return refuse(CloseCode::NotFound, "the room was deleted");
    }
    let session = Session::of_lease(claims.lease, claims.exp * 1000);
    RoomStub::of(&context.env, &claims.room)?.open_socket(&session).await
}

fn refuse(code: CloseCode, reason: &str) -> Result<Response, Failure> {
    let WebSocketPair { client, server } = WebSocketPair::new()?;
    server.accept()?;
    server.close(Some(code.code()), Some(reason))?;
    Ok(Response::from_websocket(client)?)
}
