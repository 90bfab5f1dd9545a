//! Runs: the life of one execution, and the bodies of `/api/v1/runs`.
//!
//! ```text
//! queued ──claim──▶ running(attempt 1) ──finish──▶ finished
//!    │                 │  ▲   │
//!    │                 └──┘   └──fail──▶ failed(reason)
//!    │        claim (attempt + 1, once the lease is over)
//!    └──cancel──▶ cancelled ◀──cancel── running
//! ```
//!
//! The record in DynamoDB is the truth; [`RunStatus::after`] is the only lawful way to change it. The last three
//! states are final.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use ts_rs::TS;

use crate::TimestampMs;
use crate::ids::{RoomId, RunId};
use crate::language::Language;
use crate::path::FilePath;

/// The state's word on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum RunState {
    /// Recorded and waiting for a runner.
    Queued,
    /// A runner has claimed it.
    Running,
    /// The program ended, by itself or at a limit.
    Finished,
    /// Not executed to its end, through no fault of the program.
    Failed,
    /// Stopped by a person.
    Cancelled,
}

/// Why a run ended other than by its program's own exit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum RunReason {
    /// Over its wall-clock or processor time.
    TimeLimit,
    /// Over its memory.
    MemoryLimit,
    /// Wrote more than is bearable.
    OutputLimit,
    /// Over its number of processes.
    ProcessLimit,
    /// Over its disk space or file size.
    DiskLimit,
    /// Waited too long in the queue.
    Expired,
    /// Every attempt's runner was lost.
    Lost,
    /// Our fault.
    Internal,
}

impl RunReason {
    /// True where the program was stopped at a limit: the run is `finished`. The others go with `failed`.
    #[must_use]
    pub fn is_limit(self) -> bool {
        match self {
            Self::TimeLimit | Self::MemoryLimit | Self::OutputLimit | Self::ProcessLimit | Self::DiskLimit => true,
            Self::Expired | Self::Lost | Self::Internal => false,
        }
    }
}

/// How a program ended and what it used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RunResult {
    /// The limit that stopped it, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reason: Option<RunReason>,
    /// The exit code, unless a signal ended it.
    pub exit_code: Option<i32>,
    /// The signal's name (`SIGKILL`), if one ended it.
    pub signal: Option<String>,
    /// Standard output, as far as kept.
    pub stdout: String,
    /// Standard error, as far as kept.
    pub stderr: String,
    /// True if more was written than is kept.
    pub truncated: bool,
    /// Wall-clock time of all stages.
    #[ts(type = "number")]
    pub wall_ms: u64,
    /// Processor time of all stages.
    #[ts(type = "number")]
    pub cpu_ms: u64,
    /// Largest resident size seen.
    #[ts(type = "number")]
    pub memory_bytes: u64,
    /// The sandbox tier that was reached: `process` or `namespaces`.
    pub sandbox: String,
}

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunStatus {
    /// Waiting.
    Queued,
    /// Claimed by the runner of this attempt, counted from 1.
    Running {
        /// Which attempt.
        attempt: u32,
        /// Until when nobody else may claim it.
        lease_until: TimestampMs,
    },
    /// Ended.
    Finished {
        /// The attempt whose result this is.
        attempt: u32,
        /// The result.
        result: Box<RunResult>,
    },
    /// Not executed to its end.
    Failed {
        /// The attempts made.
        attempt: u32,
        /// Why.
        reason: RunReason,
    },
    /// Stopped by a person.
    Cancelled {
        /// The attempts made.
        attempt: u32,
    },
}

/// What happens to a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunChange {
    /// A runner claims it.
    Claim {
        /// Now.
        now: TimestampMs,
        /// The new lease's end.
        lease_until: TimestampMs,
    },
    /// The attempt's runner is still at work.
    Renew {
        /// Which attempt.
        attempt: u32,
        /// The new lease's end.
        lease_until: TimestampMs,
    },
    /// The attempt's runner reports a result.
    Finish {
        /// Which attempt.
        attempt: u32,
        /// The result.
        result: Box<RunResult>,
    },
    /// It cannot be executed.
    Fail {
        /// Why.
        reason: RunReason,
    },
    /// A person stops it.
    Cancel,
}

