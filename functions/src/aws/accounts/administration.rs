//! What administrators see and change of accounts, in DynamoDB.

use protocol::ids::UserId;

use super::{ACCOUNTS, DynamoAccounts, account};
use crate::auth::names::normal;
use crate::aws::expression::{Change, Check};
use crate::aws::item::{json, number, text};
use crate::aws::keys::{self, Key};
use crate::aws::table::{Index, Query, Range, Write};
use crate::ports::PortError;
use crate::ports::accounts::{Account, AccountStore};
use crate::ports::administration::{AccountsAfter, AccountsPage, Administration, AdministrationStore};

impl AdministrationStore for DynamoAccounts {
    async fn accounts(&self, limit: u32, after: Option<&AccountsAfter>) -> Result<AccountsPage, PortError> {
        let range = match after {
            Some(after) => Range::Before(keys::at(after.created_at, after.user.as_str())),
            None => Range::All,
        };
        let query = Query { index: Some(Index::Gsi1), pk: ACCOUNTS.to_owned(), range, limit };
        let (rows, has_more) = self.table.query(query).await?;
        let items = rows.iter().map(account).collect::<Result<Vec<_>, _>>()?;
        let next = items.last().filter(|_| has_more).map(|last| &last.user);
        let next = next.map(|last| AccountsAfter { created_at: last.created_at, user: last.id.clone() });
        Ok(AccountsPage { items, next })
    }

    async fn by_username(&self, username: &str) -> Result<Option<Account>, PortError> {
        match self.table.get(Key::username(&normal(username))).await? {
            Some(row) => self.by_id(&row.id::<UserId>("userId")?).await,
            None => Ok(None),
        }
    }

    async fn administer(&self, account: &Account, change: &Administration) -> Result<bool, PortError> {
        let changes = vec![
            ("tier", Change::Set(Some(json(&change.tier)))),
            ("roles", Change::Set(Some(json(&change.roles)))),
            ("suspendedAt", Change::Set(change.suspended_at.map(number))),
            ("changedBy", Change::Set(Some(text(&change.by)))),
        ];
        let suspension = match account.suspended_at {
            Some(at) => Check::Equal("suspendedAt", number(at)),
            None => Check::Absent("suspendedAt"),
        };
        let checks = vec![
            Check::Present("PK"),
            Check::Equal("roles", json(&account.user.roles)),
            // Records of before there were tiers have none.
            Check::AnyOf(vec![Check::Absent("tier"), Check::Equal("tier", json(&account.user.tier))]),
            suspension,
        ];
        self.table.write(Write::Update(Key::account(&account.user.id), changes, checks)).await
    }
}
