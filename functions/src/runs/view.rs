//! Records of runs as clients see them.

use protocol::run::{CaseVerdict, Run, RunReason, RunResult, RunStatus};

use crate::ports::runs::RunRecord;

/// The run with the output that its record holds.
#[must_use]
pub fn view(run: &RunRecord) -> Run {
    let result = result(run);
    let room = run.room.as_ref();
    Run {
        id: run.id.clone(),
        room_id: room.map(|(room, _)| room.clone()),
        position: room.map(|(_, position)| *position),
        language: run.program.language,
        entry: run.program.entry.clone(),
        started_by: run.starter.name.clone(),
        interactive: run.program.interactive,
        state: run.status.state(),
        reason: reason(run),
        attempt: run.status.attempt(),
        created_at: run.created_at,
        ended_at: run.ended_at,
        exit_code: result.and_then(|result| result.exit_code),
        signal: result.and_then(|result| result.signal.clone()),
        stdout: result.map(|result| result.stdout.clone()).unwrap_or_default(),
        stderr: result.map(|result| result.stderr.clone()).unwrap_or_default(),
        truncated: result.is_some_and(|result| result.truncated),
        wall_ms: result.map(|result| result.wall_ms),
        cpu_ms: result.map(|result| result.cpu_ms),
        memory_bytes: result.map(|result| result.memory_bytes),
        waiting: None,
        verdicts: result.and_then(|result| result.verdicts.clone()),
    }
}

/// The run in a list: without its output, of which a page could hold more than an answer may.
#[must_use]
pub fn summary(run: &RunRecord) -> Run {
    let run = view(run);
    let verdicts = run.verdicts.as_ref().map(|verdicts| verdicts.iter().map(CaseVerdict::without_texts).collect());
    Run { stdout: String::new(), stderr: String::new(), verdicts, ..run }
}

fn result(run: &RunRecord) -> Option<&RunResult> {
    match &run.status {
        RunStatus::Finished { result, .. } => Some(result),
        RunStatus::Queued | RunStatus::Running { .. } | RunStatus::Failed { .. } | RunStatus::Cancelled { .. } => None,
    }
}

fn reason(run: &RunRecord) -> Option<RunReason> {
    match &run.status {
        RunStatus::Finished { result, .. } => result.reason,
        RunStatus::Failed { reason, .. } => Some(*reason),
        RunStatus::Queued | RunStatus::Running { .. } | RunStatus::Cancelled { .. } => None,
    }
}
