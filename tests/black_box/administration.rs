//! Administrators, and the trail of what was done to whom.

use std::time::Duration;

use protocol::account::{AdminUser, AuditRecord};
use protocol::envelope::{ErrorCode, Page};
use protocol::rights::Role;
use protocol::room::Visibility;
use protocol::tier::Tier;
use reqwest::Method;
use serde_json::{Value, json};
use tests::wait::eventually;
use tests::{Account, Answer, Stack};

use crate::auth::{ends_at_the_edge, log_in, refresh};

/// A stream comes to its function within a second; machines may be busy.
const TRAIL_DEADLINE: Duration = Duration::from_secs(20);

async fn change(admin: &Account, stack: &Stack, user: &Account, what: Value) -> Answer {
    let path = format!("/api/v1/admin/users/{}", user.user().id);
    stack.call(Method::PUT, &path).bearer(admin.token()).json(&what).send().await
}

/// The acts of the trail, oldest first, once it has all of them.
async fn trail(admin: &Account, query: &str, expect: &[&str]) -> Vec<AuditRecord> {
    eventually(TRAIL_DEADLINE, "the trail", async || {
        let answer = admin.get(&format!("/api/v1/admin/audit?{query}&limit=100")).send().await;
        let mut records = answer.data::<Page<AuditRecord>>().items;
        records.reverse();
        let has = |action: &&str| records.iter().any(|record| record.action == **action);
        if expect.iter().all(|action| has(action)) { Ok(records) } else { Err(records) }
    })
    .await
}

#[tokio::test]
async fn a_suspended_account_is_out_at_once_and_comes_back_when_it_is_restored() {
    let stack = Stack::from_env().await;
    let (admin, ada) = (stack.admin().await, stack.account().await);
    assert_eq!(ada.me().await.status, 200, "the control");
    let suspended: AdminUser = change(&admin, &stack, &ada, json!({"suspended": true})).await.data();
    assert!(suspended.suspended_at.is_some());
    ends_at_the_edge(&stack, ada.token()).await;
    refresh(&stack, ada.refresh_token()).await.refuses_with(ErrorCode::Unauthorized);
    log_in(&stack, &ada.email, &ada.password).await.refuses_with(ErrorCode::Forbidden);
    let restored: AdminUser = change(&admin, &stack, &ada, json!({"suspended": false})).await.data();
    assert_eq!(restored.suspended_at, None);
    assert_eq!(log_in(&stack, &ada.email, &ada.password).await.status, 200);
}

#[tokio::test]
async fn a_tier_shows_in_the_next_token_and_accounts_are_found() {
    let stack = Stack::from_env().await;
    let (admin, ada) = (stack.admin().await, stack.account().await);
    change(&admin, &stack, &ada, json!({"tier": "gold"})).await.refuses_with(ErrorCode::ValidationFailed);
    let changed: AdminUser = change(&admin, &stack, &ada, json!({"tier": "pro"})).await.data();
    assert_eq!(changed.user.tier, Tier::Pro);
    assert_eq!(ada.log_in_again().await.user().tier, Tier::Pro);
    for query in [format!("email={}", ada.email.to_uppercase()), format!("username={}", ada.username)] {
        let found: Page<AdminUser> = admin.get(&format!("/api/v1/admin/users?{query}")).send().await.data();
        assert_eq!(found.items.iter().map(|item| &item.user.id).collect::<Vec<_>>(), [&ada.user().id], "{query}");
    }
    let first: Page<AdminUser> = admin.get("/api/v1/admin/users?limit=1").send().await.data();
    let cursor = first.next_cursor.expect("there are more accounts than one");
    let path = format!("/api/v1/admin/users?limit=1&cursor={cursor}");
    let second: Page<AdminUser> = admin.get(&path).send().await.data();
    assert!(second.items[0].user.created_at <= first.items[0].user.created_at);
    assert_ne!(second.items[0].user.id, first.items[0].user.id);
    let nobody = format!("/api/v1/admin/users/{}", "0".repeat(20));
    admin.get(&nobody).send().await.refuses_with(ErrorCode::NotFound);
    change(&admin, &stack, &admin, json!({"suspended": true})).await.refuses_with(ErrorCode::Conflict);
}

#[tokio::test]
async fn the_trail_has_what_was_done_to_an_account_and_in_its_rooms_and_no_secret() {
    let stack = Stack::from_env().await;
    let (admin, ada) = (stack.admin().await, stack.account().await);
    let changed: AdminUser = change(&admin, &stack, &ada, json!({"tier": "pro"})).await.data();
    assert_eq!(changed.user.tier, Tier::Pro);
    let room = ada.room("Audited", Visibility::Private).await;
    let link = room.link(Role::Viewer).await;
    assert_eq!(room.revoke(&link).await.status, 200);
    ada.log_in_again().await.log_out().await;
    let own = ["account.registered", "login.opened", "account.tier-changed", "room.created", "login.ended"];
    let records = trail(&admin, &format!("user={}", ada.user().id), &own).await;
    assert!(records.is_sorted_by_key(|record| record.at), "{records:?}");
    let tier = records.iter().find(|record| record.action == "account.tier-changed").expect("the tier");
    assert_eq!(tier.details, json!({"from": "free", "to": "pro", "changedBy": admin.user().id}));
    let today = trail(&admin, "", &["link.created", "link.revoked"]).await;
    let of_link = today.iter().filter(|record| record.subject.ends_with(&format!("link:{}", link.id)));
    assert_eq!(of_link.map(|record| record.action.as_str()).collect::<Vec<_>>(), ["link.created", "link.revoked"]);
    let text = serde_json::to_string(&(records, today)).expect("JSON");
    for secret in [ada.refresh_token(), link.token.as_deref().expect("just made"), ada.token(), "argon2"] {
        assert!(!text.contains(secret), "{secret} is in the trail");
    }
    admin.get("/api/v1/admin/audit?day=yesterday").send().await.refuses_with(ErrorCode::ValidationFailed);
}
