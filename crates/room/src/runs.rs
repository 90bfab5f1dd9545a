//! Runs as the room sees them: their records, the output that their runners stream, and who is told.
//!
//! The truth about a run is its record in DynamoDB; the room mirrors it. A claim can be heard before the answer to
//! the submission, so events of a run that is not known yet are kept and told once it is.

use std::collections::BTreeMap;

use protocol::TimestampMs;
use protocol::close::CloseCode;
use protocol::event::{OutputChunk, RoomEvent, RunWithOutput};
use protocol::ids::RunId;
use protocol::limits::RUN_OUTPUT_KEPT_BYTES;
use protocol::run::{Run, RunState};
use protocol::runner::{OutputStream, RoomFrame, RunnerFrame};

use crate::effect::{Effect, Frame};
use crate::limits::RUNS_KEPT;
use crate::room::Room;
use crate::session::{Channel, SocketId};

/// What the room holds of a run.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// The record, once the submission was answered.
    run: Option<Run>,
    /// The attempt at work.
    attempt: u32,
    /// Its output.
    output: Vec<OutputChunk>,
    /// Bytes in `output`.
    output_bytes: usize,
    /// The log's position of its first event.
    first: u64,
}

/// The latest runs.
#[derive(Debug, Default)]
pub(crate) struct Runs(BTreeMap<RunId, Kept>);

impl Runs {
    pub(crate) fn restore(runs: Vec<(RunWithOutput, u64)>) -> Self {
        let keep = |(RunWithOutput { run, output }, first): (RunWithOutput, u64)| {
            let output_bytes = output.iter().map(|chunk| chunk.data.len()).sum();
            (run.id.clone(), Kept { attempt: run.attempt, run: Some(run), output, output_bytes, first })
        };
        Self(runs.into_iter().map(keep).collect())
    }

    /// All known runs, oldest first.
    pub(crate) fn list(&self) -> Vec<RunWithOutput> {
        let known = self.0.values().filter_map(|kept| Some((kept.run.clone()?, kept.output.clone())));
        let mut list: Vec<_> = known.map(|(run, output)| RunWithOutput { run, output }).collect();
        list.sort_by_key(|entry| entry.run.created_at);
        list
    }
}

fn is_over(run: &Run) -> bool {
    !matches!(run.state, RunState::Queued | RunState::Running)
}

/// A record as the room keeps it: its output lies beside it, in order.
fn without_output(mut run: Run) -> Run {
    run.stdout.clear();
    run.stderr.clear();
    for verdict in run.verdicts.iter_mut().flatten() {
        *verdict = verdict.without_texts();
    }
    run
}

impl Room {
    pub(crate) fn on_run_submitted(&mut self, run: Run, now: TimestampMs, effects: &mut Vec<Effect>) {
        let kept = self.runs.0.entry(run.id.clone()).or_default();
        if kept.run.is_some() {
            return;
        }
        let mut run = without_output(run);
        let (attempt, output) = (kept.attempt, kept.output.clone());
        if attempt > 0 {
            (run.state, run.attempt) = (RunState::Running, attempt);
        }
        kept.run = Some(run.clone());
        let run_id = run.id.clone();
        self.log_event(None, RoomEvent::RunQueued { run_id: run_id.clone(), run }, now, effects);
        self.runs.0.entry(run_id.clone()).or_default().first = self.position;
        self.save_run(&run_id, effects);
        if attempt > 0 {
            self.log_event(None, RoomEvent::RunStarted { run_id: run_id.clone(), attempt }, now, effects);
        }
        for chunk in output {
            self.log_event(None, output_event(&run_id, &chunk), now, effects);
        }
        self.forget_old_runs(effects);
    }

    fn save_run(&self, run: &RunId, effects: &mut Vec<Effect>) {
        if let Some(Kept { run: Some(run), first, .. }) = self.runs.0.get(run) {
            effects.push(Effect::SaveRun { run: Box::new(run.clone()), first: *first });
        }
    }

    pub(crate) fn on_run_claimed(&mut self, run_id: &RunId, attempt: u32, now: TimestampMs, effects: &mut Vec<Effect>) {
        let kept = self.runs.0.entry(run_id.clone()).or_default();
        if attempt <= kept.attempt || kept.run.as_ref().is_some_and(is_over) {
            return;
        }
        kept.attempt = attempt;
        kept.output.clear();
        kept.output_bytes = 0;
        if let Some(run) = &mut kept.run {
            (run.state, run.attempt) = (RunState::Running, attempt);
            self.save_run(run_id, effects);
            self.log_event(None, RoomEvent::RunStarted { run_id: run_id.clone(), attempt }, now, effects);
        }
    }

