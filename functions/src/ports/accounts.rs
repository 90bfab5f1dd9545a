//! Accounts and their logins.

mod logins;
mod recovery;

use protocol::TimestampMs;
use protocol::account::User;
use protocol::ids::{LoginId, UserId};

use super::PortError;

pub use logins::{
    LoginKind, LoginsAfter, LoginsPage, NewLogin, Opening, RefreshToken, Replacement, Rotated, Rotation, StoredLogin,
    StoredSecret,
};
pub use recovery::{MailPurpose, MailToken, RecoveryStore};

/// An account as it is stored. The table `accounts` is its one home; only `auth` writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The part that its owner sees.
    pub user: User,
    /// The password's Argon2id hash as a PHC string.
    pub password_hash: String,
    /// When it was suspended, if it is: then it gets no login and no token.
    pub suspended_at: Option<TimestampMs>,
}

/// How a registration went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Creation {
    /// The account is there.
    Created,
    /// Another account has that address.
    EmailTaken,
    /// Another account has that username.
    UsernameTaken,
}

/// How a change of username went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renaming {
    /// The account has the new name, and the old one is free.
    Renamed,
    /// Another account has that name.
    Taken,
    /// The account changed or went away meanwhile; nothing was written.
    Changed,
}

/// Where accounts and logins are kept. Reads see every write that was answered before them. Each write happens
/// whole or not at all. Names and addresses are compared in their normal form (`auth::names::normal`).
pub trait AccountStore: Send + Sync + 'static {
    /// Stores a new account, if its address and its username are free.
    fn create(&self, account: &Account) -> impl Future<Output = Result<Creation, PortError>> + Send;

    /// The account with this address, whatever its case.
    fn by_email(&self, email: &str) -> impl Future<Output = Result<Option<Account>, PortError>> + Send;

    /// The account with this id.
    fn by_id(&self, user: &UserId) -> impl Future<Output = Result<Option<Account>, PortError>> + Send;

    /// Changes the username of `account`, if the account still has the old one and the new one is free. A new
    /// spelling of the same normal form is always free.
    fn rename(&self, account: &User, username: &str) -> impl Future<Output = Result<Renaming, PortError>> + Send;

    /// Replaces the password's hash, if it is still `old_hash`; says whether it was.
    fn set_password(
        &self,
        user: &UserId,
        old_hash: &str,
        new_hash: &str,
    ) -> impl Future<Output = Result<bool, PortError>> + Send;

    /// Removes the account and frees its address and its username, if its password's hash is still that of `account`;
    /// says whether it was. Its logins are not touched.
    fn delete(&self, account: &Account) -> impl Future<Output = Result<bool, PortError>> + Send;

    /// Stores a login with its refresh token and notes it as the account's last, if the account is still there, not
    /// suspended, and has the password that the login was opened with.
    fn open_login(&self, login: &NewLogin) -> impl Future<Output = Result<Opening, PortError>> + Send;

    /// The login with this id, ended or not.
    fn login(&self, login: &LoginId) -> impl Future<Output = Result<Option<StoredLogin>, PortError>> + Send;

    /// The refresh token with this fingerprint, used or not.
    fn refresh_token(&self, fingerprint: &str) -> impl Future<Output = Result<Option<RefreshToken>, PortError>> + Send;

    /// Replaces a refresh token that was never used by a new one, if its login has not ended. Of several rotations of
    /// one token one is done and the others are refused.
    fn rotate(&self, rotation: &Rotation) -> impl Future<Output = Result<Rotated, PortError>> + Send;

    /// Ends a login: its refresh token is refused from now on. Ending it again, or an unknown one, is no error.
    fn end_login(&self, login: &LoginId, at: TimestampMs) -> impl Future<Output = Result<(), PortError>> + Send;

    /// Removes a login: its refresh token is refused from now on. Removing it again is no error.
    fn forget_login(&self, login: &LoginId) -> impl Future<Output = Result<(), PortError>> + Send;

    /// The user's logins, ended ones among them, newest first, at most `limit` from `after` on. May lag a second
    /// behind.
    fn logins_of(
        &self,
        user: &UserId,
        limit: u32,
        after: Option<&LoginsAfter>,
    ) -> impl Future<Output = Result<LoginsPage, PortError>> + Send;
}
