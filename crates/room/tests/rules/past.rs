//! The past: snapshots, going back, merging, copies, starting over, erasing.

use protocol::close::CloseCode;
use protocol::envelope::ErrorCode;
use protocol::event::{Participant, RoomEvent};
use protocol::history::CreateSnapshotRequest;
use protocol::ids::{ParticipantId, RoomId, SnapshotId};
use protocol::limits::{SNAPSHOT_MESSAGE_MAX_CHARS, SNAPSHOT_NAME_MAX_CHARS, SNAPSHOTS_MAX};
use protocol::rights::Role;
use room::{Channel, Document, ERASED_NAME, Effect, Input, Room, Session, items_of};

use crate::harness::*;
use crate::store::Store;

/// A room whose effects are stored.
struct World {
    room: Room,
    store: Store,
}

impl World {
    fn new() -> Self {
        Self { room: room(), store: Store::default() }
    }

    fn handle(&mut self, input: Input) -> Vec<Effect> {
        if self.room.needs_document(&input) {
            self.store.load_into(&mut self.room);
        }
        let effects = self.room.handle(input, NOW);
        effects.iter().for_each(|effect| self.store.carry_out(effect));
        effects
    }

    fn files(&self) -> Vec<(String, String)> {
        self.store.files().into_iter().map(|file| (file.path, file.content)).collect()
    }
}

fn ada() -> Participant {
    Participant { id: ParticipantId::from_entropy(&[65; 32]), name: "Ada".to_owned(), role: Role::Editor, guest: true }
}

fn snapshot(name: &str, message: Option<&str>, existing: usize) -> Input {
    Input::TakeSnapshot {
        by: ada(),
        id: SnapshotId::from_entropy(&[5; 32]),
        request: CreateSnapshotRequest { name: name.to_owned(), message: message.map(str::to_owned) },
        existing,
    }
}

fn refusal(effects: &[Effect]) -> Option<ErrorCode> {
    effects.iter().find_map(|effect| match effect {
        Effect::Refuse(body) => Some(body.code),
        _ => None,
    })
}

#[test]
fn a_snapshot_names_the_position_of_everything_before_it() {
    let mut world = World::new();
    let author = join(&mut world.room, Channel::Sync, "Ada", Role::Editor);
    let watcher = join(&mut world.room, Channel::Events, "Bob", Role::Viewer);
    let bytes = update_frame("x");
    world.handle(Input::Frame { socket: author, bytes });
    let effects = world.handle(snapshot(" First ", Some(""), 0));
    let [RoomEvent::Saved { .. }, RoomEvent::SnapshotTaken { snapshot }] = &events_to(&effects, watcher)[..] else {
        panic!("{effects:?}")
    };
    assert_eq!((snapshot.name.as_str(), &snapshot.message, snapshot.position), ("First", &None, 1));
    assert_eq!(world.store.snapshots, std::slice::from_ref(snapshot));
    assert_eq!(world.store.document_at(1).files()[0].content, "x");
    let items: Vec<_> = world.store.log.iter().cloned().flat_map(items_of).collect();
    assert_eq!(
        items.iter().map(|item| (item.position, item.edit.is_some())).collect::<Vec<_>>(),
        [(1, true), (2, false)]
    );
}

#[test]
fn a_snapshot_is_refused_beyond_its_limits_and_taken_at_them() {
    let name = "n".repeat(SNAPSHOT_NAME_MAX_CHARS);
    let message = "m".repeat(SNAPSHOT_MESSAGE_MAX_CHARS);
    let refused = |input| refusal(&World::new().handle(input));
    assert_eq!(refused(snapshot(&name, Some(&message), SNAPSHOTS_MAX - 1)), None);
    assert_eq!(refused(snapshot(&format!("{name}n"), None, 0)), Some(ErrorCode::ValidationFailed));
    assert_eq!(refused(snapshot(" ", None, 0)), Some(ErrorCode::ValidationFailed));
    assert_eq!(refused(snapshot("n", Some(&format!("{message}m")), 0)), Some(ErrorCode::ValidationFailed));
    assert_eq!(refused(snapshot("n", None, SNAPSHOTS_MAX)), Some(ErrorCode::Conflict));
}

