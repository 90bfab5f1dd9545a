//! A runner that serves the room, as the rules of runs, leases and terminals need it.

use protocol::ids::{LeaseId, RunId};
use protocol::language::Language;
use protocol::lease::{Dispatch, InHand, LeaseFrame, LeaseOrder};
use protocol::path::FilePath;
use protocol::run::{Run, RunState};
use protocol::runner::{ClaimGranted, RunLimits};
use room::{Effect, Frame, Input, Room, Session, SocketId};

use crate::harness::*;

pub(crate) fn run_id() -> RunId {
    RunId::from_entropy(&[3; 32])
}

pub(crate) fn run(state: RunState) -> Box<Run> {
    Box::new(Run {
        id: run_id(),
        room_id: None,
        position: Some(1),
        language: Language::Python,
        entry: FilePath::parse("main.py").expect("a path"),
        started_by: "Ada".to_owned(),
        interactive: false,
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
        waiting: None,
        verdicts: None,
    })
}

/// The run, claimed for a runner of the room.
pub(crate) fn dispatch() -> Box<Dispatch> {
    let Run { id, language, entry, .. } = *run(RunState::Running);
    let claim = ClaimGranted {
        run_id: id,
        room_id: None,
        attempt: 1,
        credential: "credential".to_owned(),
        lease: None,
        language,
        entry,
        files: Vec::new(),
        stdin: String::new(),
        interactive: false,
        args: Vec::new(),
        flags: Vec::new(),
        cases: Vec::new(),
        limits: RunLimits::default(),
    };
    Box::new(Dispatch { claim, ticket: "ticket".to_owned() })
}

/// A runner under a lease, with what it has in hand.
pub(crate) fn runner(room: &mut Room, lease: u8, has: &[InHand]) -> SocketId {
    greeted(room, lease, has, NOW).0
}

/// The same at some time, with what its coming led to.
pub(crate) fn greeted(room: &mut Room, lease: u8, has: &[InHand], now: u64) -> (SocketId, Vec<Effect>) {
    let socket = room.next_socket(now);
    let session = Session::of_lease(LeaseId::from_entropy(&[lease; 32]), EXPIRES_S * 1000);
    let mut effects = room.handle(Input::Opened { socket, session: Box::new(session) }, now);
    effects.extend(says(room, socket, &LeaseFrame::Hello { slots: 2, runs: has.to_vec(), terminals: Vec::new() }, now));
    (socket, effects)
}

/// A runner says something.
pub(crate) fn says(room: &mut Room, socket: SocketId, frame: &LeaseFrame, now: u64) -> Vec<Effect> {
    let text = serde_json::to_string(frame).expect("serialises");
    room.handle(Input::Text { socket, text }, now)
}

/// What the room tells a runner.
pub(crate) fn orders(effects: &[Effect], socket: SocketId) -> Vec<LeaseOrder> {
    let orders = effects.iter().filter_map(|effect| match effect {
        Effect::Send { to, frame: Frame::Text(text) } if *to == [socket] => serde_json::from_str(text).ok(),
        _ => None,
    });
    orders.collect()
}
