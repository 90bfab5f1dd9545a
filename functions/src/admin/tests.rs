//! Administrators over systems that break.

use std::sync::Arc;

use protocol::account::{RegisterRequest, UpdateUserRequest};
use protocol::tier::Tier;
use protocol::token::AccessClaims;

use super::{AdminError, Administrators, Search};
use crate::auth::accounts::{Accounts, AuthError, Grant, Place};
use crate::auth::seal::Sealer;
use crate::fakes::{Break, MemoryAccounts, MemoryEdge, signer};

const NOW: u64 = 1_800_000_000_000;
const PASSWORD: &str = "Correct7horse";

struct World {
    accounts: Accounts<MemoryAccounts, MemoryEdge>,
    emails: Vec<String>,
}

impl World {
    fn new() -> Self {
        let (store, edge, signer) = (MemoryAccounts::default(), MemoryEdge::default(), Arc::new(signer()));
        Self {
            accounts: Accounts { store, edge, signer, sealer: Sealer::new("a secret of tests") },
            emails: vec!["root@example.org".to_owned()],
        }
    }

    fn admin(&self) -> Administrators<'_, MemoryAccounts, MemoryEdge> {
        Administrators { accounts: &self.accounts, emails: &self.emails }
    }

    async fn register(&self, name: &str, now: u64) -> Grant {
        let (username, email) = (name.to_owned(), format!("{name}@example.org"));
        let request = RegisterRequest { username, email, password: PASSWORD.to_owned() };
        let place = Place { address: "192.0.2.1".to_owned(), user_agent: None };
        self.accounts.register(request, place, now).await.expect("registered")
    }

    fn claims(&self, grant: &Grant) -> AccessClaims {
        self.accounts.signer.key_set().verify(&grant.access_token, NOW).expect("an access token")
    }
}

fn suspended(suspended: bool) -> UpdateUserRequest {
    UpdateUserRequest { suspended: Some(suspended), ..UpdateUserRequest::default() }
}

fn admin(admin: bool) -> UpdateUserRequest {
    UpdateUserRequest { admin: Some(admin), ..UpdateUserRequest::default() }
}

#[tokio::test]
async fn only_administrators_pass_and_a_role_that_was_taken_away_is_gone_at_once() {
    let world = World::new();
    let (ada, bob) = (world.register("ada", NOW).await, world.register("bob", NOW).await);
    let claims = world.claims(&ada);
    assert!(matches!(world.admin().require(&claims).await, Err(AdminError::NotAdmin)));
    world.admin().update(&ada.user.id, admin(true), &bob.user.id, NOW).await.expect("changed");
    world.admin().require(&claims).await.expect("an administrator");
    let key = AccessClaims { scopes: Some(Vec::new()), ..claims.clone() };
    assert!(matches!(world.admin().require(&key).await, Err(AdminError::NotAdmin)), "an API key administers");
    world.admin().update(&ada.user.id, admin(false), &bob.user.id, NOW).await.expect("changed");
    assert!(matches!(world.admin().require(&claims).await, Err(AdminError::NotAdmin)));
}

#[tokio::test]
async fn a_named_address_administers_once_it_is_verified() {
    let world = World::new();
    let root = world.register("root", NOW).await;
    let claims = world.claims(&root);
    assert!(matches!(world.admin().require(&claims).await, Err(AdminError::NotAdmin)));
    world.accounts.store.verify(&root.user.id);
    world.admin().require(&claims).await.expect("an administrator");
}

#[tokio::test]
async fn a_suspended_account_is_out_until_it_is_restored() {
    for kind in [None, Some(Break::Before), Some(Break::After)] {
        let world = World::new();
        let (ada, root) = (world.register("ada", NOW).await, world.register("root", NOW).await);
        if let Some(kind) = kind {
            world.accounts.edge.breaks.next(kind);
            let broken = world.admin().update(&ada.user.id, suspended(true), &root.user.id, NOW).await;
            assert!(matches!(broken, Err(AdminError::Auth(_))), "{broken:?}");
        }
        let now = world.admin().update(&ada.user.id, suspended(true), &root.user.id, NOW + 1).await.expect("suspended");
        assert!(now.suspended_at.is_some());
        let login = world.claims(&ada).sid.to_string();
        assert!(world.accounts.edge.revoked.lock().expect("no panic").iter().any(|(_, id)| *id == login));
        let refused = world.accounts.refresh(&ada.refresh_token, NOW + 2).await;
        assert!(refused.is_err(), "a suspended account refreshes");
        world.admin().update(&ada.user.id, suspended(false), &root.user.id, NOW + 3).await.expect("restored");
        let refused = world.accounts.refresh(&ada.refresh_token, NOW + 4).await;
        assert!(matches!(refused, Err(AuthError::RefreshRefused)), "a login that ended came back");
    }
}

#[tokio::test]
async fn administrators_do_not_shut_themselves_out() {
    let world = World::new();
    let ada = world.register("ada", NOW).await;
    for request in [suspended(true), admin(false)] {
        let refused = world.admin().update(&ada.user.id, request, &ada.user.id, NOW).await;
        assert!(matches!(refused, Err(AdminError::Oneself)), "{refused:?}");
    }
}

#[tokio::test]
async fn accounts_are_listed_newest_first_and_found_by_name() {
    let world = World::new();
    for (place, name) in ["ada", "bob", "cyd"].into_iter().enumerate() {
        world.register(name, NOW + place as u64).await;
    }
    let names = |page: &protocol::envelope::Page<protocol::account::AdminUser>| {
        page.items.iter().map(|item| item.user.username.clone()).collect::<Vec<_>>()
    };
    let first = world.admin().list(Search::All(None), 2).await.expect("a page");
    assert_eq!(names(&first), ["cyd", "bob"]);
    assert!(first.next_cursor.is_some());
    let found = world.admin().list(Search::Username("ADA"), 2).await.expect("found");
    assert_eq!(names(&found), ["ada"]);
    assert_eq!(found.items[0].user.tier, Tier::Free);
    assert!(world.admin().list(Search::Email("nobody@example.org"), 2).await.expect("none").items.is_empty());
}
