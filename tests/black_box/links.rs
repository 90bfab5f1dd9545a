//! Share links: what they give, how often, and how long.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use protocol::envelope::{ErrorCode, Page};
use protocol::rights::{Rights, Role};
use protocol::room::{CreateLinkRequest, Link, RoomToken, Visibility};
use serde_json::json;
use tests::Stack;
use tests::room::token_of;
use tests::socket::{REVOCATION_DEADLINE, refusal_of};
use tests::wait::eventually;

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970");
    u64::try_from(since.as_millis()).expect("a time before the year 584 million")
}

fn plain(role: Role) -> CreateLinkRequest {
    CreateLinkRequest { role, run: None, terminal: None, expires_at: None, max_uses: None }
}

#[tokio::test]
async fn a_link_gives_its_role_narrowed_by_its_rights() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Rights").await;
    let check = async |request: CreateLinkRequest, expect: Rights| {
        let link = room.link_with(request).await;
        assert_eq!(link.rights, expect);
        assert_eq!(room.enter_by(&link, "Ada").await.rights(), expect);
    };
    check(plain(Role::Viewer), Rights { view: true, edit: false, run: false, terminal: false }).await;
    check(plain(Role::Editor), Rights { view: true, edit: true, run: true, terminal: false }).await;
    let silent = CreateLinkRequest { run: Some(false), ..plain(Role::Editor) };
    check(silent, Rights { view: true, edit: true, run: false, terminal: false }).await;
}

#[tokio::test]
async fn a_link_opens_the_page_and_hides_its_secret_from_servers() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Address").await;
    let link = room.link(Role::Editor).await;
    let (url, secret) = (link.url.clone().expect("a new link has its url"), token_of(&link).to_owned());
    let (address, fragment) = url.split_once('#').expect("the secret is in the fragment");
    assert_eq!(address, format!("{}/r/{}", stack.edge_url(), room.id()));
    assert!(fragment.contains(&secret) && !address.contains(&secret));
    let listed: Page<Link> = room.owner.get("/links").send().await.data();
    assert!(listed.items.iter().any(|one| one.id == link.id));
    assert!(listed.items.iter().all(|one| one.token.is_none() && one.url.is_none()), "stored hashed: {listed:?}");
}

#[tokio::test]
async fn only_those_who_manage_a_room_make_and_withdraw_links() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Managers").await;
    let link = room.link(Role::Editor).await;
    let editor = room.join_as("Eve").await;
    editor.post("/links").json(&plain(Role::Viewer)).send().await.refuses_with(ErrorCode::Forbidden);
    let withdrawal = editor.call(reqwest::Method::DELETE, &format!("/links/{}", link.id)).send().await;
    withdrawal.refuses_with(ErrorCode::Forbidden);
    let owner_by_link = room.owner.post("/links").json(&json!({"role": "owner"})).send().await;
    assert_eq!(owner_by_link.wrong_fields(), ["role"]);
}

#[tokio::test]
async fn a_link_for_two_lets_two_people_in_and_counts_no_renewal() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Two seats").await;
    let link = room.link_with(CreateLinkRequest { max_uses: Some(2), ..plain(Role::Editor) }).await;
    let ada = room.enter_by(&link, "Ada").await;
    room.enter_by(&link, "Grace").await;
    room.ask_to_enter(&link, "Eve", None).await.refuses_with(ErrorCode::Forbidden);
    let renewed: RoomToken = room.ask_to_enter(&link, "Ada", Some(&ada)).await.data();
    assert_eq!(renewed.participant_id, *ada.id(), "Ada stays who she was");
    assert_ne!(renewed.token, ada.token());
    room.ask_to_enter(&link, "Eve", None).await.refuses_with(ErrorCode::Forbidden);
}

#[tokio::test]
async fn a_link_stops_working_at_its_time() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Short").await;
    let past = CreateLinkRequest { expires_at: Some(now_ms() - 1000), ..plain(Role::Editor) };
    assert_eq!(room.owner.post("/links").json(&past).send().await.wrong_fields(), ["expiresAt"]);
    let soon = CreateLinkRequest { expires_at: Some(now_ms() + 5000), ..plain(Role::Editor) };
    let link = room.link_with(soon).await;
    room.enter_by(&link, "Early").await;
    eventually(Duration::from_secs(15), "the link to expire", async || {
        let answer = room.ask_to_enter(&link, "Late", None).await;
        if answer.status == 403 { Ok(()) } else { Err(answer) }
    })
    .await;
}

#[tokio::test]
async fn a_withdrawn_link_closes_the_sockets_behind_it_and_no_others() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Withdrawn").await;
    let (kept, withdrawn) = (room.link(Role::Editor).await, room.link(Role::Editor).await);
    let (stays, leaves) = (room.enter_by(&kept, "Stays").await, room.enter_by(&withdrawn, "Leaves").await);
    let (mut events, mut document) = (leaves.events().await, leaves.document().await);
    let (mut others_events, mut others_document) = (stays.events().await, stays.document().await);

    assert_eq!(room.revoke(&withdrawn).await.status, 200);

    assert_eq!(document.close_code_within(REVOCATION_DEADLINE).await, 4403);
    assert_eq!(events.close_code_within(REVOCATION_DEADLINE).await, 4403);
    for url in leaves.socket_urls() {
        assert_eq!(refusal_of(&url).await, 4403, "the token that was given hangs on the link");
    }
    eventually(REVOCATION_DEADLINE, "the calls of the token to end", async || {
        let answer = leaves.get("/files").send().await;
        if answer.status == 401 { Ok(()) } else { Err(answer) }
    })
    .await;
    room.ask_to_enter(&withdrawn, "Late", None).await.refuses_with(ErrorCode::Forbidden);
    others_events.settle().await;
    others_document.barrier().await;
}

#[tokio::test]
async fn a_member_who_came_by_a_withdrawn_link_is_out() {
    let stack = Stack::from_env().await;
    let (ada, grace) = (stack.account().await, stack.account().await);
    let room = ada.room("Members too", Visibility::Private).await;
    let link = room.link(Role::Editor).await;
    grace.join(room.id(), token_of(&link)).await;
    let mut events = grace.enter(room.id()).await.events().await;
    assert_eq!(room.revoke(&link).await.status, 200);
    assert_eq!(events.close_code_within(REVOCATION_DEADLINE).await, 4403);
    grace.post(&room.path("/token")).send().await.refuses_with(ErrorCode::Forbidden);
}
