//! API keys, and the secrets of `X-Session-ID`.

use protocol::TimestampMs;
use protocol::account::ApiKey;
use protocol::ids::{LoginId, UserId};

use super::PortError;
use super::accounts::StoredLogin;

/// Most API keys of one account, expired ones included: one for each of a person's programs, and few enough to be
/// listed on one page.
pub const API_KEYS_MAX: u32 = 20;

/// An API key as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredApiKey {
    /// The part that its owner sees.
    pub key: ApiKey,
    /// Whose it is.
    pub owner: UserId,
    /// SHA-256 of the key in hex.
    pub fingerprint: String,
}

/// How making a key went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyCreation {
    /// It is there.
    Created,
    /// The account has [`API_KEYS_MAX`] keys, or is gone.
    TooMany,
}

/// What a session's secret is compared with: a login that was not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenSession {
    /// The login.
    pub login: StoredLogin,
    /// SHA-256 of the secret in hex.
    pub fingerprint: String,
}

/// Where credentials are kept. Reads by id see every write that was answered before them; a list may miss what was
/// written within the last second. Each write happens whole or not at all.
pub trait CredentialStore: Send + Sync + 'static {
    /// Stores a key, if its account has less than [`API_KEYS_MAX`].
    fn create_key(&self, key: &StoredApiKey) -> impl Future<Output = Result<KeyCreation, PortError>> + Send;

    /// The key with this id.
    fn key(&self, id: &LoginId) -> impl Future<Output = Result<Option<StoredApiKey>, PortError>> + Send;

    /// The keys of an account, newest first.
    fn keys_of(&self, user: &UserId) -> impl Future<Output = Result<Vec<StoredApiKey>, PortError>> + Send;

    /// Puts a key in another one's place, if that is still there; says whether it was.
    fn replace_key(&self, old: &LoginId, new: &StoredApiKey) -> impl Future<Output = Result<bool, PortError>> + Send;

    /// Deletes an account's key; says whether it was there.
    fn delete_key(&self, user: &UserId, id: &LoginId) -> impl Future<Output = Result<bool, PortError>> + Send;

    /// Notes that a key was used.
    fn note_use(&self, id: &LoginId, at: TimestampMs) -> impl Future<Output = Result<(), PortError>> + Send;

    /// The login with this id, if it has a session's secret and was not ended.
    fn session(&self, login: &LoginId) -> impl Future<Output = Result<Option<OpenSession>, PortError>> + Send;

    /// Notes that a login was used, which puts its end off, unless it was ended.
    fn extend_session(
        &self,
        login: &LoginId,
        at: TimestampMs,
        expires_at: TimestampMs,
    ) -> impl Future<Output = Result<(), PortError>> + Send;
}
