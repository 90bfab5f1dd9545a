//! Accounts in memory.

mod administration;
mod credentials;
mod recovery;
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
    Account, AccountStore, Creation, LoginsAfter, LoginsPage, MailToken, NewLogin, Opening, RefreshToken, Renaming,
    Rotated, Rotation, StoredLogin,
};
use crate::ports::credentials::StoredApiKey;

/// See [`AccountStore`].
#[derive(Debug, Default)]
pub(crate) struct MemoryAccounts {
    state: Mutex<State>,
    pub(crate) breaks: Breaks,
}

#[derive(Debug, Default)]
struct State {
    accounts: BTreeMap<UserId, Account>,
    logins: BTreeMap<LoginId, StoredLogin>,
    tokens: BTreeMap<String, RefreshToken>,
    mail_tokens: BTreeMap<String, MailToken>,
    /// By account and hour.
    mails: BTreeMap<(UserId, u64), u32>,
    factors: BTreeMap<UserId, Factor>,
    keys: BTreeMap<LoginId, StoredApiKey>,
    /// The secrets of sessions, by login.
    sessions: BTreeMap<LoginId, String>,
}

impl MemoryAccounts {
    fn with<T>(&self, call: impl FnOnce(&mut State) -> T) -> Result<T, PortError> {
        self.breaks.around(|| call(&mut self.state.lock().expect("no panic")))
    }

    /// Suspends an account, which other functions do.
    pub(crate) fn suspend(&self, user: &UserId, at: TimestampMs) {
        let mut state = self.state.lock().expect("no panic");
        state.accounts.get_mut(user).expect("an account").suspended_at = Some(at);
    }

    /// Verifies an account's address.
    pub(crate) fn verify(&self, user: &UserId) {
        let mut state = self.state.lock().expect("no panic");
        state.accounts.get_mut(user).expect("an account").user.email_verified = true;
    }

    /// All that is stored of logins and tokens, as one text: for tests that look for secrets in it.
    pub(crate) fn dump(&self) -> String {
        format!("{:?}", self.state.lock().expect("no panic"))
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

    async fn delete(&self, account: &Account) -> Result<bool, PortError> {
        self.with(|state| match state.accounts.get(&account.user.id) {
            Some(stored) if stored.password_hash == account.password_hash => {
                state.accounts.remove(&account.user.id);
                true
            }
            Some(_) | None => false,
        })
    }

    async fn open_login(&self, login: &NewLogin) -> Result<Opening, PortError> {
        self.with(|state| {
            let is_right =
                |account: &&mut Account| account.password_hash == login.password_hash && account.suspended_at.is_none();
            let Some(account) = state.accounts.get_mut(&login.user).filter(is_right) else { return Opening::Refused };
            account.user.last_login_at = Some(login.created_at);
            let NewLogin { id, user, kind, refresh, created_at, user_agent, address, .. } = login.clone();
            state.sessions.insert(id.clone(), login.session_fingerprint.clone());
            let expires_at = refresh.expires_at;
            let token = RefreshToken { login: id.clone(), user: user.clone(), replaced: None, expires_at };
            state.tokens.insert(refresh.fingerprint, token);
            let last_used_at = created_at;
            let login = StoredLogin {
                id: id.clone(),
                user,
                kind,
                created_at,
                last_used_at,
                expires_at,
                ended_at: None,
                user_agent,
                address,
            };
            state.logins.insert(id, login);
            Opening::Opened
        })
    }

    async fn login(&self, login: &LoginId) -> Result<Option<StoredLogin>, PortError> {
        self.with(|state| state.logins.get(login).cloned())
    }

    async fn refresh_token(&self, fingerprint: &str) -> Result<Option<RefreshToken>, PortError> {
        // So that two calls at once overtake each other, as they do over a network.
        tokio::task::yield_now().await;
        self.with(|state| state.tokens.get(fingerprint).cloned())
    }

    async fn rotate(&self, rotation: &Rotation) -> Result<Rotated, PortError> {
        self.with(|state| {
            let login = state.logins.get_mut(&rotation.login).filter(|login| login.ended_at.is_none());
            let Some(old) = state.tokens.get_mut(&rotation.old_fingerprint) else { return Rotated::Refused };
            let Some(login) = login.filter(|_| old.replaced.is_none()) else { return Rotated::Refused };
            let expires_at = rotation.new.expires_at;
            let new = RefreshToken { expires_at, ..old.clone() };
            old.replaced = Some(rotation.replacement.clone());
            (login.last_used_at, login.expires_at) = (rotation.replacement.at, expires_at);
            state.tokens.insert(rotation.new.fingerprint.clone(), new);
            Rotated::Done
        })
    }

    async fn end_login(&self, login: &LoginId, at: TimestampMs) -> Result<(), PortError> {
        self.with(|state| {
            if let Some(login) = state.logins.get_mut(login) {
                login.ended_at.get_or_insert(at);
            }
        })
    }

    async fn forget_login(&self, login: &LoginId) -> Result<(), PortError> {
        self.with(|state| drop(state.logins.remove(login)))
    }

    async fn logins_of(&self, user: &UserId, limit: u32, after: Option<&LoginsAfter>) -> Result<LoginsPage, PortError> {
        self.with(|state| {
            let place = |login: &StoredLogin| (login.created_at, login.id.clone());
            let is_after =
                |login: &&StoredLogin| after.is_none_or(|after| place(login) < (after.created_at, after.login.clone()));
            let mut items: Vec<_> =
                state.logins.values().filter(|login| login.user == *user).filter(is_after).cloned().collect();
            items.sort_by_key(|login| std::cmp::Reverse(place(login)));
            let limit = usize::try_from(limit).expect("a page");
            let has_more = items.len() > limit;
            items.truncate(limit);
            let next = items.last().filter(|_| has_more);
            let next = next.map(|last| LoginsAfter { created_at: last.created_at, login: last.id.clone() });
            LoginsPage { items, next }
        })
    }
}
