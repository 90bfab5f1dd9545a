//! API keys, and the secrets of sessions, which are attributes of their logins.

use protocol::TimestampMs;
use protocol::account::ApiKey;
use protocol::ids::{LoginId, UserId};

use super::super::expression::{Change, Check};
use super::super::item::{Item, Row, json, number, present, text};
use super::super::keys::{self, Key};
use super::super::table::{Index, Query, Range, Write};
use super::DynamoAccounts;
use super::logins::login as login_of;
use crate::ports::PortError;
use crate::ports::credentials::{API_KEYS_MAX, CredentialStore, KeyCreation, OpenSession, StoredApiKey};

/// An expired key stays until its owner deletes it, so it has no time to live: the account's count would go wrong.
fn item_of(stored: &StoredApiKey) -> Item {
    let StoredApiKey { key, owner, fingerprint } = stored;
    let mut item = Key::api_key(&key.id).into_item();
    item.extend(present([
        ("GSI1PK", Some(text(keys::keys_of(owner)))),
        ("GSI1SK", Some(text(keys::at(key.created_at, key.id.as_str())))),
        ("keyId", Some(text(&key.id))),
        ("userId", Some(text(owner))),
        ("name", Some(text(&key.name))),
        ("prefix", Some(text(&key.prefix))),
        ("scopes", Some(json(&key.scopes))),
        ("keyHash", Some(text(fingerprint))),
        ("createdAt", Some(number(key.created_at))),
        ("expiresAt", key.expires_at.map(number)),
    ]));
    item
}

fn key_of(row: &Row) -> Result<StoredApiKey, PortError> {
    let key = ApiKey {
        id: row.id("keyId")?,
        name: row.text("name")?.to_owned(),
        prefix: row.text("prefix")?.to_owned(),
        scopes: row.json("scopes")?,
        created_at: row.number("createdAt")?,
        last_used_at: row.optional_number("lastUsedAt")?,
        expires_at: row.optional_number("expiresAt")?,
    };
    Ok(StoredApiKey { key, owner: row.id("userId")?, fingerprint: row.text("keyHash")?.to_owned() })
}

impl CredentialStore for DynamoAccounts {
    async fn create_key(&self, key: &StoredApiKey) -> Result<KeyCreation, PortError> {
        let has_room = Check::AnyOf(vec![Check::Absent("apiKeys"), Check::Below("apiKeys", number(API_KEYS_MAX))]);
        let writes = vec![
            Write::Update(
                Key::account(&key.owner),
                vec![("apiKeys", Change::Add(number(1)))],
                vec![Check::Present("PK"), has_room],
            ),
            Write::Put(item_of(key), vec![Check::Absent("PK")]),
        ];
        Ok(match self.table.transact(writes).await? {
            None => KeyCreation::Created,
            Some(_) => KeyCreation::TooMany,
        })
    }

    async fn key(&self, id: &LoginId) -> Result<Option<StoredApiKey>, PortError> {
        self.table.get(Key::api_key(id)).await?.map(|row| key_of(&row)).transpose()
    }

    async fn keys_of(&self, user: &UserId) -> Result<Vec<StoredApiKey>, PortError> {
        let index = Some(Index::Gsi1);
        let query = Query { index, pk: keys::keys_of(user), range: Range::All, limit: API_KEYS_MAX };
        let (rows, _) = self.table.query(query).await?;
        rows.iter().map(key_of).collect()
    }

    async fn replace_key(&self, old: &LoginId, new: &StoredApiKey) -> Result<bool, PortError> {
        let writes = vec![
            Write::Delete(Key::api_key(old), vec![Check::Equal("userId", text(&new.owner))]),
            Write::Put(item_of(new), vec![Check::Absent("PK")]),
        ];
        Ok(self.table.transact(writes).await?.is_none())
    }

    async fn delete_key(&self, user: &UserId, id: &LoginId) -> Result<bool, PortError> {
        let writes = vec![
            Write::Delete(Key::api_key(id), vec![Check::Equal("userId", text(user))]),
            Write::Update(Key::account(user), vec![("apiKeys", Change::Add(number(-1)))], vec![Check::Present("PK")]),
        ];
        Ok(self.table.transact(writes).await?.is_none())
    }

    async fn note_use(&self, id: &LoginId, at: TimestampMs) -> Result<(), PortError> {
        let changes = vec![("lastUsedAt", Change::Set(Some(number(at))))];
        self.table.write(Write::Update(Key::api_key(id), changes, vec![Check::Present("PK")])).await.map(drop)
    }

    async fn session(&self, login: &LoginId) -> Result<Option<OpenSession>, PortError> {
        let Some(row) = self.table.get(Key::login(login)).await? else { return Ok(None) };
        let Some(fingerprint) = row.optional_text("sessionHash").filter(|_| !row.item.contains_key("endedAt")) else {
            return Ok(None);
        };
        Ok(Some(OpenSession { login: login_of(&row)?, fingerprint: fingerprint.to_owned() }))
    }

    async fn extend_session(&self, login: &LoginId, at: TimestampMs, expires_at: TimestampMs) -> Result<(), PortError> {
        let changes = vec![
            ("lastUsedAt", Change::Set(Some(number(at)))),
            ("expiresAtSeconds", Change::Set(Some(number(keys::seconds(expires_at))))),
        ];
        let checks = vec![Check::Present("PK"), Check::Absent("endedAt")];
        self.table.write(Write::Update(Key::login(login), changes, checks)).await.map(drop)
    }
}
