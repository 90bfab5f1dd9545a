//! Logins and refresh tokens as they are stored.

use protocol::TimestampMs;
use protocol::ids::{LoginId, UserId};
use serde::{Deserialize, Serialize};

/// How long a login lasts without being used. It keeps its kind for life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LoginKind {
    /// Somebody ticked "remember me".
    Remembered,
    /// Nobody did.
    Brief,
}

/// A login at its start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLogin {
    /// Names the login (`sid` in tokens).
    pub id: LoginId,
    /// Whose it is.
    pub user: UserId,
    /// Hash of the password that it was opened with.
    pub password_hash: String,
    /// How long it lasts.
    pub kind: LoginKind,
    /// Its first refresh token.
    pub refresh: StoredSecret,
    /// SHA-256 of its secret for `X-Session-ID`, in hex.
    pub session_fingerprint: String,
    /// When it began.
    pub created_at: TimestampMs,
    /// The client's `User-Agent`, shortened.
    pub user_agent: Option<String>,
    /// The client's address.
    pub address: String,
}

/// A login as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredLogin {
    /// Names the login (`sid` in tokens).
    pub id: LoginId,
    /// Whose it is.
    pub user: UserId,
    /// How long it lasts.
    pub kind: LoginKind,
    /// When it began.
    pub created_at: TimestampMs,
    /// When its refresh token was last replaced, or else when it began.
    pub last_used_at: TimestampMs,
    /// When it is over unless it is used before.
    pub expires_at: TimestampMs,
    /// When it was ended, if it was.
    pub ended_at: Option<TimestampMs>,
    /// The client's `User-Agent`, shortened.
    pub user_agent: Option<String>,
    /// The client's address.
    pub address: String,
}

impl StoredLogin {
    /// Whether it may still be used.
    #[must_use]
    pub fn is_open(&self, now: TimestampMs) -> bool {
        self.ended_at.is_none() && self.expires_at > now
    }
}

/// Where a page of logins begins: after this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginsAfter {
    /// When the last login of the page before began.
    pub created_at: TimestampMs,
    /// That login.
    pub login: LoginId,
}

/// One page of a user's logins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoginsPage {
    /// The logins.
    pub items: Vec<StoredLogin>,
    /// Where the next page begins, if there may be one.
    pub next: Option<LoginsAfter>,
}

/// What is stored of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSecret {
    /// Its SHA-256 in hex.
    pub fingerprint: String,
    /// When it stops working.
    pub expires_at: TimestampMs,
}

/// A refresh token that was found by its fingerprint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// The login that it continues.
    pub login: LoginId,
    /// Whose login.
    pub user: UserId,
    /// What it was replaced by; nothing while it is the newest of its login.
    pub replaced: Option<Replacement>,
    /// When it stops working.
    pub expires_at: TimestampMs,
}

/// What a refresh token was replaced by.
#[derive(Clone, PartialEq, Eq)]
pub struct Replacement {
    /// When.
    pub at: TimestampMs,
    /// Gives the successor, but only together with the token that was replaced: neither is stored. Nothing for tokens
    /// that were replaced before there was a grace.
    pub key: Option<[u8; 32]>,
}

impl std::fmt::Debug for Replacement {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Replacement").field("at", &self.at).finish_non_exhaustive()
    }
}

/// One use of a refresh token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// The login.
    pub login: LoginId,
    /// Whose it is.
    pub user: UserId,
    /// Fingerprint of the token that was shown.
    pub old_fingerprint: String,
    /// When, and what repeats the successor.
    pub replacement: Replacement,
    /// The token that replaces it.
    pub new: StoredSecret,
}

/// How a rotation went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotated {
    /// The new token works, the old one does not.
    Done,
    /// The token was used before, or the login has ended; nothing was written.
    Refused,
}

/// How opening a login went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// The login is there.
    Opened,
    /// The account is gone, suspended, or has another password by now; nothing was written.
    Refused,
}
