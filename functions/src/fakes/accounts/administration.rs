//! What administrators see and change of accounts, in memory.

use std::cmp::Reverse;

use super::MemoryAccounts;
use crate::auth::names::normal;
use crate::ports::PortError;
use crate::ports::accounts::Account;
use crate::ports::administration::{AccountsAfter, AccountsPage, Administration, AdministrationStore};

impl AdministrationStore for MemoryAccounts {
    async fn accounts(&self, limit: u32, after: Option<&AccountsAfter>) -> Result<AccountsPage, PortError> {
        let place = |account: &Account| (account.user.created_at, account.user.id.clone());
        self.with(|state| {
            let mut all: Vec<_> = state.accounts.values().cloned().collect();
            all.sort_by_key(|account| Reverse(place(account)));
            let is_later =
                |account: &Account| after.is_none_or(|after| place(account) < (after.created_at, after.user.clone()));
            let mut rest = all.into_iter().filter(is_later);
            let items: Vec<_> = rest.by_ref().take(limit as usize).collect();
            let last = items.last().filter(|_| rest.next().is_some());
            let next = last.map(place).map(|(created_at, user)| AccountsAfter { created_at, user });
            AccountsPage { items, next }
        })
    }

    async fn by_username(&self, username: &str) -> Result<Option<Account>, PortError> {
        let is_it = |account: &&Account| normal(&account.user.username) == normal(username);
        self.with(|state| state.accounts.values().find(is_it).cloned())
    }

    async fn administer(&self, account: &Account, change: &Administration) -> Result<bool, PortError> {
        self.with(|state| match state.accounts.get_mut(&account.user.id) {
            Some(stored) if stored.user == account.user && stored.suspended_at == account.suspended_at => {
                stored.user.tier = change.tier;
                stored.user.roles.clone_from(&change.roles);
                stored.suspended_at = change.suspended_at;
                true
            }
            Some(_) | None => false,
        })
    }
}
