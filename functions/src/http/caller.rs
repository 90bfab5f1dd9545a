//! Who asks. The edge has checked the token before; the functions check it again, since they are reachable without
//! the edge for whoever may sign for AWS.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use protocol::account::Scope;
use protocol::ids::{ParticipantId, RoomId, UserId};
use protocol::internal::AUTHORIZATION_HEADER;
use protocol::token::{AccessClaims, Claims, KeySet, RoomClaims, TokenError};

use super::failure::{ApiError, RequestError};
use super::frame::record;
use crate::ambient::now_ms;

/// A state that can check tokens.
pub trait HasKeys {
    /// The public keys.
    fn keys(&self) -> &KeySet;
}

impl<T: HasKeys> HasKeys for std::sync::Arc<T> {
    fn keys(&self) -> &KeySet {
        self.as_ref().keys()
    }
}

/// Whoever shows no token, an account's or a room's.
#[derive(Debug, Clone)]
pub enum Caller {
    /// Without a bearer.
    Nobody,
    /// With an access token.
    Account(AccessClaims),
    /// With a room token.
    Participant(RoomClaims),
}

impl Caller {
    /// The participant that the caller is: in the room of the token, or in any room for an account.
    #[must_use]
    pub fn participant(&self) -> Option<ParticipantId> {
        match self {
            Self::Nobody => None,
            Self::Account(claims) => Some(claims.sub.clone().into()),
            Self::Participant(claims) => Some(claims.sub.clone()),
        }
    }

    /// The account behind the caller, also behind a room token.
    #[must_use]
    pub fn account(&self) -> Option<UserId> {
        match self {
            Self::Nobody => None,
            Self::Account(claims) => Some(claims.sub.clone()),
            Self::Participant(claims) => claims.user.clone(),
        }
    }

    /// False if the caller shows an API key, or a room token that was got with one, without this scope.
    #[must_use]
    pub fn has(&self, scope: Scope) -> bool {
        match self {
            Self::Nobody => true,
            Self::Account(AccessClaims { scopes, .. }) | Self::Participant(RoomClaims { scopes, .. }) => {
                scopes.as_ref().is_none_or(|scopes| scopes.contains(&scope))
            }
        }
    }

    /// The caller's token for this room, if it is one.
    #[must_use]
    pub fn in_room(&self, room: &RoomId) -> Option<&RoomClaims> {
        match self {
            Self::Participant(claims) if claims.room == *room => Some(claims),
            Self::Nobody | Self::Account(_) | Self::Participant(_) => None,
        }
    }
}

impl<S: HasKeys + Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Some(token) = bearer(parts)? else { return Ok(Self::Nobody) };
        let (now, is_in_scope) = (now_ms(), |scopes| is_in_scope(parts, scopes));
        // A room token is no access token because of its audience; expiry and foreign keys end the matter at once.
        match state.keys().verify::<AccessClaims>(token, now) {
            Ok(claims) => {
                record("user.id", claims.sub.as_str());
                is_in_scope(claims.scopes.as_deref())?;
                Ok(Self::Account(claims))
            }
            Err(TokenError::Invalid(_)) => {
                let claims: RoomClaims = state.keys().verify(token, now).map_err(RequestError::BadBearer)?;
                record("user.id", claims.sub.as_str());
                record("room.id", claims.room.as_str());
                is_in_scope(claims.scopes.as_deref())?;
                Ok(Self::Participant(claims))
            }
            Err(error) => Err(RequestError::BadBearer(error).into()),
        }
    }
}

/// Refuses a call that an API key's scopes do not allow. The edge's own calls, which no client can make, are left to the
/// rights that the token carries.
fn is_in_scope(parts: &Parts, scopes: Option<&[Scope]>) -> Result<(), RequestError> {
    let Some(scopes) = scopes else { return Ok(()) };
    let path = parts.uri.path();
    let is_allowed = path.starts_with("/internal/") || Scope::allow(scopes, parts.method.as_str(), path);
    if is_allowed { Ok(()) } else { Err(RequestError::OutOfScope) }
}

/// A caller with an access token.
#[derive(Debug, Clone)]
pub struct Account(pub AccessClaims);

impl<S: HasKeys + Send + Sync> FromRequestParts<S> for Account {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Caller::from_request_parts(parts, state).await? {
            Caller::Account(claims) => Ok(Self(claims)),
            Caller::Nobody => Err(RequestError::NoBearer.into()),
            Caller::Participant(_) => Err(RequestError::RoomTokenOnly.into()),
        }
    }
}

/// A caller with a token of one other kind: a claim ticket, an attempt's credential.
#[derive(Debug, Clone)]
pub struct Holder<C>(pub C);

impl<S: HasKeys + Send + Sync, C: Claims> FromRequestParts<S> for Holder<C> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let token = bearer(parts)?.ok_or(RequestError::NoBearer)?;
        Ok(Self(state.keys().verify(token, now_ms()).map_err(RequestError::BadBearer)?))
    }
}

fn bearer(parts: &Parts) -> Result<Option<&str>, RequestError> {
    let Some(value) = parts.headers.get(AUTHORIZATION_HEADER) else { return Ok(None) };
    let token = value.to_str().ok().and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    });
    token.map(Some).ok_or(RequestError::MalformedBearer)
}
