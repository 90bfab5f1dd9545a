//! Accounts and logins in DynamoDB.

mod administration;
mod credentials;
mod logins;
mod recovery;
mod second_factor;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use protocol::TimestampMs;
use protocol::account::User;
use protocol::ids::{LoginId, UserId};
use protocol::tier::Tier;

use super::expression::{Change, Check};
use super::item::{Item, Row, json, number, present, text};
use super::keys::{self, Key};
use super::table::{Index, Query, Range, Table, Write};
use crate::auth::names::normal;
use crate::ports::PortError;
use crate::ports::accounts::{
    Account, AccountStore, Creation, LoginsAfter, LoginsPage, NewLogin, Opening, RefreshToken, Renaming, Rotated,
    Rotation, StoredLogin,
};

/// The table `accounts`.
pub struct DynamoAccounts {
    table: Table,
}

/// Partition of all accounts in the index.
const ACCOUNTS: &str = "ACCOUNTS";

impl DynamoAccounts {
    /// The store in the table of that name.
    #[must_use]
    pub fn new(config: &SdkConfig, table: String) -> Self {
        Self { table: Table::new(Client::new(config), table, "accounts") }
    }

    /// Reads an item that is not there: opens the connection before the first request needs it, and says whether the
    /// table can be read.
    ///
    /// # Errors
    /// When it cannot.
    pub async fn reach(&self) -> Result<(), PortError> {
        self.table.get(Key::email("")).await.map(drop)
    }
}

fn claim_name(key: Key, user: &UserId) -> Write {
    let mut item = key.into_item();
    item.insert("userId".to_owned(), text(user));
    Write::Put(item, vec![Check::Absent("PK")])
}

/// Frees a name, if it is still this account's.
fn free_name(key: Key, user: &UserId) -> Write {
    Write::Delete(key, vec![Check::Equal("userId", text(user))])
}

fn account_item(account: &Account) -> Item {
    let user = &account.user;
    let mut item = Key::account(&user.id).into_item();
    item.extend(present([
        ("GSI1PK", Some(text(ACCOUNTS))),
        ("GSI1SK", Some(text(keys::at(user.created_at, user.id.as_str())))),
        ("userId", Some(text(&user.id))),
        ("username", Some(text(&user.username))),
        ("email", Some(text(&user.email))),
        ("roles", Some(json(&user.roles))),
        ("tier", Some(json(&user.tier))),
        ("createdAt", Some(number(user.created_at))),
        ("passwordHash", Some(text(&account.password_hash))),
        ("suspendedAt", account.suspended_at.map(number)),
    ]));
    item
}

fn account(row: &Row) -> Result<Account, PortError> {
    let user = User {
        id: row.id("userId")?,
        username: row.text("username")?.to_owned(),
        email: row.text("email")?.to_owned(),
        // The address that was verified, which may have been another one.
        email_verified: row.optional_text("emailVerified") == row.optional_text("email"),
        roles: row.json("roles")?,
        tier: row.optional_json("tier")?.unwrap_or_else(Tier::of_account),
        second_factor: row.optional_text("totpSecret").is_some(),
        last_login_at: row.optional_number("lastLoginAt")?,
        created_at: row.number("createdAt")?,
    };
    let suspended_at = row.optional_number("suspendedAt")?;
    Ok(Account { user, password_hash: row.text("passwordHash")?.to_owned(), suspended_at })
}

impl AccountStore for DynamoAccounts {
    async fn create(&self, account: &Account) -> Result<Creation, PortError> {
        let user = &account.user;
        let writes = vec![
            Write::Put(account_item(account), vec![Check::Absent("PK")]),
            claim_name(Key::email(&normal(&user.email)), &user.id),
            claim_name(Key::username(&normal(&user.username)), &user.id),
        ];
        Ok(match self.table.transact(writes).await? {
            None => Creation::Created,
            Some(2) => Creation::UsernameTaken,
            Some(_) => Creation::EmailTaken,
        })
    }

    async fn by_email(&self, email: &str) -> Result<Option<Account>, PortError> {
        match self.table.get(Key::email(&normal(email))).await? {
            Some(row) => self.by_id(&row.id("userId")?).await,
            None => Ok(None),
        }
    }

    async fn by_id(&self, user: &UserId) -> Result<Option<Account>, PortError> {
        self.table.get(Key::account(user)).await?.map(|row| account(&row)).transpose()
    }