/// Why a change is not lawful.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TransitionError {
    /// The run has ended.
    #[error("the run has already ended")]
    Over,
    /// Another attempt holds the lease.
    #[error("another attempt is at work")]
    Leased,
    /// The report comes from an attempt that is not the current one.
    #[error("another attempt has taken over")]
    Superseded,
    /// The reason does not fit the state.
    #[error("the reason does not fit the run's end")]
    UnfitReason,
}

impl RunStatus {
    /// The state's word.
    #[must_use]
    pub fn state(&self) -> RunState {
        match self {
            Self::Queued => RunState::Queued,
            Self::Running { .. } => RunState::Running,
            Self::Finished { .. } => RunState::Finished,
            Self::Failed { .. } => RunState::Failed,
            Self::Cancelled { .. } => RunState::Cancelled,
        }
    }

    /// Attempts made so far.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        match self {
            Self::Queued => 0,
            Self::Running { attempt, .. }
            | Self::Finished { attempt, .. }
            | Self::Failed { attempt, .. }
            | Self::Cancelled { attempt } => *attempt,
        }
    }

    /// True if nothing can change it any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        !matches!(self, Self::Queued | Self::Running { .. })
    }

    /// The status after a change.
    ///
    /// # Errors
    /// [`TransitionError`] where the change is not lawful; the status stays as it is.
    pub fn after(&self, change: RunChange) -> Result<Self, TransitionError> {
        if self.is_over() {
            return Err(TransitionError::Over);
        }
        let attempt = self.attempt();
        match change {
            RunChange::Claim { now, lease_until } => match self {
                Self::Running { lease_until: held, .. } if *held > now => Err(TransitionError::Leased),
                _ => Ok(Self::Running { attempt: attempt + 1, lease_until }),
            },
            RunChange::Renew { attempt: of, lease_until } => {
                self.of_current(of)?;
                Ok(Self::Running { attempt, lease_until })
            }
            RunChange::Finish { attempt: of, result } => {
                self.of_current(of)?;
                match result.reason {
                    Some(reason) if reason == RunReason::Internal => Ok(Self::Failed { attempt, reason }),
                    Some(reason) if !reason.is_limit() => Err(TransitionError::UnfitReason),
                    _ => Ok(Self::Finished { attempt, result }),
                }
            }
            RunChange::Fail { reason } if reason.is_limit() => Err(TransitionError::UnfitReason),
            RunChange::Fail { reason } => Ok(Self::Failed { attempt, reason }),
            RunChange::Cancel => Ok(Self::Cancelled { attempt }),
        }
    }

    fn of_current(&self, of: u32) -> Result<(), TransitionError> {
        match self {
            Self::Running { attempt, .. } if *attempt == of => Ok(()),
            _ => Err(TransitionError::Superseded),
        }
    }
}

/// A run as everybody who may see it sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// The run's id.
    pub id: RunId,
    /// The room that watches, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub room_id: Option<RoomId>,
    /// The room's log position that its files were read at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub position: Option<u64>,
    /// The language.
    pub language: Language,
    /// The file that was run.
    pub entry: FilePath,
    /// Display name of who started it.
    pub started_by: String,
    /// Where it stands.
    pub state: RunState,
    /// Why it ended as it did, unless by its own exit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reason: Option<RunReason>,
    /// Attempts made.
    pub attempt: u32,
    /// When it was submitted.
    #[ts(type = "number")]
    pub created_at: TimestampMs,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub ended_at: Option<TimestampMs>,
    /// The exit code; null while it runs and where a signal ended it.
    pub exit_code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<String>,
    /// Standard output, once it has ended.
    pub stdout: String,
    /// Standard error, once it has ended.
    pub stderr: String,
    /// True if more was written than is kept.
    pub truncated: bool,
    /// Wall-clock time.
    #[ts(type = "number | null")]
    pub wall_ms: Option<u64>,
    /// Processor time.
    #[ts(type = "number | null")]
    pub cpu_ms: Option<u64>,
    /// Largest resident size.
    #[ts(type = "number | null")]
    pub memory_bytes: Option<u64>,
}

