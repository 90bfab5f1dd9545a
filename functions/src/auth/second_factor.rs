//! The second factor: setting an authenticator up, and asking for its codes.
//!
//! A code works once: the step that it is of is written under the condition that neither it nor a later one was used.
//! A recovery code works once: it is taken out of the set under the condition that it is in there. Each try counts,
//! before the code is looked at, so that tries at the same time cannot outnumber the limit.

use protocol::TimestampMs;
use protocol::account::{RecoveryCodes, TotpSetup, User};
use protocol::ids::UserId;
use thiserror::Error;

use super::accounts::{Accounts, AuthError};
use super::passwords;
use super::seal::SealError;
use super::totp::{self, SetupError};
use crate::ports::accounts::AccountStore;
use crate::ports::edge::EdgeNotifier;
use crate::ports::second_factor::{CODE_WINDOW_MS, RightCode, SecondFactorStore};

/// Why a second factor's request is refused.
#[derive(Debug, Error)]
pub enum SecondFactorError {
    /// The password was right; a code is missing.
    #[error("a code of the authenticator is missing")]
    Missing,
    /// The password was right; the code is wrong, or was used before.
    #[error("the code does not open the account")]
    Wrong,
    /// Whoever is logged in gave a wrong code, or one that was used before.
    #[error("the code is wrong")]
    WrongCode,
    /// There is one already.
    #[error("the second factor is on already")]
    On,
    /// There is none.
    #[error("the second factor is off")]
    Off,
    /// There is no secret to confirm.
    #[error("no secret waits for its confirmation")]
    NotBegun,
    /// Too many codes were tried.
    #[error("too many codes were tried")]
    TooManyTries {
        /// When codes are looked at again.
        retry_after_s: u64,
    },
    /// An authenticator could not be made.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// A secret could not be sealed or opened.
    #[error(transparent)]
    Seal(#[from] SealError),
}

impl<S: AccountStore + SecondFactorStore, E: EdgeNotifier> Accounts<S, E> {
    /// Hands out a new secret. Nothing changes for logins until it is confirmed.
    ///
    /// # Errors
    /// [`SecondFactorError::On`], [`AuthError::NoAccount`], or a failure of a part.
    pub async fn begin_totp(&self, user: &UserId) -> Result<TotpSetup, AuthError> {
        let account = self.user(user).await?;
        let secret = totp::new_secret();
        let sealed = self.sealer.seal(user.as_str(), &secret).map_err(SecondFactorError::from)?;
        if !self.store.keep_pending(user, &sealed).await? {
            return Err(SecondFactorError::On.into());
        }
        Ok(totp::setup(secret, &account.email).map_err(SecondFactorError::from)?)
    }

    /// Turns the second factor on: the code shows that the authenticator has the secret.
    ///
    /// # Errors
    /// [`SecondFactorError::On`], [`SecondFactorError::NotBegun`], [`SecondFactorError::WrongCode`],
    /// [`SecondFactorError::TooManyTries`], [`AuthError::Changed`], or a failure of a part.
    pub async fn confirm_totp(&self, user: &UserId, code: &str, now: TimestampMs) -> Result<RecoveryCodes, AuthError> {
        let found = self.store.authenticator(user).await?.ok_or(AuthError::NoAccount)?;
        if found.secret.is_some() {
            return Err(SecondFactorError::On.into());
        }
        let pending = found.pending.ok_or(SecondFactorError::NotBegun)?;
        self.count_try(user, now).await?;
        let right = self.right_code(user, pending, code, now)?.ok_or(SecondFactorError::WrongCode)?;
        let (recovery_codes, fingerprints) = recovery_codes();
        if !self.store.turn_on(user, &right, &fingerprints).await? {
            return Err(AuthError::Changed);
        }
        Ok(RecoveryCodes { recovery_codes })
    }

