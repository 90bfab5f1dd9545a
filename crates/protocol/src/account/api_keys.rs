//! API keys: bearers for programs, with a part of their owner's rights.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::TimestampMs;
use crate::ids::LoginId;

/// What a bearer may be used for. A login may do everything; an API key what it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
pub enum Scope {
    /// Read rooms, their files and their history.
    #[serde(rename = "rooms:read")]
    RoomsRead,
    /// Make and change rooms, and enter them with the account's role.
    #[serde(rename = "rooms:write")]
    RoomsWrite,
    /// Submit, watch and end runs.
    #[serde(rename = "runs")]
    Runs,
}

/// An API key as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ApiKey {
    /// Names the key; it opens nothing. What hangs on the key hangs on it as on a login.
    pub id: LoginId,
    /// What its owner calls it.
    pub name: String,
    /// The first characters of the key, to tell keys apart.
    pub prefix: String,
    /// What it may be used for.
    pub scopes: Vec<Scope>,
    /// When it was made, or rotated.
    #[ts(type = "number")]
    pub created_at: TimestampMs,
    /// When it was last used, to the hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub last_used_at: Option<TimestampMs>,
    /// When it stops working, if ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub expires_at: Option<TimestampMs>,
}

/// Body of `POST /auth/api-keys`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateApiKeyRequest {
    /// What its owner calls it.
    pub name: String,
    /// At least one.
    pub scopes: Vec<Scope>,
    /// When it stops working; never unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub expires_at: Option<TimestampMs>,
}

/// Data of making and of rotating a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ApiKeySecret {
    /// The key's record.
    pub api_key: ApiKey,
    /// The bearer itself. Only its hash is stored: it is shown this once.
    pub secret: String,
}

/// Data of `GET /auth/api-keys/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ApiKeyAnswer {
    /// The key's record.
    pub api_key: ApiKey,
}
