//! What happens in a room beside its document.

use std::time::Duration;

use protocol::envelope::ErrorCode;
use protocol::event::{ClientEvent, RoomEvent};
use protocol::language::Language;
use protocol::rights::Role;
use tests::person::start;
use tests::{EventsSocket, Stack};

/// An idle room goes to sleep after about 10 s; its sockets stay open.
const LONG_ENOUGH_TO_SLEEP: Duration = Duration::from_secs(14);

fn chat(text: &str) -> ClientEvent {
    ClientEvent::ChatSend { text: text.to_owned() }
}

/// The text and author of the next chat message.
async fn next_chat(events: &mut EventsSocket) -> (String, String) {
    events
        .until("a chat message", |event| match event {
            RoomEvent::Chat { message } => Some((message.text.clone(), message.author_name.clone())),
            _ => None,
        })
        .await
}

/// What the next complaint regards, and its code.
async fn next_error(events: &mut EventsSocket) -> (Option<String>, ErrorCode) {
    events
        .until("an error", |event| match event {
            RoomEvent::Error { regarding, error } => Some((regarding.clone(), error.code)),
            _ => None,
        })
        .await
}

#[tokio::test]
async fn the_welcome_says_who_one_is_and_who_is_there() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Welcome").await;
    let (ada, vic) = (room.join_as("Ada").await, room.watch_as("Vic").await);
    let first = ada.events().await;
    let second = vic.events().await;
    let welcome = &second.welcome;
    assert_eq!((&welcome.you.id, welcome.you.name.as_str(), welcome.you.guest), (vic.id(), "Vic", true));
    assert_eq!((welcome.role, welcome.rights), (Role::Viewer, vic.rights()));
    let names: Vec<_> = welcome.participants.iter().map(|there| there.name.as_str()).collect();
    assert_eq!(names, ["Ada", "Vic"]);
    assert_eq!(first.welcome.participants.len(), 1, "Ada was alone when she came");
    assert!(welcome.server_time > room.room.created_at && welcome.chat.is_empty() && welcome.runs.is_empty());
}

#[tokio::test]
async fn people_are_announced_once_when_they_come_and_when_they_have_gone() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Comings").await;
    let (ada, grace) = (room.join_as("Ada").await, room.join_as("Grace").await);
    let mut watching = ada.events().await;
    let (events, document) = (grace.events().await, grace.document().await);
    let came = |event: &RoomEvent| match event {
        RoomEvent::ParticipantJoined { participant } => Some(participant.name.clone()),
        _ => None,
    };
    assert_eq!(watching.until("somebody to come", came).await, "Grace");
    // With one of two sockets gone she is still there.
    events.close().await;
    watching.settle().await;
    document.close().await;
    let gone = |event: &RoomEvent| match event {
        RoomEvent::ParticipantLeft { participant } => Some(participant.id.clone()),
        _ => None,
    };
    assert_eq!(watching.until("somebody to go", gone).await, *grace.id());
    let told = watching.seen.iter().filter(|event| came(event).is_some() || gone(event).is_some()).count();
    assert_eq!(told, 2, "{:?}", watching.seen);
}

#[tokio::test]
async fn a_chat_message_reaches_everybody_and_those_who_come_later() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Chat").await;
    let (ada, vic) = (room.join_as("Ada").await, room.watch_as("Vic").await);
    let (mut ones, mut others) = (ada.events().await, vic.events().await);
    ones.send(&chat("hello ✨")).await;
    for events in [&mut ones, &mut others] {
        assert_eq!(next_chat(events).await, ("hello ✨".to_owned(), "Ada".to_owned()));
    }
    others.send(&chat("viewers talk too")).await;
    assert_eq!(next_chat(&mut ones).await.0, "viewers talk too");
    let late = room.join_as("Late").await.events().await;
    let texts: Vec<_> = late.welcome.chat.iter().map(|message| (message.id, message.text.as_str())).collect();
    assert_eq!(texts, [(1, "hello ✨"), (2, "viewers talk too")]);
}

#[tokio::test]
async fn typing_is_told_to_the_others() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Typing").await;
    let (ada, grace) = (room.join_as("Ada").await, room.join_as("Grace").await);
    let (mut ones, mut others) = (ada.events().await, grace.events().await);
    let typing = |event: &RoomEvent| match event {
        RoomEvent::Typing { participant_id, typing } => Some((participant_id.clone(), *typing)),
        _ => None,
    };
    for wanted in [true, false] {
        ones.send(&ClientEvent::Typing { typing: wanted }).await;
        assert_eq!(others.until("typing", typing).await, (ada.id().clone(), wanted));
    }
    ones.settle().await;
    assert!(ones.seen.iter().all(|event| typing(event).is_none()), "not to oneself");
}

