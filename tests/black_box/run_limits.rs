//! Runs that are stopped: at a limit, by a person, or before they begin.

use protocol::envelope::ErrorCode;
use protocol::event::{ClientEvent, RoomEvent};
use protocol::language::Language;
use protocol::limits::{GUEST_RUNS_PER_MINUTE, RUN_OUTPUT_KEPT_BYTES, RUN_WALL_MS};
use protocol::run::{RunReason, RunState};
use protocol::runner::OutputStream;
use serde_json::json;
use tests::Stack;
use tests::run::{program, run_of};

#[tokio::test]
async fn a_program_is_stopped_when_its_time_is_up() {
    let stack = Stack::from_env().await;
    let run = stack.run(&program(Language::Python, "print('on', flush=True)\nwhile True: pass\n")).await;
    assert_eq!(
        (run.state, run.reason, run.exit_code),
        (RunState::Finished, Some(RunReason::TimeLimit), None),
        "{run:?}"
    );
    assert_eq!(run.stdout, "on\n", "what it wrote before is kept");
    assert!(run.wall_ms.is_some_and(|wall| (RUN_WALL_MS - 500..RUN_WALL_MS + 3000).contains(&wall)), "{run:?}");
}

#[tokio::test]
async fn a_program_that_writes_without_end_is_stopped_and_cut() {
    let stack = Stack::from_env().await;
    let run = stack.run(&program(Language::Python, "while True: print('x' * 1000)\n")).await;
    assert_eq!(
        (run.state, run.reason, run.truncated),
        (RunState::Finished, Some(RunReason::OutputLimit), true),
        "{:?}",
        run.reason
    );
    assert!(
        run.stdout.len() <= RUN_OUTPUT_KEPT_BYTES && run.stdout.len() > RUN_OUTPUT_KEPT_BYTES / 2,
        "{}",
        run.stdout.len()
    );
}

#[tokio::test]
async fn a_program_that_takes_too_much_memory_is_stopped() {
    let stack = Stack::from_env().await;
    let text = "#include <stdlib.h>\n#include <string.h>\nint main(void) {\n  for (;;) { char *p = malloc(1 << 20); if (!p) return 9; memset(p, 1, 1 << 20); }\n}\n";
    let run = stack.run(&program(Language::C, text)).await;
    // Which of the two comes first depends on the sandbox's tier: the allocation fails, or the program is killed.
    let is_bounded = run.reason == Some(RunReason::MemoryLimit) || run.exit_code == Some(9);
    assert!(run.state == RunState::Finished && is_bounded, "{run:?}");
    assert!(run.memory_bytes.is_some_and(|bytes| bytes < 400 * 1024 * 1024), "{run:?}");
}

#[tokio::test]
async fn a_person_stops_a_running_program_and_everybody_hears() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Stop").await;
    let mut document = room.owner.document().await;
    document.write("main.py", "import time\nprint('on', flush=True)\nwhile True: time.sleep(1)\n").await;
    document.barrier().await;
    let (ada, grace) = (room.join_as("Ada").await, room.join_as("Grace").await);
    let (mut ones, mut others) = (ada.events().await, grace.events().await);
    let run = ada.run(Language::Python).await;
    ones.output_has(&run.id, OutputStream::Stdout, "on\n").await;
    others.send(&ClientEvent::RunCancel { run_id: run.id.clone() }).await;
    for events in [&mut ones, &mut others] {
        assert_eq!(events.end_of(&run.id).await, RoomEvent::RunCancelled { run_id: run.id.clone() });
    }
    assert_eq!(ada.look_at(&run.id).await.state, RunState::Cancelled);
    // The runner is free again, long before the program's time was up.
    assert_eq!(stack.run(&program(Language::Python, "print(2)")).await.stdout, "2\n");
}

#[tokio::test]
async fn a_run_without_a_room_is_cancelled_over_http() {
    let stack = Stack::from_env().await;
    let run =
        run_of(&stack.submit(&program(Language::Python, "import time\nwhile True: time.sleep(1)\n")).send().await);
    let cancelled = stack.post(&format!("/api/v1/runs/{}/cancel", run.id)).send().await;
    assert_eq!(run_of(&cancelled).state, RunState::Cancelled);
    assert_eq!(stack.look_at(&run).await.state, RunState::Cancelled);
    let again = stack.post(&format!("/api/v1/runs/{}/cancel", run.id)).send().await;
    assert_eq!(run_of(&again).ended_at, run_of(&cancelled).ended_at, "it is cancelled once");
    let other = stack.run(&program(Language::Python, "print(2)")).await;
    assert_eq!(other.stdout, "2\n", "the runner is free");
    stack.post(&format!("/api/v1/runs/{}/cancel", other.id)).send().await.refuses_with(ErrorCode::Conflict);
}

#[tokio::test]
async fn a_guest_starts_so_many_runs_in_a_minute_and_no_more() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Busy").await;
    let mut document = room.owner.document().await;
    document.write("main.py", "print(1)").await;
    document.barrier().await;
    // One key: every submission counts, and only one program runs. The minute may turn once meanwhile.
    let mut taken = 0;
    let refused = loop {
        let call = room.owner.post("/runs").header("idempotency-key", "same");
        let answer = call.json(&json!({"language": "python"})).send().await;
        if answer.status == 429 {
            break answer;
        }
        assert_eq!(answer.status, 202, "{answer}");
        taken += 1;
        assert!(taken <= 2 * GUEST_RUNS_PER_MINUTE, "are the limits off?");
    };
    refused.refuses_with(ErrorCode::RateLimitExceeded);
    let wait: u32 = refused.header("retry-after").expect("when to come back").parse().expect("seconds");
    assert!((1..=60).contains(&wait));
    assert!(taken >= GUEST_RUNS_PER_MINUTE, "{taken}");
    // Others are not held up by one.
    let other = room.join_as("Other").await.post("/runs").json(&json!({"language": "python"})).send().await;
    assert_eq!(other.status, 202, "{other}");
}
