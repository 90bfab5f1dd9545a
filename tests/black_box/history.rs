//! The past of a room, over the API: the time line, going back, snapshots, forks, merges, exports, erasing.

use std::io::Read as _;

use protocol::envelope::ErrorCode;
use protocol::event::{ClientEvent, RoomEvent};
use protocol::history::{
    ChatPage, DocumentDiff, FileChange, HistoryItem, HistoryPage, MergeAnswer, RestoreAnswer, Snapshot, SnapshotAnswer,
    SnapshotPage,
};
use protocol::language::Language;
use protocol::limits::{HISTORY_PAGE_MAX, SNAPSHOT_NAME_MAX_CHARS};
use protocol::room::{RoomAnswer, RoomFiles};
use reqwest::Method;
use serde_json::json;
use tests::run::is_over;
use tests::{Person, Stack};
use yrs::updates::decoder::Decode as _;
use yrs::{Doc, ReadTxn as _, StateVector, Transact as _, Update};

async fn history(person: &Person, query: &str) -> HistoryPage {
    person.get(&format!("/history{query}")).send().await.data()
}

async fn files_at(person: &Person, position: u64) -> Vec<(String, String)> {
    let files: RoomFiles = person.get(&format!("/files?at={position}")).send().await.data();
    files.items.into_iter().map(|file| (file.path, file.content)).collect()
}

fn file(path: &str, content: &str) -> (String, String) {
    (path.to_owned(), content.to_owned())
}

async fn say(person: &Person, text: &str) {
    let mut events = person.events().await;
    events.send(&ClientEvent::ChatSend { text: text.to_owned() }).await;
    let mine = |event: &RoomEvent| matches!(event, RoomEvent::Chat { message } if message.text == text).then_some(());
    events.until("the message", mine).await;
}

/// What an item is, in a word.
fn kind(item: &HistoryItem) -> String {
    match &item.event {
        Some(event) => serde_json::to_value(event).expect("serialises")["type"].as_str().expect("a type").to_owned(),
        None => "edit".to_owned(),
    }
}

#[tokio::test]
async fn the_time_line_has_edits_chat_and_runs_in_one_order_and_who_did_what() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Time line").await;
    let grace = room.join_as("Grace").await;
    let (mut ones, mut others) = (room.owner.document().await, grace.document().await);
    ones.write("main.py", "print('a')\n").await;
    ones.barrier().await;
    say(&grace, "hello").await;
    let mut events = room.owner.events().await;
    let run = room.owner.run(Language::Python).await;
    let over =
        |event: &RoomEvent| matches!(event, RoomEvent::RunFinished { run_id, .. } if *run_id == run.id).then_some(());
    events.until("the end of the run", over).await;
    others.until_text("main.py", "print('a')\n").await;
    others.insert("main.py", 0, "# g\n").await;
    others.barrier().await;
    assert!(is_over(&room.owner.look_at(&run.id).await));

    let page = history(&room.owner, "").await;
    let mut kinds: Vec<_> = page.items.iter().map(kind).collect();
    // A line of output may come in pieces.
    kinds.dedup();
    let expected = ["edit", "chat:message", "run:queued", "run:started", "run:output", "run:finished", "edit"];
    assert_eq!(kinds, expected);
    assert!(page.items.is_sorted_by_key(|item| (item.position, item.at)));
    let last = &page.items[page.items.len() - 1];
    assert_eq!((page.first, page.last, page.next_cursor), (0, last.position, None));
    let name_of = |item: &HistoryItem| {
        let author = page.authors.iter().find(|author| Some(&author.id) == item.author_id.as_ref());
        author.map(|author| author.name.clone())
    };
    let wrote = [&page.items[0], &page.items[1], last].map(name_of);
    assert_eq!(wrote, [Some("Owner".to_owned()), Some("Grace".to_owned()), Some("Grace".to_owned())]);

    // In pages of two it is the same line.
    let (mut paged, mut after) = (Vec::new(), Some(0));
    while let Some(position) = after {
        let page = history(&grace, &format!("?after={position}&limit=2")).await;
        assert!(page.items.len() <= 2);
        paged.extend(page.items);
        after = page.next_cursor;
    }
    assert_eq!(paged, page.items);
}

