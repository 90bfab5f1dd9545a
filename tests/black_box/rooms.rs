//! Rooms: making, finding and entering them.

use protocol::envelope::{ErrorCode, Page};
use protocol::rights::Role;
use protocol::room::{Room, RoomAnswer, RoomToken, Visibility};
use protocol::run::Run;
use reqwest::Method;
use serde_json::json;
use tests::Stack;
use tests::room::token_of;
use tests::socket::{REVOCATION_DEADLINE, refusal_of};
use tests::wait::eventually;

const WEEK_MS: u64 = 7 * 24 * 3_600_000;

#[tokio::test]
async fn a_guests_room_has_an_owner_key_and_lives_a_week() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("  Pairing ✨ ").await;
    let (made, expires) = (room.room.created_at, room.room.expires_at.expect("a guest's room expires"));
    assert_eq!(expires - made, WEEK_MS);
    assert_eq!((room.room.role, room.room.visibility), (Role::Owner, Visibility::Link));
    assert!(room.owner_key.as_ref().is_some_and(|key| key.len() == 43));
    let found: RoomAnswer = room.owner.get("").send().await.data();
    assert_eq!((&found.room.name, found.owner_key), (&room.room.name, None));
}

#[tokio::test]
async fn two_rooms_of_one_name_have_slugs_of_their_own() {
    let stack = Stack::from_env().await;
    let (one, other) = (stack.guest_room("Twin room").await, stack.guest_room("Twin room").await);
    assert_ne!(one.room.slug, other.room.slug);
    assert!(one.room.slug.starts_with("twin-room"), "{}", one.room.slug);
}

#[tokio::test]
async fn every_wrong_field_of_a_room_is_named() {
    let stack = Stack::from_env().await;
    let check = async |body: serde_json::Value, expect: &[&str]| {
        let answer = stack.post("/api/v1/rooms").json(&body).send().await;
        assert_eq!(answer.wrong_fields(), expect, "{body}");
    };
    check(json!({"name": " "}), &["name"]).await;
    check(json!({"name": "x".repeat(101)}), &["name"]).await;
    check(json!({"name": "x", "language": "klingon"}), &["language"]).await;
    check(json!({}), &["name"]).await;
    check(json!({"name": "x", "colour": 1}), &["colour"]).await;
}

#[tokio::test]
async fn an_account_finds_its_rooms_page_by_page() {
    let stack = Stack::from_env().await;
    let ada = stack.account().await;
    let mut made = Vec::new();
    for name in ["One", "Two", "Three"] {
        made.push(ada.room(name, Visibility::Private).await.room.id);
    }
    let first: Page<Room> = ada.get("/api/v1/rooms?limit=2").send().await.data();
    assert_eq!(first.items.len(), 2);
    let cursor = first.next_cursor.expect("there is a third");
    let second: Page<Room> = ada.get(&format!("/api/v1/rooms?limit=2&cursor={cursor}")).send().await.data();
    assert_eq!(second.next_cursor, None);
    let mut found: Vec<_> = first.items.iter().chain(&second.items).map(|room| room.id.clone()).collect();
    found.sort();
    made.sort();
    assert_eq!(found, made);
    stack.get("/api/v1/rooms").send().await.refuses_with(ErrorCode::Unauthorized);
    assert_eq!(ada.get("/api/v1/rooms?limit=0").send().await.wrong_fields(), ["limit"]);
}

#[tokio::test]
async fn an_account_joins_by_link_and_stays_a_member() {
    let stack = Stack::from_env().await;
    let (ada, grace) = (stack.account().await, stack.account().await);
    let room = ada.room("By link", Visibility::Private).await;
    grace.get(&room.path("")).send().await.refuses_with(ErrorCode::Forbidden);
    grace.post(&room.path("/token")).send().await.refuses_with(ErrorCode::Forbidden);
    let link = room.link(Role::Editor).await;
    assert_eq!(grace.join(room.id(), token_of(&link)).await.role, Role::Editor);
    let listed: Page<Room> = grace.get("/api/v1/rooms").send().await.data();
    assert_eq!(listed.items.iter().map(|room| (&room.id, room.role)).collect::<Vec<_>>(), [(room.id(), Role::Editor)]);
    let inside = grace.enter(room.id()).await;
    let events = inside.events().await;
    assert_eq!((events.welcome.you.name.as_str(), events.welcome.you.guest), (grace.username.as_str(), false));
}

