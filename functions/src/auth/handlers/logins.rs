//! The routes of logins, and of an account's end.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use protocol::account::{AccountExport, DeleteAccountRequest, EndedLogins, Login};
use protocol::envelope::Page;
use protocol::ids::LoginId;
use serde_json::json;

use crate::ambient::now_ms;
use crate::auth::cookie;
use crate::auth::router::Auth;
use crate::http::body::JsonBody;
use crate::http::caller::Account;
use crate::http::failure::ApiError;
use crate::http::params::{Ids, PageParams, Params};
use crate::http::{Answer, ok};
use crate::ports::accounts::LoginsAfter;

/// `GET /api/v1/auth/logins`: newest first.
pub(in crate::auth) async fn list(
    State(auth): State<Arc<Auth>>,
    Account(claims): Account,
    Params(page): Params<PageParams>,
) -> Answer<Page<Login>> {
    let after = page.after::<LoginId>()?.map(|(created_at, login)| LoginsAfter { created_at, login });
    Ok(ok(auth.accounts.logins(&claims, page.limit()?, after, now_ms()).await?))
}

/// `DELETE /api/v1/auth/logins/{id}`: one of one's own, the asking one among them.
pub(in crate::auth) async fn end(
    State(auth): State<Arc<Auth>>,
    Account(claims): Account,
    Ids(login): Ids<LoginId>,
) -> Answer<EndedLogins> {
    Ok(ok(auth.accounts.end_own(&claims.sub, &login, now_ms()).await?))
}

/// `DELETE /api/v1/auth/logins`: all but the asking one.
pub(in crate::auth) async fn end_others(
    State(auth): State<Arc<Auth>>,
    Account(claims): Account,
) -> Answer<EndedLogins> {
    Ok(ok(auth.accounts.end_others(&claims.sub, Some(&claims.sid), now_ms()).await?))
}

/// `GET /api/v1/auth/me/export`
pub(in crate::auth) async fn export(State(auth): State<Arc<Auth>>, Account(claims): Account) -> Answer<AccountExport> {
    Ok(ok(auth.accounts.export(&claims, now_ms()).await?))
}

/// `DELETE /api/v1/auth/me`
pub(in crate::auth) async fn delete_me(
    State(auth): State<Arc<Auth>>,
    Account(claims): Account,
    JsonBody(request): JsonBody<DeleteAccountRequest>,
) -> Result<Response, ApiError> {
    auth.accounts.delete(&claims, request, now_ms()).await?;
    Ok(([cookie::clear()], ok(json!({}))).into_response())
}
