//! The room's rules, one input after another: what goes out, what is stored, who is closed.

use protocol::close::CloseCode;
use protocol::event::{OutputChunk, RoomEvent};
use protocol::ids::{LinkId, ParticipantId, RoomId, RunId};
use protocol::internal::PrincipalKind;
use protocol::language::Language;
use protocol::path::FilePath;
use protocol::rights::Role;
use protocol::run::{Run, RunState};
use protocol::runner::{OutputStream, RoomFrame, RunnerFrame};
use protocol::token::RoomClaims;
use room::{Channel, Effect, FRAME_MAX_BYTES, Frame, Input, Restored, Room, Session, SocketId};
use yrs::block::ClientID;
use yrs::sync::awareness::{AwarenessUpdate, AwarenessUpdateEntry};
use yrs::sync::{Message, SyncMessage};
use yrs::updates::decoder::Decode;
use yrs::updates::encoder::Encode;
use yrs::{Doc, Map, Text, TextPrelim, Transact};

const NOW: u64 = 1_000;
const EXPIRES_S: u64 = 3_600;
/// By then a row is written.
const WRITTEN_AFTER_MS: u64 = 40;

/// A room with its document loaded.
fn room() -> Room {
    let mut room = Room::restore(Restored::default());
    assert!(room.load_document(&[]).is_empty());
    room
}

fn link() -> LinkId {
    LinkId::from_entropy(&[9; 32])
}

fn session(channel: Channel, name: &str, role: Role) -> Session {
    let mut entropy = [0; 32];
    entropy[..name.len()].copy_from_slice(name.as_bytes());
    let claims = RoomClaims {
        sub: ParticipantId::from_entropy(&entropy),
        room: RoomId::from_entropy(&[1; 32]),
        role,
        rights: role.rights(),
        name: name.to_owned(),
        user: None,
        sid: None,
        link: (role == Role::Viewer).then(link),
        iat: 0,
        exp: EXPIRES_S,
        jti: format!("token of {name}"),
    };
    Session::of_person(channel, &claims, "token", "127.0.0.1".to_owned())
}

fn open(room: &mut Room, session: Session) -> (SocketId, Vec<Effect>) {
    let socket = room.next_socket(NOW);
    (socket, room.handle(Input::Opened { socket, session: Box::new(session) }, NOW))
}

fn join(room: &mut Room, channel: Channel, name: &str, role: Role) -> SocketId {
    open(room, session(channel, name, role)).0
}

fn update(content: &str) -> Vec<u8> {
    let doc = Doc::with_client_id(77);
    let files = doc.get_or_insert_map("files");
    let mut transaction = doc.transact_mut();
    files.insert(&mut transaction, "main.py", TextPrelim::new(content));
    transaction.encode_update_v1()
}

fn send_update(room: &mut Room, socket: SocketId, content: &str) -> Vec<Effect> {
    let bytes = Message::Sync(SyncMessage::Update(update(content))).encode_v1();
    let mut effects = room.handle(Input::Frame { socket, bytes }, NOW);
    effects.extend(room.handle(Input::Woken, NOW + WRITTEN_AFTER_MS));
    effects
}

fn awareness(client: u64, clock: u32, state: &str) -> Vec<u8> {
    let entry = AwarenessUpdateEntry { clock, json: state.into() };
    Message::Awareness(AwarenessUpdate { clients: [(ClientID::new(client), entry)].into() }).encode_v1()
}

/// The messages of the Yjs protocol to a socket.
fn messages_to(effects: &[Effect], socket: SocketId) -> Vec<Message> {
    let frames = effects.iter().filter_map(|effect| match effect {
        Effect::Send { to, frame: Frame::Binary(bytes) } if to.contains(&socket) => Some(bytes),
        _ => None,
    });
    frames.map(|bytes| Message::decode_v1(bytes).expect("a message")).collect()
}

/// The events to a socket.
fn events_to(effects: &[Effect], socket: SocketId) -> Vec<RoomEvent> {
    let frames = effects.iter().filter_map(|effect| match effect {
        Effect::Send { to, frame: Frame::Text(text) } if to.contains(&socket) => Some(text),
        _ => None,
    });
    frames.map(|text| serde_json::from_str(text).expect("an event")).collect()
}

