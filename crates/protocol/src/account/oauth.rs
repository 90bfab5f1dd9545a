//! Logins at other providers.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::TimestampMs;

/// A provider that this deployment knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct OAuthProvider {
    /// The word in `GET /auth/oauth/{provider}`, which sends a browser there.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// When the caller's account was linked with it, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub linked_at: Option<TimestampMs>,
}

/// Data of `GET /auth/oauth`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OAuthProviders {
    /// Those that are configured.
    pub items: Vec<OAuthProvider>,
}
