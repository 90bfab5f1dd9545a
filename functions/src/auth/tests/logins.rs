//! Where somebody is logged in.

use protocol::account::Login;
use protocol::ids::LoginId;
use protocol::token::AccessClaims;

use super::{NOW, PASSWORD, TestAccounts, accounts, claims};
use crate::auth::accounts::{AuthError, Grant};
use crate::auth::logins::{BRIEF_LIFETIME_MS, stored};
use crate::fakes::Break;
use crate::ports::accounts::{AccountStore, LoginKind, LoginsAfter, NewLogin, Opening};

async fn ada(accounts: &TestAccounts) -> (Grant, AccessClaims) {
    let grant = accounts.with("Ada", "ada@example.org").await.expect("registered");
    let claims = claims(accounts, &grant);
    (grant, claims)
}

async fn again(accounts: &TestAccounts, now: u64) -> (Grant, AccessClaims) {
    let grant = accounts.log_in_at("ada@example.org", PASSWORD, Some(true), now).await.expect("logged in");
    let claims = claims(accounts, &grant);
    (grant, claims)
}

async fn list(accounts: &TestAccounts, current: &AccessClaims, now: u64) -> Vec<Login> {
    accounts.logins(current, 100, None, now).await.expect("listed").items
}

#[tokio::test]
async fn the_list_has_the_open_logins_newest_first() {
    let accounts = accounts();
    let (first, current) = ada(&accounts).await;
    let (_, second) = again(&accounts, NOW + 1).await;
    let (_, third) = again(&accounts, NOW + 2).await;
    accounts.end(&second.sid, NOW + 3).await.expect("ended");
    let logins = list(&accounts, &current, NOW + 3).await;
    let ids: Vec<_> = logins.iter().map(|login| login.id.clone()).collect();
    assert_eq!(ids, [third.sid.clone(), current.sid.clone()]);
    assert_eq!(logins.iter().map(|login| login.current).collect::<Vec<_>>(), [false, true]);
    assert_eq!(logins[1].last_used_at, NOW);
    accounts.refresh(&first.refresh_token, NOW + 9).await.expect("refreshed");
    let used = list(&accounts, &current, NOW + 9).await.remove(1);
    assert_eq!((used.created_at, used.last_used_at, used.expires_at), (NOW, NOW + 9, NOW + 9 + BRIEF_LIFETIME_MS));
    let late = list(&accounts, &current, NOW + 9 + BRIEF_LIFETIME_MS).await;
    assert_eq!(late.into_iter().map(|login| login.id).collect::<Vec<_>>(), [third.sid], "the other one has expired");
}

#[tokio::test]
async fn pages_are_full_though_ended_logins_lie_between() {
    let accounts = accounts();
    let (_, current) = ada(&accounts).await;
    let mut open = vec![current.sid.clone()];
    for number in 1..=6 {
        let (_, login) = again(&accounts, NOW + number).await;
        if number % 2 == 0 {
            open.insert(0, login.sid);
        } else {
            accounts.end(&login.sid, NOW + number).await.expect("ended");
        }
    }
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = accounts.logins(&current, 2, after, NOW + 7).await.expect("listed");
        listed.extend(page.items.iter().map(|login| login.id.clone()));
        let Some(cursor) = page.next_cursor else { break };
        assert_eq!(page.items.len(), 2);
        let (created_at, login) = crate::cursor::parse::<LoginId>(&cursor).expect("a cursor");
        after = Some(LoginsAfter { created_at, login });
    }
    assert_eq!(listed, open);
}