fn closed(effects: &[Effect]) -> Vec<(SocketId, CloseCode)> {
    let closes = effects.iter().filter_map(|effect| match effect {
        Effect::Close { socket, code, .. } => Some((*socket, *code)),
        _ => None,
    });
    closes.collect()
}

fn appends(effects: &[Effect]) -> usize {
    effects.iter().filter(|effect| matches!(effect, Effect::Append(_))).count()
}

#[test]
fn an_update_is_stored_before_it_is_called_saved() {
    let mut room = room();
    let author = join(&mut room, Channel::Sync, "Ada", Role::Editor);
    let authors_events = join(&mut room, Channel::Events, "Ada", Role::Editor);
    let other = join(&mut room, Channel::Sync, "Bob", Role::Editor);
    let bytes = Message::Sync(SyncMessage::Update(update("x"))).encode_v1();
    let at_once = room.handle(Input::Frame { socket: author, bytes }, NOW);
    assert_eq!(messages_to(&at_once, other), [Message::Sync(SyncMessage::Update(update("x")))]);
    assert!(messages_to(&at_once, author).is_empty());
    assert_eq!((appends(&at_once), events_to(&at_once, authors_events).len()), (0, 0));
    assert!(at_once.contains(&Effect::WakeAt(NOW + WRITTEN_AFTER_MS)));

    let later = room.handle(Input::Woken, NOW + WRITTEN_AFTER_MS);
    let append = later.iter().position(|effect| matches!(effect, Effect::Append(_))).expect("stored");
    let first_send = later.iter().position(|effect| matches!(effect, Effect::Send { .. })).expect("told");
    assert!(append < first_send);
    assert_eq!(events_to(&later, authors_events), [RoomEvent::Saved { position: 1, frames: 1 }]);
}

#[test]
fn a_barrier_is_answered_after_the_rows_before_it() {
    let mut room = room();
    let author = join(&mut room, Channel::Sync, "Ada", Role::Editor);
    let bytes = Message::Sync(SyncMessage::Update(update("x"))).encode_v1();
    room.handle(Input::Frame { socket: author, bytes }, NOW);
    let step_1 = Message::Sync(SyncMessage::SyncStep1(yrs::StateVector::default())).encode_v1();
    let effects = room.handle(Input::Frame { socket: author, bytes: step_1 }, NOW + 1);
    assert!(matches!(&effects[0], Effect::Append(entry) if entry.position == 1), "{effects:?}");
    assert!(matches!(messages_to(&effects, author)[..], [Message::Sync(SyncMessage::SyncStep2(_))]));
}

#[test]
fn under_load_updates_leave_as_one_frame_and_one_row() {
    let mut room = room();
    let author = join(&mut room, Channel::Sync, "Ada", Role::Editor);
    let other = join(&mut room, Channel::Sync, "Bob", Role::Editor);
    for _ in 0..100 {
        join(&mut room, Channel::Sync, "crowd", Role::Viewer);
    }
    let doc = Doc::with_client_id(77);
    let text = doc.get_or_insert_text("text");
    let mut effects = Vec::new();
    for _ in 0..5 {
        let mut transaction = doc.transact_mut();
        text.push(&mut transaction, "x");
        let bytes = Message::Sync(SyncMessage::Update(transaction.encode_update_v1())).encode_v1();
        effects.extend(room.handle(Input::Frame { socket: author, bytes }, NOW));
    }
    assert_eq!(messages_to(&effects, other).len(), 1, "the first goes out at once");
    let gathered = room.handle(Input::Woken, NOW + 8);
    assert_eq!((messages_to(&gathered, other).len(), appends(&gathered)), (1, 0));
    assert_eq!(appends(&room.handle(Input::Woken, NOW + WRITTEN_AFTER_MS)), 1);
}

#[test]
fn a_known_update_is_not_stored_again() {
    let mut room = room();
    let author = join(&mut room, Channel::Sync, "Ada", Role::Editor);
    assert_eq!(appends(&send_update(&mut room, author, "x")), 1);
    assert_eq!(appends(&send_update(&mut room, author, "x")), 0);
}

#[test]
fn a_viewers_update_is_answered_and_nothing_else() {
    let mut room = room();
    let viewer = join(&mut room, Channel::Sync, "Vic", Role::Viewer);
    let other = join(&mut room, Channel::Sync, "Ada", Role::Editor);
    let effects = send_update(&mut room, viewer, "x");
    assert!(matches!(messages_to(&effects, viewer)[..], [Message::Auth(Some(_))]));
    assert!(messages_to(&effects, other).is_empty());
    assert_eq!(appends(&effects), 0);
}

