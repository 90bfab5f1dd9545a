//! What accounts and logins may do.

use std::sync::Arc;

use protocol::TimestampMs;
use protocol::account::{ChangePasswordRequest, LoginRequest, RegisterRequest, User};
use protocol::credential::CredentialKind;
use protocol::envelope::FieldError;
use protocol::ids::{LoginId, UserId};
use protocol::internal::PrincipalKind;
use protocol::secret;
use protocol::tier::Tier;
use protocol::token::{AccessClaims, Signer, TokenError};
use thiserror::Error;

use super::credentials::CredentialError;
use super::names::{email_problem, username_problem};
use super::passwords::{self, PasswordError};
use super::seal::Sealer;
use super::second_factor::SecondFactorError;
use crate::ambient::entropy;
use crate::ports::PortError;
use crate::ports::accounts::{
    Account, AccountStore, Creation, NewLogin, RefreshState, Renaming, Rotated, Rotation, StoredSecret,
};
use crate::ports::edge::EdgeNotifier;
use crate::ports::second_factor::SecondFactorStore;

/// Life of a refresh token from its last use.
pub const REFRESH_LIFETIME_MS: u64 = 7 * 24 * 3_600_000;

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
        let account = Account { user, password_hash: passwords::hash(request.password).await? };
        match self.store.create(&account).await? {
            Creation::Created => self.open_login(account.user, place, now).await,
            Creation::EmailTaken => Err(AuthError::EmailTaken),
            Creation::UsernameTaken => Err(AuthError::UsernameTaken),
        }
    }

    /// Logs in by address and password, and by a code where a second factor is on. An unknown address takes as long as
    /// a wrong password; that a code is missing is told only to who knows the password.
    ///
    /// # Errors
    /// [`AuthError::WrongCredentials`], [`AuthError::SecondFactor`], or a failure of a part.
    pub async fn login(&self, request: LoginRequest, place: Place, now: TimestampMs) -> Result<Grant, AuthError> {
        let account = self.store.by_email(&request.email).await?;
        let hash = account.as_ref().map(|account| account.password_hash.clone());
        let is_right = passwords::is_right(request.password, hash).await?;
        let account = account.filter(|_| is_right).ok_or(AuthError::WrongCredentials)?;
        self.pass_second_factor(&account.user, request.totp.as_deref(), now).await?;
        self.open_login(account.user, place, now).await
    }

    async fn open_login(&self, user: User, place: Place, now: TimestampMs) -> Result<Grant, AuthError> {
        let refresh_token = secret::spell(&entropy());
        let id = LoginId::from_entropy(&entropy());
        let session_id = CredentialKind::Session.spell(&id, &entropy());
        let login = NewLogin {
            id,
            session_fingerprint: secret::fingerprint(&session_id),
            user: user.id.clone(),
            refresh: stored(&refresh_token, now),
            created_at: now,
            user_agent: place.user_agent,
            address: place.address,
        };
        self.store.open_login(&login).await?;
        let grant = self.grant(user, login.id, refresh_token, now)?;
        Ok(Grant { session_id: Some(session_id), ..grant })
    }

    fn grant(&self, user: User, login: LoginId, refresh_token: String, now: TimestampMs) -> Result<Grant, AuthError> {
        let (access_token, expires_at) = self.access_token(&user, login, None, None, now)?;
        Ok(Grant { user, access_token, expires_at, refresh_token, session_id: None })
    }

    /// Replaces a refresh token and signs a new access token.
    ///
    /// # Errors
    /// [`AuthError::RefreshRefused`], [`AuthError::NoAccount`], or a failure of a part.
    pub async fn refresh(&self, refresh_token: &str, now: TimestampMs) -> Result<Grant, AuthError> {
        let old_fingerprint = secret::fingerprint(refresh_token);
        let found = self.store.refresh_token(&old_fingerprint).await?.ok_or(AuthError::RefreshRefused)?;
        if found.state == RefreshState::Rotated {
            self.end(&found.login, now).await?;
            return Err(AuthError::RefreshRefused);
        }
        if found.expires_at <= now {
            return Err(AuthError::RefreshRefused);
        }
        let account = self.store.by_id(&found.user).await?.ok_or(AuthError::NoAccount)?;
        let successor = secret::spell(&entropy());
        let new = stored(&successor, now);
        let login = found.login.clone();
        let rotation = Rotation { login: found.login, user: found.user, old_fingerprint, new, at: now };
        match self.store.rotate(&rotation).await? {
            Rotated::Done => self.grant(account.user, login, successor, now),
            Rotated::Refused => Err(AuthError::RefreshRefused),
        }
    }

    /// Ends the login of a refresh token, even of one that was used or has expired.
    ///
    /// # Errors
    /// [`AuthError::RefreshRefused`] for an unknown token, or a failure of a part: then it may be repeated.
    pub async fn logout(&self, refresh_token: &str, now: TimestampMs) -> Result<(), AuthError> {
        let found = self.store.refresh_token(&secret::fingerprint(refresh_token)).await?;
        self.end(&found.ok_or(AuthError::RefreshRefused)?.login, now).await
    }

    /// Ends a login: first in the store, then at the edge, so that a repetition makes up for what failed.
    ///
    /// # Errors
    /// A failure of a part.
    pub async fn end(&self, login: &LoginId, now: TimestampMs) -> Result<(), AuthError> {
        self.store.end_login(login, now).await?;
        Ok(self.edge.revoke(PrincipalKind::Login, login.as_str()).await?)
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
        if !self.store.set_password(&current.sub, &old, &new).await? {
            return Err(AuthError::Changed);
        }
        for login in self.store.logins_of(&current.sub).await? {
            if login != current.sid {
                self.end(&login, now).await?;
            }
        }
        Ok(())
    }
}

fn stored(refresh_token: &str, now: TimestampMs) -> StoredSecret {
    StoredSecret { fingerprint: secret::fingerprint(refresh_token), expires_at: now + REFRESH_LIFETIME_MS }
}

/// Names every field with everything that is wrong with it.
fn check_fields(problems: &[(&str, Vec<&'static str>)]) -> Result<(), AuthError> {
    let wrong = |(field, problems): &(&str, Vec<&'static str>)| {
        (!problems.is_empty()).then(|| FieldError { field: (*field).to_owned(), message: problems.join("; ") })
    };
    let fields: Vec<_> = problems.iter().filter_map(wrong).collect();
    if fields.is_empty() { Ok(()) } else { Err(AuthError::Invalid(fields)) }
}
