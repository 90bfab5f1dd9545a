//! Runners that serve this room: what they have in hand, and what becomes of it when one is lost.
//!
//! A runner comes with the credential of its lease, over one socket, and says what it has in hand. While it is there
//! the room gives it runs directly; each of those is recorded as claimed before it is given. A runner whose connection
//! breaks has [`LEASE_RESUME_MS`] to come back. After that its runs are queued for others, and so is a run of which
//! nothing was heard for [`LEASE_SILENCE_MS`], unless the record says that its attempt goes on.
//!
//! Safety: only the record decides which attempt counts; what is queued twice is claimed once. Liveness: a run that
//! was given to a runner is over, or its runner is there, or an alarm is set to queue it again. The alarm is forgotten
//! only if the room itself falls while a runner is lost; then the sweeper finds the run by its record.

use protocol::TimestampMs;
use protocol::close::CloseCode;
use protocol::ids::{LeaseId, RunId};
use protocol::lease::{Dispatch, InHand, LeaseFrame, LeaseOrder, RequeueRequest};
use protocol::limits::{LEASE_RESUME_MS, LEASE_SILENCE_MS};
use protocol::run::Run;
use protocol::runner::RoomFrame;

use crate::effect::{Effect, Frame};
use crate::room::Room;
use crate::session::{Entrusted, Serving, Session, SocketId};

/// Pause until a run that could not be queued again is tried again.
const REQUEUE_AGAIN_MS: u64 = 10_000;

/// A runner whose connection broke.
#[derive(Debug)]
pub(crate) struct Lost {
    pub(crate) lease: LeaseId,
    runs: Vec<Entrusted>,
    /// When its runs go to others.
    due: TimestampMs,
}

impl Room {
    /// The runner of a lease is there, again or for the first time: what it had goes over to its new socket.
    pub(crate) fn greet_lease(&mut self, socket: SocketId, effects: &mut Vec<Effect>) {
        let Some(lease) = self.serving(socket).map(|serving| serving.lease.clone()) else { return };
        let mut runs = Vec::new();
        self.lost.retain_mut(|lost| {
            if lost.lease == lease {
                runs.append(&mut lost.runs);
            }
            lost.lease != lease
        });
        let of_before = |session: &Session| session.serving.as_ref().is_some_and(|serving| serving.lease == lease);
        let before = self.sessions.iter().find(|(other, session)| **other != socket && of_before(session));
        if let Some(before) = before.map(|(before, _)| *before) {
            let serving = self.sessions.get_mut(&before).and_then(|session| session.serving.take());
            runs.extend(serving.map(|serving| serving.runs).unwrap_or_default());
            let reason = "the runner came back on another connection".to_owned();
            effects.push(Effect::Close { socket: before, code: CloseCode::ServiceRestart, reason });
        }
        self.change_serving(socket, effects, |serving| serving.runs = runs);
    }

    /// A frame of a runner.
    pub(crate) fn on_lease_text(&mut self, socket: SocketId, text: &str, now: TimestampMs, effects: &mut Vec<Effect>) {
        match serde_json::from_str(text) {
            Ok(LeaseFrame::Hello { slots, runs, terminals }) => {
                self.on_hello(socket, slots, runs, now, effects);
                self.on_runner_ready(socket, &terminals, now, effects);
            }
            Ok(LeaseFrame::Begin { run }) => self.entrust(socket, run, None, now, effects),
            Ok(LeaseFrame::Run { run_id, attempt, frame }) => {
                self.entrust(socket, InHand { run_id: run_id.clone(), attempt }, None, now, effects);
                self.on_runner_frame(socket, &run_id, attempt, frame, now, effects);
            }
            Ok(LeaseFrame::Terminal { terminal_id, frame }) => {
                self.on_terminal_frame(socket, &terminal_id, frame, now, effects);
            }
            Ok(LeaseFrame::Leave) => self.on_leave(socket, effects),
            Err(error) => {
                let reason = format!("the frame cannot be read: {error}").chars().take(100).collect();
                effects.push(Effect::Close { socket, code: CloseCode::Malformed, reason });
            }
        }
    }