#[tokio::test]
async fn only_ones_own_login_can_be_ended() {
    let accounts = accounts();
    let (_, ada) = ada(&accounts).await;
    let bob = claims(&accounts, &accounts.with("Bob", "bob@example.org").await.expect("registered"));
    for foreign in [&bob.sid, &LoginId::from_entropy(&[9; 32])] {
        let refused = accounts.end_own(&ada.sub, foreign, NOW).await;
        assert!(matches!(refused, Err(AuthError::NoLogin)), "{refused:?}");
    }
    assert!(accounts.revoked().is_empty());
    assert_eq!(accounts.end_own(&ada.sub, &ada.sid, NOW).await.expect("ended").ended, 1);
    assert_eq!(accounts.end_own(&ada.sub, &ada.sid, NOW).await.expect("nothing to do").ended, 0);
    assert_eq!(accounts.revoked(), [ada.sid.to_string(), ada.sid.to_string()], "a repetition makes up for what failed");
}

#[tokio::test]
async fn all_logins_but_the_asking_one_are_ended() {
    let accounts = accounts();
    let (_, current) = ada(&accounts).await;
    let others = [again(&accounts, NOW + 1).await, again(&accounts, NOW + 2).await];
    let ended = accounts.end_others(&current.sub, Some(&current.sid), NOW + 3).await.expect("ended");
    assert_eq!(ended.ended, 2);
    for (grant, _) in &others {
        assert!(accounts.refresh(&grant.refresh_token, NOW + 3).await.is_err());
    }
    assert_eq!(list(&accounts, &current, NOW + 3).await.len(), 1);
    assert!(!accounts.revoked().contains(&current.sid.to_string()));
}

#[tokio::test]
async fn ending_all_others_may_be_repeated_when_it_broke() {
    for kind in [Break::Before, Break::After] {
        for part in ["edge", "store"] {
            let accounts = accounts();
            let (_, current) = ada(&accounts).await;
            let (grant, other) = again(&accounts, NOW + 1).await;
            match part {
                "edge" => accounts.edge.breaks.next(kind),
                // The list is read first.
                _ => accounts.store.breaks.later(1, kind),
            }
            accounts.end_others(&current.sub, Some(&current.sid), NOW).await.expect_err("broken");
            accounts.end_others(&current.sub, Some(&current.sid), NOW).await.expect("repeated");
            assert!(accounts.revoked().contains(&other.sid.to_string()), "{part} {kind:?}");
            assert!(accounts.refresh(&grant.refresh_token, NOW + 1).await.is_err(), "{part} {kind:?}");
        }
    }
}

#[tokio::test]
async fn a_login_is_noted_as_the_accounts_last() {
    let accounts = accounts();
    let (registered, current) = ada(&accounts).await;
    assert_eq!(registered.user.last_login_at, Some(NOW));
    let (logged_in, _) = again(&accounts, NOW + 5).await;
    assert_eq!(logged_in.user.last_login_at, Some(NOW + 5));
    assert_eq!(accounts.user(&current.sub).await.expect("there").last_login_at, Some(NOW + 5));
}

#[tokio::test]
async fn no_login_opens_with_a_password_that_was_replaced_meanwhile() {
    let accounts = accounts();
    let (_, current) = ada(&accounts).await;
    let account = accounts.store.by_id(&current.sub).await.expect("read").expect("there");
    let login = |number: u8, password_hash: &str| NewLogin {
        id: LoginId::from_entropy(&[number; 32]),
        user: current.sub.clone(),
        session_fingerprint: "s".to_owned(),
        password_hash: password_hash.to_owned(),
        kind: LoginKind::Brief,
        refresh: stored("t", LoginKind::Brief, NOW),
        created_at: NOW,
        user_agent: None,
        address: "192.0.2.1".to_owned(),
    };
    let open = async |login: NewLogin| accounts.store.open_login(&login).await.expect("answered");
    assert_eq!(open(login(1, "another")).await, Opening::Refused);
    assert_eq!(open(login(2, &account.password_hash)).await, Opening::Opened);
    accounts.store.suspend(&current.sub, NOW);
    assert_eq!(open(login(3, &account.password_hash)).await, Opening::Refused);
    assert_eq!(list(&accounts, &current, NOW).await.len(), 2);
}
