//! How much one person, and everybody together, may send and hold open.

use protocol::close::CloseCode;
use protocol::rights::Role;
use protocol::tier::Tier;
use room::{Channel, Input, Restored, Room, Rules, SOCKETS_MAX, Session, connections_max};

use crate::harness::*;

#[test]
fn a_person_has_so_many_connections_and_the_next_is_sent_away_for_now() {
    for tier in [Tier::Anonymous, Tier::Free] {
        let mut room = room();
        let of = |channel| Session { tier, ..session(channel, "Ada", Role::Editor) };
        for _ in 0..connections_max(tier) {
            assert!(closed(&open(&mut room, of(Channel::Sync)).1).is_empty());
            // The events socket beside it is the same connection.
            assert!(closed(&open(&mut room, of(Channel::Events)).1).is_empty());
        }
        let (socket, effects) = open(&mut room, of(Channel::Sync));
        assert_eq!(closed(&effects), [(socket, CloseCode::TryAgainLater)]);
        assert!(closed(&open(&mut room, session(Channel::Sync, "Bob", Role::Editor)).1).is_empty());
    }
}

#[test]
fn a_full_room_sends_newcomers_away_for_now() {
    let mut room = room();
    for number in 0..SOCKETS_MAX {
        let effects = open(&mut room, session(Channel::Sync, &format!("person {number}"), Role::Viewer)).1;
        assert!(closed(&effects).is_empty(), "{number}");
    }
    let (socket, effects) = open(&mut room, session(Channel::Sync, "one more", Role::Viewer));
    assert_eq!(closed(&effects), [(socket, CloseCode::TryAgainLater)]);
}

/// Sends pings until the room closes the socket, and gives its code.
fn flood(room: &mut Room, name: &str, now: u64) -> CloseCode {
    let socket = join(room, Channel::Events, name, Role::Editor);
    loop {
        let effects = room.handle(Input::Text { socket, text: r#"{"type":"ping"}"#.to_owned() }, now);
        if let [(_, code)] = closed(&effects)[..] {
            room.handle(Input::Closed { socket }, now);
            return code;
        }
    }
}

#[test]
fn a_flood_is_sent_away_for_now_and_then_for_good() {
    let mut room = room();
    let codes = [0, 1_000, 2_000].map(|after| flood(&mut room, "Mallory", NOW + after));
    assert_eq!(codes, [CloseCode::TryAgainLater, CloseCode::TryAgainLater, CloseCode::RateLimited]);
    let at = room.next_socket(NOW + 3_000);
    let session_of = |name| Box::new(session(Channel::Sync, name, Role::Editor));
    let again = room.handle(Input::Opened { socket: at, session: session_of("Mallory") }, NOW + 3_000);
    assert_eq!(closed(&again), [(at, CloseCode::RateLimited)]);
    let ada = room.next_socket(NOW + 3_000);
    assert!(closed(&room.handle(Input::Opened { socket: ada, session: session_of("Ada") }, NOW + 3_000)).is_empty());
    let forgiven = room.next_socket(NOW + 62_000);
    assert!(
        closed(&room.handle(Input::Opened { socket: forgiven, session: session_of("Mallory") }, NOW + 62_000))
            .is_empty()
    );
}

#[test]
fn without_limits_a_load_test_goes_through() {
    let rules = Rules { is_unlimited: true, ..Rules::default() };
    let mut room = Room::restore(Restored { rules, ..Restored::default() });
    let socket = join(&mut room, Channel::Events, "Load", Role::Editor);
    for _ in 0..10_000 {
        let effects = room.handle(Input::Text { socket, text: r#"{"type":"ping"}"#.to_owned() }, NOW);
        assert!(closed(&effects).is_empty());
    }
}
