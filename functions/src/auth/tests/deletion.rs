//! An account's end.

use protocol::account::DeleteAccountRequest;

use super::{NOW, PASSWORD, accounts, claims};
use crate::auth::accounts::AuthError;
use crate::fakes::Break;

fn with(password: &str) -> DeleteAccountRequest {
    DeleteAccountRequest { password: password.to_owned() }
}

#[tokio::test]
async fn a_deleted_account_leaves_its_names_free_and_no_login() {
    let accounts = accounts();
    let other = accounts.with("Ada", "ada@example.org").await.expect("registered");
    let current = accounts.log_in("ada@example.org", PASSWORD).await.expect("logged in");
    let claims_of = |grant| claims(&accounts, grant);
    accounts.delete(&claims_of(&current), with(PASSWORD), NOW).await.expect("deleted");
    for grant in [&other, &current] {
        let refused = accounts.refresh(&grant.refresh_token, NOW).await;
        assert!(matches!(refused, Err(AuthError::RefreshRefused)), "{refused:?}");
        assert!(accounts.revoked().contains(&claims_of(grant).sid.to_string()));
    }
    let refused = accounts.log_in("ada@example.org", PASSWORD).await;
    assert!(matches!(refused, Err(AuthError::WrongCredentials)), "{refused:?}");
    let stored = accounts.store.dump();
    assert!(!stored.contains("ada@example.org") && !stored.contains("192.0.2.1"), "{stored}");
    accounts.with("ada", "ADA@example.org").await.expect("both names are free");
}

#[tokio::test]
async fn a_stolen_token_alone_deletes_nothing() {
    let accounts = accounts();
    let ada = accounts.with("Ada", "ada@example.org").await.expect("registered");
    let refused = accounts.delete(&claims(&accounts, &ada), with("wrong"), NOW).await;
    assert!(matches!(refused, Err(AuthError::WrongPassword)), "{refused:?}");
    assert!(accounts.revoked().is_empty());
    accounts.log_in("ada@example.org", PASSWORD).await.expect("nothing has changed");
}

#[tokio::test]
async fn a_deletion_that_broke_may_be_repeated() {
    // The account is read and deleted, the list of logins read, the other and the own one forgotten.
    for good in 0..5 {
        for kind in [Break::Before, Break::After] {
            let accounts = accounts();
            let other = accounts.with("Ada", "ada@example.org").await.expect("registered");
            let current = accounts.log_in("ada@example.org", PASSWORD).await.expect("logged in");
            let current_claims = claims(&accounts, &current);
            accounts.store.breaks.later(good, kind);
            accounts.delete(&current_claims, with(PASSWORD), NOW).await.expect_err("broken");
            assert!(!accounts.revoked().contains(&current_claims.sid.to_string()), "one can still ask for it");
            accounts.delete(&current_claims, with(PASSWORD), NOW).await.expect("repeated");
            for sid in [current_claims.sid, claims(&accounts, &other).sid] {
                assert!(accounts.revoked().contains(&sid.to_string()), "{good} {kind:?}");
            }
            assert!(!accounts.store.dump().contains("ada@example.org"), "{good} {kind:?}");
        }
    }
}

#[tokio::test]
async fn the_export_has_everything_but_secrets() {
    let accounts = accounts();
    let ada = accounts.with("Ada", "ada@example.org").await.expect("registered");
    let current = claims(&accounts, &ada);
    let ended = accounts.log_in_at("ada@example.org", PASSWORD, None, NOW + 1).await.expect("logged in");
    accounts.end(&claims(&accounts, &ended).sid, NOW + 2).await.expect("ended");
    let export = accounts.export(&current, NOW + 3).await.expect("exported");
    assert_eq!(export.user.email, "ada@example.org");
    let logins: Vec<_> = export.logins.iter().map(|login| (login.current, login.ended_at)).collect();
    assert_eq!(logins, [(false, Some(NOW + 2)), (true, None)]);
    let text = serde_json::to_string(&export).expect("serialises");
    let hash = accounts.store.dump().split("$argon2id$").nth(1).expect("a hash is stored").to_owned();
    assert!(!text.contains("argon2") && !text.contains(&hash[..40]) && !text.contains(&ada.refresh_token), "{text}");
}
