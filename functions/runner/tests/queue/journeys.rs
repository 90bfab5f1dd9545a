//! What becomes of a message.

use std::process::Command;
use std::time::Instant;

use protocol::lease::LeaseOrder;
use protocol::run::{Priority, RunReason};
use protocol::runner::{OutputStream, RoomFrame, RunnerFrame};
use serde_json::{Value, json};

use crate::world::{Behaviour, Deed, RUN, RoomSays, World};

fn ack(seq: u64) -> RoomSays {
    RoomSays::Frame(RoomFrame::Ack { seq })
}

fn output(seq: u64, data: &str) -> RunnerFrame {
    RunnerFrame::Output { seq, stream: OutputStream::Stdout, data: data.to_owned() }
}

async fn frame(world: &mut World) -> RunnerFrame {
    world.find(|deed| if let Deed::Frame(frame) = deed { Some(frame) } else { None }).await
}

fn is_deleted(deed: Deed) -> Option<()> {
    matches!(deed, Deed::Deleted).then_some(())
}

#[tokio::test]
async fn a_run_is_claimed_streamed_recorded_and_then_deleted() {
    let mut world = World::start(Behaviour::python("say('hello')")).await;
    assert!(matches!(world.next().await, Deed::Claimed));
    let room = world.room().await;
    assert_eq!(frame(&mut world).await, output(1, "hello\n"));
    assert_eq!(frame(&mut world).await, RunnerFrame::End { last_seq: 1 });
    assert!(world.rest().is_empty(), "the result waits for the room");
    room.send(ack(1)).expect("the room speaks");
    let result = world.report().await.result;
    assert_eq!((result.stdout.as_str(), result.exit_code, result.reason), ("hello\n", Some(0), None));
    assert_eq!(result.sandbox, "namespaces");
    assert!(matches!(world.next().await, Deed::Deleted));
    world.terminate();
    assert!(world.exit().await.success());
}

#[tokio::test]
async fn output_comes_as_it_is_printed() {
    let source = "say('one')\ntime.sleep(30)";
    let mut world = World::start(Behaviour::python(source)).await;
    let room = world.room().await;
    assert_eq!(frame(&mut world).await, output(1, "one\n"));
    let cancelled = Instant::now();
    room.send(RoomSays::Frame(RoomFrame::Cancel)).expect("the room speaks");
    assert_eq!(frame(&mut world).await, RunnerFrame::End { last_seq: 1 });
    assert!(cancelled.elapsed().as_millis() < 500, "{:?}", cancelled.elapsed());
    room.send(ack(1)).expect("the room speaks");
    world.terminate();
    assert!(world.exit().await.success());
    assert!(!world.rest().iter().any(|deed| matches!(deed, Deed::Reported(_))), "a stopped run has no result");
}

#[tokio::test]
async fn what_was_not_acknowledged_comes_again_after_a_reconnect() {
    let source = "for n in range(3): say(n); time.sleep(0.1)";
    let mut world = World::start(Behaviour::python(source)).await;
    let room = world.room().await;
    for (seq, data) in [(1, "0\n"), (2, "1\n")] {
        assert_eq!(frame(&mut world).await, output(seq, data));
    }
    room.send(ack(1)).expect("the room speaks");
    room.send(RoomSays::Hangup).expect("the room speaks");
    let room = world.room().await;
    for (seq, data) in [(2, "1\n"), (3, "2\n")] {
        assert_eq!(frame(&mut world).await, output(seq, data));
    }
    assert_eq!(frame(&mut world).await, RunnerFrame::End { last_seq: 3 });
    room.send(ack(3)).expect("the room speaks");
    assert_eq!(world.report().await.result.stdout, "0\n1\n2\n");
}

#[tokio::test]
async fn a_flood_is_cut_and_its_program_stopped() {
    let behaviour = Behaviour::python("while True: print('x' * 9999)").without_room();
    let mut world = World::start(behaviour).await;
    let result = world.report().await.result;
    assert_eq!(result.reason, Some(RunReason::OutputLimit));
    assert!(result.truncated && result.stdout.len() == 1024 * 1024, "{}", result.stdout.len());
    assert_eq!(result.signal.as_deref(), Some("SIGKILL"));
}

#[tokio::test]
async fn a_run_that_is_over_is_deleted_and_anothers_is_left() {
    let claim = |over: bool| Behaviour { claims: vec![(409, json!({"over": over}))], ..Behaviour::python("") };
    let mut world = World::start(claim(true)).await;
    world.find(is_deleted).await;
    let mut world = World::start(claim(false)).await;
    assert!(matches!(world.next().await, Deed::Claimed));
    world.terminate();
    assert!(world.exit().await.success());
    assert!(world.rest().is_empty());
}

