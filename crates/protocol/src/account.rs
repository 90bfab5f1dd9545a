//! Accounts: bodies of `/api/v1/auth`.

mod admin;
mod api_keys;
mod logins;
mod oauth;
mod recovery;
mod scopes;
mod second_factor;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::TimestampMs;
use crate::ids::UserId;
use crate::tier::Tier;

pub use admin::{AdminUser, AuditRecord, UpdateUserRequest};
pub use api_keys::{ApiKey, ApiKeyAnswer, ApiKeySecret, CreateApiKeyRequest, Scope};
pub use logins::{EndedLogins, Login};
pub use oauth::{OAuthProvider, OAuthProviders};
pub use recovery::{
    AccountExport, DeleteAccountRequest, ForgotPasswordRequest, ResetPasswordRequest, VerifyEmailRequest,
};
pub use second_factor::{ConfirmTotpRequest, DisableTotpRequest, RecoveryCodes, RenewRecoveryCodesRequest, TotpSetup};

/// An account as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The account's id.
    pub id: UserId,
    /// Unique, 3 to 30 letters, digits or underscores.
    pub username: String,
    /// Unique.
    pub email: String,
    /// True once somebody has opened the link that was mailed there.
    #[serde(default)]
    pub email_verified: bool,
    /// Platform roles: `user`, `admin`.
    pub roles: Vec<String>,
    /// What the account's limits go by.
    #[serde(default = "Tier::of_account")]
    pub tier: Tier,
    /// True if a login asks for a code of an authenticator.
    #[serde(default)]
    pub second_factor: bool,
    /// When somebody last logged in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub last_login_at: Option<TimestampMs>,
    /// When it was registered.
    #[ts(type = "number")]
    pub created_at: TimestampMs,
}

/// Body of `POST /auth/register`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RegisterRequest {
    /// 3 to 30 letters, digits or underscores.
    pub username: String,
    /// An address of RFC 5322.
    pub email: String,
    /// At least 8 characters, with upper case, lower case and a digit.
    pub password: String,
}

/// Body of `POST /auth/login`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    /// The account's address.
    pub email: String,
    /// The account's password.
    pub password: String,
    /// A code of the authenticator, or one of the recovery codes, where a second factor is set up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub totp: Option<String>,
    /// Keep the login for 7 days from its last use, instead of 24 hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub remember: Option<bool>,
}

/// Body of `POST /auth/refresh` and `POST /auth/logout`; the cookie serves as well.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RefreshRequest {
    /// The opaque refresh token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub refresh_token: Option<String>,
}

/// Body of `PUT /auth/me`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct UpdateMeRequest {
    /// A new username.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub username: Option<String>,
}

/// Body of `POST /auth/change-password`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangePasswordRequest {
    /// The password that is in force.
    pub current_password: String,
    /// The one to replace it.
    pub new_password: String,
}

/// Data of register, login and refresh.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Who.
    pub user: User,
    /// Bearer for 15 minutes.
    pub access_token: String,
    /// When the access token expires.
    #[ts(type = "number")]
    pub expires_at: TimestampMs,
    /// Only with `X-Refresh-Transport: body`; browsers get a cookie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub refresh_token: Option<String>,
    /// A secret for `X-Session-ID`, for programs that do not want to renew tokens. Only with
    /// `X-Refresh-Transport: body`, and only when the login begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub session_id: Option<String>,
}

/// Data of `GET /auth/me`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Me {
    /// Who.
    pub user: User,
}
