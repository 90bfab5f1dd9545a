//! The document and the events over HTTP, where WebSockets do not get through.

use std::time::Duration;

use protocol::event::{ClientEvent, RoomEvent};
use protocol::poll::{POLL_IDLE_MAX_MS, Record};
use protocol::rights::Role;
use reqwest::Method;
use tests::poll::frames_of;
use tests::socket::{Frame, REVOCATION_DEADLINE};
use tests::{EventsSocket, Person, PollSocket, Stack};
use yrs::sync::Message;

/// Within which the others see somebody go who just stopped calling: the idle time, and 5 s for two busy cores.
const VANISHED_DEADLINE: Duration = Duration::from_millis(POLL_IDLE_MAX_MS + 5_000);

async fn sync_session(person: &Person) -> PollSocket {
    let [url, _] = person.socket_urls();
    PollSocket::open(&url).await.expect("a session")
}

async fn events_session(person: &Person) -> PollSocket {
    let [_, url] = person.socket_urls();
    PollSocket::open(&url).await.expect("a session")
}

async fn joined(events: &mut EventsSocket, person: &Person) {
    let is_them = |event: &RoomEvent| matches!(event, RoomEvent::ParticipantJoined { participant } if participant.id == *person.id());
    events.until("somebody to join", |event| is_them(event).then_some(())).await;
}

async fn left(events: &mut EventsSocket, person: &Person, patience: Duration) {
    let is_them = |event: &RoomEvent| matches!(event, RoomEvent::ParticipantLeft { participant } if participant.id == *person.id());
    events.until_within(patience, "somebody to leave", |event| is_them(event).then_some(())).await;
}

#[tokio::test]
async fn edits_pass_between_a_socket_and_http_both_ways() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Mixed").await;
    let mut ada = room.owner.document().await;
    ada.write("a.txt", "one").await;
    ada.barrier().await;
    let mut grace = room.join_as("Grace").await.document_over_http().await;
    assert_eq!(grace.text("a.txt").as_deref(), Some("one"), "the whole document");
    grace.insert("a.txt", 3, " two").await;
    ada.until_text("a.txt", "one two").await;
    ada.insert("a.txt", 7, " three").await;
    grace.until_text("a.txt", "one two three").await;
    let mut vic = room.watch_as("Vic").await.document_over_http().await;
    grace.insert("a.txt", 0, "zero ").await;
    vic.until_text("a.txt", "zero one two three").await;
}

#[tokio::test]
async fn a_barrier_over_http_is_answered_when_all_before_it_is_durable() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Barrier").await;
    let mut ada = room.owner.document_over_http().await;
    let mut events = room.owner.events_over_http().await;
    ada.write("a.txt", "").await;
    for index in 0..20 {
        ada.insert("a.txt", index, "x").await;
    }
    ada.barrier().await;
    let files = room.owner.files().await;
    assert_eq!(files.items[0].content, "x".repeat(20));
    // And it is told, as on a socket: how far, and how many frames of one's own.
    let sent = ada.frames;
    let saved = |event: &RoomEvent| match event {
        RoomEvent::Saved { position, frames } => (*frames == sent).then_some(*position),
        _ => None,
    };
    assert_eq!(events.until("all frames to be saved", saved).await, files.position);
}

#[tokio::test]
async fn events_pass_between_a_socket_and_http_both_ways() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Talk").await;
    let mut ada = room.owner.events().await;
    let grace = room.join_as("Grace").await;
    let mut graces = grace.events_over_http().await;
    assert_eq!(graces.welcome.you.id, *grace.id());
    assert_eq!(graces.welcome.participants.len(), 2);
    joined(&mut ada, &grace).await;
    let says = |wanted: &'static str| {
        move |event: &RoomEvent| matches!(event, RoomEvent::Chat { message } if message.text == wanted).then_some(())
    };
    graces.send(&ClientEvent::ChatSend { text: "by call".to_owned() }).await;
    ada.until("the message", says("by call")).await;
    ada.send(&ClientEvent::ChatSend { text: "by socket".to_owned() }).await;
    graces.until("the message", says("by socket")).await;
    graces.settle().await;
    graces.close().await;
    left(&mut ada, &grace, REVOCATION_DEADLINE).await;
}

