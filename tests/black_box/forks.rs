//! Rooms that begin as a copy of another, and rooms that start over.

use protocol::envelope::ErrorCode;
use protocol::room::{ForkedFrom, RebuildAnswer, Room, RoomAnswer, RoomFiles, Visibility};
use serde_json::json;
use tests::room::token_of;
use tests::socket::refusal_of;
use tests::{Person, PollSocket, Stack};

async fn room_of(person: &Person) -> Room {
    person.get("").send().await.data::<RoomAnswer>().room
}

#[tokio::test]
async fn a_viewer_forks_the_present_into_a_room_of_their_own() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Source").await;
    let mut ada = room.owner.document().await;
    ada.write("main.py", "one\n").await;
    ada.barrier().await;
    let vic = room.watch_as("Vic").await;
    let position = vic.files().await.position;

    let answer = vic.post("/fork").send().await;
    assert_eq!(answer.status, 201, "{answer}");
    let fork: RoomAnswer = answer.data();

    let origin = ForkedFrom { room: room.id().clone(), position };
    assert_eq!((fork.room.name.as_str(), fork.room.forked_from, fork.room.forks), ("Source", Some(origin), 0));
    assert_eq!(room_of(&room.owner).await.forks, 1);
    let token = json!({ "ownerKey": fork.owner_key.expect("a guest's room comes with its key"), "name": "Vic" });
    let path = format!("/api/v1/rooms/{}", fork.room.id);
    let entered = stack.post(&format!("{path}/token")).json(&token).send().await;
    let bearer = entered.data::<protocol::room::RoomToken>().token;
    let files: RoomFiles = stack.get(&format!("{path}/files")).bearer(&bearer).send().await.data();
    assert_eq!(files.items, room.owner.files().await.items);
    // Each goes its own way.
    ada.insert("main.py", 0, "zero\n").await;
    ada.barrier().await;
    let later: RoomFiles = stack.get(&format!("{path}/files")).bearer(&bearer).send().await.data();
    assert_eq!(later, files);
}

#[tokio::test]
async fn an_accounts_fork_is_in_its_list() {
    let stack = Stack::from_env().await;
    let (ada, grace) = (stack.account().await, stack.account().await);
    let room = ada.room("Shared", Visibility::Private).await;
    let call = grace.post(&room.path("/fork")).json(&json!({ "name": "Mine" })).send();
    call.await.refuses_with(ErrorCode::Forbidden);
    let link = room.link(protocol::rights::Role::Viewer).await;
    grace.join(room.id(), token_of(&link)).await;
    let fork: RoomAnswer = grace.post(&room.path("/fork")).json(&json!({ "name": "Mine" })).send().await.data();
    assert_eq!((fork.owner_key, fork.room.visibility), (None, Visibility::Private));
    assert!(grace.enter(&fork.room.id).await.role().can_manage());
    assert_eq!(room_of(&room.owner).await.forks, 1);
}

#[tokio::test]
async fn a_fork_of_what_is_not_kept_is_refused_and_not_counted() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Refused").await;
    let fork = async |body: serde_json::Value| room.owner.post("/fork").json(&body).send().await;
    assert_eq!(fork(json!({ "position": 1_000_000 })).await.wrong_fields(), ["position"]);
    assert_eq!(fork(json!({ "name": "" })).await.wrong_fields(), ["name"]);
    assert_eq!(fork(json!({ "nome": "x" })).await.wrong_fields(), ["nome"]);
    stack.post(&room.path("/fork")).send().await.refuses_with(ErrorCode::Unauthorized);
    let other = stack.guest_room("Other").await;
    stack.post(&room.path("/fork")).bearer(other.owner.token()).send().await.refuses_with(ErrorCode::Forbidden);
    let nowhere = "/api/v1/rooms/00000000000000000000/fork";
    stack.post(nowhere).send().await.refuses_with(ErrorCode::NotFound);
    assert_eq!(room_of(&room.owner).await.forks, 0);
}

#[tokio::test]
async fn a_rebuilt_room_keeps_its_files_and_turns_old_replicas_away() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Rebuilt").await;
    let mut ada = room.owner.document().await;
    let mut by_http = room.owner.document_over_http().await;
    ada.write("main.py", "kept\n").await;
    ada.barrier().await;
    by_http.until_text("main.py", "kept\n").await;
    let files = room.owner.files().await.items;
    let editor = room.join_as("Eve").await;
    editor.post("/rebuild").send().await.refuses_with(ErrorCode::Forbidden);

    let raised: RebuildAnswer = room.owner.post("/rebuild").send().await.data();

    assert_eq!(raised.generation, 1);
    assert_eq!(ada.close_code().await, 4409);
    assert_eq!(by_http.close_code().await, 4409);
    let [old, _] = room.owner.socket_urls();
    assert_eq!(refusal_of(&old).await, 4409);
    assert_eq!(PollSocket::open(&old).await.err(), Some(4409));
    let mut grace = room.join_as("Grace").await.document().await;
    assert_eq!(grace.text("main.py").as_deref(), Some("kept\n"));
    assert_eq!(room.owner.files().await.items, files);
    grace.insert("main.py", 0, "still ").await;
    grace.barrier().await;
    assert_eq!(room.owner.files().await.items[0].content, "still kept\n");
}
