//! The routes of API keys, and the exchange of credentials.

use std::sync::Arc;

use axum::extract::State;
use protocol::account::{ApiKey, ApiKeyAnswer, ApiKeySecret, CreateApiKeyRequest};
use protocol::envelope::Page;
use protocol::ids::LoginId;
use protocol::internal::{ExchangeCredential, ExchangedCredential};
use serde_json::{Value, json};

use crate::ambient::now_ms;
use crate::auth::router::Auth;
use crate::http::body::JsonBody;
use crate::http::caller::Account;
use crate::http::params::Ids;
use crate::http::{Answer, created, ok};

/// `GET /api/v1/auth/api-keys`: all of the account's, newest first.
pub(in crate::auth) async fn list(State(auth): State<Arc<Auth>>, Account(claims): Account) -> Answer<Page<ApiKey>> {
    Ok(ok(Page { items: auth.accounts.keys(&claims.sub).await?, next_cursor: None }))
}

/// `POST /api/v1/auth/api-keys`
pub(in crate::auth) async fn create(
    State(auth): State<Arc<Auth>>,
    Account(claims): Account,
    JsonBody(request): JsonBody<CreateApiKeyRequest>,
) -> Answer<ApiKeySecret> {
    Ok(created(auth.accounts.create_key(&claims.sub, request, now_ms()).await?))
}

/// `GET /api/v1/auth/api-keys/{id}`
pub(in crate::auth) async fn find(
    State(auth): State<Arc<Auth>>,
    Account(claims): Account,
    Ids(id): Ids<LoginId>,
) -> Answer<ApiKeyAnswer> {
    Ok(ok(ApiKeyAnswer { api_key: auth.accounts.key(&claims.sub, &id).await? }))
}

/// `DELETE /api/v1/auth/api-keys/{id}`: it stops working at once, and the sockets behind it are closed.
pub(in crate::auth) async fn delete(
    State(auth): State<Arc<Auth>>,
    Account(claims): Account,
    Ids(id): Ids<LoginId>,
) -> Answer<Value> {
    auth.accounts.delete_key(&claims.sub, &id).await?;
    Ok(ok(json!({})))
}

/// `POST /api/v1/auth/api-keys/{id}/rotate`: a new key, with a new id, in this one's place.
pub(in crate::auth) async fn rotate(
    State(auth): State<Arc<Auth>>,
    Account(claims): Account,
    Ids(id): Ids<LoginId>,
) -> Answer<ApiKeySecret> {
    Ok(created(auth.accounts.rotate_key(&claims.sub, &id, now_ms()).await?))
}

/// `POST /internal/credentials/exchange`: the edge wants an access token for a credential. 401 for one that is none.
pub(in crate::auth) async fn exchange(
    State(auth): State<Arc<Auth>>,
    JsonBody(request): JsonBody<ExchangeCredential>,
) -> Answer<ExchangedCredential> {
    Ok(ok(auth.accounts.exchange(&request.credential, now_ms()).await?))
}
