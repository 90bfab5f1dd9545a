//! Parts that end and start again while people are at work. Each test has the stack to itself.

mod big;
mod durability;
mod faults;
mod migration;
mod runners;

use std::time::Duration;

use protocol::account::Me;
use protocol::event::{ClientEvent, RoomEvent};
use protocol::language::Language;
use protocol::run::RunState;
use protocol::runner::OutputStream;
use tests::Stack;
use tests::run::{is_over, program};
use tests::wait::eventually;

#[tokio::test]
async fn what_was_saved_survives_the_death_of_the_edge() {
    let stack = Stack::alone_from_env().await;
    let room = stack.guest_room("Survivor").await;
    let (ada, grace) = (room.join_as("Ada").await, room.join_as("Grace").await);
    let (mut ones, mut others) = (ada.document().await, grace.document().await);
    let mut events = ada.events().await;
    events.send(&ClientEvent::ChatSend { text: "before".to_owned() }).await;
    events.until("the message", |event| matches!(event, RoomEvent::Chat { .. }).then_some(())).await;
    ones.write("main.py", "print('kept')\n").await;
    others.until_text("main.py", "print('kept')\n").await;
    for index in 0..50 {
        others.insert("main.py", index, "#").await;
    }
    others.barrier().await;
    let position = room.owner.files().await.position;

    stack.kill("edge").await;

    let code = events.close_code_within(Duration::from_secs(10)).await;
    assert!(!(4400..4500).contains(&code), "a stock client comes back after {code}");
    let wanted = format!("{}print('kept')\n", "#".repeat(50));
    let files = room.owner.files().await;
    assert_eq!((files.items[0].content.as_str(), files.position), (wanted.as_str(), position));
    let mut again = grace.document().await;
    assert_eq!(again.text("main.py"), Some(wanted.clone()));
    let mut events = ada.events().await;
    let chat: Vec<_> = events.welcome.chat.iter().map(|message| (message.id, message.text.as_str())).collect();
    assert_eq!(chat, [(1, "before")]);
    assert_eq!(events.welcome.participants.len(), 2, "no ghosts: {:?}", events.welcome.participants);

    // Life goes on where it was, with numbers that go on too.
    again.insert("main.py", 0, "!").await;
    again.barrier().await;
    assert_eq!(room.owner.files().await.position, position + 1);
    events.send(&ClientEvent::ChatSend { text: "after".to_owned() }).await;
    let id = events.until("the message", |event| match event {
        RoomEvent::Chat { message } => Some(message.id),
        _ => None,
    });
    assert_eq!(id.await, 2);
}

#[tokio::test]
async fn a_run_streams_on_across_a_restart_of_the_edge() {
    let stack = Stack::alone_from_env().await;
    let room = stack.guest_room("Streams on").await;
    let mut document = room.owner.document().await;
    let text = "import time\nfor n in range(70):\n    print(n, flush=True)\n    time.sleep(0.1)\n";
    document.write("main.py", text).await;
    document.barrier().await;
    let mut events = room.owner.events().await;
    let run = room.owner.run(Language::Python).await;
    events.output_has(&run.id, OutputStream::Stdout, "3\n").await;

    stack.restart("edge").await;

    let end = eventually(Duration::from_secs(60), "the end of the run", async || {
        let run = room.owner.look_at(&run.id).await;
        if is_over(&run) { Ok(run) } else { Err(run.state) }
    })
    .await;
    let wanted: String = (0..70).map(|n| format!("{n}\n")).collect();
    assert_eq!((end.state, end.exit_code, end.attempt), (RunState::Finished, Some(0), 1), "{end:?}");
    assert_eq!(end.stdout, wanted);
    // The room has every chunk once and in order, also those of the time without an edge.
    let kept = eventually(Duration::from_secs(10), "the room to hear of the end", async || {
        let runs = room.owner.events().await.welcome.runs;
        runs.into_iter().find(|kept| is_over(&kept.run)).ok_or("still at work")
    })
    .await;
    let replayed: String = kept.output.iter().map(|chunk| chunk.data.as_str()).collect();
    assert_eq!(replayed, wanted);
    let numbers: Vec<_> = kept.output.iter().map(|chunk| chunk.seq).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
}

#[tokio::test]
async fn accounts_and_rooms_outlive_the_functions() {
    let stack = Stack::alone_from_env().await;
    let ada = stack.account().await;
    let room = stack.guest_room("Functions").await;
    stack.kill("functions").await;
    assert_eq!(ada.me().await.data::<Me>().user, *ada.user());
    ada.log_in_again().await;
    room.join_as("Grace").await.events().await;
    assert_eq!(stack.run(&program(Language::Python, "print(1)")).await.stdout, "1\n");
}
