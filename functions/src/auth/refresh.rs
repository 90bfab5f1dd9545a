//! Refresh tokens: one use each, and a short grace for an answer that was lost.
//!
//! A token that is used is replaced by its successor. Only fingerprints are stored, so the server could not repeat a
//! successor that it drew at random. It draws a random key instead, stores that with the replaced token, and hands out
//! [`secret::successor`] of the key and the token shown: it can say the successor again, but only to whoever shows the old token
//! again, and nobody who reads the table can say it at all.
//!
//! **Safety: two who hold one token do not both go on.** A replaced token is answered with its successor for
//! [`REFRESH_GRACE_MS`], counted from the replacement, and only while the successor was not used itself: a client that
//! lost an answer has not used what it did not get. A replaced token that is shown later, or when its successor was
//! used, ends the login, since one of the two who hold it has stolen it. Who steals a token and shows it within the
//! grace gets the same successor as its owner; the next replacement, which only one of them makes, tells them apart.
//!
//! **Liveness: the grace is exact under concurrency.** Of several uses of one token at once the store lets one replace
//! it; the others read the token again and find its replacement.

use protocol::TimestampMs;
use protocol::secret;

use super::accounts::{Accounts, AuthError, Grant, require_active};
use super::logins::stored;
use crate::ambient::entropy;
use crate::ports::accounts::{Account, AccountStore, RefreshToken, Replacement, Rotated, Rotation, StoredLogin};
use crate::ports::edge::EdgeNotifier;
use crate::ports::second_factor::SecondFactorStore;

/// How long a replaced token is answered with its successor, in milliseconds (features, "Refresh grace"): enough for a
/// client to notice a lost answer and ask again.
pub const REFRESH_GRACE_MS: u64 = 10_000;

impl<S: AccountStore + SecondFactorStore, E: EdgeNotifier> Accounts<S, E> {
    /// Replaces a refresh token and signs a new access token. A token that was replaced a moment ago gets the same
    /// successor once more.
    ///
    /// # Errors
    /// [`AuthError::RefreshRefused`], [`AuthError::Suspended`], [`AuthError::NoAccount`], or a failure of a part: then
    /// it may be repeated.
    pub async fn refresh(&self, shown: &str, now: TimestampMs) -> Result<Grant, AuthError> {
        let fingerprint = secret::fingerprint(shown);
        let found = self.store.refresh_token(&fingerprint).await?.ok_or(AuthError::RefreshRefused)?;
        if let Some(replacement) = &found.replaced {
            return self.repeat(shown, &found, replacement, now).await;
        }
        if found.expires_at <= now {
            return Err(AuthError::RefreshRefused);
        }
        let (login, account) = self.standing(&found, now).await?;
        let key = entropy();
        let successor = secret::successor(&key, shown);
        let rotation = Rotation {
            login: found.login,
            user: found.user,
            old_fingerprint: fingerprint.clone(),
            replacement: Replacement { at: now, key: Some(key) },
            new: stored(&successor, login.kind, now),
        };
        match self.store.rotate(&rotation).await? {
            Rotated::Done => self.grant(account.user, (login.id, login.kind), successor, now),
            Rotated::Refused => self.after_another(shown, &fingerprint, now).await,
        }
    }

    /// Somebody else has replaced the token since it was read, or the login has ended.
    async fn after_another(&self, shown: &str, fingerprint: &str, now: TimestampMs) -> Result<Grant, AuthError> {
        let found = self.store.refresh_token(fingerprint).await?.ok_or(AuthError::RefreshRefused)?;
        match &found.replaced {
            Some(replacement) => self.repeat(shown, &found, replacement, now).await,
            None => Err(AuthError::RefreshRefused),
        }
    }

    /// Answers a replaced token: with its successor during the grace, else with the end of the login.
    async fn repeat(
        &self,
        shown: &str,
        found: &RefreshToken,
        replacement: &Replacement,
        now: TimestampMs,
    ) -> Result<Grant, AuthError> {
        match self.unused_successor(shown, replacement, now).await? {
            Some(successor) => {
                let (login, account) = self.standing(found, now).await?;
                self.grant(account.user, (login.id, login.kind), successor, now)
            }
            None => {
                self.end(&found.login, now).await?;
                Err(AuthError::RefreshRefused)
            }
        }
    }

    async fn unused_successor(
        &self,
        shown: &str,
        replacement: &Replacement,
        now: TimestampMs,
    ) -> Result<Option<String>, AuthError> {
        let Some(key) = replacement.key.filter(|_| now < replacement.at + REFRESH_GRACE_MS) else { return Ok(None) };
        let successor = secret::successor(&key, shown);
        let next = self.store.refresh_token(&secret::fingerprint(&successor)).await?;
        Ok(next.filter(|next| next.replaced.is_none()).map(|_| successor))
    }

    /// The login and the account of a token, if both may go on.
    async fn standing(&self, token: &RefreshToken, now: TimestampMs) -> Result<(StoredLogin, Account), AuthError> {
        let login = self.store.login(&token.login).await?.filter(|login| login.is_open(now));
        let login = login.ok_or(AuthError::RefreshRefused)?;
        let account = self.store.by_id(&token.user).await?.ok_or(AuthError::NoAccount)?;
        require_active(&account)?;
        Ok((login, account))
    }

    /// Ends the login of a refresh token, even of one that was used or has expired.
    ///
    /// # Errors
    /// [`AuthError::RefreshRefused`] for an unknown token, or a failure of a part: then it may be repeated.
    pub async fn logout(&self, refresh_token: &str, now: TimestampMs) -> Result<(), AuthError> {
        let found = self.store.refresh_token(&secret::fingerprint(refresh_token)).await?;
        self.end(&found.ok_or(AuthError::RefreshRefused)?.login, now).await
    }
}
