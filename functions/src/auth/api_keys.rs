//! API keys. The edge treats a key's id as it does a login's (`sid`): what hangs on a key ends with it.
//!
//! **A key ends at the edge first, then in the store.** Between the two it is listed and opens nothing, and the call may
//! be repeated. The other way round a failure in between would leave an access token at the edge whose key nobody can
//! name any more. For the same reason a rotated key has a new id: an id that was revoked stays revoked.

use protocol::TimestampMs;
use protocol::account::{ApiKey, ApiKeySecret, CreateApiKeyRequest};
use protocol::credential::CredentialKind;
use protocol::envelope::FieldError;
use protocol::ids::{LoginId, UserId};
use protocol::internal::PrincipalKind;
use protocol::secret;

use super::accounts::{Accounts, AuthError};
use super::credentials::CredentialError;
use crate::ambient::entropy;
use crate::ports::credentials::{CredentialStore, KeyCreation, StoredApiKey};
use crate::ports::edge::EdgeNotifier;

/// Longest name of a key.
const NAME_MAX_CHARS: usize = 60;

impl<S: CredentialStore, E: EdgeNotifier> Accounts<S, E> {
    /// Makes a key. Its secret is in this answer and nowhere else.
    ///
    /// # Errors
    /// [`AuthError::Invalid`], [`CredentialError::TooManyKeys`], or a failure of a part.
    pub async fn create_key(
        &self,
        owner: &UserId,
        request: CreateApiKeyRequest,
        now: TimestampMs,
    ) -> Result<ApiKeySecret, AuthError> {
        let (key, secret) = new_key(owner, checked(request, now)?, now);
        match self.store.create_key(&key).await? {
            KeyCreation::Created => Ok(ApiKeySecret { api_key: key.key, secret }),
            KeyCreation::TooMany => Err(CredentialError::TooManyKeys.into()),
        }
    }

    /// The account's keys, newest first.
    ///
    /// # Errors
    /// A failure of a part.
    pub async fn keys(&self, owner: &UserId) -> Result<Vec<ApiKey>, AuthError> {
        Ok(self.store.keys_of(owner).await?.into_iter().map(|stored| stored.key).collect())
    }

    /// One of the account's keys.
    ///
    /// # Errors
    /// [`CredentialError::NoKey`], or a failure of a part.
    pub async fn key(&self, owner: &UserId, id: &LoginId) -> Result<ApiKey, AuthError> {
        let found = self.store.key(id).await?.filter(|stored| stored.owner == *owner);
        Ok(found.ok_or(CredentialError::NoKey)?.key)
    }

    /// Replaces a key by one with the same name, scopes and end. The former one stops working at once.
    ///
    /// # Errors
    /// [`CredentialError::NoKey`], [`AuthError::Invalid`] for one that has expired, or a failure of a part: then it may
    /// be repeated.
    pub async fn rotate_key(&self, owner: &UserId, id: &LoginId, now: TimestampMs) -> Result<ApiKeySecret, AuthError> {
        let ApiKey { name, scopes, expires_at, .. } = self.key(owner, id).await?;
        // One that has expired is refused: its successor would have expired as well.
        let request = checked(CreateApiKeyRequest { name, scopes, expires_at }, now)?;
        let (key, secret) = new_key(owner, request, now);
        self.edge.revoke(PrincipalKind::Login, id.as_str()).await?;
        if !self.store.replace_key(id, &key).await? {
            return Err(CredentialError::NoKey.into());
        }
        Ok(ApiKeySecret { api_key: key.key, secret })
    }

    /// Ends a key.
    ///
    /// # Errors
    /// [`CredentialError::NoKey`], or a failure of a part: then it may be repeated.
    pub async fn delete_key(&self, owner: &UserId, id: &LoginId) -> Result<(), AuthError> {
        self.key(owner, id).await?;
        self.edge.revoke(PrincipalKind::Login, id.as_str()).await?;
        if self.store.delete_key(owner, id).await? { Ok(()) } else { Err(CredentialError::NoKey.into()) }
    }

    /// Ends every key of an account.
    ///
    /// # Errors
    /// A failure of a part: then it may be repeated.
    pub async fn delete_keys(&self, owner: &UserId) -> Result<(), AuthError> {
        for key in self.keys(owner).await? {
            match self.delete_key(owner, &key.id).await {
                // Somebody else was faster.
                Ok(()) | Err(AuthError::Credential(CredentialError::NoKey)) => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(())
    }
}

fn new_key(owner: &UserId, request: CreateApiKeyRequest, now: TimestampMs) -> (StoredApiKey, String) {
    let CreateApiKeyRequest { name, scopes, expires_at } = request;
    let id = LoginId::from_entropy(&entropy());
    let secret = CredentialKind::ApiKey.spell(&id, &entropy());
    let prefix = CredentialKind::ApiKey.shown(&id);
    let key = ApiKey { id, name, prefix, scopes, created_at: now, last_used_at: None, expires_at };
    (StoredApiKey { key, owner: owner.clone(), fingerprint: secret::fingerprint(&secret) }, secret)
}

/// The request with its name trimmed and each scope once, if it keeps the rules.
fn checked(mut request: CreateApiKeyRequest, now: TimestampMs) -> Result<CreateApiKeyRequest, AuthError> {
    request.name = request.name.trim().to_owned();
    request.scopes.sort_unstable();
    request.scopes.dedup();
    let fits_a_line =
        |name: &str| (1..=NAME_MAX_CHARS).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    let rules = [
        ("name", !fits_a_line(&request.name), "must have 1 to 60 characters in one line"),
        ("scopes", request.scopes.is_empty(), "must have at least one of rooms:read, rooms:write, runs"),
        ("expiresAt", request.expires_at.is_some_and(|at| at <= now), "must be in the future"),
    ];
    let broken = rules.into_iter().filter(|(_, is_broken, _)| *is_broken);
    let fields: Vec<_> =
        broken.map(|(field, _, rule)| FieldError { field: field.to_owned(), message: rule.to_owned() }).collect();
    if fields.is_empty() { Ok(request) } else { Err(AuthError::Invalid(fields)) }
}