#[tokio::test]
async fn every_moment_can_be_read_and_compared() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Moments").await;
    let mut ada = room.owner.document().await;
    ada.write("a.txt", "one\n").await;
    ada.barrier().await;
    let first = room.owner.files().await.position;
    ada.insert("a.txt", 4, "two\n").await;
    ada.write("b.txt", "bee\n").await;
    ada.barrier().await;
    let second = room.owner.files().await.position;
    assert_eq!(files_at(&room.owner, first).await, [file("a.txt", "one\n")]);
    assert_eq!(files_at(&room.owner, second).await, [file("a.txt", "one\ntwo\n"), file("b.txt", "bee\n")]);
    assert_eq!(files_at(&room.owner, 0).await, []);
    let diff: DocumentDiff = room.owner.get(&format!("/history/diff?from={first}")).send().await.data();
    let changes: Vec<_> = diff.files.iter().map(|file| (file.path.as_str(), file.change, file.added)).collect();
    assert_eq!(changes, [("a.txt", FileChange::Changed, 1), ("b.txt", FileChange::Added, 1)]);
    assert_eq!((diff.from, diff.to), (first, second));
    let state = room.owner.get(&format!("/history/state?at={first}")).send().await;
    assert_eq!((state.status, state.header("content-type")), (200, Some("application/octet-stream")));
    assert!(!state.body.is_empty());
}

#[tokio::test]
async fn what_is_asked_wrongly_is_named() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Wrong").await;
    let cases = [
        ("/history?limit=0", "limit"),
        (&format!("/history?limit={}", HISTORY_PAGE_MAX + 1), "limit"),
        ("/history?after=-1", "after"),
        ("/history/diff", "from"),
        ("/history/diff?from=2&to=1", "from"),
        ("/history/state?at=7", "at"),
        ("/files?at=x", "at"),
        ("/chat?limit=1000", "limit"),
        ("/snapshots?cursor=no", "cursor"),
    ];
    for (path, field) in cases {
        assert_eq!(room.owner.get(path).send().await.wrong_fields(), [field], "{path}");
    }
    assert_eq!(room.owner.post("/restore").json(&json!({"position": 5})).send().await.wrong_fields(), ["at"]);
    let long = "n".repeat(SNAPSHOT_NAME_MAX_CHARS + 1);
    assert_eq!(room.owner.post("/snapshots").json(&json!({"name": long})).send().await.wrong_fields(), ["name"]);
    room.owner.post("/restore").declared_as_json("{").send().await.refuses_with(ErrorCode::BadRequest);
    room.owner.get(&format!("/history/{}", "x")).send().await.refuses_with(ErrorCode::NotFound);
}

#[tokio::test]
async fn going_back_reaches_the_living_and_the_stale_and_doubles_nothing() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Back").await;
    let grace = room.join_as("Grace").await;
    let (mut ada, mut living) = (room.owner.document().await, grace.document().await);
    ada.write("main.py", "one\ntwo\nthree\n").await;
    ada.barrier().await;
    let then = room.owner.files().await.position;
    living.barrier().await;
    let stale = copy_of(living.doc());
    living.insert("main.py", 4, "2").await;
    living.write("more.py", "more\n").await;
    living.barrier().await;
    let mut events = grace.events().await;
    let answer: RestoreAnswer = room.owner.post("/restore").json(&json!({ "position": then })).send().await.data();
    assert!(answer.position > then);
    let restored = |event: &RoomEvent| match event {
        RoomEvent::Restored { author_id, to } => Some((author_id.clone(), *to)),
        _ => None,
    };
    assert_eq!(events.until("the news", restored).await, (room.owner.id().clone(), then));
    living.until_text("main.py", "one\ntwo\nthree\n").await;
    assert_eq!(living.text("more.py"), None);
    // Whoever slept through it comes back with the old document and an edit of their own.
    let mut late = grace.document_with(stale).await;
    late.insert("main.py", 0, "# late\n").await;
    late.barrier().await;
    ada.until_text("main.py", "# late\none\ntwo\nthree\n").await;
    assert_eq!(late.text("main.py"), ada.text("main.py"));
    assert_eq!(room.owner.files().await.items.len(), 1);
}

#[tokio::test]
async fn snapshots_are_taken_listed_and_deleted_for_everybody() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Snapshots").await;
    let mut ada = room.owner.document().await;
    let mut events = room.watch_as("Vic").await.events().await;
    let mut taken: Vec<Snapshot> = Vec::new();
    for name in ["first", "second", "third"] {
        ada.write("main.py", name).await;
        ada.barrier().await;
        let body = json!({ "name": name, "message": "why" });
        let answer = room.owner.post("/snapshots").json(&body).send().await;
        assert_eq!(answer.status, 201);
        taken.push(answer.data::<SnapshotAnswer>().snapshot);
        let told = |event: &RoomEvent| match event {
            RoomEvent::SnapshotTaken { snapshot } => Some(snapshot.clone()),
            _ => None,
        };
        assert_eq!(events.until("the snapshot", told).await, taken[taken.len() - 1]);
    }
    assert_eq!(files_at(&room.owner, taken[1].position).await, [file("main.py", "second")]);
    let page: SnapshotPage = room.owner.get("/snapshots?limit=2").send().await.data();
    let mut listed = page.items;
    let cursor = page.next_cursor.expect("one more");
    let rest: SnapshotPage = room.owner.get(&format!("/snapshots?limit=2&cursor={cursor}")).send().await.data();
    listed.extend(rest.items);
    listed.reverse();
    assert_eq!((listed, rest.next_cursor), (taken.clone(), None));
    let path = format!("/snapshots/{}", taken[0].id);
    assert_eq!(room.owner.call(Method::DELETE, &path).send().await.status, 200);
    let gone = |event: &RoomEvent| {
        matches!(event, RoomEvent::SnapshotDeleted { snapshot_id } if *snapshot_id == taken[0].id).then_some(())
    };
    events.until("the deletion", gone).await;
    room.owner.call(Method::DELETE, &path).send().await.refuses_with(ErrorCode::NotFound);
}

