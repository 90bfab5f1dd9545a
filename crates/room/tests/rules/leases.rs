//! Runners that serve a room, come, go and are lost.

use protocol::lease::{InHand, LeaseFrame, LeaseOrder, RequeueRequest};
use protocol::limits::{LEASE_RESUME_MS, LEASE_SILENCE_MS};
use protocol::rights::Role;
use protocol::run::{Run, RunState};
use protocol::runner::{OutputStream, RoomFrame, RunnerFrame};
use room::{Channel, Effect, Input, Room, SocketId};

use crate::harness::*;
use crate::runner::*;

fn in_hand() -> InHand {
    InHand { run_id: run_id(), attempt: 1 }
}

/// A room whose runner was given a run.
fn given() -> (Room, SocketId) {
    let mut room = room();
    let runner = runner(&mut room, 1, &[]);
    let effects = room.handle(Input::RunSubmitted { run: run(RunState::Running), dispatch: Some(dispatch()) }, NOW);
    assert!(matches!(&orders(&effects, runner)[..], [LeaseOrder::Start { claim }] if claim.run_id == run_id()));
    (room, runner)
}

fn requeued(effects: &[Effect]) -> Vec<RequeueRequest> {
    let request =
        |effect: &Effect| if let Effect::Requeue { request, .. } = effect { Some(request.clone()) } else { None };
    effects.iter().filter_map(request).collect()
}

fn alarm(room: &mut Room, now: u64) -> Vec<Effect> {
    room.handle(Input::Alarm { pings: Vec::new() }, now)
}

fn starts(room: &mut Room, socket: SocketId) -> bool {
    let text = r#"{"type":"run:start","language":"python"}"#.to_owned();
    let effects = room.handle(Input::Text { socket, text }, NOW);
    let asks = effects
        .iter()
        .find_map(|effect| if let Effect::SubmitRun { dispatch, .. } = effect { Some(*dispatch) } else { None });
    asks.expect("the run is submitted")
}

#[test]
fn runs_go_to_the_rooms_own_runner_while_it_has_a_slot() {
    let mut room = room();
    let ada = join(&mut room, Channel::Events, "Ada", Role::Editor);
    assert!(!starts(&mut room, ada), "there is none");
    let runner = runner(&mut room, 1, &[in_hand()]);
    assert!(starts(&mut room, ada), "one of two slots is free");
    let other = InHand { run_id: protocol::ids::RunId::from_entropy(&[4; 32]), attempt: 1 };
    says(&mut room, runner, &LeaseFrame::Hello { slots: 2, runs: vec![in_hand(), other], terminals: Vec::new() }, NOW);
    assert!(!starts(&mut room, ada), "both are taken");
    room.handle(Input::RunSubmitted { run: run(RunState::Running), dispatch: None }, NOW);
    room.handle(Input::RunChanged { run: run(RunState::Finished) }, NOW);
    assert!(starts(&mut room, ada), "an end gives its slot back");
}

#[test]
fn a_run_that_is_given_is_told_as_queued_and_started() {
    let mut room = room();
    let watcher = join(&mut room, Channel::Events, "Ada", Role::Editor);
    runner(&mut room, 1, &[]);
    let told = room.handle(Input::RunSubmitted { run: run(RunState::Running), dispatch: Some(dispatch()) }, NOW);
    assert_eq!(types(&events_to(&told, watcher)), ["run:queued", "run:started"]);
}

#[test]
fn a_run_whose_runner_has_just_gone_is_queued_at_once() {
    let mut room = room();
    let told = room.handle(Input::RunSubmitted { run: run(RunState::Running), dispatch: Some(dispatch()) }, NOW);
    assert_eq!(requeued(&told), [RequeueRequest { attempt: 1, is_lost: true }]);
}

#[test]
fn a_lost_runner_has_time_to_come_back_and_then_its_runs_are_queued() {
    let (mut room, lost) = given();
    let effects = room.handle(Input::Closed { socket: lost }, NOW);
    assert!(effects.contains(&Effect::AlarmAt(NOW + LEASE_RESUME_MS)), "{effects:?}");
    assert!(requeued(&alarm(&mut room, NOW + LEASE_RESUME_MS - 1)).is_empty());
    let lost = [RequeueRequest { attempt: 1, is_lost: true }];
    assert_eq!(requeued(&alarm(&mut room, NOW + LEASE_RESUME_MS)), lost);
    let again = NOW + LEASE_RESUME_MS + 10_000;
    assert_eq!(requeued(&alarm(&mut room, again)), lost, "until the queue has it");
    let run = Box::new(Run { attempt: 1, ..*run(RunState::Running) });
    room.handle(Input::Requeued { run, is_queued: true }, again);
    assert!(requeued(&alarm(&mut room, again + 10_000)).is_empty());
}

