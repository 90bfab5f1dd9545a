//! Accounts and logins in DynamoDB.

mod credentials;
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
    Account, AccountStore, Creation, NewLogin, RefreshState, RefreshToken, Renaming, Rotated, Rotation, StoredSecret,
};

/// The table `accounts`.
pub struct DynamoAccounts {
    table: Table,
}

/// Logins that are listed of one user at most.
const LOGINS_MAX: u32 = 100;

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

fn token_item(secret: &StoredSecret, login: &LoginId, user: &UserId) -> Item {
    let mut item = Key::refresh(&secret.fingerprint).into_item();
    item.extend(present([
        ("loginId", Some(text(login))),
        ("userId", Some(text(user))),
        ("expiresAt", Some(number(secret.expires_at))),
        ("expiresAtSeconds", Some(number(keys::seconds(secret.expires_at)))),
    ]));
    item
}

fn account_item(account: &Account) -> Item {
    let user = &account.user;
    let mut item = Key::account(&user.id).into_item();
    item.extend(present([
        ("userId", Some(text(&user.id))),
        ("username", Some(text(&user.username))),
        ("email", Some(text(&user.email))),
        ("roles", Some(json(&user.roles))),
        ("tier", Some(json(&user.tier))),
        ("createdAt", Some(number(user.created_at))),
        ("passwordHash", Some(text(&account.password_hash))),
    ]));
    item
}

fn account(row: &Row) -> Result<Account, PortError> {
    let user = User {
        id: row.id("userId")?,
        username: row.text("username")?.to_owned(),
        email: row.text("email")?.to_owned(),
        email_verified: row.optional_text("emailVerified").is_some(),
        roles: row.json("roles")?,
        tier: row.optional_json("tier")?.unwrap_or_else(Tier::of_account),
        second_factor: row.optional_text("totpSecret").is_some(),
        last_login_at: row.optional_number("lastLoginAt")?,
        created_at: row.number("createdAt")?,
    };
    Ok(Account { user, password_hash: row.text("passwordHash")?.to_owned() })
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

    async fn open_login(&self, login: &NewLogin) -> Result<(), PortError> {
        let mut item = Key::login(&login.id).into_item();
        item.extend(present([
            ("GSI1PK", Some(text(keys::owned_by(&login.user)))),
            ("GSI1SK", Some(text(keys::at(login.created_at, login.id.as_str())))),
            ("loginId", Some(text(&login.id))),
            ("userId", Some(text(&login.user))),
            ("createdAt", Some(number(login.created_at))),
            ("userAgent", login.user_agent.as_ref().map(text)),
            ("address", Some(text(&login.address))),
            ("sessionHash", Some(text(&login.session_fingerprint))),
            ("expiresAtSeconds", Some(number(keys::seconds(login.refresh.expires_at)))),
        ]));
        let token = token_item(&login.refresh, &login.id, &login.user);
        let absent = || vec![Check::Absent("PK")];
        let failed = self.table.transact(vec![Write::Put(item, absent()), Write::Put(token, absent())]).await?;
        match failed {
            None => Ok(()),
            Some(_) => Err(PortError::Unreadable { part: "accounts", what: format!("login {} twice", login.id) }),
        }
    }

    async fn refresh_token(&self, fingerprint: &str) -> Result<Option<RefreshToken>, PortError> {
        let Some(row) = self.table.get(Key::refresh(fingerprint)).await? else { return Ok(None) };
        let rotated = row.optional_number::<TimestampMs>("rotatedAt")?.is_some();
        Ok(Some(RefreshToken {
            login: row.id("loginId")?,
            user: row.id("userId")?,
            state: if rotated { RefreshState::Rotated } else { RefreshState::Current },
            expires_at: row.number("expiresAt")?,
        }))
    }

    async fn rotate(&self, rotation: &Rotation) -> Result<Rotated, PortError> {
        let expiry = Change::Set(Some(number(keys::seconds(rotation.new.expires_at))));
        let writes = vec![
            Write::Update(
                Key::refresh(&rotation.old_fingerprint),
                vec![("rotatedAt", Change::Set(Some(number(rotation.at))))],
                vec![Check::Present("PK"), Check::Absent("rotatedAt")],
            ),
            Write::Update(
                Key::login(&rotation.login),
                vec![("expiresAtSeconds", expiry)],
                vec![Check::Present("PK"), Check::Absent("endedAt")],
            ),
            Write::Put(token_item(&rotation.new, &rotation.login, &rotation.user), vec![Check::Absent("PK")]),
        ];
        let failed = self.table.transact(writes).await?;
        Ok(if failed.is_none() { Rotated::Done } else { Rotated::Refused })
    }

    async fn end_login(&self, login: &LoginId, at: TimestampMs) -> Result<(), PortError> {
        let changes = vec![("endedAt", Change::Set(Some(number(at))))];
        let checks = vec![Check::Present("PK"), Check::Absent("endedAt")];
        self.table.write(Write::Update(Key::login(login), changes, checks)).await.map(drop)
    }

    async fn logins_of(&self, user: &UserId) -> Result<Vec<LoginId>, PortError> {
        let index = Some(Index::Gsi1);
        let query = Query { index, pk: keys::owned_by(user), range: Range::All, limit: LOGINS_MAX };
        let (rows, _) = self.table.query(query).await?;
        rows.iter().filter(|row| !row.item.contains_key("endedAt")).map(|row| row.id("loginId")).collect()
    }
}
