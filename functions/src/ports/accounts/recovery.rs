//! What is stored for the mails to an account: the tokens in their links, and how many were sent.

use protocol::TimestampMs;
use protocol::ids::UserId;

use super::Account;
use crate::ports::PortError;

/// What the link of a mail is for. A token for the one is none for the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MailPurpose {
    /// To set a new password.
    Reset,
    /// To show that the address is the account's.
    Verify,
}

/// The token of a mail as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailToken {
    /// Its SHA-256 in hex.
    pub fingerprint: String,
    /// What it is for.
    pub purpose: MailPurpose,
    /// The account.
    pub user: UserId,
    /// The address that it was mailed to.
    pub email: String,
    /// SHA-256 of the password's hash at that time, in hex: a token does not outlive the password that it replaces.
    pub password: String,
    /// When it stops working.
    pub expires_at: TimestampMs,
}

/// Where tokens of mails are kept. Reads see every write that was answered before them. Each write happens whole or not
/// at all.
pub trait RecoveryStore: Send + Sync + 'static {
    /// Counts a mail to the account, if fewer than `most` were counted for it in this hour (of the clock); says whether
    /// it was.
    fn count_mail(
        &self,
        user: &UserId,
        most: u32,
        now: TimestampMs,
    ) -> impl Future<Output = Result<bool, PortError>> + Send;

    /// Stores a token.
    fn put_mail_token(&self, token: &MailToken) -> impl Future<Output = Result<(), PortError>> + Send;

    /// The token for this purpose with this fingerprint, expired or not.
    fn mail_token(
        &self,
        purpose: MailPurpose,
        fingerprint: &str,
    ) -> impl Future<Output = Result<Option<MailToken>, PortError>> + Send;

    /// Replaces the hash of the account's password, takes the token away and notes its address as verified, if the token
    /// is still there and the account's password and address are still those of `account`; says whether that was so.
    fn reset_password(
        &self,
        account: &Account,
        new_hash: &str,
        token: &MailToken,
    ) -> impl Future<Output = Result<bool, PortError>> + Send;

    /// Notes the token's address as verified, if it is still the account's; says whether it is.
    fn verify_email(&self, token: &MailToken) -> impl Future<Output = Result<bool, PortError>> + Send;
}