#[tokio::test]
async fn a_claim_is_repeated_while_the_edge_is_away() {
    let claims = vec![(503, Value::Null), (500, Value::Null)];
    let mut world = World::start(Behaviour { claims, ..Behaviour::python("say('ok')").without_room() }).await;
    assert_eq!(world.report().await.result.stdout, "ok\n");
}

#[tokio::test]
async fn a_result_is_offered_until_it_is_taken() {
    let results = vec![(503, Value::Null), (500, Value::Null)];
    let mut world = World::start(Behaviour { results, ..Behaviour::python("").without_room() }).await;
    for _ in 0..3 {
        world.report().await;
    }
    assert!(matches!(world.next().await, Deed::Deleted));
}

#[tokio::test]
async fn a_result_of_an_old_attempt_leaves_the_message_to_the_new() {
    let results = vec![(409, json!({"over": false}))];
    let mut world = World::start(Behaviour { results, ..Behaviour::python("").without_room() }).await;
    world.report().await;
    world.terminate();
    assert!(world.exit().await.success());
    assert!(world.rest().is_empty());
}

#[tokio::test]
async fn a_run_without_a_room_learns_from_heartbeats_that_it_is_unwanted() {
    let behaviour = Behaviour { wanted: false, ..Behaviour::python("time.sleep(30)").without_room() };
    let mut world = World::start(behaviour).await;
    world.find(|deed| matches!(deed, Deed::Heartbeat).then_some(())).await;
    world.terminate();
    assert!(world.exit().await.success());
    assert!(!world.rest().iter().any(|deed| matches!(deed, Deed::Reported(_) | Deed::Deleted)));
}

#[tokio::test]
async fn a_runner_that_is_told_to_leave_finishes_the_run_in_hand() {
    let source = "say('up'); time.sleep(0.5); say('done')";
    let mut world = World::start(Behaviour::python(source)).await;
    let room = world.room().await;
    assert_eq!(frame(&mut world).await, output(1, "up\n"));
    world.terminate();
    assert_eq!(frame(&mut world).await, output(2, "done\n"));
    room.send(ack(2)).expect("the room speaks");
    assert_eq!(world.report().await.result.exit_code, Some(0));
    assert!(world.exit().await.success());
    assert!(matches!(world.next().await, Deed::Deleted));
}

#[tokio::test]
async fn a_run_that_outlasts_the_grace_goes_back_to_the_queue() {
    let source = "say('up'); time.sleep(30)";
    let mut world = World::start(Behaviour { grace_ms: 100, ..Behaviour::python(source) }).await;
    let room = world.room().await;
    assert_eq!(frame(&mut world).await, output(1, "up\n"));
    room.send(ack(1)).expect("the room speaks");
    world.terminate();
    let seconds = world.find(|deed| if let Deed::Hidden { seconds } = deed { Some(seconds) } else { None }).await;
    assert_eq!(seconds, 26, "visible again when the lease has run out");
    assert!(world.exit().await.success());
    assert!(!world.rest().iter().any(|deed| matches!(deed, Deed::Reported(_) | Deed::Deleted)));
}

#[tokio::test]
async fn a_runner_that_dies_on_purpose_leaves_its_message_to_another() {
    let mut world = World::start(Behaviour { faults: "1", ..Behaviour::python("") }).await;
    assert_eq!(world.exit().await.code(), Some(137));
    assert!(world.rest().is_empty());
}

#[tokio::test]
async fn a_background_run_is_taken_when_nothing_critical_waits() {
    let behaviour = Behaviour { priority: Priority::Background, ..Behaviour::python("say('ok')").without_room() };
    let mut world = World::start(behaviour).await;
    assert!(matches!(world.next().await, Deed::FoundNothing), "the critical queue comes first");
    assert!(matches!(world.next().await, Deed::Claimed));
    assert_eq!(world.report().await.result.stdout, "ok\n");
    assert!(matches!(world.next().await, Deed::Deleted), "from the queue that it came from");
}

#[tokio::test]
async fn the_input_arrives_and_ends() {
    let mut behaviour = Behaviour::python("say(sys.stdin.read().upper())").without_room();
    behaviour.granted.stdin = "given".to_owned();
    let mut world = World::start(behaviour).await;
    assert_eq!(world.report().await.result.stdout, "GIVEN\n");
}

#[tokio::test]
async fn a_killed_runner_takes_its_program_along() {
    let source = "if os.fork() == 0: os.setsid()\nelse: say(os.getuid())\ntime.sleep(60)";
    let mut world = World::start(Behaviour::python(source)).await;
    let _room = world.room().await;
    let RunnerFrame::Output { data: uid, .. } = frame(&mut world).await else { panic!("the program prints first") };
    world.kill().await;
    let started = Instant::now();
    let lives =
        || Command::new("/usr/bin/pgrep").args(["-U", uid.trim()]).output().expect("pgrep runs").status.success();
    while lives() {
        assert!(started.elapsed().as_secs() < 5, "it still runs");
    }
}

