//! The exchange of an opaque credential for an access token, which the edge asks for in its bearer's place.
//!
//! Nobody but the edge gets here, and it keeps the token to itself. A credential that is unknown, has expired or was
//! revoked gets one answer, whichever it is.

use protocol::TimestampMs;
use protocol::account::{Scope, User};
use protocol::credential::CredentialKind;
use protocol::ids::{LoginId, UserId};
use protocol::internal::ExchangedCredential;
use protocol::secret;
use protocol::token::{ACCESS_LIFETIME_S, AccessClaims};
use thiserror::Error;

use super::accounts::{Accounts, AuthError};
use super::logins::lifetime_ms;
use crate::ambient::entropy;
use crate::ports::accounts::{Account, AccountStore};
use crate::ports::credentials::CredentialStore;
use crate::ports::edge::EdgeNotifier;

/// How exact "last used" is: one write an hour for a credential, however often it is used.
const USE_NOTED_MS: u64 = 3_600_000;

/// Why a credential, or a request about one, is refused.
#[derive(Debug, Error)]
pub enum CredentialError {
    /// The account has no such key.
    #[error("no such key")]
    NoKey,
    /// The account has as many keys as it may.
    #[error("the account has as many keys as it may")]
    TooManyKeys,
    /// Unknown, expired, revoked, or of an account that is gone.
    #[error("the credential is refused")]
    Refused,
}

impl<S, E> Accounts<S, E> {
    /// Signs an access token of a login or an API key, and says when it expires: at `until` at the latest.
    ///
    /// # Errors
    /// When signing fails.
    pub(super) fn access_token(
        &self,
        user: &User,
        sid: LoginId,
        scopes: Option<Vec<Scope>>,
        until: Option<TimestampMs>,
        now: TimestampMs,
    ) -> Result<(String, TimestampMs), AuthError> {
        let iat = now / 1000;
        let exp = until.map_or(u64::MAX, |at| at / 1000).min(iat + ACCESS_LIFETIME_S);
        let claims = AccessClaims {
            sub: user.id.clone(),
            sid,
            name: user.username.clone(),
            roles: user.roles.clone(),
            tier: user.tier,
            scopes,
            iat,
            exp,
            jti: LoginId::from_entropy(&entropy()).to_string(),
        };
        Ok((self.signer.sign(&claims)?, exp * 1000))
    }
}

impl<S: AccountStore + CredentialStore, E: EdgeNotifier> Accounts<S, E> {
    /// An access token for a credential. That it was used is noted, and puts off the end of a session's login.
    ///
    /// # Errors
    /// [`CredentialError::Refused`], or a failure of a part.
    pub async fn exchange(&self, credential: &str, now: TimestampMs) -> Result<ExchangedCredential, AuthError> {
        match CredentialKind::parse(credential).ok_or(CredentialError::Refused)? {
            (CredentialKind::Session, login) => self.exchange_session(&login, credential, now).await,
            (CredentialKind::ApiKey, id) => self.exchange_key(&id, credential, now).await,
        }
    }

    async fn exchange_session(
        &self,
        login: &LoginId,
        credential: &str,
        now: TimestampMs,
    ) -> Result<ExchangedCredential, AuthError> {
        let found = self.store.session(login).await?.ok_or(CredentialError::Refused)?;
        if found.fingerprint != secret::fingerprint(credential) || !found.login.is_open(now) {
            return Err(CredentialError::Refused.into());
        }
        let account = self.active(&found.login.user).await?;
        let expires_at = now + lifetime_ms(found.login.kind);
        if expires_at.saturating_sub(found.login.expires_at) >= USE_NOTED_MS {
            self.store.extend_session(login, now, expires_at).await?;
        }
        let (access_token, expires_at) = self.access_token(&account.user, login.clone(), None, None, now)?;
        Ok(ExchangedCredential { access_token, expires_at })
    }

    /// The account behind a credential, unless it is suspended.
    async fn active(&self, user: &UserId) -> Result<Account, AuthError> {
        let account = self.store.by_id(user).await?.filter(|account| account.suspended_at.is_none());
        Ok(account.ok_or(CredentialError::Refused)?)
    }

    async fn exchange_key(
        &self,
        id: &LoginId,
        credential: &str,
        now: TimestampMs,
    ) -> Result<ExchangedCredential, AuthError> {
        let found = self.store.key(id).await?.ok_or(CredentialError::Refused)?;
        let has_expired = found.key.expires_at.is_some_and(|at| at <= now);
        if found.fingerprint != secret::fingerprint(credential) || has_expired {
            return Err(CredentialError::Refused.into());
        }
        let account = self.active(&found.owner).await?;
        if found.key.last_used_at.is_none_or(|at| now.saturating_sub(at) >= USE_NOTED_MS) {
            self.store.note_use(id, now).await?;
        }
        // A key is for programs that work in rooms: it never has the rights of a platform's admin.
        let user = User { roles: vec!["user".to_owned()], ..account.user };
        let (scopes, until) = (Some(found.key.scopes), found.key.expires_at);
        let (access_token, expires_at) = self.access_token(&user, id.clone(), scopes, until, now)?;
        Ok(ExchangedCredential { access_token, expires_at })
    }
}
