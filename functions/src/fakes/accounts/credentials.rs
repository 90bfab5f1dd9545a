//! API keys and sessions in memory.

use protocol::TimestampMs;
use protocol::ids::{LoginId, UserId};

use super::MemoryAccounts;
use crate::ports::PortError;
use crate::ports::credentials::{API_KEYS_MAX, CredentialStore, KeyCreation, OpenSession, StoredApiKey};

impl CredentialStore for MemoryAccounts {
    async fn create_key(&self, key: &StoredApiKey) -> Result<KeyCreation, PortError> {
        self.with(|state| {
            let has = state.keys.values().filter(|stored| stored.owner == key.owner).count();
            if has >= API_KEYS_MAX as usize || !state.accounts.contains_key(&key.owner) {
                return KeyCreation::TooMany;
            }
            state.keys.insert(key.key.id.clone(), key.clone());
            KeyCreation::Created
        })
    }

    async fn key(&self, id: &LoginId) -> Result<Option<StoredApiKey>, PortError> {
        self.with(|state| state.keys.get(id).cloned())
    }

    async fn keys_of(&self, user: &UserId) -> Result<Vec<StoredApiKey>, PortError> {
        self.with(|state| {
            let mut keys: Vec<_> = state.keys.values().filter(|stored| stored.owner == *user).cloned().collect();
            keys.sort_by_key(|stored| std::cmp::Reverse(stored.key.created_at));
            keys
        })
    }

    async fn replace_key(&self, old: &LoginId, new: &StoredApiKey) -> Result<bool, PortError> {
        self.with(|state| {
            if state.keys.get(old).is_none_or(|stored| stored.owner != new.owner) {
                return false;
            }
            state.keys.remove(old);
            state.keys.insert(new.key.id.clone(), new.clone());
            true
        })
    }

    async fn delete_key(&self, user: &UserId, id: &LoginId) -> Result<bool, PortError> {
        self.with(|state| {
            state.keys.get(id).is_some_and(|stored| stored.owner == *user) && state.keys.remove(id).is_some()
        })
    }

    async fn note_use(&self, id: &LoginId, at: TimestampMs) -> Result<(), PortError> {
        self.with(|state| {
            if let Some(stored) = state.keys.get_mut(id) {
                stored.key.last_used_at = Some(at);
            }
        })
    }

    async fn session(&self, login: &LoginId) -> Result<Option<OpenSession>, PortError> {
        self.with(|state| {
            let login = state.logins.get(login).filter(|login| login.ended_at.is_none())?.clone();
            let fingerprint = state.sessions.get(&login.id)?.clone();
            Some(OpenSession { login, fingerprint })
        })
    }

    async fn extend_session(&self, login: &LoginId, at: TimestampMs, expires_at: TimestampMs) -> Result<(), PortError> {
        self.with(|state| {
            if let Some(login) = state.logins.get_mut(login).filter(|login| login.ended_at.is_none()) {
                (login.last_used_at, login.expires_at) = (at, expires_at);
            }
        })
    }
}