#[tokio::test]
async fn a_ping_is_answered() {
    let stack = Stack::from_env().await;
    let mut events = stack.guest_room("Ping").await.owner.events().await;
    events.send_text(r#"{"type":"ping"}"#).await;
    events.until("a pong", |event| matches!(event, RoomEvent::Pong).then_some(())).await;
}

#[tokio::test]
async fn what_is_refused_is_answered_and_the_socket_lives_on() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Refusals").await;
    let mut events = room.owner.events().await;
    let mut check = async |text: &str, regarding: Option<&str>, code: ErrorCode| {
        events.send_text(text).await;
        assert_eq!(next_error(&mut events).await, (regarding.map(str::to_owned), code), "{text}");
    };
    // A run gets its whole input at its start.
    let late_input = r#"{"type":"run:stdin","runId":"00000000000000000000","data":"x"}"#;
    let long = serde_json::to_string(&chat(&"x".repeat(4_001))).expect("serialises");
    check("{", None, ErrorCode::BadRequest).await;
    check(r#"{"type":"no:such"}"#, Some("no:such"), ErrorCode::BadRequest).await;
    check(r#"{"type":"chat:send"}"#, Some("chat:send"), ErrorCode::BadRequest).await;
    check(r#"{"type":"chat:send","text":" "}"#, Some("chat:send"), ErrorCode::ValidationFailed).await;
    check(&long, Some("chat:send"), ErrorCode::ValidationFailed).await;
    check(late_input, Some("run:stdin"), ErrorCode::Conflict).await;
    // A room without files has nothing to run.
    check(r#"{"type":"run:start","language":"python"}"#, Some("run:start"), ErrorCode::ValidationFailed).await;
    events.settle().await;
}

#[tokio::test]
async fn a_viewer_can_neither_run_nor_stop_a_program() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Hands off").await;
    let vic = room.watch_as("Vic").await;
    let mut events = vic.events().await;
    let cancel = r#"{"type":"run:cancel","runId":"00000000000000000000"}"#;
    let start = serde_json::to_string(&start(Language::Python)).expect("serialises");
    for (text, regarding) in [(start.as_str(), "run:start"), (cancel, "run:cancel")] {
        events.send_text(text).await;
        assert_eq!(next_error(&mut events).await, (Some(regarding.to_owned()), ErrorCode::Forbidden));
    }
    let over_http = vic.post("/runs").json(&serde_json::json!({"language": "python"})).send().await;
    over_http.refuses_with(ErrorCode::Forbidden);
}

#[tokio::test]
async fn a_room_that_nobody_used_for_a_while_goes_on_where_it_was() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Asleep").await;
    let (ada, grace) = (room.join_as("Ada").await, room.join_as("Grace").await);
    let (mut ones, mut others) = (ada.events().await, grace.events().await);
    let (mut ones_document, mut others_document) = (ada.document().await, grace.document().await);
    ones.send(&chat("before")).await;
    next_chat(&mut others).await;
    ones_document.write("main.py", "1").await;
    others_document.until_text("main.py", "1").await;
    // Not waiting for anything: silence is what is tested.
    tokio::time::sleep(LONG_ENOUGH_TO_SLEEP).await;
    others_document.insert("main.py", 1, "2").await;
    ones_document.until_text("main.py", "12").await;
    ones_document.insert("main.py", 2, "3").await;
    others_document.until_text("main.py", "123").await;
    let sent = ones_document.frames;
    ones.until("the count of frames to go on", |event| {
        matches!(event, RoomEvent::Saved { frames, .. } if *frames == sent).then_some(())
    })
    .await;
    others.send(&chat("after")).await;
    assert_eq!(next_chat(&mut ones).await, ("after".to_owned(), "Grace".to_owned()));
    let welcome = room.watch_as("Vic").await.events().await.welcome;
    let names: Vec<_> = welcome.participants.iter().map(|there| there.name.as_str()).collect();
    assert_eq!(names, ["Ada", "Grace", "Vic"]);
    assert_eq!(welcome.chat.iter().map(|message| message.id).collect::<Vec<_>>(), [1, 2]);
}
