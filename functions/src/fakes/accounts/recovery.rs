//! Tokens of mails in memory.

use protocol::TimestampMs;
use protocol::ids::UserId;

use super::MemoryAccounts;
use crate::ports::PortError;
use crate::ports::accounts::{Account, MailPurpose, MailToken, RecoveryStore};

impl RecoveryStore for MemoryAccounts {
    async fn count_mail(&self, user: &UserId, most: u32, now: TimestampMs) -> Result<bool, PortError> {
        self.with(|state| {
            let mails = state.mails.entry((user.clone(), now / 3_600_000)).or_default();
            let may = *mails < most;
            *mails += u32::from(may);
            may
        })
    }

    async fn put_mail_token(&self, token: &MailToken) -> Result<(), PortError> {
        self.with(|state| drop(state.mail_tokens.insert(token.fingerprint.clone(), token.clone())))
    }

    async fn mail_token(&self, purpose: MailPurpose, fingerprint: &str) -> Result<Option<MailToken>, PortError> {
        self.with(|state| state.mail_tokens.get(fingerprint).filter(|token| token.purpose == purpose).cloned())
    }

    async fn reset_password(&self, account: &Account, new_hash: &str, token: &MailToken) -> Result<bool, PortError> {
        self.with(|state| {
            let stored = state.accounts.get_mut(&account.user.id);
            let stored = stored.filter(|stored| stored.password_hash == account.password_hash);
            let Some(stored) = stored else { return false };
            if state.mail_tokens.remove(&token.fingerprint).is_none() {
                return false;
            }
            new_hash.clone_into(&mut stored.password_hash);
            stored.user.email_verified = true;
            true
        })
    }

    async fn verify_email(&self, token: &MailToken) -> Result<bool, PortError> {
        self.with(|state| match state.accounts.get_mut(&token.user) {
            Some(stored) if stored.user.email == token.email => {
                stored.user.email_verified = true;
                true
            }
            Some(_) | None => false,
        })
    }
}
