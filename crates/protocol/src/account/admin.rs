//! What administrators of the platform see and change.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::User;
use crate::TimestampMs;
use crate::ids::UserId;
use crate::tier::Tier;

/// An account as an administrator sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AdminUser {
    /// The account.
    pub user: User,
    /// When it was suspended, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub suspended_at: Option<TimestampMs>,
}

/// Body of `PUT /admin/users/{id}`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct UpdateUserRequest {
    /// Another tier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub tier: Option<Tier>,
    /// Whether the account is an administrator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub admin: Option<bool>,
    /// Whether the account is suspended: its logins end, and it gets no new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub suspended: Option<bool>,
}

/// An item of `GET /admin/audit`: one act that touched somebody's rights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AuditRecord {
    /// Names the record.
    pub id: String,
    /// When.
    #[ts(type = "number")]
    pub at: TimestampMs,
    /// What was done, such as `login.opened` or `link.revoked`.
    pub action: String,
    /// Whose account it touched, if one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub user: Option<UserId>,
    /// What it was done to, such as `room:…`.
    pub subject: String,
    /// More, by action; never a secret.
    #[ts(type = "Record<string, unknown>")]
    pub details: serde_json::Value,
}