#[tokio::test]
async fn a_fork_is_a_branch_that_can_be_merged_back() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Trunk").await;
    let mut trunk = room.owner.document().await;
    trunk.write("main.py", "one\ntwo\n").await;
    trunk.barrier().await;
    let then = room.owner.files().await.position;
    trunk.insert("main.py", 8, "three\n").await;
    trunk.barrier().await;
    let answer = room.owner.post("/fork").json(&json!({ "name": "Branch", "position": then })).send().await;
    assert_eq!(answer.status, 201, "{answer}");
    let forked: RoomAnswer = answer.data();
    let owner_key = forked.owner_key.expect("a guest's fork has a key");
    let branch = stack.enter(&forked.room.id, &json!({ "ownerKey": owner_key, "name": "Forker" })).await;
    let mut edits = branch.document().await;
    assert_eq!(edits.text("main.py").as_deref(), Some("one\ntwo\n"), "as it was then");
    edits.insert("main.py", 0, "zero\n").await;
    edits.barrier().await;
    // The branch is a room of its own.
    trunk.barrier().await;
    assert_eq!(trunk.text("main.py").as_deref(), Some("one\ntwo\nthree\n"));

    let body = json!({ "from": forked.room.id, "fromToken": branch.token(), "preview": true });
    let preview: MergeAnswer = room.owner.post("/merge").json(&body).send().await.data();
    assert_eq!((preview.diff.files[0].added, preview.diff.files[0].removed, preview.position), (1, 0, None));
    trunk.barrier().await;
    assert_eq!(trunk.text("main.py").as_deref(), Some("one\ntwo\nthree\n"), "a preview changes nothing");
    let body = json!({ "from": forked.room.id, "fromToken": branch.token() });
    let merged: MergeAnswer = room.owner.post("/merge").json(&body).send().await.data();
    assert!(merged.position.is_some());
    trunk.until_text("main.py", "zero\none\ntwo\nthree\n").await;
    let again: MergeAnswer = room.owner.post("/merge").json(&body).send().await.data();
    assert_eq!((again.diff.files.len(), again.position), (0, None), "there is nothing more to merge");
    // And the branch takes what the trunk has more.
    let back = json!({ "from": room.id(), "fromToken": room.owner.token() });
    assert!(branch.post("/merge").json(&back).send().await.data::<MergeAnswer>().position.is_some());
    edits.until_text("main.py", "zero\none\ntwo\nthree\n").await;
}

#[tokio::test]
async fn strangers_are_not_merged_and_readers_change_nothing() {
    let stack = Stack::from_env().await;
    let (room, other) = (stack.guest_room("One").await, stack.guest_room("Other").await);
    for person in [&room.owner, &other.owner] {
        let mut document = person.document().await;
        document.write("main.py", "text").await;
        document.barrier().await;
    }
    let merge = |token: &str| json!({ "from": other.id(), "fromToken": token });
    let without_history = room.owner.post("/merge").json(&merge(other.owner.token())).send().await;
    without_history.refuses_with(ErrorCode::Conflict);
    room.owner.post("/merge").json(&merge(room.owner.token())).send().await.refuses_with(ErrorCode::Forbidden);
    room.owner.post("/merge").json(&json!({ "from": other.id() })).send().await.refuses_with(ErrorCode::Unauthorized);
    let viewer = room.watch_as("Vic").await;
    assert_eq!(history(&viewer, "").await.first, 0, "a reader reads");
    for (path, body) in [
        ("/restore", json!({ "position": 0 })),
        ("/snapshots", json!({ "name": "x" })),
        ("/merge", merge(other.owner.token())),
    ] {
        viewer.post(path).json(&body).send().await.refuses_with(ErrorCode::Forbidden);
    }
    let path = format!("/authors/{}", room.owner.id());
    viewer.call(Method::DELETE, &path).send().await.refuses_with(ErrorCode::Forbidden);
    for path in ["/history", "/history/state", "/chat", "/snapshots", "/export.zip"] {
        stack.get(&room.path(path)).send().await.refuses_with(ErrorCode::Unauthorized);
        stack.get(&room.path(path)).bearer(other.owner.token()).send().await.refuses_with(ErrorCode::Unauthorized);
    }
}

