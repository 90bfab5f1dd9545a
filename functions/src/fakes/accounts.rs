//! Accounts in memory.

mod credentials;
mod second_factor;

use std::collections::BTreeMap;
use std::sync::Mutex;

use protocol::TimestampMs;
use protocol::account::User;
use protocol::ids::{LoginId, UserId};

use self::second_factor::Factor;
use super::Breaks;
use crate::auth::names::normal;
use crate::ports::PortError;
use crate::ports::accounts::{
    Account, AccountStore, Creation, NewLogin, RefreshState, RefreshToken, Renaming, Rotated, Rotation,
};
use crate::ports::credentials::{OpenSession, StoredApiKey};

/// See [`AccountStore`].
#[derive(Debug, Default)]
pub(crate) struct MemoryAccounts {
    state: Mutex<State>,
    pub(crate) breaks: Breaks,
}

#[derive(Debug, Default)]
struct State {
    accounts: BTreeMap<UserId, Account>,
    logins: BTreeMap<LoginId, (UserId, Option<TimestampMs>)>,
    tokens: BTreeMap<String, RefreshToken>,
    factors: BTreeMap<UserId, Factor>,
    keys: BTreeMap<LoginId, StoredApiKey>,
    sessions: BTreeMap<LoginId, OpenSession>,
}

impl MemoryAccounts {
    fn with<T>(&self, call: impl FnOnce(&mut State) -> T) -> Result<T, PortError> {
        self.breaks.around(|| call(&mut self.state.lock().expect("no panic")))
    }
}

impl State {
    fn has(&self, part: fn(&User) -> &str, value: &str) -> bool {
        self.accounts.values().any(|account| normal(part(&account.user)) == normal(value))
    }
}

impl AccountStore for MemoryAccounts {
    async fn create(&self, account: &Account) -> Result<Creation, PortError> {
        self.with(|state| {
            if state.has(|user| &user.email, &account.user.email) {
                Creation::EmailTaken
            } else if state.has(|user| &user.username, &account.user.username) {
                Creation::UsernameTaken
            } else {
                state.accounts.insert(account.user.id.clone(), account.clone());
                Creation::Created
            }
        })
    }

    async fn by_email(&self, email: &str) -> Result<Option<Account>, PortError> {
        let is_it = |account: &&Account| normal(&account.user.email) == normal(email);
        self.with(|state| state.accounts.values().find(is_it).cloned())
    }

    async fn by_id(&self, user: &UserId) -> Result<Option<Account>, PortError> {
        self.with(|state| state.accounts.get(user).cloned())
    }

    async fn rename(&self, account: &User, username: &str) -> Result<Renaming, PortError> {
        self.with(|state| {
            let is_own = normal(&account.username) == normal(username);
            if !is_own && state.has(|user| &user.username, username) {
                return Renaming::Taken;
            }
            match state.accounts.get_mut(&account.id) {
                Some(stored) if stored.user.username == account.username => {
                    username.clone_into(&mut stored.user.username);
                    Renaming::Renamed
                }
                Some(_) | None => Renaming::Changed,
            }
        })
    }

    async fn set_password(&self, user: &UserId, old_hash: &str, new_hash: &str) -> Result<bool, PortError> {
        self.with(|state| match state.accounts.get_mut(user) {
            Some(stored) if stored.password_hash == old_hash => {
                new_hash.clone_into(&mut stored.password_hash);
                true
            }
            Some(_) | None => false,
        })
    }

    async fn open_login(&self, login: &NewLogin) -> Result<(), PortError> {
        self.with(|state| {
            state.logins.insert(login.id.clone(), (login.user.clone(), None));
            let (id, user) = (login.id.clone(), login.user.clone());
            let expires_at = login.refresh.expires_at;
            let fingerprint = login.session_fingerprint.clone();
            let session = OpenSession { user: login.user.clone(), fingerprint, expires_at };
            state.sessions.insert(login.id.clone(), session);
            let token = RefreshToken { login: id, user, state: RefreshState::Current, expires_at };
            state.tokens.insert(login.refresh.fingerprint.clone(), token);
        })
    }

    async fn refresh_token(&self, fingerprint: &str) -> Result<Option<RefreshToken>, PortError> {
        self.with(|state| state.tokens.get(fingerprint).cloned())
    }

    async fn rotate(&self, rotation: &Rotation) -> Result<Rotated, PortError> {
        self.with(|state| {
            let has_ended = state.logins.get(&rotation.login).is_none_or(|(_, ended)| ended.is_some());
            let Some(old) = state.tokens.get_mut(&rotation.old_fingerprint) else { return Rotated::Refused };
            if has_ended || old.state == RefreshState::Rotated {
                return Rotated::Refused;
            }
            let new = RefreshToken { expires_at: rotation.new.expires_at, ..old.clone() };
            old.state = RefreshState::Rotated;
            state.tokens.insert(rotation.new.fingerprint.clone(), new);
            Rotated::Done
        })
    }

    async fn end_login(&self, login: &LoginId, at: TimestampMs) -> Result<(), PortError> {
        self.with(|state| {
            if let Some((_, ended)) = state.logins.get_mut(login) {
                ended.get_or_insert(at);
            }
        })
    }

    async fn logins_of(&self, user: &UserId) -> Result<Vec<LoginId>, PortError> {
        let is_open = |(of, ended): &(UserId, Option<TimestampMs>)| of == user && ended.is_none();
        self.with(|state| state.logins.iter().filter(|(_, login)| is_open(login)).map(|(id, _)| id.clone()).collect())
    }
}