    /// Turns the second factor off.
    ///
    /// # Errors
    /// [`AuthError::WrongPassword`], [`SecondFactorError::Off`], [`AuthError::NoAccount`], or a failure of a part.
    pub async fn end_totp(&self, user: &UserId, password: String) -> Result<(), AuthError> {
        let account = self.store.by_id(user).await?.ok_or(AuthError::NoAccount)?;
        if !passwords::is_right(password, Some(account.password_hash)).await? {
            return Err(AuthError::WrongPassword);
        }
        if self.store.turn_off(user).await? { Ok(()) } else { Err(SecondFactorError::Off.into()) }
    }

    /// Replaces the recovery codes, for whoever has the authenticator.
    ///
    /// # Errors
    /// [`SecondFactorError::Off`], [`SecondFactorError::WrongCode`], [`SecondFactorError::TooManyTries`], or a failure
    /// of a part.
    pub async fn renew_recovery_codes(
        &self,
        user: &UserId,
        code: &str,
        now: TimestampMs,
    ) -> Result<RecoveryCodes, AuthError> {
        let found = self.store.authenticator(user).await?.ok_or(AuthError::NoAccount)?;
        let secret = found.secret.ok_or(SecondFactorError::Off)?;
        self.count_try(user, now).await?;
        let right = self.right_code(user, secret, code, now)?.ok_or(SecondFactorError::WrongCode)?;
        let (recovery_codes, fingerprints) = recovery_codes();
        if !self.store.use_step(user, &right, Some(&fingerprints)).await? {
            return Err(SecondFactorError::WrongCode.into());
        }
        Ok(RecoveryCodes { recovery_codes })
    }

    /// Lets a login with the right password pass: at once without a second factor, else by a code of the authenticator
    /// or a recovery code.
    ///
    /// # Errors
    /// [`SecondFactorError::Missing`], [`SecondFactorError::Wrong`], [`SecondFactorError::TooManyTries`], or a failure
    /// of a part.
    pub(super) async fn pass_second_factor(
        &self,
        user: &User,
        code: Option<&str>,
        now: TimestampMs,
    ) -> Result<(), AuthError> {
        if !user.second_factor {
            return Ok(());
        }
        let code = code.map(str::trim).filter(|code| !code.is_empty()).ok_or(SecondFactorError::Missing)?;
        self.count_try(&user.id, now).await?;
        let is_right = match totp::recovery_fingerprint(code) {
            Some(fingerprint) => self.store.use_recovery_code(&user.id, &fingerprint).await?,
            None => self.uses_code_up(&user.id, code, now).await?,
        };
        if is_right { Ok(()) } else { Err(SecondFactorError::Wrong.into()) }
    }

    async fn uses_code_up(&self, user: &UserId, code: &str, now: TimestampMs) -> Result<bool, AuthError> {
        let found = self.store.authenticator(user).await?.ok_or(AuthError::NoAccount)?;
        // It went away since the account was read: whoever did that may log in again.
        let secret = found.secret.ok_or(AuthError::Changed)?;
        match self.right_code(user, secret, code, now)? {
            Some(right) => Ok(self.store.use_step(user, &right, None).await?),
            None => Ok(false),
        }
    }

    fn right_code(
        &self,
        user: &UserId,
        sealed: String,
        code: &str,
        now: TimestampMs,
    ) -> Result<Option<RightCode>, SecondFactorError> {
        let secret = self.sealer.open(user.as_str(), &sealed)?;
        Ok(totp::step_of(secret, code, now)?.map(|step| RightCode { secret: sealed, step }))
    }

    async fn count_try(&self, user: &UserId, now: TimestampMs) -> Result<(), AuthError> {
        if self.store.count_try(user, now).await? {
            return Ok(());
        }
        let left_ms = CODE_WINDOW_MS - now % CODE_WINDOW_MS;
        Err(SecondFactorError::TooManyTries { retry_after_s: left_ms.div_ceil(1000) }.into())
    }
}

/// New codes, and what is stored of them.
fn recovery_codes() -> (Vec<String>, Vec<String>) {
    let codes = totp::new_recovery_codes();
    let fingerprints = codes.iter().filter_map(|code| totp::recovery_fingerprint(code)).collect();
    (codes, fingerprints)
}
