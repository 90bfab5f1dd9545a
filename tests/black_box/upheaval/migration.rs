//! Rooms whose storage was written by an earlier version of the schema.
//!
//! A fixture `tests/fixtures/room_v{N}.sql` holds the tables of a room as the last code of schema N left them: what
//! [`live_in`] does, dumped. The test of today's schema leaves such a dump in cargo's folder for tests, so that the
//! fixture of a schema is at hand before the next one replaces it.

use std::path::{Path, PathBuf};

use protocol::event::{ClientEvent, RoomEvent};
use protocol::language::Language;
use protocol::room::RoomFile;
use protocol::run::RunState;
use tests::{EventsSocket, RoomDatabase, Stack, TestRoom};

/// What the document holds after [`live_in`].
const FILES: [(&str, &str); 3] = [
    ("lib/notes.md", "# Notes ✨\n- Grace was here\n"),
    ("main.py", "name = 'Ada'\nprint('hello', name)\n"),
    ("x.txt", ""),
];

/// What was said in it.
const CHAT: [(&str, &str); 3] = [("Ada", "hello ✨"), ("Grace", "hi, I'll add notes"), ("Ada", "it runs")];

/// What the run wrote.
const OUTPUT: &str = "hello Ada\n";

fn fixture(version: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/room_v{version}.sql"))
}

async fn say(events: &mut EventsSocket, text: &str) {
    events.send(&ClientEvent::ChatSend { text: text.to_owned() }).await;
    events.until("the message", |event| matches!(event, RoomEvent::Chat { .. }).then_some(())).await;
}

/// Two people edit, delete, talk and run a program.
async fn live_in(room: &TestRoom) {
    let (ada, grace) = (room.join_as("Ada").await, room.join_as("Grace").await);
    let (mut ones, mut others) = (ada.document().await, grace.document().await);
    let mut ones_events = ada.events().await;
    ones.write("main.py", "print('hello')\n").await;
    ones.write("x.txt", "to be emptied").await;
    others.until_text("x.txt", "to be emptied").await;
    say(&mut ones_events, CHAT[0].1).await;
    say(&mut grace.events().await, CHAT[1].1).await;
    others.write("lib/notes.md", "# Notes ✨\n").await;
    for (index, letter) in (10..).zip("- Grace was here\n".chars()) {
        others.insert("lib/notes.md", index, &letter.to_string()).await;
    }
    others.insert("main.py", 13, ", name").await;
    others.barrier().await;
    ones.until_text("main.py", "print('hello', name)\n").await;
    ones.insert("main.py", 0, "name = 'Ada'\n").await;
    ones.write("x.txt", "").await;
    ones.barrier().await;
    let run = ada.run(Language::Python).await;
    ones_events.end_of(&run.id).await;
    say(&mut ones_events, CHAT[2].1).await;
}

/// A room holds what [`live_in`] left, and goes on from there.
async fn is_lived_in(room: &TestRoom) {
    let wanted = FILES.map(|(path, content)| RoomFile { path: path.to_owned(), content: content.to_owned() });
    let before = room.owner.files().await;
    assert_eq!(before.items, wanted);
    let mut events = room.owner.events().await;
    let welcome = &events.welcome;
    let chat: Vec<_> =
        welcome.chat.iter().map(|said| (said.id, said.author_name.as_str(), said.text.as_str())).collect();
    assert_eq!(chat, [(1, CHAT[0].0, CHAT[0].1), (2, CHAT[1].0, CHAT[1].1), (3, CHAT[2].0, CHAT[2].1)]);
    assert!(welcome.chat.is_sorted_by_key(|said| said.at) && welcome.chat[0].at < welcome.server_time);
    let [kept] = welcome.runs.as_slice() else { panic!("not one run: {:?}", welcome.runs) };
    assert_eq!((kept.run.state, kept.run.exit_code), (RunState::Finished, Some(0)));
    assert_eq!(kept.output.iter().map(|chunk| chunk.data.as_str()).collect::<String>(), OUTPUT);

    let mut document = room.owner.document().await;
    document.insert("main.py", 0, "# on it goes\n").await;
    document.barrier().await;
    let late = room.watch_as("Late").await.document().await;
    assert_eq!(late.text("main.py"), Some(format!("# on it goes\n{}", FILES[1].1)));
    assert!(room.owner.files().await.position > before.position);
    say(&mut events, "on it goes").await;
    let last = room.watch_as("Later").await.events().await.welcome.chat.pop();
    assert_eq!(last.map(|said| (said.id, said.text)), Some((4, "on it goes".to_owned())));
}

/// A room whose storage is that of a dump.
async fn room_from(stack: &Stack, dump: &Path) -> TestRoom {
    let room = stack.guest_room("Migrated").await;
    // Its object is there from the first call on.
    room.owner.files().await;
    stack.while_resting("edge", || RoomDatabase::of(stack, room.id()).load(dump)).await;
    room
}

#[tokio::test]
async fn a_room_of_schema_1_opens() {
    let stack = Stack::alone_from_env().await;
    is_lived_in(&room_from(&stack, &fixture(1)).await).await;
}

#[tokio::test]
async fn a_room_of_todays_schema_opens_from_its_dump() {
    let stack = Stack::alone_from_env().await;
    let room = stack.guest_room("Of today").await;
    live_in(&room).await;
    let dump = Path::new(env!("CARGO_TARGET_TMPDIR")).join("room.sql");
    stack
        .while_resting("edge", || {
            let tables = RoomDatabase::of(&stack, room.id()).dump();
            std::fs::write(&dump, tables).unwrap_or_else(|error| panic!("{}: {error}", dump.display()));
        })
        .await;
    is_lived_in(&room_from(&stack, &dump).await).await;
}
