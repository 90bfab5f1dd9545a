//! Whose request it is: the bearer's signature, and whether the login or link behind it still stands.
//!
//! Signatures are checked here, with the public keys. Whether a principal stands is asked of its Durable Object
//! and believed for [`STANDING_FRESH_MS`].

use std::cell::RefCell;
use std::collections::HashMap;

use protocol::TimestampMs;
use protocol::account::Scope;
use protocol::envelope::ErrorCode;
use protocol::ids::RoomId;
use protocol::internal::PrincipalKind;
use protocol::room::{RoomToken, RoomTokenRequest};
use protocol::token::{AccessClaims, Claims, RoomClaims, TokenError};
use worker::Request;

use crate::answer::Failure;
use crate::clock;
use crate::config::Function;
use crate::functions::Call;
use crate::keys;
use crate::principal_object::PrincipalStub;
use crate::request_context::RequestContext;

/// How long an answer about a principal is believed: a revoked one stops working within 10 s, at half of it here.
const STANDING_FRESH_MS: u64 = 5_000;

/// Most answers kept. Reached only under a flood; then all are asked anew.
const STANDING_KEPT: usize = 10_000;

thread_local! {
    /// Principals that stood a moment ago, and when that was.
    static STANDING: RefCell<HashMap<String, TimestampMs>> = RefCell::new(HashMap::new());
}

/// A checked bearer.
pub(crate) enum Bearer {
    /// Of an account.
    Access(Box<AccessClaims>),
    /// Of a person in a room.
    Room(Box<RoomClaims>),
}

/// The bearer's text, if the request carries one.
pub(crate) fn bearer_of(request: &Request) -> Option<String> {
    let header = request.headers().get("authorization").ok().flatten()?;
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

/// Checks a bearer: signature, time, scopes, and that the principals behind it stand.
///
/// # Errors
/// `UNAUTHORIZED` that tells expired from invalid, `FORBIDDEN` for an API key outside its scopes.
pub(crate) async fn check(context: &RequestContext, token: &str) -> Result<Bearer, Failure> {
    let access = keys::verify::<AccessClaims>(context, token).await?;
    if !matches!(access, Err(TokenError::Invalid(_) | TokenError::UnknownKey)) {
        let claims = accept(access)?;
        require_standing(context, PrincipalKind::Login, claims.sid.as_str()).await?;
        require_scope(context, claims.scopes.as_deref())?;
        return Ok(Bearer::Access(Box::new(claims)));
    }
    let claims = accept(keys::verify::<RoomClaims>(context, token).await?)?;
    require_claims_stand(context, &claims).await?;
    require_scope(context, claims.scopes.as_deref())?;
    Ok(Bearer::Room(Box::new(claims)))
}

/// The functions check the same again; the calls that the edge answers itself are checked here alone.
fn require_scope(context: &RequestContext, scopes: Option<&[Scope]>) -> Result<(), Failure> {
    let is_allowed = |scopes| Scope::allow(scopes, context.method.as_ref(), context.url.path());
    if scopes.is_none_or(is_allowed) {
        return Ok(());
    }
    Err(Failure::refused(ErrorCode::Forbidden, "the scopes of this API key do not allow this call"))
}

/// Turns a token's refusal into an answer.
///
/// # Errors
/// `UNAUTHORIZED`.
pub(crate) fn accept<C: Claims>(verified: Result<C, TokenError>) -> Result<C, Failure> {
    verified.map_err(|error| match error {
        TokenError::Expired => Failure::refused(ErrorCode::Unauthorized, "the token has expired; get a new one"),
        _ => Failure::refused(ErrorCode::Unauthorized, "the token is not valid; log in or open the link again"),
    })
}

/// What a room token hangs on.
pub(crate) fn principals_of(claims: &RoomClaims) -> Vec<(PrincipalKind, String)> {
    let login = claims.sid.as_ref().map(|id| (PrincipalKind::Login, id.to_string()));
    let link = claims.link.as_ref().map(|id| (PrincipalKind::Link, id.to_string()));
    let room = (PrincipalKind::Room, claims.room.to_string());
    login.into_iter().chain(link).chain([room]).collect()
}

/// Checks that what a room token hangs on stands.
///
/// # Errors
/// `UNAUTHORIZED` where the login or link was revoked, `NOT_FOUND` where the room was deleted.
pub(crate) async fn require_claims_stand(context: &RequestContext, claims: &RoomClaims) -> Result<(), Failure> {
    for (kind, id) in principals_of(claims) {
        require_standing(context, kind, &id).await?;
    }
    Ok(())
}

async fn require_standing(context: &RequestContext, kind: PrincipalKind, id: &str) -> Result<(), Failure> {
    if stands(context, kind, id).await? {
        return Ok(());
    }
    Err(match kind {
        PrincipalKind::Room => Failure::refused(ErrorCode::NotFound, "there is no such room"),
        _ => Failure::refused(ErrorCode::Unauthorized, "the login or link behind this token was revoked"),
    })
}

/// True if a principal stands, or stood a moment ago.
///
/// # Errors
/// [`Failure::Unreachable`] where its object fails.
pub(crate) async fn stands(context: &RequestContext, kind: PrincipalKind, id: &str) -> Result<bool, Failure> {
    let key = format!("{}:{id}", kind.as_str());
    let now = clock::now();
    let is_fresh = |at: &TimestampMs| now.saturating_sub(*at) < STANDING_FRESH_MS;
    if STANDING.with_borrow(|standing| standing.get(&key).is_some_and(is_fresh)) {
        return Ok(true);
    }
    if !PrincipalStub::of(context, kind, id)?.stands(None).await? {
        return Ok(false);
    }
    STANDING.with_borrow_mut(|standing| {
        if standing.len() >= STANDING_KEPT {
            standing.clear();
        }
        standing.insert(key, now);
    });
    Ok(true)
}

/// The caller's room token: the bearer itself, or one that the `rooms` function gives for an account's bearer.
///
/// # Errors
/// `UNAUTHORIZED` without a bearer or with one of another room; what the function refuses.
pub(crate) async fn room_token(
    context: &RequestContext,
    request: &Request,
    room: &RoomId,
) -> Result<(String, RoomClaims), Failure> {
    let missing =
        || Failure::refused(ErrorCode::Unauthorized, "this call needs a bearer: a room token or an access token");
    let token = bearer_of(request).ok_or_else(missing)?;
    let token = match check(context, &token).await? {
        Bearer::Room(claims) if claims.room == *room => return Ok((token, *claims)),
        Bearer::Room(_) => {
            return Err(Failure::refused(ErrorCode::Unauthorized, "the token is for another room"));
        }
        Bearer::Access(_) => {
            let path = format!("/api/v1/rooms/{room}/token");
            let call = Call::post(Function::Rooms, &path, &token, &RoomTokenRequest::default());
            call.data::<RoomToken>(context).await?.token
        }
    };
    let claims = accept(keys::verify::<RoomClaims>(context, &token).await?)?;
    Ok((token, claims))
}
