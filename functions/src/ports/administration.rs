//! Accounts, as administrators change them.

use protocol::TimestampMs;
use protocol::ids::UserId;
use protocol::tier::Tier;

use super::PortError;
use super::accounts::Account;

/// Where a page begins: after the account of that time and id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountsAfter {
    /// When it was registered.
    pub created_at: TimestampMs,
    /// Which.
    pub user: UserId,
}

/// Some accounts, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountsPage {
    /// Those.
    pub items: Vec<Account>,
    /// Where the next page begins, if there may be one.
    pub next: Option<AccountsAfter>,
}

/// What an administrator makes of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Administration {
    /// The tier.
    pub tier: Tier,
    /// The roles.
    pub roles: Vec<String>,
    /// When it was suspended, if it is.
    pub suspended_at: Option<TimestampMs>,
    /// Who changes it: for the audit trail.
    pub by: UserId,
}

/// Where accounts are looked up and changed by others than their owners.
pub trait AdministrationStore: Send + Sync + 'static {
    /// Accounts, newest first. One that was registered a moment ago may be missing.
    fn accounts(
        &self,
        limit: u32,
        after: Option<&AccountsAfter>,
    ) -> impl Future<Output = Result<AccountsPage, PortError>> + Send;

    /// The account with this username, in any spelling.
    fn by_username(&self, username: &str) -> impl Future<Output = Result<Option<Account>, PortError>> + Send;

    /// Changes an account that still has the tier, the roles and the suspension of `account`; says whether it had.
    fn administer(
        &self,
        account: &Account,
        change: &Administration,
    ) -> impl Future<Output = Result<bool, PortError>> + Send;
}
