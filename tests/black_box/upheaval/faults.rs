//! Runners that die. Their service starts another at once; the queue hands the run on when its message is visible
//! again, and a room queues what it gave a runner itself.

use std::time::{Duration, Instant};

use protocol::event::RoomEvent;
use protocol::language::Language;
use protocol::run::{RunReason, RunState};
use protocol::runner::OutputStream;
use tests::run::is_over;
use tests::wait::eventually;
use tests::{Stack, TestRoom};

/// The visibility timeout from the last heartbeat, and the time that other programs may take before this one.
const REDELIVERY: Duration = Duration::from_secs(30 + 40);

async fn room_with(stack: &Stack, text: &str) -> TestRoom {
    let room = stack.guest_room("Faults").await;
    let mut document = room.owner.document().await;
    document.write("main.py", text).await;
    document.barrier().await;
    room
}

#[tokio::test]
async fn a_killed_runners_run_is_run_again_and_ends_true() {
    let stack = Stack::alone_from_env().await;
    let room = room_with(&stack, "import time\nprint('begun', flush=True)\ntime.sleep(3)\nprint('done')\n").await;
    let mut events = room.owner.events().await;
    let run = room.owner.run(Language::Python).await;
    events.output_has(&run.id, OutputStream::Stdout, "begun\n").await;
    stack.kill_busy_runner().await;

    assert_eq!(events.started(&run.id, 2).await, 2);
    let end = events.end_of(&run.id).await;
    assert!(matches!(end, RoomEvent::RunFinished { exit_code: Some(0), state: RunState::Finished, .. }), "{end:?}");
    // The lost attempt's output is void: what is shown comes from one attempt.
    assert_eq!(events.output_of(&run.id, OutputStream::Stdout), "begun\ndone\n");
    let record = room.owner.look_at(&run.id).await;
    assert_eq!((record.attempt, record.stdout.as_str()), (2, "begun\ndone\n"));
    let welcome = room.watch_as("Late").await.events().await.welcome;
    let replayed: String = welcome.runs[0].output.iter().map(|chunk| chunk.data.as_str()).collect();
    assert_eq!(replayed, "begun\ndone\n");
}

#[tokio::test]
async fn a_run_that_takes_its_runners_along_is_given_up_as_lost() {
    let stack = Stack::alone_from_env().await;
    let room = room_with(&stack, "import time\nprint('up', flush=True)\ntime.sleep(8)\nprint('never')\n").await;
    let mut events = room.owner.events().await;
    let run = room.owner.run(Language::Python).await;
    for attempt in 1..=3 {
        assert_eq!(events.started(&run.id, attempt).await, attempt);
        // By then it is the runner with a program.
        events.output_has(&run.id, OutputStream::Stdout, "up\n").await;
        stack.kill_busy_runner().await;
    }
    events.end_of_within(REDELIVERY, &run.id).await;
    let end = room.owner.look_at(&run.id).await;
    assert_eq!((end.state, end.reason, end.attempt), (RunState::Failed, Some(RunReason::Lost), 3), "{end:?}");
    // Its room has been told, not only its record.
    let kept = eventually(Duration::from_secs(10), "the room to hear of it", async || {
        let runs = room.owner.events().await.welcome.runs;
        runs.into_iter().find(|kept| is_over(&kept.run)).ok_or("still at work")
    })
    .await;
    assert_eq!((kept.run.id, kept.run.state, kept.run.reason), (run.id, RunState::Failed, Some(RunReason::Lost)));
}

#[tokio::test]
async fn what_a_room_gave_a_runner_that_dies_is_run_again_within_seconds() {
    let stack = Stack::alone_from_env().await;
    let room = room_with(&stack, "import time\nprint('begun', flush=True)\ntime.sleep(2)\nprint('done')\n").await;
    let mut events = room.owner.events().await;
    // The first run wins the runner.
    let first = room.owner.run(Language::Python).await;
    events.end_of(&first.id).await;
    let run = room.owner.run(Language::Python).await;
    assert!(run.waiting.is_none(), "the room gave it to its runner");
    events.output_has(&run.id, OutputStream::Stdout, "begun\n").await;
    let killed = Instant::now();
    stack.kill_busy_runner().await;
    assert_eq!(events.started(&run.id, 2).await, 2);
    assert!(killed.elapsed() < REDELIVERY / 2, "before any message could have come again: {:?}", killed.elapsed());
    events.end_of(&run.id).await;
    assert_eq!(events.output_of(&run.id, OutputStream::Stdout), "begun\ndone\n");
    let record = room.owner.look_at(&run.id).await;
    assert_eq!((record.state, record.attempt, record.stdout.as_str()), (RunState::Finished, 2, "begun\ndone\n"));
}
