//! What is done by mail: setting a forgotten password, and verifying an address.
//!
//! **Safety: nobody learns whose addresses have accounts.** Asking for a new password is answered alike for every
//! address, whether a mail was sent, could not be sent, or was one too many; the handler answers after the same time.
//!
//! A token is stored as its fingerprint and hangs on the address that it was mailed to. One for a new password works
//! once, and no longer than the password that it replaces; one for verifying may be shown again, which changes nothing.

use lambda_http::tracing::{error, info, warn};
use protocol::TimestampMs;
use protocol::account::{ForgotPasswordRequest, ResetPasswordRequest, VerifyEmailRequest};
use protocol::ids::UserId;
use protocol::secret;

use super::accounts::{Accounts, AuthError, check_fields};
use super::names::email_problem;
use super::{mails, passwords};
use crate::ambient::entropy;
use crate::log::chain;
use crate::ports::accounts::{Account, AccountStore, MailPurpose, MailToken, RecoveryStore};
use crate::ports::edge::EdgeNotifier;
use crate::ports::mailer::Mailer;

/// Life of a token for a new password, in milliseconds: 1 hour (features A9).
pub const RESET_LIFETIME_MS: u64 = 3_600_000;

/// Life of a token for verifying an address, in milliseconds: 24 hours, so that a mail may wait for the next day.
pub const VERIFY_LIFETIME_MS: u64 = 24 * 3_600_000;

/// Most mails to one account in an hour of the clock: a few tries of somebody who does not find the first one, and no
/// flood for somebody whose address others have typed in.
pub const MAILS_PER_HOUR_MAX: u32 = 5;

/// Milliseconds of an hour.
const HOUR_MS: u64 = 3_600_000;

/// Accounts with a way to reach their people.
pub struct Recovery<'auth, S, E, M> {
    /// The accounts.
    pub accounts: &'auth Accounts<S, E>,
    /// Who sends.
    pub mailer: &'auth M,
    /// What links begin with, such as `https://code.example.org`. The deployment's own, whatever a request says.
    pub origin: &'auth str,
}

impl<S: AccountStore + RecoveryStore, E: EdgeNotifier, M: Mailer> Recovery<'_, S, E, M> {
    /// Mails a link for a new password, if there is an account with this address.
    ///
    /// # Errors
    /// [`AuthError::Invalid`] for what is no address, or [`AuthError::Port`] where nobody could be mailed at all: never
    /// one that depends on the account.
    pub async fn forgot_password(&self, request: ForgotPasswordRequest, now: TimestampMs) -> Result<(), AuthError> {
        self.mailer.ready()?;
        let email = request.email.trim();
        check_fields(&[("email", email_problem(email).into_iter().collect())])?;
        let Some(account) = self.accounts.store.by_email(email).await? else { return Ok(()) };
        match self.mail(&account, MailPurpose::Reset, now).await {
            Ok(()) => {}
            Err(AuthError::TooManyMails { .. }) => info!(user.id = %account.user.id, "too many mails in an hour"),
            Err(failure) => error!(error = chain(&failure), "a mail for a new password was not sent"),
        }
        Ok(())
    }

    /// Sets a new password with the token of a mail, and ends every login of the account.
    ///
    /// # Errors
    /// [`AuthError::Invalid`], [`AuthError::MailTokenRefused`], or a failure of a part.
    pub async fn reset_password(&self, request: ResetPasswordRequest, now: TimestampMs) -> Result<(), AuthError> {
        check_fields(&[("newPassword", passwords::problems(&request.new_password))])?;
        let token = self.token(MailPurpose::Reset, &request.token, now).await?;
        let account = self.accounts.store.by_id(&token.user).await?.ok_or(AuthError::MailTokenRefused)?;
        if account.user.email != token.email || secret::fingerprint(&account.password_hash) != token.password {
            return Err(AuthError::MailTokenRefused);
        }
        let new = passwords::hash(request.new_password).await?;
        // Before as well as after: a repetition of a reset that broke in between would be refused for its token. What
        // is left for the second time are logins that were opened during the first.
        self.accounts.end_others(&account.user.id, None, now).await?;
        if !self.accounts.store.reset_password(&account, &new, &token).await? {
            return Err(AuthError::MailTokenRefused);
        }
        self.accounts.end_others(&account.user.id, None, now).await?;
        Ok(())
    }

    /// Mails a link that verifies the account's address.
    ///
    /// # Errors
    /// [`AuthError::AlreadyVerified`], [`AuthError::TooManyMails`], [`AuthError::NoAccount`], or a failure of a part.
    pub async fn send_verification(&self, user: &UserId, now: TimestampMs) -> Result<(), AuthError> {
        self.mailer.ready()?;
        let account = self.accounts.store.by_id(user).await?.ok_or(AuthError::NoAccount)?;
        if account.user.email_verified {
            return Err(AuthError::AlreadyVerified);
        }
        self.mail(&account, MailPurpose::Verify, now).await
    }

    /// Mails the same link to whoever has just registered. Never fails: the registration stands, and the mail can be
    /// asked for again.
    pub async fn welcome(&self, user: &UserId, now: TimestampMs) {
        if self.mailer.ready().is_err() {
            return;
        }
        if let Err(failure) = self.send_verification(user, now).await {
            warn!(user.id = %user, error = chain(&failure), "a mail after a registration was not sent");
        }
    }

    /// Notes an address as verified with the token of a mail.
    ///
    /// # Errors
    /// [`AuthError::MailTokenRefused`], or a failure of a part: then it may be repeated.
    pub async fn verify_email(&self, request: VerifyEmailRequest, now: TimestampMs) -> Result<(), AuthError> {
        let token = self.token(MailPurpose::Verify, &request.token, now).await?;
        if self.accounts.store.verify_email(&token).await? { Ok(()) } else { Err(AuthError::MailTokenRefused) }
    }

    async fn token(&self, purpose: MailPurpose, token: &str, now: TimestampMs) -> Result<MailToken, AuthError> {
        let found = self.accounts.store.mail_token(purpose, &secret::fingerprint(token)).await?;
        found.filter(|found| found.expires_at > now).ok_or(AuthError::MailTokenRefused)
    }

    async fn mail(&self, account: &Account, purpose: MailPurpose, now: TimestampMs) -> Result<(), AuthError> {
        let user = &account.user;
        if !self.accounts.store.count_mail(&user.id, MAILS_PER_HOUR_MAX, now).await? {
            return Err(AuthError::TooManyMails { retry_after_s: (HOUR_MS - now % HOUR_MS).div_ceil(1000) });
        }
        let token = secret::spell(&entropy());
        let (lifetime_ms, mail) = match purpose {
            MailPurpose::Reset => (RESET_LIFETIME_MS, mails::reset(account, self.origin, &token)),
            MailPurpose::Verify => (VERIFY_LIFETIME_MS, mails::verify(account, self.origin, &token)),
        };
        let stored = MailToken {
            fingerprint: secret::fingerprint(&token),
            purpose,
            user: user.id.clone(),
            email: user.email.clone(),
            password: secret::fingerprint(&account.password_hash),
            expires_at: now + lifetime_ms,
        };
        self.accounts.store.put_mail_token(&stored).await?;
        Ok(self.mailer.send(&mail).await?)
    }
}
