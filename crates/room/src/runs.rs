//! Runs as the room sees them: their records, the output that their runners stream, and who is told.
//!
//! The truth about a run is its record in DynamoDB; the room mirrors it. A claim can be heard before the answer to
//! the submission, so events of a run that is not known yet are kept and told once it is.

use std::collections::BTreeMap;

use protocol::TimestampMs;
use protocol::close::CloseCode;
use protocol::event::{OutputChunk, RoomEvent, RunWithOutput};
use protocol::ids::RunId;
use protocol::lease::Dispatch;
use protocol::limits::RUN_OUTPUT_KEPT_BYTES;
use protocol::run::{Run, RunState};
use protocol::runner::{OutputStream, RoomFrame, RunnerFrame};

use crate::effect::Effect;
use crate::limits::RUNS_KEPT;
use crate::room::Room;
use crate::session::SocketId;

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
    /// A run was recorded: through the queue, or as claimed for the room's own runner.
    pub(crate) fn on_run_submitted(
        &mut self,
        run: Run,
        dispatch: Option<Dispatch>,
        now: TimestampMs,
        effects: &mut Vec<Effect>,
    ) {
        self.note_run(run, now, effects);
        if let Some(dispatch) = dispatch {
            let (run_id, attempt) = (dispatch.claim.run_id.clone(), dispatch.claim.attempt);
            self.give(dispatch, now, effects);
            if self.runner_of(&run_id).is_some() {
                self.on_run_claimed(&run_id, attempt, now, effects);
            }
        }
    }

    fn note_run(&mut self, run: Run, now: TimestampMs, effects: &mut Vec<Effect>) {
        let kept = self.runs.0.entry(run.id.clone()).or_default();
        if kept.run.is_some() {
            return;
        }
        let mut run = without_output(run);
        let (attempt, output) = (kept.attempt, kept.output.clone());
        (run.state, run.attempt) = (RunState::Queued, 0);
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
            (run.state, run.attempt, run.waiting) = (RunState::Running, attempt, None);
            self.save_run(run_id, effects);
            self.log_event(None, RoomEvent::RunStarted { run_id: run_id.clone(), attempt }, now, effects);
        }
    }

    /// The record has changed: it ended, was cancelled, or failed. Told once. One that is queued was submitted without
    /// the room: a run of it was tried again.
    pub(crate) fn on_run_changed(&mut self, run: Run, now: TimestampMs, effects: &mut Vec<Effect>) {
        if !is_over(&run) {
            if run.state == RunState::Queued {
                self.note_run(run, now, effects);
            }
            return;
        }
        if self.runs.0.get(&run.id).is_none_or(|kept| kept.run.is_none()) {
            self.note_run(run.clone(), now, effects);
        }
        let Some(kept) = self.runs.0.get_mut(&run.id) else { return };
        if kept.run.as_ref().is_some_and(is_over) {
            return;
        }
        let run = without_output(run);
        kept.run = Some(run.clone());
        self.save_run(&run.id, effects);
        if run.state != RunState::Finished
            && let Some(runner) = self.runner_of(&run.id)
        {
            let frame = if run.state == RunState::Cancelled { RoomFrame::Cancel } else { RoomFrame::Gone };
            effects.push(Self::to_runner(runner, &run.id, frame));
        }
        self.take_back(&run.id, effects);
        self.log_event(None, end_event(run), now, effects);
    }

    /// True unless the run is over or a later attempt has it.
    pub(crate) fn is_current(&self, run: &RunId, attempt: u32) -> bool {
        self.runs.0.get(run).is_none_or(|kept| attempt >= kept.attempt && !kept.run.as_ref().is_some_and(is_over))
    }

    /// What a runner says of an attempt.
    pub(crate) fn on_runner_frame(
        &mut self,
        socket: SocketId,
        run: &RunId,
        attempt: u32,
        frame: RunnerFrame,
        now: TimestampMs,
        effects: &mut Vec<Effect>,
    ) {
        if !self.is_current(run, attempt) {
            effects.push(Self::to_runner(socket, run, RoomFrame::Gone));
            return;
        }
        match frame {
            RunnerFrame::Output { seq, stream, data } => {
                self.on_run_claimed(run, attempt, now, effects);
                self.on_output(socket, run, OutputChunk { seq, stream, data }, now, effects);
            }
            RunnerFrame::End { last_seq } => {
                let seq = self.last_seq(run).min(last_seq);
                effects.push(Self::to_runner(socket, run, RoomFrame::Ack { seq }));
            }
        }
    }

    /// The run that somebody may type into now.
    pub(crate) fn takes_input(&self, run: &RunId) -> Result<SocketId, &'static str> {
        let known = self.runs.0.get(run).and_then(|kept| kept.run.as_ref()).ok_or("there is no such run")?;
        match known.state {
            RunState::Queued | RunState::Running if !known.interactive => {
                Err("this run got all of its input at its start; start it as interactive to type while it runs")
            }
            RunState::Queued => Err("the run has not started yet; try again when it has"),
            RunState::Running => self.runner_of(run).ok_or("the run's machine is not connected; try again in a moment"),
            RunState::Finished | RunState::Failed | RunState::Cancelled => Err("the run has ended"),
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
        effects.push(Self::to_runner(socket, run_id, RoomFrame::Ack { seq: chunk.seq }));
    }

    fn last_seq(&self, run: &RunId) -> u64 {
        self.runs.0.get(run).and_then(|kept| kept.output.last()).map_or(0, |chunk| chunk.seq)
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