    fn on_hello(
        &mut self,
        socket: SocketId,
        slots: u32,
        runs: Vec<InHand>,
        now: TimestampMs,
        effects: &mut Vec<Effect>,
    ) {
        self.change_serving(socket, effects, |serving| serving.slots = slots);
        // What was given to it and never reached it, it does not have.
        let has = |entrusted: &Entrusted| runs.iter().any(|run| run.run_id == entrusted.run);
        let given = self.serving(socket).map(|serving| serving.runs.clone()).unwrap_or_default();
        for missing in given.into_iter().filter(|entrusted| !has(entrusted)) {
            self.take_back(&missing.run, effects);
            self.requeue(&missing, true, effects);
        }
        for run in runs {
            let is_stale = !self.is_current(&run.run_id, run.attempt);
            if is_stale {
                effects.push(Self::to_runner(socket, &run.run_id, RoomFrame::Gone));
            } else {
                self.entrust(socket, run, None, now, effects);
            }
        }
    }

    /// A runner with nothing in hand may go. What was given to it in the meantime keeps it.
    fn on_leave(&mut self, socket: SocketId, effects: &mut Vec<Effect>) {
        let is_needed = self.serving(socket).is_some_and(|serving| !serving.runs.is_empty());
        if is_needed || self.has_terminals(socket) {
            return;
        }
        self.change_serving(socket, effects, |serving| serving.is_leaving = true);
        effects.push(Self::to_lease(socket, &LeaseOrder::Left));
    }

    /// The runner that a new run can go to: the one with the most to spare.
    pub(crate) fn free_runner(&self) -> Option<SocketId> {
        let spare = |serving: &Serving| (serving.slots as usize).checked_sub(serving.runs.len() + 1);
        let serving = self.sessions.iter().filter_map(|(socket, session)| Some((*socket, session.serving.as_ref()?)));
        let free = serving.filter(|(_, serving)| !serving.is_leaving);
        let free = free.filter_map(|(socket, serving)| Some((spare(serving)?, socket)));
        free.max_by_key(|(spare, _)| *spare).map(|(_, socket)| socket)
    }

    /// Gives a run to a runner of the room, which is recorded as claimed; where there is none any more, to the queue.
    pub(crate) fn give(&mut self, dispatch: Dispatch, now: TimestampMs, effects: &mut Vec<Effect>) {
        let Dispatch { claim, ticket } = dispatch;
        let in_hand = InHand { run_id: claim.run_id.clone(), attempt: claim.attempt };
        let Some(socket) = self.free_runner() else {
            let InHand { run_id: run, attempt } = in_hand;
            let entrusted = Entrusted { run, attempt, ticket: Some(ticket), heard_at: now };
            self.requeue(&entrusted, true, effects);
            return;
        };
        self.entrust(socket, in_hand, Some(ticket), now, effects);
        effects.push(Self::to_lease(socket, &LeaseOrder::Start { claim: Box::new(claim) }));
    }

    /// Notes that a runner has a run in hand, and when that was heard of last.
    fn entrust(
        &mut self,
        socket: SocketId,
        InHand { run_id, attempt }: InHand,
        ticket: Option<String>,
        now: TimestampMs,
        effects: &mut Vec<Effect>,
    ) {
        let Some(serving) = self.serving_mut(socket) else { return };
        if let Some(known) = serving.runs.iter_mut().find(|known| known.run == run_id) {
            known.heard_at = now;
            return;
        }
        if self.is_current(&run_id, attempt) {
            let entrusted = Entrusted { run: run_id, attempt, ticket, heard_at: now };
            self.change_serving(socket, effects, |serving| serving.runs.push(entrusted));
        }
    }

    /// Notes that no runner has a run in hand any more.
    pub(crate) fn take_back(&mut self, run: &RunId, effects: &mut Vec<Effect>) {
        for lost in &mut self.lost {
            lost.runs.retain(|entrusted| entrusted.run != *run);
        }
        if let Some(socket) = self.runner_of(run) {
            self.change_serving(socket, effects, |serving| serving.runs.retain(|entrusted| entrusted.run != *run));
        }
    }

    /// The socket of the runner that has a run in hand.
    pub(crate) fn runner_of(&self, run: &RunId) -> Option<SocketId> {
        let has = |serving: &Serving| serving.runs.iter().any(|entrusted| entrusted.run == *run);
        let found = self.sessions.iter().find(|(_, session)| session.serving.as_ref().is_some_and(has));
        found.map(|(socket, _)| *socket)
    }