#[tokio::test]
async fn chat_is_read_in_pages_and_mentions_reach_whom_they_mean() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Chat").await;
    let (ada, grace) = (room.join_as("Ada").await, room.join_as("Grace Hopper").await);
    let (mut talker, mut listener) = (ada.events().await, grace.events().await);
    for number in 0..5 {
        talker.send(&ClientEvent::ChatSend { text: format!("message {number}") }).await;
    }
    talker.send(&ClientEvent::ChatSend { text: "look, @\"grace hopper\"!".to_owned() }).await;
    let mentioned = |event: &RoomEvent| match event {
        RoomEvent::Mention { message } => Some(message.clone()),
        _ => None,
    };
    let message = listener.until("the mention", mentioned).await;
    assert_eq!((message.mentions.clone(), message.id), (vec![grace.id().clone()], 6));
    assert!(talker.seen.iter().all(|event| mentioned(event).is_none()), "only who is mentioned is told so");

    let newest: ChatPage = ada.get("/chat?limit=4").send().await.data();
    let before = newest.next_cursor.expect("there are more");
    let oldest: ChatPage = ada.get(&format!("/chat?limit=4&before={before}")).send().await.data();
    let ids: Vec<_> = oldest.items.iter().chain(&newest.items).map(|message| message.id).collect();
    assert_eq!((ids, oldest.next_cursor), ((1..=6).collect(), None));
}

#[tokio::test]
async fn an_export_holds_everything_and_an_erased_name_is_in_none_of_it() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Export").await;
    let grace = room.join_as("Grace Brewster").await;
    let mut document = grace.document().await;
    document.write("src/main.py", "print('kept')\n").await;
    document.write("../outside", "odd").await;
    document.barrier().await;
    say(&grace, "words").await;
    let snapshot = grace.post("/snapshots").json(&json!({ "name": "named" })).send().await;
    assert_eq!(snapshot.status, 201);
    let whole = entries(&grace.get("/export.zip").send().await.body);
    assert_eq!(whole["files/src/main.py"], "print('kept')\n");
    assert!(whole["other-names.json"].contains("../outside"));
    for (name, part) in [("chat.json", "words"), ("snapshots.json", "named"), ("authors.json", "Grace Brewster")] {
        assert!(whole[name].contains(part), "{name}: {}", whole[name]);
    }
    let line = history(&grace, "").await.items;
    let lines: Vec<HistoryItem> =
        whole["history.jsonl"].lines().map(|line| serde_json::from_str(line).expect("an item")).collect();
    assert_eq!(lines, line);

    let path = format!("/authors/{}", grace.id());
    assert_eq!(grace.call(Method::DELETE, &path).send().await.status, 200);
    for (name, text) in entries(&room.owner.get("/export.zip").send().await.body) {
        assert!(!text.contains("Grace Brewster"), "{name}: {text}");
    }
    assert_eq!(room.owner.files().await.items.len(), 2, "the text stays");
    let unknown = format!("/authors/{}", room.watch_as("Silent").await.id());
    room.owner.call(Method::DELETE, &unknown).send().await.refuses_with(ErrorCode::NotFound);
}

/// A replica that stays as it is.
fn copy_of(doc: &Doc) -> Doc {
    let state = doc.transact().encode_state_as_update_v1(&StateVector::default());
    let copy = tests::sync::empty();
    copy.transact_mut().apply_update(Update::decode_v1(&state).expect("an update")).expect("applies");
    copy
}

/// The texts in an archive by name.
fn entries(bytes: &[u8]) -> std::collections::BTreeMap<String, String> {
    let archive = rawzip::ZipArchive::from_slice(bytes).expect("an archive");
    let mut entries = archive.entries();
    let mut texts = std::collections::BTreeMap::new();
    while let Some(entry) = entries.next_entry().expect("an entry") {
        let name = entry.file_path().try_normalize().expect("a path").as_ref().to_owned();
        let local = archive.get_entry(entry.wayfinder()).expect("its data");
        let mut text = String::new();
        let decoder = flate2::read::DeflateDecoder::new(local.data());
        local.verifying_reader(decoder).read_to_string(&mut text).expect("text");
        texts.insert(name, text);
    }
    texts
}
