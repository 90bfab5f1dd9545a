//! The routes of administrators.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::extract::State;
use axum::http::request::Parts;
use protocol::account::{AdminUser, AuditRecord, UpdateUserRequest};
use protocol::envelope::Page;
use protocol::ids::UserId;
use serde::Deserialize;

use super::{AdminError, Search};
use crate::ambient::now_ms;
use crate::audit::change::day_of;
use crate::auth::router::Auth;
use crate::cursor;
use crate::http::body::JsonBody;
use crate::http::caller::Account;
use crate::http::failure::ApiError;
use crate::http::params::{Ids, PageParams, Params};
use crate::http::{Answer, ok};
use crate::ports::administration::AccountsAfter;
use crate::ports::audit::{AuditStore, RecordsOf};

/// A caller who administers.
pub struct Administrator(UserId);

impl FromRequestParts<Arc<Auth>> for Administrator {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, auth: &Arc<Auth>) -> Result<Self, ApiError> {
        let Account(claims) = Account::from_request_parts(parts, auth).await?;
        auth.administrators().require(&claims).await?;
        Ok(Self(claims.sub))
    }
}

/// Query of `GET /admin/users`.
#[derive(Debug, Default, Deserialize)]
pub struct UserParams {
    email: Option<String>,
    username: Option<String>,
}

/// `GET /api/v1/admin/users?email=&username=`: accounts, newest first, or the one that is looked for.
pub async fn users(
    State(auth): State<Arc<Auth>>,
    _administrator: Administrator,
    Params(params): Params<UserParams>,
    Params(page): Params<PageParams>,
) -> Answer<Page<AdminUser>> {
    let search = match (&params.email, &params.username) {
        (Some(email), _) => Search::Email(email),
        (None, Some(username)) => Search::Username(username),
        (None, None) => {
            Search::All(page.after::<UserId>()?.map(|(created_at, user)| AccountsAfter { created_at, user }))
        }
    };
    Ok(ok(auth.administrators().list(search, page.limit()?).await?))
}

/// `GET /api/v1/admin/users/{id}`
pub async fn user(
    State(auth): State<Arc<Auth>>,
    _administrator: Administrator,
    Ids(user): Ids<UserId>,
) -> Answer<AdminUser> {
    Ok(ok(auth.administrators().user(&user).await?))
}

/// `PUT /api/v1/admin/users/{id}`: tier, role, suspension.
pub async fn update_user(
    State(auth): State<Arc<Auth>>,
    Administrator(by): Administrator,
    Ids(user): Ids<UserId>,
    JsonBody(request): JsonBody<UpdateUserRequest>,
) -> Answer<AdminUser> {
    Ok(ok(auth.administrators().update(&user, request, &by, now_ms()).await?))
}

/// Query of `GET /admin/audit`.
#[derive(Debug, Default, Deserialize)]
pub struct AuditParams {
    user: Option<String>,
    day: Option<String>,
}

/// `GET /api/v1/admin/audit?user=&day=`: what touched an account, or what happened on a day in UTC (today unless said),
/// newest first.
pub async fn audit(
    State(auth): State<Arc<Auth>>,
    _administrator: Administrator,
    Params(params): Params<AuditParams>,
    Params(page): Params<PageParams>,
) -> Answer<Page<AuditRecord>> {
    let of = match (params.user, params.day) {
        (Some(user), _) => RecordsOf::User(user.parse().ok().ok_or(AdminError::NoUser)?),
        (None, Some(day)) if !is_day(&day) => return Err(AdminError::NoDay(day).into()),
        (None, Some(day)) => RecordsOf::Day(day),
        (None, None) => RecordsOf::Day(day_of(now_ms())),
    };
    let found = auth.audit.records(&of, page.limit()?, page.after::<String>()?.as_ref()).await?;
    let next_cursor = found.next.map(|(at, id)| cursor::spell(at, &id));
    Ok(ok(Page { items: found.items, next_cursor }))
}

/// True for `2026-03-01` and its like.
fn is_day(text: &str) -> bool {
    let pattern = "dddd-dd-dd";
    text.len() == pattern.len()
        && text.bytes().zip(pattern.bytes()).all(|(byte, shape)| match shape {
            b'd' => byte.is_ascii_digit(),
            _ => byte == shape,
        })
}