#[tokio::test]
async fn a_run_that_cannot_be_executed_is_recorded_as_our_fault() {
    let mut behaviour = Behaviour::python("");
    // A file that is a folder of another: no place can be made of these.
    for path in ["a", "a/b"] {
        let file = json!({"path": path, "content": ""});
        behaviour.granted.files.push(serde_json::from_value(file).expect("a file"));
    }
    let mut world = World::start(behaviour).await;
    assert_eq!(world.report().await.result.reason, Some(RunReason::Internal));
}

#[tokio::test]
async fn a_room_gives_its_runner_more_runs_which_it_works_on_side_by_side_and_then_lets_it_go() {
    let source = "say('first'); sys.stdin.read()";
    let mut behaviour = Behaviour::python(source);
    behaviour.granted.interactive = true;
    let more = |n: u8| {
        let mut claim = Behaviour::python("say('more')").granted;
        claim.run_id = std::iter::repeat_n(char::from(b'a' + n), 20).collect::<String>().parse().expect("an id");
        claim.lease = None;
        claim
    };
    let mut world = World::start(behaviour).await;
    let room = world.room().await;
    assert_eq!(frame(&mut world).await, output(1, "first\n"));
    for n in 0..2 {
        let claim = more(n);
        let run = claim.run_id.clone();
        room.send(RoomSays::Order(LeaseOrder::Start { claim: Box::new(claim) })).expect("the room speaks");
        let says = async |world: &mut World| {
            world.find(|deed| if let Deed::OfAnother(run, frame) = deed { Some((run, frame)) } else { None }).await
        };
        assert_eq!(says(&mut world).await, (run.clone(), output(1, "more\n")));
        assert_eq!(says(&mut world).await, (run.clone(), RunnerFrame::End { last_seq: 1 }));
        let acknowledged = LeaseOrder::Run { run_id: run, frame: RoomFrame::Ack { seq: 1 } };
        room.send(RoomSays::Order(acknowledged)).expect("the room speaks");
        assert_eq!(world.report().await.result.stdout, "more\n");
    }
    room.send(ack(1)).expect("the room speaks");
    room.send(RoomSays::Frame(RoomFrame::Stdin { data: String::new(), end: true })).expect("the room speaks");
    assert_eq!(world.report().await.result.exit_code, Some(0));
    world.terminate();
    world.find(|deed| matches!(deed, Deed::Leaves).then_some(())).await;
    assert!(world.exit().await.success(), "it serves nobody else");
}

#[tokio::test]
async fn what_is_typed_reaches_a_program_that_runs() {
    let source = "for line in sys.stdin: say(line.strip().upper())";
    let mut behaviour = Behaviour::python(source);
    behaviour.granted.interactive = true;
    behaviour.granted.stdin = "given\n".to_owned();
    let mut world = World::start(behaviour).await;
    let room = world.room().await;
    let stdin = |data: &str, end| RoomSays::Frame(RoomFrame::Stdin { data: data.to_owned(), end });
    assert_eq!(frame(&mut world).await, output(1, "GIVEN\n"));
    room.send(stdin("typed\n", false)).expect("the room speaks");
    assert_eq!(frame(&mut world).await, output(2, "TYPED\n"));
    room.send(stdin("last\n", true)).expect("the room speaks");
    assert_eq!(frame(&mut world).await, output(3, "LAST\n"));
    assert_eq!(frame(&mut world).await, RunnerFrame::End { last_seq: 3 });
}

#[tokio::test]
async fn a_runner_that_comes_back_says_what_it_has_and_stops_what_is_not_wanted_any_more() {
    let mut world = World::start(Behaviour::python("say('up'); time.sleep(30)")).await;
    let room = world.room().await;
    assert_eq!(frame(&mut world).await, output(1, "up\n"));
    room.send(RoomSays::Hangup).expect("the room speaks");
    let room = world.room().await;
    let runs = world.find(|deed| if let Deed::Hello(runs) = deed { Some(runs) } else { None }).await;
    assert_eq!(runs.iter().map(|run| (run.run_id.as_str(), run.attempt)).collect::<Vec<_>>(), [(RUN, 1)]);
    room.send(RoomSays::Frame(RoomFrame::Gone)).expect("the room speaks");
    world.terminate();
    assert!(world.exit().await.success());
    assert!(!world.rest().iter().any(|deed| matches!(deed, Deed::Reported(_) | Deed::Deleted)));
}
