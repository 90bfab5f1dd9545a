//! Sockets that break without a word.

use protocol::close::CloseCode;
use protocol::event::RoomEvent;
use protocol::rights::Role;
use room::{CLOSED_AFTER_MS, Channel, Effect, Input, Room, SILENT_AFTER_MS};
use yrs::sync::Message;

use crate::harness::*;

fn alarm(effects: &[Effect]) -> Option<u64> {
    effects.iter().find_map(|effect| match effect {
        Effect::AlarmAt(at) => Some(*at),
        _ => None,
    })
}

fn ring(room: &mut Room, now: u64) -> Vec<Effect> {
    room.handle(Input::Alarm { pings: Vec::new() }, now)
}

#[test]
fn an_alarm_is_asked_for_once_there_are_two_people() {
    let mut room = room();
    let (_, alone) = open(&mut room, session(Channel::Sync, "Ada", Role::Editor));
    assert_eq!(alarm(&alone), None);
    let (_, two) = open(&mut room, session(Channel::Sync, "Bob", Role::Editor));
    assert_eq!(alarm(&two), Some(NOW + SILENT_AFTER_MS));
    let (_, three) = open(&mut room, session(Channel::Sync, "Cleo", Role::Editor));
    assert_eq!(alarm(&three), None, "it is asked for already");
}

#[test]
fn whoever_says_nothing_is_gone_for_everybody_and_comes_back_by_speaking() {
    let mut room = room();
    let ghost = join(&mut room, Channel::Sync, "Ghost", Role::Editor);
    join(&mut room, Channel::Events, "Ghost", Role::Editor);
    let (watcher, watching) =
        (join(&mut room, Channel::Sync, "Ada", Role::Editor), join(&mut room, Channel::Events, "Ada", Role::Editor));
    room.handle(Input::Frame { socket: ghost, bytes: awareness(5, 1, "{}") }, NOW);
    let later = NOW + SILENT_AFTER_MS;
    room.handle(Input::Frame { socket: watcher, bytes: awareness(6, 1, "{}") }, later - 1);
    assert!(events_to(&ring(&mut room, later - 1), watching).is_empty());

    let effects = ring(&mut room, later);
    assert!(
        matches!(&events_to(&effects, watching)[..], [RoomEvent::ParticipantLeft { participant }] if participant.name == "Ghost")
    );
    let [Message::Awareness(update)] = &messages_to(&effects, watcher)[..] else { panic!("{effects:?}") };
    assert_eq!(update.clients.values().map(|entry| entry.json.to_string()).collect::<Vec<_>>(), ["null"]);
    assert!(closed(&effects).is_empty(), "a tab in the background may still live");
    assert_eq!(room.participants().len(), 1);

    let back = room.handle(Input::Frame { socket: ghost, bytes: awareness(5, 9, "{}") }, later + 1);
    assert!(matches!(&events_to(&back, watching)[..], [RoomEvent::ParticipantJoined { .. }]));
    assert_eq!(messages_to(&back, watcher).len(), 1);
}

#[test]
fn a_socket_that_stays_silent_is_closed() {
    let mut room = room();
    let ghost = join(&mut room, Channel::Sync, "Ghost", Role::Editor);
    let watcher = join(&mut room, Channel::Sync, "Ada", Role::Editor);
    let dead_at = NOW + CLOSED_AFTER_MS;
    let mut at = NOW;
    let mut effects = Vec::new();
    while at < dead_at {
        at += 10_000;
        room.handle(Input::Frame { socket: watcher, bytes: awareness(6, 1, "{}") }, at);
        assert!(closed(&effects).is_empty(), "closed before {at}");
        effects = ring(&mut room, at);
    }
    assert_eq!(closed(&effects), [(ghost, CloseCode::ServiceRestart)]);
}

#[test]
fn an_events_socket_lives_by_the_pings_that_the_runtime_answers() {
    let mut room = room();
    join(&mut room, Channel::Sync, "Bob", Role::Editor);
    let bobs = join(&mut room, Channel::Events, "Bob", Role::Editor);
    let watching = join(&mut room, Channel::Events, "Ada", Role::Editor);
    let later = NOW + SILENT_AFTER_MS;
    let effects = room.handle(Input::Alarm { pings: vec![(bobs, later - 5_000)] }, later);
    assert!(events_to(&effects, watching).is_empty(), "Bob reads along over his events socket");
    // Ada has no sync socket to be judged by, and never pinged: she stays until the runtime knows better.
    assert_eq!(room.participants().len(), 2);
}
