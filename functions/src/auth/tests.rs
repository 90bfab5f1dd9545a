//! Accounts over systems that break.

mod credentials;
mod deletion;
mod logins;
mod recovery;
mod refresh;
mod second_factor;

use std::sync::Arc;

use protocol::account::{ChangePasswordRequest, LoginRequest, RegisterRequest};
use protocol::ids::UserId;
use protocol::internal::PrincipalKind;
use protocol::token::AccessClaims;

use super::accounts::{Accounts, AuthError, Grant, Place};
use super::seal::Sealer;
use crate::fakes::{Break, MemoryAccounts, MemoryEdge, signer};

const NOW: u64 = 1_800_000_000_000;
const PASSWORD: &str = "Correct7horse";

type TestAccounts = Accounts<MemoryAccounts, MemoryEdge>;

fn accounts() -> TestAccounts {
    Accounts {
        store: MemoryAccounts::default(),
        edge: MemoryEdge::default(),
        signer: Arc::new(signer()),
        sealer: Sealer::new("a secret of tests"),
    }
}

fn place() -> Place {
    Place { address: "192.0.2.1".to_owned(), user_agent: None }
}

fn claims(accounts: &TestAccounts, grant: &Grant) -> AccessClaims {
    accounts.signer.key_set().verify(&grant.access_token, NOW).expect("an access token")
}

impl TestAccounts {
    async fn with(&self, username: &str, email: &str) -> Result<Grant, AuthError> {
        let (username, email, password) = (username.to_owned(), email.to_owned(), PASSWORD.to_owned());
        self.register(RegisterRequest { username, email, password }, place(), NOW).await
    }

    async fn log_in(&self, email: &str, password: &str) -> Result<Grant, AuthError> {
        self.log_in_at(email, password, None, NOW).await
    }

    async fn log_in_at(
        &self,
        email: &str,
        password: &str,
        remember: Option<bool>,
        now: u64,
    ) -> Result<Grant, AuthError> {
        let (email, password) = (email.to_owned(), password.to_owned());
        self.login(LoginRequest { email, password, totp: None, remember }, place(), now).await
    }

    /// The logins that the edge was told of.
    fn revoked(&self) -> Vec<String> {
        self.edge.revoked.lock().expect("no panic").iter().map(|(_, id)| id.clone()).collect()
    }
}

#[tokio::test]
async fn whoever_registers_is_logged_in_and_may_log_in_again() {
    let accounts = accounts();
    let grant = accounts.with("Ada", "Ada@Example.org").await.expect("registered");
    let token = claims(&accounts, &grant);
    assert_eq!((token.sub, token.name.as_str(), token.exp), (grant.user.id.clone(), "Ada", NOW / 1000 + 900));
    let again = accounts.log_in(" ada@example.ORG ", PASSWORD).await.expect("logged in");
    assert_eq!(again.user, grant.user);
    for (email, password) in [("ada@example.org", "wrong"), ("bob@example.org", PASSWORD)] {
        let refused = accounts.log_in(email, password).await;
        assert!(matches!(refused, Err(AuthError::WrongCredentials)), "{refused:?}");
    }
}

#[tokio::test]
async fn addresses_and_usernames_are_unique_in_their_normal_form() {
    let accounts = accounts();
    accounts.with("Ada", "ada@example.org").await.expect("registered");
    assert!(matches!(accounts.with("Bob", "ADA@example.org").await, Err(AuthError::EmailTaken)));
    assert!(matches!(accounts.with("ADA", "bob@example.org").await, Err(AuthError::UsernameTaken)));
}

#[tokio::test]
async fn every_wrong_field_is_named() {
    let request = RegisterRequest { username: "a b".into(), email: "x".into(), password: "short".into() };
    match accounts().register(request, place(), NOW).await {
        Err(AuthError::Invalid(fields)) => {
            let names: Vec<_> = fields.iter().map(|field| field.field.as_str()).collect();
            assert_eq!(names, ["username", "email", "password"]);
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_logout_that_did_not_reach_the_edge_may_be_repeated() {
    let accounts = accounts();
    let grant = accounts.with("Ada", "ada@example.org").await.expect("registered");
    accounts.edge.breaks.next(Break::Before);
    accounts.logout(&grant.refresh_token, NOW).await.expect_err("the edge is away");
    assert!(matches!(accounts.refresh(&grant.refresh_token, NOW).await, Err(AuthError::RefreshRefused)));
    accounts.logout(&grant.refresh_token, NOW).await.expect("logged out");
    assert_eq!(accounts.edge.revoked.lock().expect("no panic").len(), 1);
    assert!(matches!(accounts.logout("another", NOW).await, Err(AuthError::RefreshRefused)));
}

#[tokio::test]
async fn a_new_password_ends_the_other_logins() {
    let accounts = accounts();
    let other = accounts.with("Ada", "ada@example.org").await.expect("registered");
    let current = accounts.log_in("ada@example.org", PASSWORD).await.expect("logged in");
    let current_claims = claims(&accounts, &current);
    let change = |current: &str, new: &str| ChangePasswordRequest {
        current_password: current.to_owned(),
        new_password: new.to_owned(),
    };
    let wrong = accounts.change_password(&current_claims, change("wrong", "Better8horse"), NOW).await;
    assert!(matches!(wrong, Err(AuthError::WrongPassword)), "{wrong:?}");
    accounts.change_password(&current_claims, change(PASSWORD, "Better8horse"), NOW).await.expect("changed");
    assert!(accounts.refresh(&other.refresh_token, NOW).await.is_err());
    accounts.refresh(&current.refresh_token, NOW).await.expect("the own login stays");
    accounts.log_in("ada@example.org", "Better8horse").await.expect("logged in");
    assert!(accounts.log_in("ada@example.org", PASSWORD).await.is_err());
}

#[tokio::test]
async fn a_username_is_changed_unless_it_is_taken() {
    let accounts = accounts();
    let ada = accounts.with("ada", "ada@example.org").await.expect("registered").user;
    accounts.with("bob", "bob@example.org").await.expect("registered");
    assert!(matches!(accounts.rename(&ada.id, "BOB".to_owned()).await, Err(AuthError::UsernameTaken)));
    assert_eq!(accounts.rename(&ada.id, "Ada".to_owned()).await.expect("renamed").username, "Ada");
    assert_eq!(accounts.rename(&ada.id, "lovelace".to_owned()).await.expect("renamed").username, "lovelace");
    accounts.with("ada", "ada2@example.org").await.expect("the old name is free");
}
