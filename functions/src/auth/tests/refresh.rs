//! One use of each refresh token, and the grace for a lost answer.

use super::{NOW, PASSWORD, TestAccounts, accounts, claims};
use crate::auth::accounts::{AuthError, Grant};
use crate::auth::logins::{BRIEF_LIFETIME_MS, REMEMBERED_LIFETIME_MS};
use crate::auth::refresh::REFRESH_GRACE_MS;
use crate::fakes::Break;

async fn ada(accounts: &TestAccounts) -> Grant {
    accounts.with("Ada", "ada@example.org").await.expect("registered")
}

fn is_refused(outcome: &Result<Grant, AuthError>) -> bool {
    matches!(outcome, Err(AuthError::RefreshRefused))
}

#[tokio::test]
async fn a_token_shown_again_within_the_grace_gets_the_same_successor() {
    let accounts = accounts();
    let first = ada(&accounts).await;
    let second = accounts.refresh(&first.refresh_token, NOW).await.expect("refreshed");
    assert_ne!(second.refresh_token, first.refresh_token);
    for later in [0, 1, REFRESH_GRACE_MS - 1] {
        let again = accounts.refresh(&first.refresh_token, NOW + later).await.expect("within the grace");
        assert_eq!(again.refresh_token, second.refresh_token, "{later} ms later");
        assert_ne!(again.access_token, second.access_token, "the access token is a fresh one");
    }
    assert!(accounts.revoked().is_empty());
    accounts.refresh(&second.refresh_token, NOW + REFRESH_GRACE_MS).await.expect("the successor works");
}

#[tokio::test]
async fn a_token_shown_again_after_the_grace_ends_the_login() {
    let accounts = accounts();
    let first = ada(&accounts).await;
    let sid = claims(&accounts, &first).sid.to_string();
    let second = accounts.refresh(&first.refresh_token, NOW).await.expect("refreshed");
    let reused = accounts.refresh(&first.refresh_token, NOW + REFRESH_GRACE_MS).await;
    assert!(is_refused(&reused), "{reused:?}");
    assert_eq!(accounts.revoked(), [sid]);
    let successor = accounts.refresh(&second.refresh_token, NOW + REFRESH_GRACE_MS).await;
    assert!(is_refused(&successor), "whoever of the two was the thief is out: {successor:?}");
}

#[tokio::test]
async fn a_token_whose_successor_was_used_has_no_grace() {
    let accounts = accounts();
    let first = ada(&accounts).await;
    let second = accounts.refresh(&first.refresh_token, NOW).await.expect("refreshed");
    let third = accounts.refresh(&second.refresh_token, NOW + 1).await.expect("refreshed");
    let reused = accounts.refresh(&first.refresh_token, NOW + 2).await;
    assert!(is_refused(&reused), "{reused:?}");
    assert_eq!(accounts.revoked().len(), 1);
    assert!(is_refused(&accounts.refresh(&third.refresh_token, NOW + 3).await));
}

#[tokio::test]
async fn two_refreshes_at_once_get_the_same_successor() {
    let accounts = accounts();
    let first = ada(&accounts).await;
    let refresh = || accounts.refresh(&first.refresh_token, NOW);
    let (one, other) = tokio::join!(refresh(), refresh());
    let (one, other) = (one.expect("refreshed"), other.expect("refreshed"));
    assert_eq!(one.refresh_token, other.refresh_token);
    accounts.refresh(&one.refresh_token, NOW + REFRESH_GRACE_MS).await.expect("it is the one that was stored");
    assert!(accounts.revoked().is_empty());
    let third = accounts.refresh(&first.refresh_token, NOW + REFRESH_GRACE_MS).await;
    assert!(is_refused(&third), "{third:?}");
    assert_eq!(accounts.revoked().len(), 1);
}