#[tokio::test]
async fn a_viewers_edit_over_http_is_refused_and_seen_by_nobody() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Read only").await;
    let mut ada = room.owner.document().await;
    ada.write("main.py", "mine").await;
    ada.barrier().await;
    let mut vic = room.watch_as("Vic").await.document_over_http().await;
    vic.insert("main.py", 0, "not ").await;
    vic.until("the auth message", |message| matches!(message, Message::Auth(Some(_))).then_some(())).await;
    vic.barrier().await;
    assert_eq!(room.owner.files().await.items[0].content, "mine");
}

#[tokio::test]
async fn a_withdrawn_link_closes_the_sessions_behind_it() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Withdrawn").await;
    let link = room.link(Role::Editor).await;
    let leaves = room.enter_by(&link, "Leaves").await;
    let (mut document, mut events) = (leaves.document_over_http().await, leaves.events_over_http().await);
    let mut stays = room.owner.document_over_http().await;
    assert_eq!(room.revoke(&link).await.status, 200);
    assert_eq!(document.close_code_within(REVOCATION_DEADLINE).await, 4403);
    assert_eq!(events.close_code_within(REVOCATION_DEADLINE).await, 4403);
    for url in leaves.socket_urls() {
        assert_eq!(PollSocket::open(&url).await.err(), Some(4403));
    }
    stays.barrier().await;
}

#[tokio::test]
async fn a_session_is_refused_as_a_socket_is() {
    let stack = Stack::from_env().await;
    let (room, other) = (stack.guest_room("One").await, stack.guest_room("Other").await);
    let [url, _] = room.owner.socket_urls();
    let (address, token) = url.split_once("?token=").expect("a token");
    let forged = format!("{}A{}", &token[..token.len() - 20], &token[token.len() - 19..]);
    let nowhere = address.replace(room.id().as_str(), "no-room");
    let refused = [
        (format!("{address}?token="), 4401),
        (format!("{address}?token=nonsense"), 4401),
        (format!("{address}?token={forged}"), 4401),
        (format!("{address}?token={}", other.owner.token()), 4401),
        (format!("{nowhere}?token={token}"), 4404),
    ];
    for (url, code) in refused {
        assert_eq!(PollSocket::open(&url).await.err(), Some(code), "{url}");
    }
}

#[tokio::test]
async fn only_the_token_that_opened_a_session_may_use_it() {
    let stack = Stack::from_env().await;
    let (room, other) = (stack.guest_room("Mine").await, stack.guest_room("Other").await);
    let mallory = room.join_as("Mallory").await;
    let mut session = sync_session(&room.owner).await;
    for method in [Method::GET, Method::POST] {
        let call = |token: &str| session.call_as(token, method.clone(), Record::Binary(&[9]).encode());
        assert_eq!(frames_of(&call(mallory.token()).send().await), [Frame::Closed(1012)], "unknown to Mallory");
        assert_eq!(frames_of(&call(other.owner.token()).send().await), [Frame::Closed(4401)]);
        assert_eq!(frames_of(&call("nonsense").send().await), [Frame::Closed(4401)]);
    }
    let farewell = session.call_as(mallory.token(), Method::DELETE, Vec::new()).send().await;
    assert_eq!(farewell.status, 200, "{farewell}");
    assert!(matches!(session.next().await, Frame::Binary(_)), "the session stands: nobody but its owner touched it");
}

