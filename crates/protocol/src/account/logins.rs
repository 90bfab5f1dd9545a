//! An account's logins: where somebody is logged in.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::TimestampMs;
use crate::ids::LoginId;

/// An item of `GET /auth/logins`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Login {
    /// Names the login; it opens nothing.
    pub id: LoginId,
    /// What the client called itself (`User-Agent`), shortened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub device: Option<String>,
    /// The address it began from.
    pub address: String,
    /// When it began.
    #[ts(type = "number")]
    pub created_at: TimestampMs,
    /// When its tokens were last renewed.
    #[ts(type = "number")]
    pub last_used_at: TimestampMs,
    /// When it ends unless it is used before.
    #[ts(type = "number")]
    pub expires_at: TimestampMs,
    /// When it was ended. Only in the export: the list has the open ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub ended_at: Option<TimestampMs>,
    /// True for the login that asks.
    pub current: bool,
}

/// Data of `DELETE /auth/logins/{id}` and of `DELETE /auth/logins`, which ends all but the one that asks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct EndedLogins {
    /// How many were ended.
    pub ended: u32,
}
