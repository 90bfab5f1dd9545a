//! The routes of accounts.

pub(super) mod credentials;
pub(super) mod logins;
pub(super) mod recovery;
pub(super) mod second_factor;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use lambda_http::tracing::warn;
use protocol::account::{
    ChangePasswordRequest, LoginRequest, Me, RefreshRequest, RegisterRequest, Session, UpdateMeRequest,
};
use tokio::time::timeout;

use super::accounts::{AuthError, Grant, Place};
use super::cookie;
use super::router::Auth;
use crate::ambient::now_ms;
use crate::http::body::{JsonBody, OptionalBody};
use crate::http::caller::{Account, Caller};
use crate::http::failure::ApiError;
use crate::http::params::Client;
use crate::http::{Answer, Reply, bare, created, ok};

/// How long a registration waits for its mail to be handed over. That takes 200 ms unless something is wrong.
const WELCOME_PATIENCE: Duration = Duration::from_secs(2);

/// `GET /.well-known/jwks.json`: the public keys of all tokens, in the form of RFC 7517.
pub(super) async fn jwks(State(auth): State<Arc<Auth>>) -> Response {
    bare(auth.accounts.signer.key_set())
}

/// `POST /api/v1/auth/register`
pub(super) async fn register(
    State(auth): State<Arc<Auth>>,
    client: Client,
    headers: HeaderMap,
    JsonBody(request): JsonBody<RegisterRequest>,
) -> Result<Response, ApiError> {
    let now = now_ms();
    let grant = auth.accounts.register(request, place(client), now).await?;
    // Whoever registers does not wait for a mail service that hangs.
    if timeout(WELCOME_PATIENCE, auth.recovery().welcome(&grant.user.id, now)).await.is_err() {
        warn!(user.id = %grant.user.id, "the mail after a registration took too long");
    }
    Ok(session(grant, &headers, created))
}

/// `POST /api/v1/auth/login`
pub(super) async fn login(
    State(auth): State<Arc<Auth>>,
    client: Client,
    headers: HeaderMap,
    JsonBody(request): JsonBody<LoginRequest>,
) -> Result<Response, ApiError> {
    let grant = auth.accounts.login(request, place(client), now_ms()).await?;
    Ok(session(grant, &headers, ok))
}

/// `POST /api/v1/auth/refresh`: the token comes in the body or as cookie. A refused one takes its cookie away.
pub(super) async fn refresh(
    State(auth): State<Arc<Auth>>,
    headers: HeaderMap,
    OptionalBody(request): OptionalBody<RefreshRequest>,
) -> Result<Response, ApiError> {
    let token = request.refresh_token.or_else(|| cookie::read(&headers)).ok_or(AuthError::NoRefreshToken)?;
    match auth.accounts.refresh(&token, now_ms()).await {
        Ok(grant) => Ok(session(grant, &headers, ok)),
        Err(error @ AuthError::RefreshRefused) => {
            Ok(([cookie::clear()], ApiError::from(error).into_response()).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /api/v1/auth/logout`: ends the login of the refresh token, or else that of the bearer.
pub(super) async fn logout(
    State(auth): State<Arc<Auth>>,
    headers: HeaderMap,
    caller: Result<Caller, ApiError>,
    OptionalBody(request): OptionalBody<RefreshRequest>,
) -> Result<Response, ApiError> {
    let now = now_ms();
    match (request.refresh_token.or_else(|| cookie::read(&headers)), caller) {
        (Some(token), _) => auth.accounts.logout(&token, now).await?,
        (None, Ok(Caller::Account(claims))) => auth.accounts.end(&claims.sid, now).await?,
        (None, _) => return Err(AuthError::NoRefreshToken.into()),
    }
    Ok(([cookie::clear()], ok(serde_json::json!({}))).into_response())
}

/// `GET /api/v1/auth/me`
pub(super) async fn me(State(auth): State<Arc<Auth>>, Account(claims): Account) -> Answer<Me> {
    Ok(ok(Me { user: auth.accounts.user(&claims.sub).await? }))
}

/// `PUT /api/v1/auth/me`
pub(super) async fn update_me(
    State(auth): State<Arc<Auth>>,
    Account(claims): Account,
    JsonBody(request): JsonBody<UpdateMeRequest>,
) -> Answer<Me> {
    let user = match request.username {
        Some(username) => auth.accounts.rename(&claims.sub, username).await?,
        None => auth.accounts.user(&claims.sub).await?,
    };
    Ok(ok(Me { user }))
}

/// `POST /api/v1/auth/change-password`
pub(super) async fn change_password(
    State(auth): State<Arc<Auth>>,
    Account(claims): Account,
    JsonBody(request): JsonBody<ChangePasswordRequest>,
) -> Answer<serde_json::Value> {
    auth.accounts.change_password(&claims, request, now_ms()).await?;
    Ok(ok(serde_json::json!({})))
}

/// `GET /internal/health`: 200 while the table `accounts` can be read.
pub(super) async fn health(State(auth): State<Arc<Auth>>) -> Answer<serde_json::Value> {
    auth.accounts.store.reach().await?;
    Ok(ok(serde_json::json!({ "status": "ok" })))
}

fn place(client: Client) -> Place {
    Place { address: client.address, user_agent: client.user_agent }
}

fn session(grant: Grant, headers: &HeaderMap, reply: fn(Session) -> Reply<Session>) -> Response {
    let wants_body = headers.get("x-refresh-transport").is_some_and(|transport| transport == "body");
    let set_cookie = cookie::set(&grant.refresh_token, grant.kind);
    let session = Session {
        user: grant.user,
        access_token: grant.access_token,
        expires_at: grant.expires_at,
        refresh_token: wants_body.then_some(grant.refresh_token),
        session_id: grant.session_id.filter(|_| wants_body),
    };
    ([set_cookie], reply(session)).into_response()
}
