//! Accounts and their logins.

use protocol::TimestampMs;
use protocol::account::User;
use protocol::ids::{LoginId, UserId};

use super::PortError;

/// An account as it is stored. The table `accounts` is its one home; only `auth` writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The part that its owner sees.
    pub user: User,
    /// The password's Argon2id hash as a PHC string.
    pub password_hash: String,
}

/// A login at its start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLogin {
    /// Names the login (`sid` in tokens).
    pub id: LoginId,
    /// Whose it is.
    pub user: UserId,
    /// Its first refresh token.
    pub refresh: StoredSecret,
    /// SHA-256 of its secret for `X-Session-ID`, in hex.
    pub session_fingerprint: String,
    /// When it began.
    pub created_at: TimestampMs,
    /// The client's `User-Agent`, shortened.
    pub user_agent: Option<String>,
    /// The client's address.
    pub address: String,
}

/// What is stored of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSecret {
    /// Its SHA-256 in hex.
    pub fingerprint: String,
    /// When it stops working.
    pub expires_at: TimestampMs,
}

/// A refresh token that was found by its fingerprint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// The login that it continues.
    pub login: LoginId,
    /// Whose login.
    pub user: UserId,
    /// Whether it may still be used.
    pub state: RefreshState,
    /// When it stops working.
    pub expires_at: TimestampMs,
}

/// Whether a refresh token may still be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefreshState {
    /// The newest of its login.
    Current,
    /// Used before: whoever shows it again may have stolen it.
    Rotated,
}

/// One use of a refresh token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// The login.
    pub login: LoginId,
    /// Whose it is.
    pub user: UserId,
    /// Fingerprint of the token that was shown.
    pub old_fingerprint: String,
    /// The token that replaces it.
    pub new: StoredSecret,
    /// When.
    pub at: TimestampMs,
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

/// How a rotation went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotated {
    /// The new token works, the old one does not.
    Done,
    /// The token was used before, or the login has ended; nothing was written.
    Refused,
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

    /// Stores a login with its refresh token.
    fn open_login(&self, login: &NewLogin) -> impl Future<Output = Result<(), PortError>> + Send;

    /// The refresh token with this fingerprint, used or not.
    fn refresh_token(&self, fingerprint: &str) -> impl Future<Output = Result<Option<RefreshToken>, PortError>> + Send;

    /// Replaces a refresh token that was never used by a new one, if its login has not ended.
    fn rotate(&self, rotation: &Rotation) -> impl Future<Output = Result<Rotated, PortError>> + Send;

    /// Ends a login: its refresh token is refused from now on. Ending it again, or an unknown one, is no error.
    fn end_login(&self, login: &LoginId, at: TimestampMs) -> impl Future<Output = Result<(), PortError>> + Send;

    /// The user's logins that have not ended, at most 100, newest first.
    fn logins_of(&self, user: &UserId) -> impl Future<Output = Result<Vec<LoginId>, PortError>> + Send;
}
