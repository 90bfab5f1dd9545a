//! API keys and sessions over systems that break.

use protocol::account::{ApiKeySecret, CreateApiKeyRequest, Scope};
use protocol::ids::LoginId;

use super::*;
use crate::auth::credentials::CredentialError;
use crate::auth::logins::BRIEF_LIFETIME_MS;
use crate::ports::credentials::API_KEYS_MAX;

const HOUR_MS: u64 = 3_600_000;

fn request(name: &str, expires_at: Option<u64>) -> CreateApiKeyRequest {
    CreateApiKeyRequest { name: name.to_owned(), scopes: vec![Scope::RoomsRead], expires_at }
}

fn is_refused<T>(result: Result<T, AuthError>) -> bool {
    matches!(result, Err(AuthError::Credential(CredentialError::Refused)))
}

impl TestAccounts {
    async fn exchanged(&self, credential: &str, now: u64) -> AccessClaims {
        let token = self.exchange(credential, now).await.expect("exchanged").access_token;
        self.signer.key_set().verify(&token, now).expect("an access token")
    }

    async fn with_key(&self) -> (UserId, ApiKeySecret) {
        let user = self.with("Ada", "ada@example.org").await.expect("registered").user.id;
        let key = self.create_key(&user, request("CI", None), NOW).await.expect("a key");
        (user, key)
    }
}

#[tokio::test]
async fn a_key_is_exchanged_for_its_owners_token_with_its_scopes() {
    let accounts = accounts();
    let (user, made) = accounts.with_key().await;
    assert!(made.secret.starts_with(&made.api_key.prefix) && made.api_key.prefix.starts_with("tutti_key_"));
    let claims = accounts.exchanged(&made.secret, NOW).await;
    assert_eq!((claims.sub, claims.sid, claims.name.as_str()), (user.clone(), made.api_key.id.clone(), "Ada"));
    assert_eq!((claims.scopes, claims.exp), (Some(vec![Scope::RoomsRead]), NOW / 1000 + 900));
    assert_eq!(claims.roles, ["user"]);
    let stored = format!("{:?}", accounts.store);
    assert!(stored.contains("fingerprint") && !stored.contains(&made.secret), "only the hash is stored");
    let mut other = made.secret.clone();
    other.replace_range(other.len() - 2.., if other.ends_with("AA") { "BB" } else { "AA" });
    for wrong in [other.as_str(), "", "tutti_key_", &made.secret.replace("tutti_key_", "tutti_sid_")] {
        assert!(is_refused(accounts.exchange(wrong, NOW).await), "{wrong}");
    }
}

#[tokio::test]
async fn a_key_works_until_it_expires() {
    let accounts = accounts();
    let user = accounts.with("Ada", "ada@example.org").await.expect("registered").user.id;
    let until = NOW + 100_000;
    let made = accounts.create_key(&user, request("CI", Some(until)), NOW).await.expect("a key");
    let exchanged = accounts.exchange(&made.secret, until - 1).await.expect("just in time");
    assert_eq!(exchanged.expires_at, until, "its token ends with it");
    assert!(is_refused(accounts.exchange(&made.secret, until).await));
    let rotated = accounts.rotate_key(&user, &made.api_key.id, until).await;
    assert!(matches!(rotated, Err(AuthError::Invalid(_))), "{rotated:?}");
}

#[tokio::test]
async fn a_key_follows_the_rules() {
    let accounts = accounts();
    let user = accounts.with("Ada", "ada@example.org").await.expect("registered").user.id;
    let check = async |request: CreateApiKeyRequest, field: &str| match accounts.create_key(&user, request, NOW).await {
        Err(AuthError::Invalid(fields)) => assert_eq!(fields[0].field, field),
        other => panic!("{field}: {other:?}"),
    };
    for name in ["", "  ", "a\nb", &"x".repeat(61)] {
        check(request(name, None), "name").await;
    }
    check(CreateApiKeyRequest { scopes: Vec::new(), ..request("CI", None) }, "scopes").await;
    check(request("CI", Some(NOW)), "expiresAt").await;
    let scopes = vec![Scope::Runs, Scope::RoomsRead, Scope::Runs];
    let longest = CreateApiKeyRequest { scopes, ..request(&"ä".repeat(60), Some(NOW + 1)) };
    let made = accounts.create_key(&user, longest, NOW).await.expect("a key");
    assert_eq!(made.api_key.scopes, [Scope::RoomsRead, Scope::Runs]);
}

#[tokio::test]
async fn an_account_has_as_many_keys_as_the_limit_says() {
    let accounts = accounts();
    let (user, first) = accounts.with_key().await;
    for _ in 1..API_KEYS_MAX {
        accounts.create_key(&user, request("CI", None), NOW).await.expect("within the limit");
    }
    let one_more = accounts.create_key(&user, request("CI", None), NOW).await;
    assert!(matches!(one_more, Err(AuthError::Credential(CredentialError::TooManyKeys))), "{one_more:?}");
    accounts.rotate_key(&user, &first.api_key.id, NOW).await.expect("a rotation needs no room");
    let id = accounts.keys(&user).await.expect("keys")[0].id.clone();
    accounts.delete_key(&user, &id).await.expect("deleted");
    accounts.create_key(&user, request("CI", None), NOW).await.expect("there is room again");
}

