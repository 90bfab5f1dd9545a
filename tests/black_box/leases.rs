//! Runs that a room gives to its own runner, and typing into them.

use protocol::envelope::ErrorCode;
use protocol::event::{ClientEvent, RoomEvent};
use protocol::ids::RunId;
use protocol::language::Language;
use protocol::run::{Run, RunState};
use protocol::runner::OutputStream;
use serde_json::json;
use tests::person::start;
use tests::{EventsSocket, Stack, TestRoom};

async fn room_with(stack: &Stack, text: &str) -> TestRoom {
    let room = stack.guest_room("Leased").await;
    let mut document = room.owner.document().await;
    document.write("main.py", text).await;
    document.barrier().await;
    room
}

async fn next_run(events: &mut EventsSocket) -> Run {
    events
        .until("a run to be queued", |event| match event {
            RoomEvent::RunQueued { run, .. } => Some(run.clone()),
            _ => None,
        })
        .await
}

fn stdin(run_id: &RunId, data: &str, end: bool) -> ClientEvent {
    ClientEvent::RunStdin { run_id: run_id.clone(), data: data.to_owned(), end }
}

fn interactive() -> ClientEvent {
    let event = json!({"type": "run:start", "language": "python", "interactive": true});
    serde_json::from_value(event).expect("an event")
}

#[tokio::test]
async fn the_first_run_waits_for_a_runner_and_the_next_ones_go_straight_to_it() {
    let stack = Stack::from_env().await;
    let room = room_with(&stack, "print('hello')\n").await;
    let mut events = room.owner.events().await;
    for turn in 0..3 {
        if turn < 2 {
            events.send(&start(Language::Python)).await;
        } else {
            // Over HTTP as well.
            let answer = room.owner.post("/runs").json(&json!({"language": "python"})).send().await;
            assert!(!answer.to_string().contains("ticket"), "credentials are the room's alone");
        }
        let run = next_run(&mut events).await;
        assert_eq!((run.state, run.waiting.is_some()), (RunState::Queued, turn == 0), "turn {turn}");
        events.started(&run.id, 1).await;
        events.end_of(&run.id).await;
        assert_eq!(events.output_of(&run.id, OutputStream::Stdout), "hello\n");
        let record = room.owner.look_at(&run.id).await;
        assert_eq!((record.state, record.attempt, record.stdout.as_str()), (RunState::Finished, 1, "hello\n"));
    }
}

#[tokio::test]
async fn several_runs_of_a_room_go_on_at_once() {
    let stack = Stack::from_env().await;
    let room = room_with(&stack, "print(input())\n").await;
    let mut events = room.owner.events().await;
    let mut runs = Vec::new();
    for _ in 0..3 {
        events.send(&interactive()).await;
        let run = next_run(&mut events).await;
        events.started(&run.id, 1).await;
        runs.push(run.id);
    }
    for (run, word) in runs.iter().zip(["one", "two", "three"]).rev() {
        events.send(&stdin(run, &format!("{word}\n"), false)).await;
        events.end_of(run).await;
        assert_eq!(events.output_of(run, OutputStream::Stdout), format!("{word}\n"));
    }
}

#[tokio::test]
async fn whoever_may_run_types_into_a_running_program_and_everybody_sees_it() {
    let stack = Stack::from_env().await;
    let text = "import sys\nprint('ready', flush=True)\nfor line in sys.stdin: print(line.strip().upper(), flush=True)\nprint('over')\n";
    let room = room_with(&stack, text).await;
    let (mut ones, mut others) = (room.owner.events().await, room.watch_as("Vic").await.events().await);
    ones.send(&interactive()).await;
    let run = next_run(&mut others).await.id;
    others.output_has(&run, OutputStream::Stdout, "ready\n").await;
    others.send(&stdin(&run, "from a viewer\n", false)).await;
    let refused = others.until("a refusal", |event| match event {
        RoomEvent::Error { error, .. } => Some(error.code),
        _ => None,
    });
    assert_eq!(refused.await, ErrorCode::Forbidden);
    ones.send(&stdin(&run, "typed\n", false)).await;
    let seen = others.until("what was typed", |event| match event {
        RoomEvent::RunStdin { data, end, .. } => Some((data.clone(), *end)),
        _ => None,
    });
    assert_eq!(seen.await, ("typed\n".to_owned(), false));
    others.output_has(&run, OutputStream::Stdout, "ready\nTYPED\n").await;
    ones.send(&stdin(&run, "last\n", true)).await;
    others.end_of(&run).await;
    assert_eq!(others.output_of(&run, OutputStream::Stdout), "ready\nTYPED\nLAST\nover\n");
    ones.send(&stdin(&run, "late\n", false)).await;
    let refused = ones.until("a refusal", |event| match event {
        RoomEvent::Error { error, .. } => Some(error.code),
        _ => None,
    });
    assert_eq!(refused.await, ErrorCode::Conflict);
}

#[tokio::test]
async fn a_run_that_the_room_gave_away_is_cancelled_at_once() {
    let stack = Stack::from_env().await;
    let room = room_with(&stack, "import time\nprint('up', flush=True)\ntime.sleep(60)\n").await;
    let mut events = room.owner.events().await;
    for _ in 0..2 {
        events.send(&start(Language::Python)).await;
        let run = next_run(&mut events).await.id;
        events.output_has(&run, OutputStream::Stdout, "up\n").await;
        events.send(&ClientEvent::RunCancel { run_id: run.clone() }).await;
        let end = events.end_of(&run).await;
        assert!(matches!(end, RoomEvent::RunCancelled { .. }), "{end:?}");
        assert_eq!(room.owner.look_at(&run).await.state, RunState::Cancelled);
    }
}