#[tokio::test]
async fn an_unknown_session_is_told_to_come_back() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Unknown").await;
    let mut gone = sync_session(&room.owner).await;
    let farewell = gone.call_as(room.owner.token(), Method::DELETE, Vec::new()).send().await;
    assert_eq!(farewell.status, 200, "{farewell}");
    assert_eq!(gone.pull().await, [Frame::Closed(1012)]);
    assert_eq!(frames_of(&gone.push(Record::Binary(&[1]).encode()).await), [Frame::Closed(1012)]);
}

#[tokio::test]
async fn bodies_that_are_no_records_end_their_session() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Hostile").await;
    let hostile: [(&str, Vec<u8>, u16); 5] = [
        ("an unknown kind", vec![7, 0, 0, 0, 0], 4422),
        ("half a record", vec![0, 0, 0, 0, 9, 1], 4422),
        ("text on the document's channel", Record::Text("{}").encode(), 4422),
        ("a frame that is no message", Record::Binary(&[0xff; 16]).encode(), 4422),
        ("too much at once", vec![0; 22 * 1024 * 1024], 4413),
    ];
    for (what, body, code) in hostile {
        let mut session = sync_session(&room.owner).await;
        let answer = session.push(body).await;
        assert_eq!(answer.status, 200, "{what}: {answer}");
        let end = loop {
            if let Frame::Closed(code) = session.next().await {
                break code;
            }
        };
        assert_eq!(end, code, "{what}");
    }
    room.owner.document().await.barrier().await;
}

#[tokio::test]
async fn a_call_that_is_sent_twice_is_handled_once() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Twice").await;
    let mut ada = room.owner.events().await;
    let grace = room.join_as("Grace").await;
    let mut session = events_session(&grace).await;
    let chat = |text: &str| Record::Text(&format!(r#"{{"type":"chat:send","text":"{text}"}}"#)).encode();
    session.push(chat("one")).await;
    assert_eq!(session.push_as(1, chat("one again")).await.status, 200);
    session.push(chat("two")).await;
    let mut texts = Vec::new();
    while texts.last().is_none_or(|text| text != "two") {
        let text = |event: &RoomEvent| match event {
            RoomEvent::Chat { message } => Some(message.text.clone()),
            _ => None,
        };
        texts.push(ada.until("a message", text).await);
    }
    assert_eq!(texts, ["one", "two"]);
    // A gap: what came between is lost, and the client has to start over.
    session.push_as(4, chat("four")).await;
    while !matches!(session.next().await, Frame::Closed(1012)) {}
    // The same for an answer that took frames and is asked for again.
    let mut session = sync_session(&grace).await;
    assert!(matches!(session.pull().await.as_slice(), [Frame::Binary(_), ..]), "the room begins the handshake");
    let again = session.pull_as(1).await;
    assert_eq!(again.last(), Some(&Frame::Closed(1012)), "{again:?}");
}

#[tokio::test]
async fn a_later_call_takes_the_place_of_one_that_still_waits() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Places").await;
    let mut session = sync_session(&room.owner).await;
    assert!(!session.pull().await.is_empty(), "the room begins the handshake");
    // Both wait, in whichever order they came: one of them is sent home, the other gets the frames.
    let edit = async {
        let mut ada = room.join_as("Ada").await.document().await;
        ada.write("a.txt", "x").await;
        ada.barrier().await;
    };
    let (one, other, ()) = tokio::join!(session.pull_as(2), session.pull_as(3), edit);
    assert!(one.is_empty() != other.is_empty(), "{one:?} {other:?}");
}

#[tokio::test]
async fn who_stops_calling_is_gone_for_the_others() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Vanished").await;
    let mut ada = room.owner.events().await;
    let vera = room.join_as("Vera").await;
    let events = vera.events_over_http().await;
    let document = vera.document_over_http().await;
    joined(&mut ada, &vera).await;
    drop((events, document));
    left(&mut ada, &vera, VANISHED_DEADLINE).await;
    assert_eq!(room.owner.events().await.welcome.participants.len(), 1);
}
