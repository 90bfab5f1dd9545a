//! The routes of what is done by mail.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use protocol::account::{ForgotPasswordRequest, ResetPasswordRequest, VerifyEmailRequest};
use serde_json::{Value, json};

use crate::ambient::now_ms;
use crate::auth::router::Auth;
use crate::http::body::JsonBody;
use crate::http::caller::Account;
use crate::http::{Answer, ok};

/// When a question for a new password is answered, whatever came of it: three writes of 10 ms and a mail handed over in
/// 200 ms, with as much again to spare. Somebody with a clock then learns no more than somebody without.
const FORGOT_ANSWER_AFTER: Duration = Duration::from_millis(500);

/// `POST /api/v1/auth/forgot-password`
pub(in crate::auth) async fn forgot_password(
    State(auth): State<Arc<Auth>>,
    JsonBody(request): JsonBody<ForgotPasswordRequest>,
) -> Answer<Value> {
    let recovery = auth.recovery();
    let (done, ()) = tokio::join!(recovery.forgot_password(request, now_ms()), tokio::time::sleep(FORGOT_ANSWER_AFTER));
    done?;
    Ok(ok(json!({})))
}

/// `POST /api/v1/auth/reset-password`
pub(in crate::auth) async fn reset_password(
    State(auth): State<Arc<Auth>>,
    JsonBody(request): JsonBody<ResetPasswordRequest>,
) -> Answer<Value> {
    auth.recovery().reset_password(request, now_ms()).await?;
    Ok(ok(json!({})))
}

/// `POST /api/v1/auth/verify-email/send`
pub(in crate::auth) async fn send_verification(
    State(auth): State<Arc<Auth>>,
    Account(claims): Account,
) -> Answer<Value> {
    auth.recovery().send_verification(&claims.sub, now_ms()).await?;
    Ok(ok(json!({})))
}

/// `POST /api/v1/auth/verify-email`
pub(in crate::auth) async fn verify_email(
    State(auth): State<Arc<Auth>>,
    JsonBody(request): JsonBody<VerifyEmailRequest>,
) -> Answer<Value> {
    auth.recovery().verify_email(request, now_ms()).await?;
    Ok(ok(json!({})))
}
