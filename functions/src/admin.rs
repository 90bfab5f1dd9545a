//! What administrators of the platform do: look accounts up, change tier and role, suspend, read the audit trail.
//!
//! Whether somebody is an administrator is read from the store at each call, not from the token: a role that was taken
//! away is gone at once. The first administrators are those whose address, once verified, is in `ADMIN_EMAILS`. An API
//! key never administers.

pub mod handlers;
#[cfg(test)]
mod tests;

use protocol::TimestampMs;
use protocol::account::{AdminUser, UpdateUserRequest};
use protocol::envelope::Page;
use protocol::ids::UserId;
use protocol::token::AccessClaims;
use thiserror::Error;

use crate::auth::accounts::{Accounts, AuthError};
use crate::auth::names::normal;
use crate::cursor;
use crate::ports::PortError;
use crate::ports::accounts::{Account, AccountStore};
use crate::ports::administration::{AccountsAfter, Administration, AdministrationStore};
use crate::ports::credentials::CredentialStore;
use crate::ports::edge::EdgeNotifier;

/// The role that administers.
const ADMIN: &str = "admin";

/// Why an administrator's request is refused.
#[derive(Debug, Error)]
pub enum AdminError {
    /// The caller is no administrator, or shows an API key.
    #[error("the caller is no administrator")]
    NotAdmin,
    /// No such account.
    #[error("no such account")]
    NoUser,
    /// Administrators do not shut themselves out.
    #[error("an administrator would shut itself out")]
    Oneself,
    /// The account changed while the request was under way.
    #[error("the account changed meanwhile")]
    Changed,
    /// A day that is none.
    #[error("{0:?} is no day")]
    NoDay(String),
    /// Ending the logins failed.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// A system outside failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// Accounts in the hands of administrators.
pub struct Administrators<'a, S, E> {
    /// The accounts.
    pub accounts: &'a Accounts<S, E>,
    /// Addresses whose owners are administrators, in their normal form.
    pub emails: &'a [String],
}

impl<S: AccountStore + AdministrationStore + CredentialStore, E: EdgeNotifier> Administrators<'_, S, E> {
    /// Lets an administrator pass.
    ///
    /// # Errors
    /// [`AdminError::NotAdmin`] for everybody else, or a failure of the store.
    pub async fn require(&self, caller: &AccessClaims) -> Result<(), AdminError> {
        let account = self.accounts.store.by_id(&caller.sub).await?;
        let account = account.filter(|account| account.suspended_at.is_none() && caller.scopes.is_none());
        if account.is_some_and(|account| self.is_admin(&account)) { Ok(()) } else { Err(AdminError::NotAdmin) }
    }

    fn is_admin(&self, account: &Account) -> bool {
        let is_named = || account.user.email_verified && self.emails.contains(&normal(&account.user.email));
        has_role(account) || is_named()
    }

    /// Accounts, newest first; with an address or a username the one that has it.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn list(&self, search: Search<'_>, limit: u32) -> Result<Page<AdminUser>, AdminError> {
        let store = &self.accounts.store;
        let found = match search {
            Search::Email(email) => store.by_email(email).await?,
            Search::Username(username) => store.by_username(username).await?,
            Search::All(after) => {
                let page = store.accounts(limit, after.as_ref()).await?;
                let next_cursor = page.next.map(|next| cursor::spell(next.created_at, next.user.as_str()));
                return Ok(Page { items: page.items.into_iter().map(view).collect(), next_cursor });
            }
        };
        Ok(Page { items: found.into_iter().map(view).collect(), next_cursor: None })
    }

    /// One account.
    ///
    /// # Errors
    /// [`AdminError::NoUser`], or a failure of the store.
    pub async fn user(&self, user: &UserId) -> Result<AdminUser, AdminError> {
        Ok(view(self.account(user).await?))
    }

    async fn account(&self, user: &UserId) -> Result<Account, AdminError> {
        self.accounts.store.by_id(user).await?.ok_or(AdminError::NoUser)
    }

    /// Changes an account. Of one that is suspended every login and API key has ended when this is answered; what broke half-way is
    /// made up for by the same call.
    ///
    /// # Errors
    /// [`AdminError::NoUser`], [`AdminError::Oneself`], [`AdminError::Changed`], or a failure of a part.
    pub async fn update(
        &self,
        user: &UserId,
        request: UpdateUserRequest,
        by: &UserId,
        now: TimestampMs,
    ) -> Result<AdminUser, AdminError> {
        let account = self.account(user).await?;
        if user == by && (request.suspended == Some(true) || request.admin == Some(false)) {
            return Err(AdminError::Oneself);
        }
        let change = changed(&account, &request, by, now);
        if !self.accounts.store.administer(&account, &change).await? {
            return Err(AdminError::Changed);
        }
        if change.suspended_at.is_some() {
            self.accounts.end_others(user, None, now).await?;
            self.accounts.delete_keys(user).await?;
        }
        self.user(user).await
    }
}

/// Which accounts are looked for.
#[derive(Debug, Clone)]
pub enum Search<'a> {
    /// The one with this address.
    Email(&'a str),
    /// The one with this username.
    Username(&'a str),
    /// All, from there on.
    All(Option<AccountsAfter>),
}

fn has_role(account: &Account) -> bool {
    account.user.roles.iter().any(|role| role == ADMIN)
}

fn changed(account: &Account, request: &UpdateUserRequest, by: &UserId, now: TimestampMs) -> Administration {
    let mut roles: Vec<String> = account.user.roles.iter().filter(|role| *role != ADMIN).cloned().collect();
    if request.admin.unwrap_or_else(|| has_role(account)) {
        roles.push(ADMIN.to_owned());
    }
    let suspended_at = match request.suspended {
        None => account.suspended_at,
        Some(false) => None,
        Some(true) => account.suspended_at.or(Some(now)),
    };
    Administration { tier: request.tier.unwrap_or(account.user.tier), roles, suspended_at, by: by.clone() }
}

fn view(account: Account) -> AdminUser {
    AdminUser { user: account.user, suspended_at: account.suspended_at }
}
