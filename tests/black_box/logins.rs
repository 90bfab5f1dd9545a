//! Where somebody is logged in.

use protocol::account::{EndedLogins, Login};
use protocol::envelope::{ErrorCode, Page};
use protocol::room::Visibility;
use tests::socket::REVOCATION_DEADLINE;
use tests::{Account, Stack};

use crate::auth::{ends_at_the_edge, refresh};

const LOGINS: &str = "/api/v1/auth/logins";

async fn list(account: &Account) -> Vec<Login> {
    account.get(LOGINS).send().await.data::<Page<Login>>().items
}

#[tokio::test]
async fn the_list_shows_every_open_login_and_which_one_asks() {
    let stack = Stack::from_env().await;
    let ada = stack.account().await;
    let begun = list(&ada).await.remove(0);
    assert_eq!((begun.current, begun.last_used_at, begun.ended_at), (true, begun.created_at, None));
    assert!(!begun.address.is_empty() && begun.expires_at > begun.created_at, "{begun:?}");
    refresh(&stack, ada.refresh_token()).await;
    let phone = ada.log_in_again().await;
    let logins = list(&phone).await;
    assert_eq!(logins.iter().map(|login| login.current).collect::<Vec<_>>(), [true, false], "the newest first");
    assert_eq!(logins[1].id, begun.id);
    assert!(logins[1].last_used_at > begun.last_used_at, "a refresh is a use");
    let first: Page<Login> = phone.get(&format!("{LOGINS}?limit=1")).send().await.data();
    let cursor = first.next_cursor.expect("there is another one");
    let second: Page<Login> = phone.get(&format!("{LOGINS}?limit=1&cursor={cursor}")).send().await.data();
    assert_eq!([first.items, second.items].concat(), logins);
    phone.log_out().await;
    assert_eq!(list(&ada).await.len(), 1);
}

#[tokio::test]
async fn an_ended_login_ends_everywhere_and_no_other_does() {
    let stack = Stack::from_env().await;
    let ada = stack.account().await;
    let phone = ada.log_in_again().await;
    let room = phone.room("Until it is ended", Visibility::Private).await;
    let (mut lost, mut kept) = (room.owner.events().await, ada.enter(&room.room.id).await.events().await);
    let id = list(&phone).await.into_iter().find(|login| login.current).expect("its own").id;

    let grace = stack.account().await;
    for foreign in [&format!("{LOGINS}/{id}"), &format!("{LOGINS}/0123456789abcdefghij"), &format!("{LOGINS}/x")] {
        grace.delete(foreign).send().await.refuses_with(ErrorCode::NotFound);
    }
    assert_eq!(phone.me().await.status, 200, "nobody else can end it");

    let ended: EndedLogins = ada.delete(&format!("{LOGINS}/{id}")).send().await.data();
    assert_eq!(ended.ended, 1);
    assert_eq!(lost.close_code_within(REVOCATION_DEADLINE).await, 4403);
    ends_at_the_edge(&stack, phone.token()).await;
    refresh(&stack, phone.refresh_token()).await.refuses_with(ErrorCode::Unauthorized);
    kept.settle().await;
    assert_eq!(list(&ada).await.len(), 1);
}

#[tokio::test]
async fn all_other_logins_end_at_once() {
    let stack = Stack::from_env().await;
    let ada = stack.account().await;
    let others = [ada.log_in_again().await, ada.log_in_again().await];
    let ended: EndedLogins = ada.delete(LOGINS).send().await.data();
    assert_eq!(ended.ended, 2);
    for other in &others {
        ends_at_the_edge(&stack, other.token()).await;
        refresh(&stack, other.refresh_token()).await.refuses_with(ErrorCode::Unauthorized);
    }
    let left = list(&ada).await;
    assert_eq!(left.iter().map(|login| login.current).collect::<Vec<_>>(), [true]);
    assert_eq!(ada.delete(LOGINS).send().await.data::<EndedLogins>().ended, 0);
}
