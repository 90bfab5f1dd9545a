//! Runs: what is told of them, and when.

use protocol::close::CloseCode;
use protocol::event::{OutputChunk, RoomEvent};
use protocol::ids::RunId;
use protocol::language::Language;
use protocol::path::FilePath;
use protocol::rights::Role;
use protocol::run::{Run, RunState};
use protocol::runner::{OutputStream, RoomFrame, RunnerFrame};
use room::{Channel, Effect, Frame, Input, LogKind, Room, Session, SocketId};

use crate::harness::*;

fn run_id() -> RunId {
    RunId::from_entropy(&[3; 32])
}

fn run(state: RunState) -> Box<Run> {
    Box::new(Run {
        id: run_id(),
        room_id: None,
        position: Some(1),
        language: Language::Python,
        entry: FilePath::parse("main.py").expect("a path"),
        started_by: "Ada".to_owned(),
        state,
        reason: None,
        attempt: 1,
        created_at: NOW,
        ended_at: None,
        exit_code: Some(0),
        signal: None,
        stdout: "kept elsewhere".to_owned(),
        stderr: String::new(),
        truncated: false,
        wall_ms: Some(1),
        cpu_ms: Some(1),
        memory_bytes: Some(1),
        verdicts: None,
    })
}

fn from_runner(room: &mut Room, socket: SocketId, frame: &RunnerFrame) -> Vec<Effect> {
    let text = serde_json::to_string(frame).expect("serialises");
    room.handle(Input::Text { socket, text }, NOW)
}

fn output(seq: u64, data: &str) -> RunnerFrame {
    RunnerFrame::Output { seq, stream: OutputStream::Stdout, data: data.to_owned() }
}

fn answers(effects: &[Effect], socket: SocketId) -> Vec<RoomFrame> {
    let frames = effects.iter().filter_map(|effect| match effect {
        Effect::Send { to, frame: Frame::Text(text) } if *to == [socket] => serde_json::from_str(text).ok(),
        _ => None,
    });
    frames.collect()
}

fn runner(room: &mut Room, attempt: u32) -> SocketId {
    open(room, Session::of_runner(run_id(), attempt, EXPIRES_S * 1000)).0
}

#[test]
fn a_run_is_told_from_its_queue_to_its_end() {
    let mut room = room();
    let watcher = join(&mut room, Channel::Events, "Ada", Role::Editor);
    let mut told = room.handle(Input::RunSubmitted { run: run(RunState::Queued) }, NOW);
    told.extend(room.handle(Input::RunClaimed { run: run_id(), attempt: 1 }, NOW));
    let runner = runner(&mut room, 1);
    let effects = from_runner(&mut room, runner, &output(1, "hello"));
    let chunk = OutputChunk { seq: 1, stream: OutputStream::Stdout, data: "hello".to_owned() };
    let is_output = |effect: &Effect| matches!(effect, Effect::Append(entry) if entry.kind() == LogKind::Output);
    let saved = effects.iter().position(is_output);
    assert!(saved.is_some_and(|at| at < effects.len() - 2), "stored before told: {effects:?}");
    assert_eq!(answers(&effects, runner), [RoomFrame::Ack { seq: 1 }]);
    told.extend(effects);
    told.extend(room.handle(Input::RunChanged { run: run(RunState::Finished) }, NOW));
    told.extend(room.handle(Input::RunChanged { run: run(RunState::Finished) }, NOW));
    assert_eq!(types(&events_to(&told, watcher)), ["run:queued", "run:started", "run:output", "run:finished"]);
    let (late, welcome) = open(&mut room, session(Channel::Events, "Bob", Role::Viewer));
    let [RoomEvent::Welcome { runs, .. }] = &events_to(&welcome, late)[..] else { panic!("{welcome:?}") };
    assert_eq!((runs.len(), &runs[0].output[..]), (1, &[chunk][..]));
}

#[test]
fn a_claim_may_be_heard_before_the_answer_to_the_submission() {
    let mut room = room();
    let watcher = join(&mut room, Channel::Events, "Ada", Role::Editor);
    let runner = runner(&mut room, 1);
    let mut told = room.handle(Input::RunClaimed { run: run_id(), attempt: 1 }, NOW);
    told.extend(from_runner(&mut room, runner, &output(1, "early")));
    assert!(events_to(&told, watcher).is_empty());
    let told = room.handle(Input::RunSubmitted { run: run(RunState::Queued) }, NOW);
    assert_eq!(types(&events_to(&told, watcher)), ["run:queued", "run:started", "run:output"]);
}

#[test]
fn output_comes_once_and_in_order() {
    let mut room = room();
    let watcher = join(&mut room, Channel::Events, "Ada", Role::Editor);
    room.handle(Input::RunSubmitted { run: run(RunState::Queued) }, NOW);
    let first = runner(&mut room, 1);
    from_runner(&mut room, first, &output(1, "a"));
    let again = from_runner(&mut room, first, &output(1, "a"));
    assert!(events_to(&again, watcher).is_empty());
    assert_eq!(answers(&again, first), [RoomFrame::Ack { seq: 1 }]);
    assert_eq!(closed(&from_runner(&mut room, first, &output(3, "c"))), [(first, CloseCode::Malformed)]);
    let end = from_runner(&mut room, first, &RunnerFrame::End { last_seq: 1 });
    assert_eq!(answers(&end, first), [RoomFrame::Ack { seq: 1 }]);
}

#[test]
fn a_second_attempt_voids_what_the_first_one_wrote() {
    let mut room = room();
    let watcher = join(&mut room, Channel::Events, "Ada", Role::Editor);
    room.handle(Input::RunSubmitted { run: run(RunState::Queued) }, NOW);
    let lost = runner(&mut room, 1);
    from_runner(&mut room, lost, &output(1, "a"));
    let effects = room.handle(Input::RunClaimed { run: run_id(), attempt: 2 }, NOW);
    assert_eq!(events_to(&effects, watcher), [RoomEvent::RunStarted { run_id: run_id(), attempt: 2 }]);
    assert_eq!(closed(&from_runner(&mut room, lost, &output(2, "b"))), [(lost, CloseCode::Forbidden)]);
    let second = runner(&mut room, 2);
    let effects = from_runner(&mut room, second, &output(1, "again"));
    assert_eq!(types(&events_to(&effects, watcher)), ["run:output"]);
}

#[test]
fn a_cancelled_run_stops_its_runner() {
    let mut room = room();
    let watcher = join(&mut room, Channel::Events, "Ada", Role::Editor);
    room.handle(Input::RunSubmitted { run: run(RunState::Queued) }, NOW);
    room.handle(Input::RunClaimed { run: run_id(), attempt: 1 }, NOW);
    let runner = runner(&mut room, 1);
    let asked = format!(r#"{{"type":"run:cancel","runId":"{}"}}"#, run_id());
    let effects = room.handle(Input::Text { socket: watcher, text: asked }, NOW);
    assert!(matches!(&effects[..], [Effect::CancelRun { run, .. }] if *run == run_id()));
    let effects = room.handle(Input::RunChanged { run: run(RunState::Cancelled) }, NOW);
    assert_eq!(answers(&effects, runner), [RoomFrame::Cancel]);
    assert_eq!(events_to(&effects, watcher), [RoomEvent::RunCancelled { run_id: run_id() }]);
}