    /// The record has changed: it ended, was cancelled, or failed. Told once.
    pub(crate) fn on_run_changed(&mut self, run: Run, now: TimestampMs, effects: &mut Vec<Effect>) {
        if !is_over(&run) {
            return;
        }
        if self.runs.0.get(&run.id).is_none_or(|kept| kept.run.is_none()) {
            self.on_run_submitted(Run { state: RunState::Queued, ..run.clone() }, now, effects);
        }
        let Some(kept) = self.runs.0.get_mut(&run.id) else { return };
        if kept.run.as_ref().is_some_and(is_over) {
            return;
        }
        let run = without_output(run);
        kept.run = Some(run.clone());
        self.save_run(&run.id, effects);
        if run.state == RunState::Cancelled
            && let Some(runner) = self.runner_of(&run.id)
        {
            effects.push(Self::to_runner(runner, &RoomFrame::Cancel));
        }
        self.log_event(None, end_event(run), now, effects);
    }

    /// A frame from a runner.
    pub(crate) fn on_runner_text(&mut self, socket: SocketId, text: &str, now: TimestampMs, effects: &mut Vec<Effect>) {
        let Some(Channel::Runner { run, attempt }) = self.sessions.get(&socket).map(|session| session.channel.clone())
        else {
            return;
        };
        let known = self.runs.0.entry(run.clone()).or_default();
        if attempt < known.attempt || known.run.as_ref().is_some_and(is_over) {
            let reason = "the run has ended or another attempt has taken over".to_owned();
            effects.push(Effect::Close { socket, code: CloseCode::Forbidden, reason });
            return;
        }
        match serde_json::from_str(text) {
            Ok(RunnerFrame::Output { seq, stream, data }) => {
                self.on_run_claimed(&run, attempt, now, effects);
                self.on_output(socket, &run, OutputChunk { seq, stream, data }, now, effects);
            }
            Ok(RunnerFrame::End { last_seq }) => {
                let seq = self.last_seq(&run).min(last_seq);
                effects.push(Self::to_runner(socket, &RoomFrame::Ack { seq }));
            }
            Err(error) => {
                let reason = format!("the frame cannot be read: {error}").chars().take(100).collect();
                effects.push(Effect::Close { socket, code: CloseCode::Malformed, reason });
            }
        }
    }

    fn on_output(
        &mut self,
        socket: SocketId,
        run_id: &RunId,
        chunk: OutputChunk,
        now: TimestampMs,
        effects: &mut Vec<Effect>,
    ) {
        let last = self.last_seq(run_id);
        let Some(kept) = self.runs.0.get_mut(run_id) else { return };
        if chunk.seq > last + 1 {
            let reason = format!("output {} came where {} was due", chunk.seq, last + 1);
            effects.push(Effect::Close { socket, code: CloseCode::Malformed, reason });
            return;
        }
        // What comes again after a reconnect is acknowledged again, and so is what exceeds the room's memory.
        if chunk.seq == last + 1 && kept.output_bytes + chunk.data.len() <= 2 * RUN_OUTPUT_KEPT_BYTES {
            kept.output_bytes += chunk.data.len();
            kept.output.push(chunk.clone());
            // What comes before the record is kept until that is there.
            if kept.run.is_some() {
                self.log_event(None, output_event(run_id, &chunk), now, effects);
            }
        }
        effects.push(Self::to_runner(socket, &RoomFrame::Ack { seq: chunk.seq }));
    }

    fn last_seq(&self, run: &RunId) -> u64 {
        self.runs.0.get(run).and_then(|kept| kept.output.last()).map_or(0, |chunk| chunk.seq)
    }

    /// The socket of the runner at work on a run.
    pub(crate) fn runner_of(&self, run: &RunId) -> Option<SocketId> {
        let attempt = self.runs.0.get(run)?.attempt;
        let channel = Channel::Runner { run: run.clone(), attempt };
        self.sockets_of(|other| *other == channel).into_iter().next_back()
    }

    pub(crate) fn to_runner(socket: SocketId, frame: &RoomFrame) -> Effect {
        let text = serde_json::to_string(frame).expect("a frame without maps of odd keys serialises");
        Effect::Send { to: vec![socket], frame: Frame::Text(text) }
    }

    fn forget_old_runs(&mut self, effects: &mut Vec<Effect>) {
        let ended: Vec<_> = self.runs.list().into_iter().filter(|entry| is_over(&entry.run)).collect();
        let too_many = self.runs.0.len().saturating_sub(RUNS_KEPT);
        for entry in ended.into_iter().take(too_many) {
            self.runs.0.remove(&entry.run.id);
            effects.push(Effect::DropRun { run: entry.run.id });
        }
    }
}

fn output_event(run_id: &RunId, chunk: &OutputChunk) -> RoomEvent {
    let OutputChunk { seq, stream, data } = chunk.clone();
    let stream: OutputStream = stream;
    RoomEvent::RunOutput { run_id: run_id.clone(), seq, stream, data }
}

fn end_event(run: Run) -> RoomEvent {
    if run.state == RunState::Cancelled {
        return RoomEvent::RunCancelled { run_id: run.id };
    }
    RoomEvent::RunFinished {
        run_id: run.id,
        state: run.state,
        exit_code: run.exit_code,
        signal: run.signal,
        reason: run.reason,
        wall_ms: run.wall_ms,
        cpu_ms: run.cpu_ms,
        memory_bytes: run.memory_bytes,
        truncated: run.truncated,
    }
}
