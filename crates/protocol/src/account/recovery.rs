//! What is mailed, what ends an account, and what is taken along.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{ApiKey, Login, User};
use crate::TimestampMs;

/// Body of `POST /auth/forgot-password`. The answer is the same for every address.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ForgotPasswordRequest {
    /// The account's address.
    pub email: String,
}

/// Body of `POST /auth/reset-password`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResetPasswordRequest {
    /// The token of the mail: works once, for an hour.
    pub token: String,
    /// The password to come.
    pub new_password: String,
}

/// Body of `POST /auth/verify-email`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct VerifyEmailRequest {
    /// The token of the mail.
    pub token: String,
}

/// Body of `DELETE /auth/me`: nobody deletes an account with a stolen access token alone.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct DeleteAccountRequest {
    /// The account's password.
    pub password: String,
}

/// Data of `GET /auth/me/export`: all that is stored of the account itself, but for its secrets. Its rooms are listed by
/// `GET /rooms`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AccountExport {
    /// When it was put together.
    #[ts(type = "number")]
    pub exported_at: TimestampMs,
    /// The account.
    pub user: User,
    /// When it was suspended, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub suspended_at: Option<TimestampMs>,
    /// Its logins, newest first, ended ones among them: those are forgotten when they would have expired.
    pub logins: Vec<Login>,
    /// Its API keys, newest first.
    pub api_keys: Vec<ApiKey>,
}