    /// A runner's connection broke.
    pub(crate) fn on_lease_closed(&mut self, serving: Serving, now: TimestampMs) {
        if !serving.is_leaving {
            self.lost.push(Lost { lease: serving.lease, runs: serving.runs, due: now + LEASE_RESUME_MS });
        }
    }

    /// Queues what lost runners had, and asks about what nothing was heard of.
    pub(crate) fn look_after_runs(&mut self, now: TimestampMs, effects: &mut Vec<Effect>) {
        let mut overdue = Vec::new();
        let (due, waiting) = std::mem::take(&mut self.lost).into_iter().partition(|lost: &Lost| lost.due <= now);
        self.lost = waiting;
        for Lost { lease, mut runs, .. } in due {
            self.lose_terminals(&lease, now, effects);
            // One that came through the queue has its message there: it comes again by itself.
            runs.retain(|entrusted| entrusted.ticket.is_some() && self.is_current(&entrusted.run, entrusted.attempt));
            overdue.extend(runs.iter().map(|entrusted| (entrusted.clone(), true)));
            if !runs.is_empty() {
                self.lost.push(Lost { lease, runs, due: now + REQUEUE_AGAIN_MS });
            }
        }
        for serving in self.sessions.values_mut().filter_map(|session| session.serving.as_mut()) {
            for entrusted in serving.runs.iter_mut().filter(|it| it.heard_at + LEASE_SILENCE_MS <= now) {
                entrusted.heard_at = now;
                overdue.push((entrusted.clone(), false));
            }
        }
        for (entrusted, is_lost) in overdue {
            self.requeue(&entrusted, is_lost, effects);
        }
    }

    /// When [`Room::look_after_runs`] has something to do next.
    pub(crate) fn runs_due_at(&self) -> Option<TimestampMs> {
        let lost = self.lost.iter().map(|lost| lost.due);
        let serving = self.sessions.values().filter_map(|session| session.serving.as_ref());
        let in_hand = serving.flat_map(|serving| &serving.runs).filter(|entrusted| entrusted.ticket.is_some());
        lost.chain(in_hand.map(|entrusted| entrusted.heard_at + LEASE_SILENCE_MS)).min()
    }

    fn requeue(&self, entrusted: &Entrusted, is_lost: bool, effects: &mut Vec<Effect>) {
        if let Some(ticket) = entrusted.ticket.clone()
            && self.is_current(&entrusted.run, entrusted.attempt)
        {
            let request = RequeueRequest { attempt: entrusted.attempt, is_lost };
            effects.push(Effect::Requeue { run: entrusted.run.clone(), ticket, request });
        }
    }

    /// The answer to [`Effect::Requeue`].
    pub(crate) fn on_requeued(&mut self, run: Run, is_queued: bool, now: TimestampMs, effects: &mut Vec<Effect>) {
        if is_queued {
            if let Some(socket) = self.runner_of(&run.id) {
                effects.push(Self::to_runner(socket, &run.id, RoomFrame::Gone));
            }
            self.take_back(&run.id, effects);
        }
        self.on_run_changed(run, now, effects);
    }

    /// What a runner's socket stands for.
    pub(crate) fn serving(&self, socket: SocketId) -> Option<&Serving> {
        self.sessions.get(&socket)?.serving.as_ref()
    }

    fn serving_mut(&mut self, socket: SocketId) -> Option<&mut Serving> {
        self.sessions.get_mut(&socket)?.serving.as_mut()
    }

    /// Changes that and keeps it with the socket.
    pub(crate) fn change_serving(
        &mut self,
        socket: SocketId,
        effects: &mut Vec<Effect>,
        change: impl FnOnce(&mut Serving),
    ) {
        if let Some(serving) = self.serving_mut(socket) {
            change(serving);
        }
        if let Some(session) = self.sessions.get(&socket) {
            effects.push(Effect::Remember { socket, session: Box::new(session.clone()) });
        }
    }

    pub(crate) fn to_lease(socket: SocketId, order: &LeaseOrder) -> Effect {
        let text = serde_json::to_string(order).expect("an order without maps of odd keys serialises");
        Effect::Send { to: vec![socket], frame: Frame::Text(text) }
    }

    pub(crate) fn to_runner(socket: SocketId, run_id: &RunId, frame: RoomFrame) -> Effect {
        Self::to_lease(socket, &LeaseOrder::Run { run_id: run_id.clone(), frame })
    }
}