#[test]
fn going_back_is_an_edit_that_everybody_receives() {
    let mut world = World::new();
    let author = join(&mut world.room, Channel::Sync, "Ada", Role::Editor);
    let watcher = join(&mut world.room, Channel::Events, "Bob", Role::Viewer);
    world.handle(Input::Frame { socket: author, bytes: update_frame("one\ntwo\n") });
    world.handle(Input::Settle);
    let then = world.store.document_at(1).files();
    let now = Document::of_files(&[protocol::room::RoomFile { path: "b.py".into(), content: "b".into() }], 9);
    world.handle(Input::Merge {
        by: ada(),
        from: RoomId::from_entropy(&[2; 32]),
        update: now.state().expect("encodes"),
    });
    assert_eq!(world.files().len(), 2);
    let effects = world.handle(Input::Restore { by: ada(), to: 1, files: then.clone(), client: 1 << 40 });
    assert_eq!(messages_to(&effects, author).len(), 1, "the edit goes to the sockets as any other");
    assert_eq!(types(&events_to(&effects, watcher)).last().map(String::as_str), Some("room:restored"));
    assert_eq!(world.store.files(), then);
    // Where nothing differs nothing is written.
    assert!(world.handle(Input::Restore { by: ada(), to: 1, files: then, client: 1 << 41 }).is_empty());
}

#[test]
fn only_an_empty_room_starts_as_a_copy() {
    let original = Document::of_files(&[protocol::room::RoomFile { path: "a.py".into(), content: "a".into() }], 7);
    let state = original.state().expect("encodes");
    let mut world = World::new();
    assert_eq!(refusal(&world.handle(Input::Seed { by: ada(), state: state.clone() })), None);
    assert_eq!(world.files(), [("a.py".to_owned(), "a".to_owned())]);
    assert_eq!(refusal(&world.handle(Input::Seed { by: ada(), state })), Some(ErrorCode::Conflict));
}

#[test]
fn a_rebuilt_room_has_the_same_files_and_lets_in_nobody_of_before() {
    let mut world = World::new();
    let author = join(&mut world.room, Channel::Sync, "Ada", Role::Editor);
    world.handle(Input::Frame { socket: author, bytes: update_frame("x") });
    let effects = world.handle(Input::Rebuild { generation: 1, client: 1 << 40 });
    assert_eq!(closed(&effects), [(author, CloseCode::Rebuilt)]);
    assert_eq!(world.files(), [("main.py".to_owned(), "x".to_owned())]);
    let (late, effects) = open(&mut world.room, session(Channel::Sync, "Bob", Role::Editor));
    assert_eq!(closed(&effects), [(late, CloseCode::Rebuilt)], "a token of the generation before");
    let fresh = Session { generation: 1, ..session(Channel::Sync, "Cleo", Role::Editor) };
    assert!(closed(&open(&mut world.room, fresh).1).is_empty());
    assert!(world.handle(Input::Rebuild { generation: 1, client: 1 << 41 }).is_empty(), "once for each generation");
}

#[test]
fn an_erased_author_keeps_the_text_and_loses_the_name() {
    let mut world = World::new();
    let socket = join(&mut world.room, Channel::Events, "Ada", Role::Editor);
    let text = r#"{"type":"chat:send","text":"hi"}"#.to_owned();
    world.handle(Input::Text { socket, text });
    let author = world.store.authors.keys().next().expect("noted").clone();
    let effects = world.handle(Input::Erase { author: author.clone() });
    assert_eq!(world.store.authors[&author], ERASED_NAME);
    assert!(matches!(&events_to(&effects, socket)[..], [RoomEvent::Erased { author_id, .. }] if *author_id == author));
    let (late, welcome) = open(&mut world.room, session(Channel::Events, "Bob", Role::Viewer));
    let [RoomEvent::Welcome { chat, .. }] = &events_to(&welcome, late)[..] else { panic!("{welcome:?}") };
    assert_eq!((chat[0].author_name.as_str(), chat[0].text.as_str()), (ERASED_NAME, "hi"));
}
