//! The second factor: time-based codes (RFC 6238) and recovery codes.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Data of `POST /auth/totp`. Nothing changes for logins until it is confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TotpSetup {
    /// The secret in base32, for typing it in.
    pub secret: String,
    /// The same as an `otpauth://` address.
    pub otpauth_url: String,
    /// That address as a QR code: an SVG document, to be scaled up. A module is as wide as a pixel.
    pub qr_svg: String,
}

/// Body of `POST /auth/totp/confirm`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ConfirmTotpRequest {
    /// What the authenticator shows.
    pub code: String,
}

/// Body of `DELETE /auth/totp`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct DisableTotpRequest {
    /// The account's password.
    pub password: String,
}

/// Body of `POST /auth/totp/recovery-codes`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RenewRecoveryCodesRequest {
    /// What the authenticator shows.
    pub code: String,
}

/// Data of confirming, and of renewing: shown this once. The former ones stop working.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RecoveryCodes {
    /// Each works once in place of a code.
    pub recovery_codes: Vec<String>,
}
