//! People: presence, chat, what they are refused.

use protocol::close::CloseCode;
use protocol::event::RoomEvent;
use protocol::internal::PrincipalKind;
use protocol::rights::Role;
use room::{Channel, Effect, Input, LoadReport, LogKind, Restored, Room, SocketId};
use yrs::block::ClientID;
use yrs::sync::Message;

use crate::harness::*;

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
    let is_timer = |effect: &Effect| matches!(effect, Effect::WakeAt(_));
    assert!(!effects.iter().any(is_timer), "presence keeps no room awake");
    let remembered = effects.into_iter().find_map(|effect| match effect {
        Effect::Remember { socket, session } => Some((socket, *session)),
        _ => None,
    });
    let sessions = vec![remembered.expect("the session is kept with the socket")];
    let mut after = Room::restore(Restored { sessions, ..Restored::default() });
    let newcomer = session(Channel::Sync, "Bob", Role::Editor);
    assert!(after.needs_document(&Input::Opened { socket: SocketId(9_999), session: Box::new(newcomer.clone()) }));
    assert!(after.load_document(None, &[]) == LoadReport::default());
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
    let is_chat = |effect: &Effect| matches!(effect, Effect::Append(entry) if entry.kind() == LogKind::Chat);
    assert!(effects.iter().position(is_chat) < effects.iter().position(|effect| matches!(effect, Effect::Send { .. })));
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