#[test]
fn a_runner_that_comes_back_keeps_what_it_has_and_loses_what_never_reached_it() {
    let (mut room, lost) = given();
    room.handle(Input::Closed { socket: lost }, NOW);
    let (back, effects) = greeted(&mut room, 1, &[in_hand()], NOW + 1);
    assert!(requeued(&effects).is_empty());
    assert!(requeued(&alarm(&mut room, NOW + LEASE_RESUME_MS)).is_empty());
    let (_, effects) = greeted(&mut room, 1, &[], NOW + 2);
    assert_eq!(requeued(&effects), [RequeueRequest { attempt: 1, is_lost: true }]);
    assert!(closed(&effects).iter().any(|(socket, _)| *socket == back), "one socket for each lease");
}

#[test]
fn a_silent_run_is_asked_about_and_stopped_where_another_runner_gets_it() {
    let (mut room, runner) = given();
    let output = RunnerFrame::Output { seq: 1, stream: OutputStream::Stdout, data: "a".to_owned() };
    says(&mut room, runner, &LeaseFrame::Run { run_id: run_id(), attempt: 1, frame: output }, NOW + 10);
    assert!(requeued(&alarm(&mut room, NOW + LEASE_SILENCE_MS)).is_empty(), "it was heard of since");
    let effects = alarm(&mut room, NOW + LEASE_SILENCE_MS + 10);
    assert_eq!(requeued(&effects), [RequeueRequest { attempt: 1, is_lost: false }]);
    let effects = room.handle(Input::Requeued { run: run(RunState::Running), is_queued: false }, NOW);
    assert!(orders(&effects, runner).is_empty(), "its attempt goes on");
    let effects = room.handle(Input::Requeued { run: run(RunState::Running), is_queued: true }, NOW);
    let gone = LeaseOrder::Run { run_id: run_id(), frame: RoomFrame::Gone };
    assert_eq!(orders(&effects, runner), [gone]);
}

#[test]
fn a_runner_is_let_go_only_with_empty_hands() {
    let (mut room, runner) = given();
    assert!(orders(&says(&mut room, runner, &LeaseFrame::Leave, NOW), runner).is_empty());
    room.handle(Input::RunChanged { run: run(RunState::Finished) }, NOW);
    assert_eq!(orders(&says(&mut room, runner, &LeaseFrame::Leave, NOW), runner), [LeaseOrder::Left]);
    let ada = join(&mut room, Channel::Events, "Ada", Role::Editor);
    assert!(!starts(&mut room, ada), "it gets nothing more");
    let effects = room.handle(Input::Closed { socket: runner }, NOW);
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::AlarmAt(at) if *at == NOW + LEASE_RESUME_MS)));
}

#[test]
fn what_is_typed_goes_to_the_runner_and_everybody_sees_it() {
    let (mut room, runner) = given();
    let ada = join(&mut room, Channel::Events, "Ada", Role::Editor);
    let bob = join(&mut room, Channel::Events, "Bob", Role::Viewer);
    let text = format!(r#"{{"type":"run:stdin","runId":"{}","data":"42\\n"}}"#, run_id());
    let effects = room.handle(Input::Text { socket: ada, text }, NOW);
    assert_eq!(types(&events_to(&effects, ada)), ["error"], "it was not started as interactive");
    room.handle(Input::RunChanged { run: run(RunState::Finished) }, NOW);
    let mut interactive = run(RunState::Running);
    (interactive.id, interactive.interactive) = (protocol::ids::RunId::from_entropy(&[5; 32]), true);
    let id = interactive.id.clone();
    let mut dispatch = dispatch();
    dispatch.claim.run_id = id.clone();
    room.handle(Input::RunSubmitted { run: interactive, dispatch: Some(dispatch) }, NOW);
    let text = format!(r#"{{"type":"run:stdin","runId":"{id}","data":"42\n"}}"#);
    let effects = room.handle(Input::Text { socket: ada, text: text.clone() }, NOW);
    let stdin = RoomFrame::Stdin { data: "42\n".to_owned(), end: false };
    assert_eq!(orders(&effects, runner), [LeaseOrder::Run { run_id: id, frame: stdin }]);
    assert_eq!(types(&events_to(&effects, bob)), ["run:stdin"]);
    let effects = room.handle(Input::Text { socket: bob, text }, NOW);
    assert_eq!(
        (types(&events_to(&effects, bob)), orders(&effects, runner)),
        (vec!["error".to_owned()], Vec::new()),
        "a viewer runs nothing"
    );
}