#[test]
fn a_newcomer_is_told_what_the_room_holds() {
    let mut room = room();
    let author = join(&mut room, Channel::Sync, "Ada", Role::Editor);
    send_update(&mut room, author, "x");
    let newcomer = join(&mut room, Channel::Sync, "Bob", Role::Viewer);
    let step_1 = Message::Sync(SyncMessage::SyncStep1(yrs::StateVector::default())).encode_v1();
    let effects = room.handle(Input::Frame { socket: newcomer, bytes: step_1 }, NOW);
    let [Message::Sync(SyncMessage::SyncStep2(state))] = &messages_to(&effects, newcomer)[..] else {
        panic!("{effects:?}")
    };
    assert_eq!(*state, update("x"));
}

#[test]
fn malformed_and_oversized_frames_close_their_sender_alone() {
    let mut room = room();
    let sender = join(&mut room, Channel::Sync, "Ada", Role::Editor);
    join(&mut room, Channel::Sync, "Bob", Role::Editor);
    let poison = Message::Sync(SyncMessage::Update(vec![0xff, 0xff, 0x7f, 0xff, 0x0f])).encode_v1();
    let cases = [
        (vec![], CloseCode::Malformed),
        (vec![0, 9], CloseCode::Malformed),
        (vec![99, 1, 1], CloseCode::Malformed),
        (poison, CloseCode::Malformed),
        (vec![0; FRAME_MAX_BYTES + 1], CloseCode::FrameTooLarge),
        (vec![0; FRAME_MAX_BYTES], CloseCode::Malformed),
    ];
    for (bytes, code) in cases {
        let length = bytes.len();
        let effects = room.handle(Input::Frame { socket: sender, bytes }, NOW);
        assert_eq!(closed(&effects), [(sender, code)], "{length} bytes");
        assert_eq!(appends(&effects), 0);
    }
    let effects = room.handle(Input::Text { socket: sender, text: "{}".to_owned() }, NOW);
    assert_eq!(closed(&effects), [(sender, CloseCode::Malformed)]);
}

#[test]
fn an_update_that_does_not_apply_takes_nothing_along() {
    let mut room = room();
    let author = join(&mut room, Channel::Sync, "Ada", Role::Editor);
    let attacker = join(&mut room, Channel::Sync, "Eve", Role::Editor);
    let bytes = Message::Sync(SyncMessage::Update(update("x"))).encode_v1();
    room.handle(Input::Frame { socket: author, bytes }, NOW);
    // It applies, waits for what never comes, and makes every later encode panic.
    let poison = [1, 1, 255, 255, 255, 255, 15, 0x6d, 2, 0x6b, 0x30, 0x40, 0x80, 0, 0, 0, 1, 1, 1, 1, 1];
    let bytes = Message::Sync(SyncMessage::Update(poison.to_vec())).encode_v1();
    let effects = room.handle(Input::Frame { socket: attacker, bytes }, NOW + 1);
    assert_eq!(closed(&effects), [(attacker, CloseCode::Malformed)]);
    let row = effects.into_iter().find_map(|effect| match effect {
        Effect::Append(entry) => Some(room::LogRow { position: entry.position, bytes: entry.bytes }),
        _ => None,
    });
    assert!(!room.has_document());
    assert!(room.load_document(&[row.expect("what applied before is written")]).is_empty());
    assert_eq!(room.files().expect("loaded").items[0].content, "x");
}