#[tokio::test]
async fn a_refresh_that_broke_may_be_repeated_with_the_same_token() {
    for kind in [Break::Before, Break::After] {
        let accounts = accounts();
        let first = ada(&accounts).await;
        // The token, its login and its account are read before the rotation is written.
        accounts.store.breaks.later(3, kind);
        accounts.refresh(&first.refresh_token, NOW).await.expect_err("broken");
        let again = accounts.refresh(&first.refresh_token, NOW + 1).await.expect("repeated");
        accounts.refresh(&again.refresh_token, NOW + 2).await.expect("and it is good");
        assert!(accounts.revoked().is_empty(), "{kind:?}");
    }
}

#[tokio::test]
async fn an_ended_login_has_no_grace() {
    let accounts = accounts();
    let first = ada(&accounts).await;
    let second = accounts.refresh(&first.refresh_token, NOW).await.expect("refreshed");
    accounts.logout(&second.refresh_token, NOW).await.expect("logged out");
    assert!(is_refused(&accounts.refresh(&first.refresh_token, NOW).await));
    assert!(is_refused(&accounts.refresh(&second.refresh_token, NOW).await));
}

#[tokio::test]
async fn no_refresh_token_is_stored() {
    let accounts = accounts();
    let first = ada(&accounts).await;
    let second = accounts.refresh(&first.refresh_token, NOW).await.expect("refreshed");
    let stored = accounts.store.dump();
    assert!(stored.contains(&protocol::secret::fingerprint(&first.refresh_token)), "the dump shows what is stored");
    for token in [&first.refresh_token, &second.refresh_token] {
        assert!(!stored.contains(token.as_str()));
    }
}

#[tokio::test]
async fn a_login_lasts_as_long_as_its_kind_from_its_last_use() {
    for (remember, lifetime_ms) in [(Some(true), REMEMBERED_LIFETIME_MS), (Some(false), BRIEF_LIFETIME_MS)] {
        let accounts = accounts();
        ada(&accounts).await;
        let first = accounts.log_in_at("ada@example.org", PASSWORD, remember, NOW).await.expect("logged in");
        let late = accounts.refresh(&first.refresh_token, NOW + lifetime_ms).await;
        assert!(is_refused(&late), "{late:?}");
        let used_at = NOW + lifetime_ms - 1;
        let second = accounts.refresh(&first.refresh_token, used_at).await.expect("in time");
        assert_eq!(second.kind, first.kind, "a rotation keeps the kind");
        let late = accounts.refresh(&second.refresh_token, used_at + lifetime_ms).await;
        assert!(is_refused(&late), "{late:?}");
        accounts.refresh(&second.refresh_token, used_at + lifetime_ms - 1).await.expect("in time again");
    }
}

#[tokio::test]
async fn who_does_not_ask_to_be_remembered_is_not() {
    let accounts = accounts();
    let registered = ada(&accounts).await;
    let logged_in = accounts.log_in("ada@example.org", PASSWORD).await.expect("logged in");
    for grant in [registered, logged_in] {
        assert!(is_refused(&accounts.refresh(&grant.refresh_token, NOW + BRIEF_LIFETIME_MS).await));
    }
}

#[tokio::test]
async fn a_suspended_account_neither_logs_in_nor_refreshes() {
    let accounts = accounts();
    let first = ada(&accounts).await;
    let second = accounts.refresh(&first.refresh_token, NOW).await.expect("not suspended yet");
    accounts.log_in("ada@example.org", PASSWORD).await.expect("not suspended yet");
    accounts.store.suspend(&first.user.id, NOW);
    for token in [&first.refresh_token, &second.refresh_token] {
        let refused = accounts.refresh(token, NOW + 1).await;
        assert!(matches!(refused, Err(AuthError::Suspended)), "{refused:?}");
    }
    let refused = accounts.log_in("ada@example.org", PASSWORD).await;
    assert!(matches!(refused, Err(AuthError::Suspended)), "{refused:?}");
    let wrong = accounts.log_in("ada@example.org", "wrong").await;
    assert!(matches!(wrong, Err(AuthError::WrongCredentials)), "only its owner is told: {wrong:?}");
}
