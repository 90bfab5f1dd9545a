//! The document, frame by frame.

use protocol::event::RoomEvent;
use protocol::room::RoomFile;
use tests::{Stack, SyncSocket};
use yrs::sync::{Message, SyncMessage};
use yrs::updates::encoder::Encode as _;

fn file(path: &str, content: &str) -> RoomFile {
    RoomFile { path: path.to_owned(), content: content.to_owned() }
}

#[tokio::test]
async fn a_late_joiner_receives_the_full_document() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Late").await;
    let mut ada = room.owner.document().await;
    ada.write("main.py", "print('ä😀')\n").await;
    ada.write("lib/util.py", "x = 1\n").await;
    ada.insert("main.py", 0, "# first\n").await;
    // Beyond the astral character: positions count UTF-16 units, as every Yjs client counts them.
    ada.insert("main.py", 18, "!").await;
    ada.barrier().await;
    let late = room.watch_as("Late").await.document().await;
    assert_eq!(late.text("main.py").as_deref(), Some("# first\nprint('ä😀!')\n"));
    assert_eq!(late.text("lib/util.py").as_deref(), Some("x = 1\n"));
}

#[tokio::test]
async fn edits_reach_the_others_while_they_are_there() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Together").await;
    let (mut ada, mut grace) = (room.owner.document().await, room.join_as("Grace").await.document().await);
    ada.write("a.txt", "one").await;
    grace.until_text("a.txt", "one").await;
    grace.insert("a.txt", 3, " two").await;
    ada.until_text("a.txt", "one two").await;
}

#[tokio::test]
async fn what_came_before_a_barrier_is_there_from_outside_too() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Barrier").await;
    let mut ada = room.owner.document().await;
    let before = room.owner.files().await;
    assert_eq!((before.items.len(), before.position), (0, 0));
    ada.write("b.txt", "bee").await;
    ada.write("a.txt", "ay").await;
    ada.barrier().await;
    let after = room.owner.files().await;
    assert_eq!(after.items, [file("a.txt", "ay"), file("b.txt", "bee")]);
    assert!(after.position > before.position);
    assert_eq!(room.owner.events().await.welcome.position, after.position);
}

#[tokio::test]
async fn everybody_hears_how_far_the_log_is_saved_and_each_how_many_frames_of_its_own_are_in_it() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Saved").await;
    let grace = room.join_as("Grace").await;
    let (mut own, mut others) = (room.owner.events().await, grace.events().await);
    let mut ada = room.owner.document().await;
    let saved = |event: &RoomEvent| match event {
        RoomEvent::Saved { position, frames } => Some((*position, *frames)),
        _ => None,
    };
    ada.write("main.py", "1").await;
    for _ in 0..4 {
        ada.insert("main.py", 0, "x").await;
    }
    let sent = ada.frames;
    let position =
        own.until("all frames to be saved", |event| saved(event).filter(|(_, frames)| *frames == sent)).await.0;
    let theirs = others.until("the position", |event| saved(event).filter(|(at, _)| *at == position)).await;
    assert_eq!(theirs.1, 0, "Grace has sent nothing");
    assert_eq!(room.owner.files().await.position, position);
    let positions: Vec<_> = own.seen.iter().filter_map(saved).collect();
    assert!(positions.is_sorted(), "{positions:?}");
}

#[tokio::test]
async fn a_viewers_edit_is_answered_with_the_auth_message_and_seen_by_nobody() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Read only").await;
    let mut ada = room.owner.document().await;
    ada.write("main.py", "mine").await;
    ada.barrier().await;
    let mut vic = room.watch_as("Vic").await.document().await;
    vic.insert("main.py", 0, "not ").await;
    vic.until("the auth message", |message| matches!(message, Message::Auth(Some(_))).then_some(())).await;
    // Whatever the room made of it, it made before it answers these two.
    vic.barrier().await;
    ada.barrier().await;
    assert_eq!(ada.text("main.py").as_deref(), Some("mine"));
    assert_eq!(room.owner.files().await.items, [file("main.py", "mine")]);
    assert_eq!(room.join_as("Late").await.document().await.text("main.py").as_deref(), Some("mine"));
    // Positive control: the same edit by somebody who may is seen.
    ada.insert("main.py", 0, "still ").await;
    ada.barrier().await;
    assert_eq!(room.owner.files().await.items, [file("main.py", "still mine")]);
}

#[tokio::test]
async fn hostile_bytes_end_their_own_socket_and_nothing_else() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Hostile").await;
    let mut ada = room.owner.document().await;
    ada.write("main.py", "safe").await;
    ada.barrier().await;
    let update = |bytes: &[u8]| Message::Sync(SyncMessage::Update(bytes.to_vec())).encode_v1();
    let frames: [(&str, Vec<u8>); 6] = [
        ("no message at all", vec![0xff; 16]),
        ("an empty frame", Vec::new()),
        ("half a message", vec![0, 2, 100, 1]),
        (
            "an update that poisons every encode",
            update(b"\x01\x01\xff\xff\xff\xff\x0f\x6d\x02\x6b\x30\x40\x80\x80\x00\x00\x01\x01\x01\x01\x01\x01"),
        ),
        ("an update that allocates", update(b"\xff\xff\x7f\xff\x0f")),
        ("an update that is cut off", update(b"\x01\x01\x01\x00\x01\x27\x01")),
    ];
    for (what, bytes) in frames {
        let mut mallory = room.join_as("Mallory").await.document().await;
        mallory.send_bytes(bytes).await;
        assert_eq!(mallory.close_code().await, 4422, "{what}");
        ada.barrier().await;
        assert_eq!(room.owner.files().await.items, [file("main.py", "safe")], "after {what}");
    }
    let mut talker = room.join_as("Talker").await.document().await;
    talker.send_text("hello").await;
    assert_eq!(talker.close_code().await, 4422, "text on the document's socket");
    still_works(&mut ada).await;
}

async fn still_works(document: &mut SyncSocket) {
    document.insert("main.py", 0, "un").await;
    document.barrier().await;
    assert_eq!(document.text("main.py").as_deref(), Some("unsafe"));
}

#[tokio::test]
async fn nobody_speaks_for_another_clients_awareness() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Awareness").await;
    let (mut ada, mut mallory) = (room.owner.document().await, room.join_as("Mallory").await.document().await);
    let mut vic = room.watch_as("Vic").await.document().await;
    // One entry: client 7, its clock, its state as JSON.
    let entry = |clock: u8, state: &str| {
        let state_length = u8::try_from(state.len()).expect("short");
        let body = [&[1, 7, clock, state_length], state.as_bytes()].concat();
        [&[1, u8::try_from(body.len()).expect("short")], body.as_slice()].concat()
    };
    let seen = |message: &Message| match message {
        Message::Awareness(update) => update.clients.iter().next().map(|(_, entry)| entry.json.to_string()),
        _ => None,
    };
    ada.send_bytes(entry(1, r#"{"name":"Ada"}"#)).await;
    assert_eq!(vic.until("Ada's entry", seen).await, r#"{"name":"Ada"}"#);
    mallory.send_bytes(entry(9, r#"{"name":"Fake"}"#)).await;
    mallory.barrier().await;
    ada.send_bytes(entry(2, r#"{"name":"Ada 2"}"#)).await;
    assert_eq!(vic.until("the next entry", seen).await, r#"{"name":"Ada 2"}"#, "the false one was dropped");
    ada.close().await;
    assert_eq!(vic.until("the entry to vanish", seen).await, "null");
}
