//! The Yjs protocol: what is stored, sent and answered.

use protocol::close::CloseCode;
use protocol::event::RoomEvent;
use protocol::rights::Role;
use room::{Channel, Effect, FRAME_MAX_BYTES, Input};
use yrs::sync::{Message, SyncMessage};
use yrs::updates::encoder::Encode;
use yrs::{Doc, Text, Transact};

use crate::harness::*;

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

    let later = room.handle(Input::Woken { due: NOW + WRITTEN_AFTER_MS }, NOW + WRITTEN_AFTER_MS);
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
    for number in 0..100 {
        join(&mut room, Channel::Sync, &format!("crowd {number}"), Role::Viewer);
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
    let gathered = room.handle(Input::Woken { due: NOW + 5 }, NOW + 5);
    assert_eq!((messages_to(&gathered, other).len(), appends(&gathered)), (1, 0));
    assert_eq!(appends(&room.handle(Input::Woken { due: NOW + WRITTEN_AFTER_MS }, NOW + WRITTEN_AFTER_MS)), 1);
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
    // A text, and another whose parent the first would be, which is no type.
    let poison = [1, 2, 9, 0, 4, 1, 1, b't', 1, b'x', 4, 0, 9, 0, 1, b'y', 0];
    let bytes = Message::Sync(SyncMessage::Update(poison.to_vec())).encode_v1();
    let effects = room.handle(Input::Frame { socket: attacker, bytes }, NOW + 1);
    assert_eq!(closed(&effects), [(attacker, CloseCode::Malformed)]);
    assert_eq!(appends(&effects), 0);
    assert_eq!(room.files().expect("in memory all the while").items[0].content, "x");
    let effects = room.handle(Input::Settle, NOW + 2);
    assert_eq!(appends(&effects), 1, "what applied is written");
}