#[tokio::test]
async fn a_rotated_key_has_a_new_id_and_the_old_one_is_revoked() {
    let accounts = accounts();
    let (user, old) = accounts.with_key().await;
    let new = accounts.rotate_key(&user, &old.api_key.id, NOW + 1).await.expect("rotated");
    assert_ne!(new.api_key.id, old.api_key.id);
    assert_eq!((&new.api_key.name, new.api_key.created_at), (&old.api_key.name, NOW + 1));
    assert!(is_refused(accounts.exchange(&old.secret, NOW + 1).await));
    assert_eq!(accounts.exchanged(&new.secret, NOW + 1).await.sid, new.api_key.id);
    let revoked = (PrincipalKind::Login, old.api_key.id.to_string());
    assert_eq!(*accounts.edge.revoked.lock().expect("no panic"), [revoked]);
    let ids: Vec<_> = accounts.keys(&user).await.expect("keys").into_iter().map(|key| key.id).collect();
    assert_eq!(ids, [new.api_key.id]);
}

#[tokio::test]
async fn a_deletion_that_did_not_reach_a_part_may_be_repeated() {
    let accounts = accounts();
    let (user, key) = accounts.with_key().await;
    let id = &key.api_key.id;
    accounts.edge.breaks.next(Break::Before);
    accounts.delete_key(&user, id).await.expect_err("the edge is away");
    accounts.delete_key(&user, id).await.expect("deleted");
    assert!(is_refused(accounts.exchange(&key.secret, NOW).await));
    assert_eq!(accounts.edge.revoked.lock().expect("no panic").len(), 1);
    let gone = accounts.delete_key(&user, id).await;
    assert!(matches!(gone, Err(AuthError::Credential(CredentialError::NoKey))), "{gone:?}");
}

#[tokio::test]
async fn nobody_touches_another_accounts_key() {
    let accounts = accounts();
    let (_, key) = accounts.with_key().await;
    let bob = accounts.with("Bob", "bob@example.org").await.expect("registered").user.id;
    let id = &key.api_key.id;
    assert!(accounts.key(&bob, id).await.is_err());
    assert!(accounts.rotate_key(&bob, id, NOW).await.is_err());
    assert!(accounts.delete_key(&bob, id).await.is_err());
    assert!(accounts.keys(&bob).await.expect("keys").is_empty());
    assert!(accounts.edge.revoked.lock().expect("no panic").is_empty());
    accounts.exchange(&key.secret, NOW).await.expect("it works still");
}

#[tokio::test]
async fn the_last_use_of_a_key_is_noted_to_the_hour() {
    let accounts = accounts();
    let (user, key) = accounts.with_key().await;
    let used_at = async |now: u64| {
        accounts.exchange(&key.secret, now).await.expect("exchanged");
        accounts.key(&user, &key.api_key.id).await.expect("the key").last_used_at
    };
    assert_eq!(used_at(NOW).await, Some(NOW));
    assert_eq!(used_at(NOW + HOUR_MS - 1).await, Some(NOW));
    assert_eq!(used_at(NOW + HOUR_MS).await, Some(NOW + HOUR_MS));
}

#[tokio::test]
async fn a_session_lives_as_long_as_its_login_which_its_use_puts_off() {
    let accounts = accounts();
    let grant = accounts.with("Ada", "ada@example.org").await.expect("registered");
    let session = grant.session_id.clone().expect("a login begins with one");
    let own = claims(&accounts, &grant);
    let claims = accounts.exchanged(&session, NOW).await;
    assert_eq!((claims.sub, claims.sid, claims.scopes), (own.sub, own.sid, None));
    let refreshed = accounts.refresh(&grant.refresh_token, NOW).await.expect("refreshed");
    assert_eq!(refreshed.session_id, None);
    // Nobody asked to keep this login.
    let last = NOW + BRIEF_LIFETIME_MS - 1;
    accounts.exchanged(&session, last).await;
    accounts.exchanged(&session, NOW + BRIEF_LIFETIME_MS).await;
    assert!(is_refused(accounts.exchange(&session, last + BRIEF_LIFETIME_MS).await));
    let other = accounts.log_in("ada@example.org", PASSWORD).await.expect("logged in");
    let other_session = other.session_id.expect("a login begins with one");
    accounts.exchanged(&other_session, NOW).await;
    accounts.logout(&other.refresh_token, NOW).await.expect("logged out");
    assert!(is_refused(accounts.exchange(&other_session, NOW).await));
}

#[tokio::test]
async fn the_listed_id_of_a_login_opens_nothing() {
    let accounts = accounts();
    let grant = accounts.with("Ada", "ada@example.org").await.expect("registered");
    let sid: LoginId = claims(&accounts, &grant).sid;
    for guess in [sid.to_string(), format!("tutti_sid_{sid}"), format!("tutti_sid_{sid}{}", "A".repeat(43))] {
        assert!(is_refused(accounts.exchange(&guess, NOW).await), "{guess}");
    }
}