/// Data of calls that answer one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RunAnswer {
    /// The run.
    pub run: Run,
}

/// A file that goes into a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SourceFile {
    /// Where it lies in the work directory.
    pub path: FilePath,
    /// Its text.
    pub content: String,
}

/// Body of `POST /rooms/{id}/runs` and of `run:start`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RoomRunRequest {
    /// The language.
    pub language: Language,
    /// The file to run; the language's own entry unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub entry: Option<FilePath>,
    /// Standard input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub stdin: Option<String>,
    /// Arguments of the program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub args: Option<Vec<String>>,
}

/// Body of `POST /runs`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SubmitRunRequest {
    /// The language.
    pub language: Language,
    /// The program.
    pub files: Vec<SourceFile>,
    /// The file to run; the language's own entry unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub entry: Option<FilePath>,
    /// Standard input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub stdin: Option<String>,
    /// Arguments of the program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub args: Option<Vec<String>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(reason: Option<RunReason>) -> Box<RunResult> {
        Box::new(RunResult {
            reason,
            exit_code: Some(0),
            signal: None,
            stdout: String::new(),
            stderr: String::new(),
            truncated: false,
            wall_ms: 1,
            cpu_ms: 1,
            memory_bytes: 1,
            sandbox: "process".to_owned(),
        })
    }

    fn claim(now: TimestampMs) -> RunChange {
        RunChange::Claim { now, lease_until: now + 10 }
    }

    #[test]
    fn a_run_is_claimed_and_finishes_once() {
        let running = RunStatus::Queued.after(claim(0)).expect("claimed");
        assert_eq!(running, RunStatus::Running { attempt: 1, lease_until: 10 });
        let finished = running.after(RunChange::Finish { attempt: 1, result: result(None) }).expect("finished");
        assert_eq!((finished.state(), finished.attempt()), (RunState::Finished, 1));
        for change in [claim(99), RunChange::Cancel, RunChange::Finish { attempt: 1, result: result(None) }] {
            assert_eq!(finished.after(change), Err(TransitionError::Over));
        }
    }

    #[test]
    fn a_lost_runner_is_followed_by_another_whose_reports_alone_count() {
        let first = RunStatus::Queued.after(claim(0)).expect("claimed");
        assert_eq!(first.after(claim(9)), Err(TransitionError::Leased));
        let second = first.after(claim(10)).expect("the lease is over");
        assert_eq!(second.attempt(), 2);
        let late = RunChange::Finish { attempt: 1, result: result(None) };
        assert_eq!(second.after(late), Err(TransitionError::Superseded));
        let renewed = second.after(RunChange::Renew { attempt: 2, lease_until: 50 }).expect("renewed");
        assert_eq!(renewed, RunStatus::Running { attempt: 2, lease_until: 50 });
    }

    #[test]
    fn a_limit_finishes_a_run_and_our_own_fault_fails_it() {
        let running = RunStatus::Queued.after(claim(0)).expect("claimed");
        let after = |reason| running.after(RunChange::Finish { attempt: 1, result: result(Some(reason)) });
        assert_eq!(after(RunReason::TimeLimit).map(|status| status.state()), Ok(RunState::Finished));
        assert_eq!(after(RunReason::Internal).map(|status| status.state()), Ok(RunState::Failed));
        assert_eq!(after(RunReason::Lost), Err(TransitionError::UnfitReason));
        let fail = |reason| running.after(RunChange::Fail { reason }).map(|status| status.state());
        assert_eq!(fail(RunReason::Lost), Ok(RunState::Failed));
        assert_eq!(fail(RunReason::TimeLimit), Err(TransitionError::UnfitReason));
    }

    #[test]
    fn a_queued_run_has_no_attempt_to_report_for() {
        let report = RunChange::Finish { attempt: 0, result: result(None) };
        assert_eq!(RunStatus::Queued.after(report), Err(TransitionError::Superseded));
        assert_eq!(RunStatus::Queued.after(RunChange::Cancel), Ok(RunStatus::Cancelled { attempt: 0 }));
    }
}
