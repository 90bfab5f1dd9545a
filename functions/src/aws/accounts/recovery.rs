//! Tokens of mails in DynamoDB.

use protocol::TimestampMs;
use protocol::ids::UserId;

use super::DynamoAccounts;
use crate::aws::expression::{Change, Check};
use crate::aws::item::{Item, Row, number, present, text};
use crate::aws::keys::{self, Key};
use crate::aws::table::Write;
use crate::ports::PortError;
use crate::ports::accounts::{Account, MailPurpose, MailToken, RecoveryStore};

/// Milliseconds of an hour, by which mails are counted.
const HOUR_MS: u64 = 3_600_000;

fn token_item(token: &MailToken) -> Item {
    let mut item = Key::mail_token(token.purpose, &token.fingerprint).into_item();
    item.extend(present([
        ("userId", Some(text(&token.user))),
        ("email", Some(text(&token.email))),
        ("password", Some(text(&token.password))),
        ("expiresAt", Some(number(token.expires_at))),
        ("expiresAtSeconds", Some(number(keys::seconds(token.expires_at)))),
    ]));
    item
}

fn token(row: &Row, purpose: MailPurpose, fingerprint: &str) -> Result<MailToken, PortError> {
    Ok(MailToken {
        fingerprint: fingerprint.to_owned(),
        purpose,
        user: row.id("userId")?,
        email: row.text("email")?.to_owned(),
        password: row.text("password")?.to_owned(),
        expires_at: row.number("expiresAt")?,
    })
}

impl RecoveryStore for DynamoAccounts {
    async fn count_mail(&self, user: &UserId, most: u32, now: TimestampMs) -> Result<bool, PortError> {
        let hour = now / HOUR_MS;
        let changes = vec![
            ("mails", Change::Add(number(1))),
            ("expiresAtSeconds", Change::Set(Some(number(keys::seconds((hour + 1) * HOUR_MS))))),
        ];
        let checks = vec![Check::AnyOf(vec![Check::Absent("mails"), Check::Below("mails", number(most))])];
        self.table.write(Write::Update(Key::mails(user, hour), changes, checks)).await
    }

    async fn put_mail_token(&self, token: &MailToken) -> Result<(), PortError> {
        self.table.write(Write::Put(token_item(token), Vec::new())).await.map(drop)
    }

    async fn mail_token(&self, purpose: MailPurpose, fingerprint: &str) -> Result<Option<MailToken>, PortError> {
        let found = self.table.get(Key::mail_token(purpose, fingerprint)).await?;
        found.map(|row| token(&row, purpose, fingerprint)).transpose()
    }

    async fn reset_password(&self, account: &Account, new_hash: &str, token: &MailToken) -> Result<bool, PortError> {
        let changes = vec![
            ("passwordHash", Change::Set(Some(text(new_hash)))),
            ("emailVerified", Change::Set(Some(text(&token.email)))),
        ];
        let unchanged = vec![
            Check::Equal("passwordHash", text(&account.password_hash)),
            Check::Equal("email", text(&account.user.email)),
        ];
        let writes = vec![
            Write::Update(Key::account(&account.user.id), changes, unchanged),
            Write::Delete(Key::mail_token(token.purpose, &token.fingerprint), vec![Check::Present("PK")]),
        ];
        Ok(self.table.transact(writes).await?.is_none())
    }

    async fn verify_email(&self, token: &MailToken) -> Result<bool, PortError> {
        let changes = vec![("emailVerified", Change::Set(Some(text(&token.email))))];
        let checks = vec![Check::Equal("email", text(&token.email))];
        self.table.write(Write::Update(Key::account(&token.user), changes, checks)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_as_it_was_written() {
        let written = MailToken {
            fingerprint: "f".to_owned(),
            purpose: MailPurpose::Reset,
            user: UserId::from_entropy(&[1; 32]),
            email: "ada@example.org".to_owned(),
            password: "p".to_owned(),
            expires_at: 1_800_000_000_123,
        };
        let row = Row { table: "t", item: token_item(&written) };
        assert_eq!(token(&row, MailPurpose::Reset, "f").expect("readable"), written);
        assert_ne!(Key::mail_token(MailPurpose::Reset, "f"), Key::mail_token(MailPurpose::Verify, "f"));
    }
}
