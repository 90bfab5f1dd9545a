//! What accounts and logins may do.

use std::sync::Arc;

use protocol::TimestampMs;
use protocol::account::{ChangePasswordRequest, LoginRequest, RegisterRequest, User};
use protocol::credential::CredentialKind;
use protocol::envelope::FieldError;
use protocol::ids::{LoginId, UserId};
use protocol::secret;
use protocol::tier::Tier;
use protocol::token::{AccessClaims, Signer, TokenError};
use thiserror::Error;

use super::credentials::CredentialError;
use super::logins::stored;
use super::names::{email_problem, username_problem};
use super::passwords::{self, PasswordError};
use super::seal::Sealer;
use super::second_factor::SecondFactorError;
use crate::ambient::entropy;
use crate::ports::PortError;
use crate::ports::accounts::{Account, AccountStore, Creation, LoginKind, NewLogin, Opening, Renaming};
use crate::ports::edge::EdgeNotifier;
use crate::ports::second_factor::SecondFactorStore;

/// Why an account's request is refused.
#[derive(Debug, Error)]
pub enum AuthError {
    /// Fields that break the rules.
    #[error("fields break the rules")]
    Invalid(Vec<FieldError>),
    /// The address belongs to another account.
    #[error("the address is in use")]
    EmailTaken,
    /// The username belongs to another account.
    #[error("the username is in use")]
    UsernameTaken,
    /// No such account, or another password: the caller is not told which.
    #[error("address or password is wrong")]
    WrongCredentials,
    /// The account's own password is another one.
    #[error("the current password is wrong")]
    WrongPassword,
    /// Neither cookie nor body has a refresh token.
    #[error("no refresh token")]
    NoRefreshToken,
    /// Unknown, expired, used before, or of a login that has ended.
    #[error("the refresh token is refused")]
    RefreshRefused,
    /// The token is good, but its account is gone.
    #[error("the account is gone")]
    NoAccount,
    /// An administrator has suspended the account.
    #[error("the account is suspended")]
    Suspended,
    /// The account has no such login.
    #[error("no such login")]
    NoLogin,
    /// The token of a mail is unknown, expired, used, or of an account that has changed since.
    #[error("the token of a mail is refused")]
    MailTokenRefused,
    /// There is nothing to verify.
    #[error("the address is verified already")]
    AlreadyVerified,
    /// The account was sent as many mails as it may be in an hour.
    #[error("too many mails")]
    TooManyMails {
        /// When the next one may be sent.
        retry_after_s: u64,
    },
    /// The account changed while the request was under way.
    #[error("the account changed meanwhile")]
    Changed,
    /// About the second factor.
    #[error(transparent)]
    SecondFactor(#[from] SecondFactorError),
    /// About API keys and sessions.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// Hashing failed.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// Signing failed.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// A system outside failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// What a login gets.
#[derive(Debug, Clone)]
pub struct Grant {
    /// Whose login.
    pub user: User,
    /// The bearer.
    pub access_token: String,
    /// When that expires.
    pub expires_at: TimestampMs,
    /// What it is renewed with.
    pub refresh_token: String,
    /// How long that lasts.
    pub kind: LoginKind,
    /// The secret for `X-Session-ID`, when the login begins.
    pub session_id: Option<String>,
}

/// From where somebody logs in.
#[derive(Debug, Clone)]
pub struct Place {
    /// The client's address.
    pub address: String,
    /// What the client calls itself.
    pub user_agent: Option<String>,
}

/// Accounts and their logins.
pub struct Accounts<S, E> {
    /// Where they are kept.
    pub store: S,
    /// Who is told of ended logins.
    pub edge: E,
    /// Signs access tokens.
    pub signer: Arc<Signer>,
    /// Encrypts the secrets of authenticators.
    pub sealer: Sealer,
}

impl<S: AccountStore + SecondFactorStore, E: EdgeNotifier> Accounts<S, E> {
    /// Makes an account and logs it in.
    ///
    /// # Errors
    /// [`AuthError::Invalid`], [`AuthError::EmailTaken`], [`AuthError::UsernameTaken`], or a failure of a part.
    pub async fn register(&self, request: RegisterRequest, place: Place, now: TimestampMs) -> Result<Grant, AuthError> {
        let email = request.email.trim();
        check_fields(&[
            ("username", username_problem(&request.username).into_iter().collect()),
            ("email", email_problem(email).into_iter().collect()),
            ("password", passwords::problems(&request.password)),
        ])?;
        let user = User {
            id: UserId::from_entropy(&entropy()),
            username: request.username,
            email: email.to_owned(),
            email_verified: false,
            roles: vec!["user".to_owned()],
            tier: Tier::of_account(),
            second_factor: false,
            last_login_at: None,
            created_at: now,
        };
        let password_hash = passwords::hash(request.password).await?;
        let account = Account { user, password_hash, suspended_at: None };
        match self.store.create(&account).await? {
            Creation::Created => self.open_login(account, LoginKind::Brief, place, now).await,
            Creation::EmailTaken => Err(AuthError::EmailTaken),
            Creation::UsernameTaken => Err(AuthError::UsernameTaken),
        }
    }

    /// Logs in by address and password, and by a code where a second factor is on. An unknown address takes as long as
    /// a wrong password; that a code is missing is told only to who knows the password.
    ///
    /// # Errors
    /// [`AuthError::WrongCredentials`], [`AuthError::SecondFactor`], [`AuthError::Suspended`], [`AuthError::Changed`], or a
    /// failure of a part.
    pub async fn login(&self, request: LoginRequest, place: Place, now: TimestampMs) -> Result<Grant, AuthError> {
        let account = self.store.by_email(&request.email).await?;
        let hash = account.as_ref().map(|account| account.password_hash.clone());
        let is_right = passwords::is_right(request.password, hash).await?;
        let account = account.filter(|_| is_right).ok_or(AuthError::WrongCredentials)?;
        require_active(&account)?;
        self.pass_second_factor(&account.user, request.totp.as_deref(), now).await?;
        let kind = if request.remember == Some(true) { LoginKind::Remembered } else { LoginKind::Brief };
        self.open_login(account, kind, place, now).await
    }

    async fn open_login(
        &self,
        account: Account,
        kind: LoginKind,
        place: Place,
        now: TimestampMs,
    ) -> Result<Grant, AuthError> {
        let refresh_token = secret::spell(&entropy());
        let id = LoginId::from_entropy(&entropy());
        let session_id = CredentialKind::Session.spell(&id, &entropy());
        let login = NewLogin {
            id,
            session_fingerprint: secret::fingerprint(&session_id),
            user: account.user.id.clone(),
            password_hash: account.password_hash,
            kind,
            refresh: stored(&refresh_token, kind, now),
            created_at: now,
            user_agent: place.user_agent,
            address: place.address,
        };
        match self.store.open_login(&login).await? {
            Opening::Opened => {}
            Opening::Refused => return Err(AuthError::Changed),
        }
        let user = User { last_login_at: Some(now), ..account.user };
        let grant = self.grant(user, (login.id, kind), refresh_token, now)?;
        Ok(Grant { session_id: Some(session_id), ..grant })
    }

    /// Signs an access token for a login.
    pub(super) fn grant(
        &self,
        user: User,
        (login, kind): (LoginId, LoginKind),
        refresh_token: String,
        now: TimestampMs,
    ) -> Result<Grant, AuthError> {
        let (access_token, expires_at) = self.access_token(&user, login, None, None, now)?;
        Ok(Grant { user, access_token, expires_at, refresh_token, kind, session_id: None })
    }

    /// The account as its owner sees it.
    ///
    /// # Errors
    /// [`AuthError::NoAccount`], or a failure of a part.
    pub async fn user(&self, user: &UserId) -> Result<User, AuthError> {
        Ok(self.store.by_id(user).await?.ok_or(AuthError::NoAccount)?.user)
    }

    /// Changes the username.
    ///
    /// # Errors
    /// [`AuthError::Invalid`], [`AuthError::UsernameTaken`], [`AuthError::Changed`], [`AuthError::NoAccount`], or a
    /// failure of a part.
    pub async fn rename(&self, user: &UserId, username: String) -> Result<User, AuthError> {
        check_fields(&[("username", username_problem(&username).into_iter().collect())])?;
        let user = self.user(user).await?;
        match self.store.rename(&user, &username).await? {
            Renaming::Renamed => Ok(User { username, ..user }),
            Renaming::Taken => Err(AuthError::UsernameTaken),
            Renaming::Changed => Err(AuthError::Changed),
        }
    }

    /// Changes the password and ends every other login of the account.
    ///
    /// # Errors
    /// [`AuthError::Invalid`], [`AuthError::WrongPassword`], [`AuthError::Changed`], [`AuthError::NoAccount`], or a
    /// failure of a part.
    pub async fn change_password(
        &self,
        current: &AccessClaims,
        request: ChangePasswordRequest,
        now: TimestampMs,
    ) -> Result<(), AuthError> {
        check_fields(&[("newPassword", passwords::problems(&request.new_password))])?;
        let old = self.store.by_id(&current.sub).await?.ok_or(AuthError::NoAccount)?.password_hash;
        if !passwords::is_right(request.current_password, Some(old.clone())).await? {
            return Err(AuthError::WrongPassword);
        }
        let new = passwords::hash(request.new_password).await?;
        // Before as well as after: a repetition of a change that broke in between would be refused for the password.
        self.end_others(&current.sub, Some(&current.sid), now).await?;
        if !self.store.set_password(&current.sub, &old, &new).await? {
            return Err(AuthError::Changed);
        }
        self.end_others(&current.sub, Some(&current.sid), now).await?;
        Ok(())
    }
}

/// Refuses a suspended account.
///
/// # Errors
/// [`AuthError::Suspended`].
pub(super) fn require_active(account: &Account) -> Result<(), AuthError> {
    if account.suspended_at.is_some() { Err(AuthError::Suspended) } else { Ok(()) }
}

/// Names every field with everything that is wrong with it.
pub(super) fn check_fields(problems: &[(&str, Vec<&'static str>)]) -> Result<(), AuthError> {
    let wrong = |(field, problems): &(&str, Vec<&'static str>)| {
        (!problems.is_empty()).then(|| FieldError { field: (*field).to_owned(), message: problems.join("; ") })
    };
    let fields: Vec<_> = problems.iter().filter_map(wrong).collect();
    if fields.is_empty() { Ok(()) } else { Err(AuthError::Invalid(fields)) }
}