#[tokio::test]
async fn a_token_takes_a_bearer_a_link_or_the_owner_key() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Three doors").await;
    let ask = async |body: serde_json::Value| stack.post(&room.path("/token")).json(&body).send().await;
    let link = room.link(Role::Viewer).await;
    let entered: RoomToken = ask(json!({"link": token_of(&link), "name": "Vic"})).await.data();
    assert_eq!((entered.role, entered.rights.edit, entered.rights.run), (Role::Viewer, false, false));
    assert!(entered.sync_url.starts_with("ws") && entered.sync_url.ends_with(&format!("/sync/{}", room.id())));
    assert!(entered.events_url.ends_with(&format!("/events/{}", room.id())));
    let owner: RoomToken = ask(json!({"ownerKey": room.owner_key, "name": "Me"})).await.data();
    assert_eq!((owner.role, &owner.participant_id), (Role::Owner, room.owner.id()));

    ask(json!({"name": "Nobody"})).await.refuses_with(ErrorCode::Unauthorized);
    ask(json!({"ownerKey": "x".repeat(43), "name": "Thief"})).await.refuses_with(ErrorCode::Forbidden);
    ask(json!({"link": "x".repeat(43), "name": "Thief"})).await.refuses_with(ErrorCode::Forbidden);
    assert_eq!(ask(json!({"link": token_of(&link)})).await.wrong_fields(), ["name"]);
    assert_eq!(ask(json!({"link": token_of(&link), "name": "x".repeat(41)})).await.wrong_fields(), ["name"]);
    let nowhere = stack.post(&format!("/api/v1/rooms/{}/token", "0".repeat(20))).json(&json!({"name": "x"}));
    nowhere.send().await.refuses_with(ErrorCode::NotFound);
}

#[tokio::test]
async fn a_room_token_is_a_bearer_under_its_own_room_only() {
    let stack = Stack::from_env().await;
    let (home, abroad) = (stack.guest_room("Home").await, stack.guest_room("Abroad").await);
    let stranger = home.join_as("Stranger").await;
    for rest in ["", "/files", "/runs", "/links"] {
        let answer = stack.get(&abroad.path(rest)).bearer(stranger.token()).send().await;
        assert!(matches!(answer.error().code, ErrorCode::Unauthorized | ErrorCode::Forbidden), "{rest}: {answer}");
    }
    let run = stack.post(&abroad.path("/runs")).bearer(stranger.token()).json(&json!({"language": "python"}));
    assert!(matches!(run.send().await.error().code, ErrorCode::Unauthorized | ErrorCode::Forbidden));
    for url in stranger.socket_urls() {
        let elsewhere = url.replace(home.id().as_str(), abroad.id().as_str());
        assert_eq!(refusal_of(&elsewhere).await, 4401, "{elsewhere}");
    }
    assert_eq!(stranger.get("/runs").send().await.data::<Page<Run>>().items, [], "at home it works");
}

#[tokio::test]
async fn a_deleted_room_closes_its_sockets_and_stays_closed() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Short-lived").await;
    let ada = room.join_as("Ada").await;
    let (mut events, mut document) = (ada.events().await, ada.document().await);
    ada.call(Method::DELETE, "").send().await.refuses_with(ErrorCode::Forbidden);

    assert_eq!(room.owner.call(Method::DELETE, "").send().await.status, 200);

    assert_eq!(events.close_code_within(REVOCATION_DEADLINE).await, 4404);
    assert_eq!(document.close_code_within(REVOCATION_DEADLINE).await, 4404);
    for person in [&ada, &room.owner] {
        for url in person.socket_urls() {
            assert_eq!(refusal_of(&url).await, 4404);
        }
        person.get("").send().await.refuses_with(ErrorCode::NotFound);
        eventually(REVOCATION_DEADLINE, "its files to be gone", async || {
            let files = person.get("/files").send().await;
            if files.status == 404 { Ok(()) } else { Err(files) }
        })
        .await;
    }
}

#[tokio::test]
async fn a_refused_socket_is_accepted_and_closed_with_its_code() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Doors").await;
    let base = stack.edge_url().replacen("http", "ws", 1);
    let good = room.owner.token();
    for channel in ["sync", "events"] {
        let check = async |path: String, expect: u16| {
            let url = format!("{base}/{channel}/{path}");
            assert_eq!(refusal_of(&url).await, expect, "{url}");
        };
        check(room.id().to_string(), 4401).await;
        check(format!("{}?token=", room.id()), 4401).await;
        check(format!("{}?token=a.b.c", room.id()), 4401).await;
        check(format!("{}?token={}x", room.id(), good), 4401).await;
        check(format!("no-room?token={good}"), 4404).await;
    }
}
