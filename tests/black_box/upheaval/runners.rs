//! Runs while there is no runner for them. The stack's runs expire after a minute instead of five.

use std::time::Duration;

use protocol::event::RoomEvent;
use protocol::language::Language;
use protocol::run::{Priority, RunReason, RunState, SubmitRunRequest};
use tests::Stack;
use tests::run::{is_over, program, run_of};
use tests::wait::eventually;

/// A run's wait, the minute between two sweeps, 10 s for the clock that fires them, and some.
const EXPIRY: Duration = Duration::from_secs(60 + 60 + 10 + 15);

#[tokio::test]
async fn a_run_that_no_runner_takes_expires_and_its_room_hears_it() {
    let stack = Stack::alone_from_env().await;
    let room = stack.guest_room("Nobody there").await;
    let mut document = room.owner.document().await;
    document.write("main.py", "print(1)\n").await;
    document.barrier().await;
    let mut events = room.owner.events().await;
    stack
        .without_runners(async || {
            let lonely = run_of(&stack.submit(&program(Language::Python, "print(1)\n")).send().await);
            let run = room.owner.run(Language::Python).await;
            let waiting = run.waiting.expect("what it waits for");
            assert!(waiting.ahead.is_some(), "{waiting:?}");
            let end = events.end_of_within(EXPIRY, &run.id).await;
            let expired = RoomEvent::RunFinished {
                run_id: run.id.clone(),
                state: RunState::Failed,
                exit_code: None,
                signal: None,
                reason: Some(RunReason::Expired),
                wall_ms: None,
                cpu_ms: None,
                memory_bytes: None,
                truncated: false,
            };
            assert_eq!(end, expired);
            let lonely = eventually(EXPIRY, "the other run to expire", async || {
                let run = stack.look_at(&lonely).await;
                if is_over(&run) { Ok(run) } else { Err(run) }
            })
            .await;
            assert_eq!((lonely.state, lonely.reason, lonely.attempt), (RunState::Failed, Some(RunReason::Expired), 0));
        })
        .await;
    // Their messages are of no use to the runners that come back.
    assert_eq!(stack.run(&program(Language::Python, "print(2)\n")).await.stdout, "2\n");
}

#[tokio::test]
async fn critical_runs_come_before_background_runs() {
    let stack = Stack::alone_from_env().await;
    let runners = stack.processes().await.runners.len();
    let (background, critical) = stack
        .without_runners(async || {
            let text = "import time\nprint(time.time())\ntime.sleep(1)\n";
            let submit = async |priority| {
                let request = SubmitRunRequest { priority, ..program(Language::Python, text) };
                run_of(&stack.submit(&request).send().await)
            };
            // A runner that went leaves a long poll behind, which swallows a message for a while.
            for _ in 0..runners {
                submit(None).await;
            }
            let background = submit(Some(Priority::Background)).await;
            let mut critical = Vec::new();
            for _ in 0..2 * runners + 2 {
                critical.push(submit(None).await);
            }
            (background, critical)
        })
        .await;
    let began = async |run| stack.end_of(&run).await.stdout.trim().parse::<f64>().expect("a time");
    let last = began(background).await;
    let (mut before, all) = (0, critical.len());
    for run in critical {
        before += usize::from(began(run).await < last);
    }
    assert!(before > all / 2, "{before} of {all} that came later ran before it");
}

#[tokio::test]
async fn a_run_that_ended_is_tried_again() {
    let stack = Stack::from_env().await;
    let request = SubmitRunRequest { stdin: Some("x\n".to_owned()), ..program(Language::Python, "print(input())") };
    let first = stack.run(&request).await;
    let again = stack.post(&format!("/api/v1/runs/{}/retry", first.id)).send().await;
    assert_eq!(again.status, 202, "{again}");
    let second = run_of(&again);
    assert_ne!(second.id, first.id);
    assert_eq!(stack.end_of(&second).await.stdout, "x\n");

    let room = stack.guest_room("Again").await;
    let mut document = room.owner.document().await;
    document.write("main.py", "print('then')\n").await;
    document.barrier().await;
    let mut events = room.watch_as("Vic").await.events().await;
    let run = room.owner.run(Language::Python).await;
    events.end_of(&run.id).await;
    document.write("main.py", "print('now')\n").await;
    document.barrier().await;
    let path = format!("/api/v1/runs/{}/retry", run.id);
    let retried = stack.post(&path).bearer(room.join_as("Ada").await.token()).send().await;
    let retried = run_of(&retried);
    assert_eq!((retried.started_by.as_str(), retried.position), ("Ada", run.position));
    let is_queued = |event: &RoomEvent| matches!(event, RoomEvent::RunQueued { run_id, .. } if *run_id == retried.id);
    events.until("the room to hear of it", |event| is_queued(event).then_some(())).await;
    events.end_of(&retried.id).await;
    assert_eq!(room.owner.look_at(&retried.id).await.stdout, "then\n");
    let vic = room.watch_as("Vic again").await;
    stack.post(&path).bearer(vic.token()).send().await.refuses_with(protocol::envelope::ErrorCode::Forbidden);
}
