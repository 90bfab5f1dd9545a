//! The routes of the second factor.

use std::sync::Arc;

use axum::extract::State;
use protocol::account::{ConfirmTotpRequest, DisableTotpRequest, RecoveryCodes, RenewRecoveryCodesRequest, TotpSetup};
use serde_json::{Value, json};

use crate::ambient::now_ms;
use crate::auth::router::Auth;
use crate::http::body::JsonBody;
use crate::http::caller::Account;
use crate::http::{Answer, created, ok};

/// `POST /api/v1/auth/totp`: a secret for an authenticator. 409 where a second factor is on.
pub(in crate::auth) async fn begin(State(auth): State<Arc<Auth>>, Account(claims): Account) -> Answer<TotpSetup> {
    Ok(created(auth.accounts.begin_totp(&claims.sub).await?))
}

/// `POST /api/v1/auth/totp/confirm`: turns it on; 403 for a wrong code, 409 where nothing waits for it.
pub(in crate::auth) async fn confirm(
    State(auth): State<Arc<Auth>>,
    Account(claims): Account,
    JsonBody(request): JsonBody<ConfirmTotpRequest>,
) -> Answer<RecoveryCodes> {
    Ok(ok(auth.accounts.confirm_totp(&claims.sub, &request.code, now_ms()).await?))
}

/// `DELETE /api/v1/auth/totp`: turns it off; 403 for a wrong password.
pub(in crate::auth) async fn end(
    State(auth): State<Arc<Auth>>,
    Account(claims): Account,
    JsonBody(request): JsonBody<DisableTotpRequest>,
) -> Answer<Value> {
    auth.accounts.end_totp(&claims.sub, request.password).await?;
    Ok(ok(json!({})))
}

/// `POST /api/v1/auth/totp/recovery-codes`: new ones, in place of those left; 403 for a wrong code.
pub(in crate::auth) async fn renew_recovery_codes(
    State(auth): State<Arc<Auth>>,
    Account(claims): Account,
    JsonBody(request): JsonBody<RenewRecoveryCodesRequest>,
) -> Answer<RecoveryCodes> {
    Ok(ok(auth.accounts.renew_recovery_codes(&claims.sub, &request.code, now_ms()).await?))
}
