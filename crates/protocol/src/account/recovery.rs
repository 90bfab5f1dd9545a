//! What is mailed, and what ends an account.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

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