    async fn rename(&self, user: &User, username: &str) -> Result<Renaming, PortError> {
        let changes = vec![("username", Change::Set(Some(text(username))))];
        let unchanged = vec![Check::Equal("username", text(&user.username))];
        let mut writes = vec![Write::Update(Key::account(&user.id), changes, unchanged)];
        if normal(username) != normal(&user.username) {
            writes.push(claim_name(Key::username(&normal(username)), &user.id));
            writes.push(Write::Delete(Key::username(&normal(&user.username)), Vec::new()));
        }
        Ok(match self.table.transact(writes).await? {
            None => Renaming::Renamed,
            Some(1) => Renaming::Taken,
            Some(_) => Renaming::Changed,
        })
    }

    async fn set_password(&self, user: &UserId, old_hash: &str, new_hash: &str) -> Result<bool, PortError> {
        let changes = vec![("passwordHash", Change::Set(Some(text(new_hash))))];
        let checks = vec![Check::Equal("passwordHash", text(old_hash))];
        self.table.write(Write::Update(Key::account(user), changes, checks)).await
    }

    async fn delete(&self, account: &Account) -> Result<bool, PortError> {
        let user = &account.user;
        let unchanged = vec![
            Check::Equal("passwordHash", text(&account.password_hash)),
            Check::Equal("email", text(&user.email)),
            Check::Equal("username", text(&user.username)),
        ];
        let writes = vec![
            Write::Delete(Key::account(&user.id), unchanged),
            free_name(Key::email(&normal(&user.email)), &user.id),
            free_name(Key::username(&normal(&user.username)), &user.id),
        ];
        Ok(self.table.transact(writes).await?.is_none())
    }

    async fn open_login(&self, login: &NewLogin) -> Result<Opening, PortError> {
        let last_login = vec![("lastLoginAt", Change::Set(Some(number(login.created_at))))];
        let checks = vec![Check::Equal("passwordHash", text(&login.password_hash)), Check::Absent("suspendedAt")];
        let absent = || vec![Check::Absent("PK")];
        let writes = vec![
            Write::Update(Key::account(&login.user), last_login, checks),
            Write::Put(logins::login_item(login), absent()),
            Write::Put(logins::token_item(&login.refresh, &login.id, &login.user), absent()),
        ];
        match self.table.transact(writes).await? {
            None => Ok(Opening::Opened),
            Some(0) => Ok(Opening::Refused),
            Some(_) => Err(PortError::Unreadable { part: "accounts", what: format!("login {} twice", login.id) }),
        }
    }

    async fn login(&self, login: &LoginId) -> Result<Option<StoredLogin>, PortError> {
        self.table.get(Key::login(login)).await?.map(|row| logins::login(&row)).transpose()
    }

    async fn refresh_token(&self, fingerprint: &str) -> Result<Option<RefreshToken>, PortError> {
        self.table.get(Key::refresh(fingerprint)).await?.map(|row| logins::token(&row)).transpose()
    }

    async fn rotate(&self, rotation: &Rotation) -> Result<Rotated, PortError> {
        let failed = self.table.transact(logins::rotation_writes(rotation)).await?;
        Ok(if failed.is_none() { Rotated::Done } else { Rotated::Refused })
    }

    async fn end_login(&self, login: &LoginId, at: TimestampMs) -> Result<(), PortError> {
        let changes = vec![("endedAt", Change::Set(Some(number(at))))];
        let checks = vec![Check::Present("PK"), Check::Absent("endedAt")];
        self.table.write(Write::Update(Key::login(login), changes, checks)).await.map(drop)
    }

    async fn forget_login(&self, login: &LoginId) -> Result<(), PortError> {
        self.table.write(Write::Delete(Key::login(login), Vec::new())).await.map(drop)
    }

    async fn logins_of(&self, user: &UserId, limit: u32, after: Option<&LoginsAfter>) -> Result<LoginsPage, PortError> {
        let range = match after {
            Some(after) => Range::Before(keys::at(after.created_at, after.login.as_str())),
            None => Range::All,
        };
        let query = Query { index: Some(Index::Gsi1), pk: keys::owned_by(user), range, limit };
        let (rows, has_more) = self.table.query(query).await?;
        let items = rows.iter().map(logins::login).collect::<Result<Vec<_>, _>>()?;
        let next = items.last().filter(|_| has_more);
        let next = next.map(|last| LoginsAfter { created_at: last.created_at, login: last.id.clone() });
        Ok(LoginsPage { items, next })
    }
}
