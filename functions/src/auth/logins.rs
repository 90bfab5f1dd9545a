//! Logins: how long they last, where somebody is logged in, and how a login ends.
//!
//! A login ends in two places: in the store, which refuses its refresh token from then on, and at the edge, which
//! refuses its access tokens and closes the sockets behind it. **Safety:** whoever was told that a login has ended can
//! rely on both. **Liveness:** either part may fail half-way; the same call again makes up for it. A single login is
//! found by its id however it stands, so the store comes first; the logins of an account are found by being open, so
//! there the edge comes first, and what it was not told is still in the list the next time.

use protocol::TimestampMs;
use protocol::account::{EndedLogins, Login};
use protocol::envelope::Page;
use protocol::ids::{LoginId, UserId};
use protocol::internal::PrincipalKind;
use protocol::secret;
use protocol::token::AccessClaims;

use super::accounts::{Accounts, AuthError};
use crate::cursor::{self, PAGE_MAX};
use crate::ports::accounts::{AccountStore, LoginKind, LoginsAfter, StoredLogin, StoredSecret};
use crate::ports::edge::EdgeNotifier;

/// Life of a remembered login from its last use, in milliseconds: 7 days (features, "Refresh").
pub const REMEMBERED_LIFETIME_MS: u64 = 7 * 24 * 3_600_000;

/// Life of any other login from its last use, in milliseconds: 24 hours (features A13).
pub const BRIEF_LIFETIME_MS: u64 = 24 * 3_600_000;

/// How long a login of a kind lasts from its last use, in milliseconds.
#[must_use]
pub fn lifetime_ms(kind: LoginKind) -> u64 {
    match kind {
        LoginKind::Remembered => REMEMBERED_LIFETIME_MS,
        LoginKind::Brief => BRIEF_LIFETIME_MS,
    }
}

/// What is stored of a refresh token that is given out now.
pub(super) fn stored(refresh_token: &str, kind: LoginKind, now: TimestampMs) -> StoredSecret {
    StoredSecret { fingerprint: secret::fingerprint(refresh_token), expires_at: now + lifetime_ms(kind) }
}

impl<S: AccountStore, E: EdgeNotifier> Accounts<S, E> {
    /// Where the account is logged in, newest first.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn logins(
        &self,
        current: &AccessClaims,
        limit: u32,
        mut after: Option<LoginsAfter>,
        now: TimestampMs,
    ) -> Result<Page<Login>, AuthError> {
        let (mut items, wanted) = (Vec::new(), usize::try_from(limit).unwrap_or(usize::MAX));
        // Ended logins take up places of a page of the store.
        loop {
            let left = limit - u32::try_from(items.len()).unwrap_or(limit);
            let page = self.store.logins_of(&current.sub, left, after.as_ref()).await?;
            let open = page.items.into_iter().filter(|login| login.is_open(now));
            items.extend(open.map(|login| view(login, &current.sid)));
            after = page.next;
            if after.is_none() || items.len() >= wanted {
                let next_cursor = after.map(|after| cursor::spell(after.created_at, after.login.as_str()));
                return Ok(Page { items, next_cursor });
            }
        }
    }

    /// Ends one of the account's own logins.
    ///
    /// # Errors
    /// [`AuthError::NoLogin`] where the account has none of that id, or a failure of a part: then it may be repeated.
    pub async fn end_own(&self, user: &UserId, login: &LoginId, now: TimestampMs) -> Result<EndedLogins, AuthError> {
        let found = self.store.login(login).await?.filter(|found| found.user == *user).ok_or(AuthError::NoLogin)?;
        self.end(login, now).await?;
        Ok(EndedLogins { ended: u32::from(found.is_open(now)) })
    }

    /// Ends all logins of an account but one.
    ///
    /// # Errors
    /// A failure of a part: then it may be repeated.
    pub async fn end_others(
        &self,
        user: &UserId,
        kept: Option<&LoginId>,
        now: TimestampMs,
    ) -> Result<EndedLogins, AuthError> {
        let mut ended = 0;
        for login in self.all_logins(user).await? {
            if login.is_open(now) && kept != Some(&login.id) {
                self.edge.revoke(PrincipalKind::Login, login.id.as_str()).await?;
                self.store.end_login(&login.id, now).await?;
                ended += 1;
            }
        }
        Ok(EndedLogins { ended })
    }

    /// Every login that is stored of an account, ended or not, newest first.
    ///
    /// # Errors
    /// A failure of the store.
    pub(super) async fn all_logins(&self, user: &UserId) -> Result<Vec<StoredLogin>, AuthError> {
        let (mut logins, mut after) = (Vec::new(), None);
        loop {
            let page = self.store.logins_of(user, PAGE_MAX, after.as_ref()).await?;
            logins.extend(page.items);
            after = page.next;
            if after.is_none() {
                return Ok(logins);
            }
        }
    }

    /// Ends a login: first in the store, then at the edge, so that a repetition makes up for what failed.
    ///
    /// # Errors
    /// A failure of a part.
    pub async fn end(&self, login: &LoginId, now: TimestampMs) -> Result<(), AuthError> {
        self.store.end_login(login, now).await?;
        Ok(self.edge.revoke(PrincipalKind::Login, login.as_str()).await?)
    }
}

/// A login as its owner sees it.
pub(super) fn view(login: StoredLogin, current: &LoginId) -> Login {
    Login {
        current: login.id == *current,
        id: login.id,
        device: login.user_agent,
        address: login.address,
        created_at: login.created_at,
        last_used_at: login.last_used_at,
        expires_at: login.expires_at,
        ended_at: login.ended_at,
    }
}
