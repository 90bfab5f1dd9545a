//! The items of logins and refresh tokens.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use protocol::TimestampMs;
use protocol::ids::{LoginId, UserId};

use crate::aws::expression::{Change, Check};
use crate::aws::item::{Item, Row, json, number, present, text};
use crate::aws::keys::{self, Key};
use crate::aws::table::Write;
use crate::ports::PortError;
use crate::ports::accounts::{LoginKind, NewLogin, RefreshToken, Replacement, Rotation, StoredLogin, StoredSecret};

pub(super) fn login_item(login: &NewLogin) -> Item {
    let mut item = Key::login(&login.id).into_item();
    item.extend(present([
        ("GSI1PK", Some(text(keys::owned_by(&login.user)))),
        ("GSI1SK", Some(text(keys::at(login.created_at, login.id.as_str())))),
        ("loginId", Some(text(&login.id))),
        ("userId", Some(text(&login.user))),
        ("kind", Some(json(&login.kind))),
        ("createdAt", Some(number(login.created_at))),
        ("userAgent", login.user_agent.as_ref().map(text)),
        ("address", Some(text(&login.address))),
        ("sessionHash", Some(text(&login.session_fingerprint))),
        ("expiresAtSeconds", Some(number(keys::seconds(login.refresh.expires_at)))),
    ]));
    item
}

pub(super) fn login(row: &Row) -> Result<StoredLogin, PortError> {
    let created_at = row.number("createdAt")?;
    // Logins of before there were kinds last as long as the remembered ones do.
    let kind = row.optional_json("kind")?.unwrap_or(LoginKind::Remembered);
    Ok(StoredLogin {
        id: row.id("loginId")?,
        user: row.id("userId")?,
        kind,
        created_at,
        last_used_at: row.optional_number("lastUsedAt")?.unwrap_or(created_at),
        // To the second, which its refresh token knows better.
        expires_at: row.number::<TimestampMs>("expiresAtSeconds")? * 1000,
        ended_at: row.optional_number("endedAt")?,
        user_agent: row.optional_text("userAgent").map(str::to_owned),
        address: row.text("address")?.to_owned(),
    })
}

pub(super) fn token_item(secret: &StoredSecret, login: &LoginId, user: &UserId) -> Item {
    let mut item = Key::refresh(&secret.fingerprint).into_item();
    item.extend(present([
        ("loginId", Some(text(login))),
        ("userId", Some(text(user))),
        ("expiresAt", Some(number(secret.expires_at))),
        ("expiresAtSeconds", Some(number(keys::seconds(secret.expires_at)))),
    ]));
    item
}

pub(super) fn token(row: &Row) -> Result<RefreshToken, PortError> {
    let key = row.optional_text("successorKey").and_then(|key| STANDARD_NO_PAD.decode(key).ok()?.try_into().ok());
    let at = row.optional_number("rotatedAt")?;
    Ok(RefreshToken {
        login: row.id("loginId")?,
        user: row.id("userId")?,
        replaced: at.map(|at| Replacement { at, key }),
        expires_at: row.number("expiresAt")?,
    })
}

pub(super) fn rotation_writes(rotation: &Rotation) -> Vec<Write> {
    let Replacement { at, key } = &rotation.replacement;
    let replaced = vec![
        ("rotatedAt", Change::Set(Some(number(at)))),
        ("successorKey", Change::Set(key.map(|key| text(STANDARD_NO_PAD.encode(key))))),
    ];
    let expires_at = keys::seconds(rotation.new.expires_at);
    let used = vec![
        ("lastUsedAt", Change::Set(Some(number(at)))),
        ("expiresAtSeconds", Change::Set(Some(number(expires_at)))),
    ];
    vec![
        Write::Update(
            Key::refresh(&rotation.old_fingerprint),
            replaced,
            vec![Check::Present("PK"), Check::Absent("rotatedAt")],
        ),
        Write::Update(Key::login(&rotation.login), used, vec![Check::Present("PK"), Check::Absent("endedAt")]),
        Write::Put(token_item(&rotation.new, &rotation.login, &rotation.user), vec![Check::Absent("PK")]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: TimestampMs = 1_800_000_000_123;

    fn new_login() -> NewLogin {
        NewLogin {
            id: LoginId::from_entropy(&[1; 32]),
            user: UserId::from_entropy(&[2; 32]),
            session_fingerprint: "s".to_owned(),
            password_hash: "hash".to_owned(),
            kind: LoginKind::Brief,
            refresh: StoredSecret { fingerprint: "f".to_owned(), expires_at: AT + 1 },
            created_at: AT,
            user_agent: None,
            address: "192.0.2.1".to_owned(),
        }
    }

    #[test]
    fn a_login_is_read_as_it_was_written() {
        let (new, row) = (new_login(), Row { table: "t", item: login_item(&new_login()) });
        let read = login(&row).expect("readable");
        assert_eq!((read.id, read.user, read.kind, read.address), (new.id, new.user, new.kind, new.address));
        assert_eq!((read.created_at, read.last_used_at, read.ended_at), (AT, AT, None));
        assert_eq!(read.expires_at, AT / 1000 * 1000);
        assert!(!row.item.contains_key("passwordHash"));
    }

    #[test]
    fn a_login_of_before_there_were_kinds_is_a_remembered_one() {
        let mut item = login_item(&new_login());
        item.remove("kind");
        let read = login(&Row { table: "t", item }).expect("readable");
        assert_eq!(read.kind, LoginKind::Remembered);
    }

    #[test]
    fn a_token_that_was_replaced_before_there_was_a_grace_has_no_key() {
        let new = new_login();
        let mut item = token_item(&new.refresh, &new.id, &new.user);
        assert_eq!(token(&Row { table: "t", item: item.clone() }).expect("readable").replaced, None);
        item.insert("rotatedAt".to_owned(), number(AT));
        let replaced = token(&Row { table: "t", item: item.clone() }).expect("readable").replaced;
        assert_eq!(replaced, Some(Replacement { at: AT, key: None }));
        item.insert("successorKey".to_owned(), text(STANDARD_NO_PAD.encode([7; 32])));
        let replaced = token(&Row { table: "t", item }).expect("readable").replaced;
        assert_eq!(replaced, Some(Replacement { at: AT, key: Some([7; 32]) }));
    }
}
