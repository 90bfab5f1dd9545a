//! Taking an account along, and its end.
//!
//! Deleting removes the profile, frees address and username, ends every API key, and ends and forgets every login; tokens
//! are refused from then on, since what they belong to is gone, and expire by themselves. Rooms stay: they have other
//! people in them. The id of their owner then names nobody, and it is never given out again. The audit trail stays as
//! well, with the username and the addresses that logins came from: it would be none if those whom it is about could
//! empty it.

use protocol::TimestampMs;
use protocol::account::{AccountExport, DeleteAccountRequest};
use protocol::internal::PrincipalKind;
use protocol::token::AccessClaims;

use super::accounts::{Accounts, AuthError};
use super::logins::view;
use super::passwords;
use crate::ports::accounts::AccountStore;
use crate::ports::credentials::CredentialStore;
use crate::ports::edge::EdgeNotifier;

impl<S: AccountStore + CredentialStore, E: EdgeNotifier> Accounts<S, E> {
    /// Deletes the account. Its own login goes last, so that a deletion that broke can be repeated with it.
    ///
    /// # Errors
    /// [`AuthError::WrongPassword`], [`AuthError::Changed`], or a failure of a part: then it may be repeated.
    pub async fn delete(
        &self,
        current: &AccessClaims,
        request: DeleteAccountRequest,
        now: TimestampMs,
    ) -> Result<(), AuthError> {
        // Where it is gone already, only its logins are left to be ended.
        if let Some(account) = self.store.by_id(&current.sub).await? {
            if !passwords::is_right(request.password, Some(account.password_hash.clone())).await? {
                return Err(AuthError::WrongPassword);
            }
            // Their ends are counted at the account, so they go before it.
            self.delete_keys(&current.sub).await?;
            if !self.store.delete(&account).await? {
                return Err(AuthError::Changed);
            }
        }
        self.forget_logins(current, now).await
    }

    async fn forget_logins(&self, current: &AccessClaims, now: TimestampMs) -> Result<(), AuthError> {
        for login in self.all_logins(&current.sub).await? {
            if login.id != current.sid {
                if login.is_open(now) {
                    self.edge.revoke(PrincipalKind::Login, login.id.as_str()).await?;
                }
                self.store.forget_login(&login.id).await?;
            }
        }
        self.store.forget_login(&current.sid).await?;
        Ok(self.edge.revoke(PrincipalKind::Login, current.sid.as_str()).await?)
    }

    /// All that is stored of the account, but for its secrets.
    ///
    /// # Errors
    /// [`AuthError::NoAccount`], or a failure of the store.
    pub async fn export(&self, current: &AccessClaims, now: TimestampMs) -> Result<AccountExport, AuthError> {
        let account = self.store.by_id(&current.sub).await?.ok_or(AuthError::NoAccount)?;
        let logins = self.all_logins(&current.sub).await?;
        Ok(AccountExport {
            exported_at: now,
            user: account.user,
            suspended_at: account.suspended_at,
            logins: logins.into_iter().map(|login| view(login, &current.sid)).collect(),
            api_keys: self.keys(&current.sub).await?,
        })
    }
}