#[test]
fn presence_is_announced_repeated_to_its_owner_and_withdrawn() {
    let mut room = room();
    let ada = join(&mut room, Channel::Sync, "Ada", Role::Editor);
    let bob = join(&mut room, Channel::Sync, "Bob", Role::Editor);
    let effects = room.handle(Input::Frame { socket: ada, bytes: awareness(5, 1, r#"{"cursor":1}"#) }, NOW);
    assert_eq!(messages_to(&effects, ada).len(), 1, "a lone client must hear something");
    assert_eq!(messages_to(&effects, bob).len(), 1);

    // Bob repeats what he heard, as stock clients do: it is not his.
    let effects = room.handle(Input::Frame { socket: bob, bytes: awareness(5, 2, r#"{"cursor":9}"#) }, NOW);
    assert!(effects.is_empty(), "{effects:?}");

    let effects = room.handle(Input::Closed { socket: ada }, NOW);
    let [Message::Awareness(update)] = &messages_to(&effects, bob)[..] else { panic!("{effects:?}") };
    let entry = &update.clients[&ClientID::new(5)];
    assert_eq!((entry.clock, &*entry.json), (2, "null"));

    // A late echo raises no ghost.
    let effects = room.handle(Input::Frame { socket: bob, bytes: awareness(5, 3, r#"{"cursor":9}"#) }, NOW);
    assert!(effects.is_empty(), "{effects:?}");
}

#[test]
fn presence_survives_an_eviction() {
    let mut before = room();
    let ada = join(&mut before, Channel::Sync, "Ada", Role::Editor);
    let effects = before.handle(Input::Frame { socket: ada, bytes: awareness(5, 1, r#"{"cursor":1}"#) }, NOW);
    let remembered = effects.into_iter().find_map(|effect| match effect {
        Effect::Remember { socket, session } => Some((socket, *session)),
        _ => None,
    });
    let sessions = vec![remembered.expect("the session is kept with the socket")];
    let mut after = Room::restore(Restored { sessions, ..Restored::default() });
    let newcomer = session(Channel::Sync, "Bob", Role::Editor);
    assert!(after.needs_document(&Input::Opened { socket: SocketId(9_999), session: Box::new(newcomer.clone()) }));
    assert!(after.load_document(&[]).is_empty());
    let (bob, effects) = open(&mut after, newcomer);
    assert!(messages_to(&effects, bob).iter().any(|message| matches!(message, Message::Awareness(_))));
}

#[test]
fn awareness_does_not_take_the_document() {
    let room = Room::restore(Restored::default());
    let bytes = awareness(5, 1, "{}");
    assert!(!room.needs_document(&Input::Frame { socket: SocketId(1), bytes }));
}

#[test]
fn an_expired_token_and_a_revoked_link_close_their_sockets() {
    let mut room = room();
    let editor = join(&mut room, Channel::Events, "Ada", Role::Editor);
    let viewer = join(&mut room, Channel::Sync, "Vic", Role::Viewer);
    let ping = || Input::Text { socket: editor, text: r#"{"type":"ping"}"#.to_owned() };
    assert_eq!(events_to(&room.handle(ping(), EXPIRES_S * 1000 - 1), editor), [RoomEvent::Pong]);
    assert_eq!(closed(&room.handle(ping(), EXPIRES_S * 1000)), [(editor, CloseCode::Unauthorized)]);
    let revoked = Input::Revoked { kind: PrincipalKind::Link, id: link().to_string() };
    assert_eq!(closed(&room.handle(revoked, NOW)), [(viewer, CloseCode::Forbidden)]);
    let deleted = Input::Revoked { kind: PrincipalKind::Room, id: "the room's".to_owned() };
    let gone = [(editor, CloseCode::NotFound), (viewer, CloseCode::NotFound)];
    assert_eq!(closed(&room.handle(deleted, NOW)), gone);
}

#[test]
fn a_person_with_two_sockets_comes_and_goes_once() {
    let mut room = room();
    let watcher = join(&mut room, Channel::Events, "Wat", Role::Owner);
    let (sync, arrival) = open(&mut room, session(Channel::Sync, "Ada", Role::Editor));
    let (events, second) = open(&mut room, session(Channel::Events, "Ada", Role::Editor));
    assert!(matches!(events_to(&arrival, watcher)[..], [RoomEvent::ParticipantJoined { .. }]));
    assert!(events_to(&second, watcher).is_empty());
    let [RoomEvent::Welcome { you, participants, .. }] = &events_to(&second, events)[..] else { panic!("{second:?}") };
    assert_eq!((you.name.as_str(), participants.len()), ("Ada", 2));
    assert!(events_to(&room.handle(Input::Closed { socket: sync }, NOW), watcher).is_empty());
    let departure = room.handle(Input::Closed { socket: events }, NOW);
    assert!(matches!(events_to(&departure, watcher)[..], [RoomEvent::ParticipantLeft { .. }]));
}

#[test]
fn chat_reaches_everybody_and_is_stored_first() {
    let mut room = room();
    let ada = join(&mut room, Channel::Events, "Ada", Role::Viewer);
    let text = r#"{"type":"chat:send","text":"hi"}"#.to_owned();
    let effects = room.handle(Input::Text { socket: ada, text }, NOW);
    assert!(matches!(effects[0], Effect::SaveChat(_)));
    assert!(
        matches!(&events_to(&effects, ada)[..], [RoomEvent::Chat { message }] if message.text == "hi" && message.id == 1)
    );
}

#[test]
fn what_cannot_be_read_is_answered_with_an_error() {
    let mut room = room();
    let ada = join(&mut room, Channel::Events, "Ada", Role::Viewer);
    let cases = [
        ("nonsense", None),
        (r#"{"type":"no:such"}"#, Some("no:such")),
        (r#"{"type":"chat:send","text":" "}"#, Some("chat:send")),
        (r#"{"type":"run:start","language":"python"}"#, Some("run:start")),
        (r#"{"type":"run:stdin","runId":"0123456789abcdefghij","data":"x"}"#, Some("run:stdin")),
    ];
    for (text, expected) in cases {
        let effects = room.handle(Input::Text { socket: ada, text: text.to_owned() }, NOW);
        let [RoomEvent::Error { regarding, .. }] = &events_to(&effects, ada)[..] else { panic!("{text}: {effects:?}") };
        assert_eq!(regarding.as_deref(), expected, "{text}");
    }
}

fn run_id() -> RunId {
    RunId::from_entropy(&[3; 32])
}

fn run(state: RunState) -> Box<Run> {
    Box::new(Run {
        id: run_id(),
        room_id: None,
        position: Some(1),
        language: Language::Python,
        entry: FilePath::parse("main.py").expect("a path"),
        started_by: "Ada".to_owned(),
        state,
        reason: None,
        attempt: 1,
        created_at: NOW,
        ended_at: None,
        exit_code: Some(0),
        signal: None,
        stdout: "kept elsewhere".to_owned(),
        stderr: String::new(),
        truncated: false,
        wall_ms: Some(1),
        cpu_ms: Some(1),
        memory_bytes: Some(1),
    })
}

fn from_runner(room: &mut Room, socket: SocketId, frame: &RunnerFrame) -> Vec<Effect> {
    let text = serde_json::to_string(frame).expect("serialises");
    room.handle(Input::Text { socket, text }, NOW)
}

fn output(seq: u64, data: &str) -> RunnerFrame {
    RunnerFrame::Output { seq, stream: OutputStream::Stdout, data: data.to_owned() }
}

fn answers(effects: &[Effect], socket: SocketId) -> Vec<RoomFrame> {
    let frames = effects.iter().filter_map(|effect| match effect {
        Effect::Send { to, frame: Frame::Text(text) } if *to == [socket] => serde_json::from_str(text).ok(),
        _ => None,
    });
    frames.collect()
}

fn runner(room: &mut Room, attempt: u32) -> SocketId {
    open(room, Session::of_runner(run_id(), attempt, EXPIRES_S * 1000)).0
}

fn types(events: &[RoomEvent]) -> Vec<String> {
    let name = |event| serde_json::to_value(event).expect("serialises")["type"].as_str().expect("a type").to_owned();
    events.iter().map(name).collect()
}

#[test]
fn a_run_is_told_from_its_queue_to_its_end() {
    let mut room = room();
    let watcher = join(&mut room, Channel::Events, "Ada", Role::Editor);
    let mut told = room.handle(Input::RunSubmitted { run: run(RunState::Queued) }, NOW);
    told.extend(room.handle(Input::RunClaimed { run: run_id(), attempt: 1 }, NOW));
    let runner = runner(&mut room, 1);
    let effects = from_runner(&mut room, runner, &output(1, "hello"));
    let chunk = OutputChunk { seq: 1, stream: OutputStream::Stdout, data: "hello".to_owned() };
    let saved =
        effects.iter().position(|effect| matches!(effect, Effect::SaveOutput { chunk: saved, .. } if *saved == chunk));
    assert!(saved.is_some_and(|at| at < effects.len() - 2), "stored before told: {effects:?}");
    assert_eq!(answers(&effects, runner), [RoomFrame::Ack { seq: 1 }]);
    told.extend(effects);
    told.extend(room.handle(Input::RunChanged { run: run(RunState::Finished) }, NOW));
    told.extend(room.handle(Input::RunChanged { run: run(RunState::Finished) }, NOW));
    assert_eq!(types(&events_to(&told, watcher)), ["run:queued", "run:started", "run:output", "run:finished"]);
    let (late, welcome) = open(&mut room, session(Channel::Events, "Bob", Role::Viewer));
    let [RoomEvent::Welcome { runs, .. }] = &events_to(&welcome, late)[..] else { panic!("{welcome:?}") };
    assert_eq!((runs.len(), &runs[0].output[..]), (1, &[chunk][..]));
}

#[test]
fn a_claim_may_be_heard_before_the_answer_to_the_submission() {
    let mut room = room();
    let watcher = join(&mut room, Channel::Events, "Ada", Role::Editor);
    let runner = runner(&mut room, 1);
    let mut told = room.handle(Input::RunClaimed { run: run_id(), attempt: 1 }, NOW);
    told.extend(from_runner(&mut room, runner, &output(1, "early")));
    assert!(events_to(&told, watcher).is_empty());
    let told = room.handle(Input::RunSubmitted { run: run(RunState::Queued) }, NOW);
    assert_eq!(types(&events_to(&told, watcher)), ["run:queued", "run:started", "run:output"]);
}

#[test]
fn output_comes_once_and_in_order() {
    let mut room = room();
    let watcher = join(&mut room, Channel::Events, "Ada", Role::Editor);
    room.handle(Input::RunSubmitted { run: run(RunState::Queued) }, NOW);
    let first = runner(&mut room, 1);
    from_runner(&mut room, first, &output(1, "a"));
    let again = from_runner(&mut room, first, &output(1, "a"));
    assert!(events_to(&again, watcher).is_empty());
    assert_eq!(answers(&again, first), [RoomFrame::Ack { seq: 1 }]);
    assert_eq!(closed(&from_runner(&mut room, first, &output(3, "c"))), [(first, CloseCode::Malformed)]);
    let end = from_runner(&mut room, first, &RunnerFrame::End { last_seq: 1 });
    assert_eq!(answers(&end, first), [RoomFrame::Ack { seq: 1 }]);
}

#[test]
fn a_second_attempt_voids_what_the_first_one_wrote() {
    let mut room = room();
    let watcher = join(&mut room, Channel::Events, "Ada", Role::Editor);
    room.handle(Input::RunSubmitted { run: run(RunState::Queued) }, NOW);
    let lost = runner(&mut room, 1);
    from_runner(&mut room, lost, &output(1, "a"));
    let effects = room.handle(Input::RunClaimed { run: run_id(), attempt: 2 }, NOW);
    assert!(effects.contains(&Effect::DropOutput { run: run_id() }));
    assert_eq!(events_to(&effects, watcher), [RoomEvent::RunStarted { run_id: run_id(), attempt: 2 }]);
    assert_eq!(closed(&from_runner(&mut room, lost, &output(2, "b"))), [(lost, CloseCode::Forbidden)]);
    let second = runner(&mut room, 2);
    let effects = from_runner(&mut room, second, &output(1, "again"));
    assert_eq!(types(&events_to(&effects, watcher)), ["run:output"]);
}

#[test]
fn a_cancelled_run_stops_its_runner() {
    let mut room = room();
    let watcher = join(&mut room, Channel::Events, "Ada", Role::Editor);
    room.handle(Input::RunSubmitted { run: run(RunState::Queued) }, NOW);
    room.handle(Input::RunClaimed { run: run_id(), attempt: 1 }, NOW);
    let runner = runner(&mut room, 1);
    let asked = format!(r#"{{"type":"run:cancel","runId":"{}"}}"#, run_id());
    let effects = room.handle(Input::Text { socket: watcher, text: asked }, NOW);
    assert!(matches!(&effects[..], [Effect::CancelRun { run, .. }] if *run == run_id()));
    let effects = room.handle(Input::RunChanged { run: run(RunState::Cancelled) }, NOW);
    assert_eq!(answers(&effects, runner), [RoomFrame::Cancel]);
    assert_eq!(events_to(&effects, watcher), [RoomEvent::RunCancelled { run_id: run_id() }]);
}
