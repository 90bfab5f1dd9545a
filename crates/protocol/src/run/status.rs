//! The life of a run.
//!
//! ```text
//! queued ──claim──▶ running(attempt 1) ──finish──▶ finished
//!    │                 │  ▲   │
//!    │                 └──┘   └──fail, lose──▶ failed(reason)
//!    │        claim (attempt + 1, once the lease is over or was released)
//!    ├──expire──▶ failed(expired)
//!    └──cancel──▶ cancelled ◀──cancel── running
//! ```
//!
//! The record in DynamoDB is the truth; [`RunStatus::after`] is the only lawful way to change it. The last three
//! states are final.

use thiserror::Error;

use super::{RunReason, RunResult, RunState};
use crate::TimestampMs;

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
    /// The attempt's runner is known to be gone, so that another may claim the run before the lease ends.
    Release {
        /// Which attempt.
        attempt: u32,
        /// Now.
        now: TimestampMs,
    },
    /// It has waited too long for its first runner.
    Expire,
    /// The current attempt's lease is long over: it is queued again. Until the next claim the attempt may still
    /// report; moving the end of its lease to now keeps a second hand from queueing the run as well.
    Requeue {
        /// The lease has been over since then at least.
        silent_since: TimestampMs,
        /// Now.
        now: TimestampMs,
    },
    /// The current attempt's lease is long over, and there is to be no other attempt.
    Lose {
        /// The lease has been over since then at least.
        silent_since: TimestampMs,
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
            RunChange::Release { attempt: of, now } => {
                self.of_current(of)?;
                Ok(Self::Running { attempt, lease_until: now })
            }
            RunChange::Fail { reason } if reason.is_limit() => Err(TransitionError::UnfitReason),
            RunChange::Fail { reason } => Ok(Self::Failed { attempt, reason }),
            RunChange::Expire => match self {
                Self::Queued => Ok(Self::Failed { attempt, reason: RunReason::Expired }),
                _ => Err(TransitionError::Leased),
            },
            RunChange::Requeue { silent_since, now } => {
                self.silent(silent_since)?;
                Ok(Self::Running { attempt, lease_until: now })
            }
            RunChange::Lose { silent_since } => {
                self.silent(silent_since)?;
                Ok(Self::Failed { attempt, reason: RunReason::Lost })
            }
            RunChange::Cancel => Ok(Self::Cancelled { attempt }),
        }
    }

    fn silent(&self, since: TimestampMs) -> Result<(), TransitionError> {
        match self {
            Self::Running { lease_until, .. } if *lease_until <= since => Ok(()),
            _ => Err(TransitionError::Leased),
        }
    }

    fn of_current(&self, of: u32) -> Result<(), TransitionError> {
        match self {
            Self::Running { attempt, .. } if *attempt == of => Ok(()),
            _ => Err(TransitionError::Superseded),
        }
    }
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
            verdicts: None,
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
    fn a_runner_that_is_gone_gives_its_run_free_for_the_next_attempt_alone() {
        let first = RunStatus::Queued.after(claim(0)).expect("claimed");
        assert_eq!(first.after(RunChange::Release { attempt: 2, now: 1 }), Err(TransitionError::Superseded));
        let free = first.after(RunChange::Release { attempt: 1, now: 1 }).expect("released");
        assert_eq!(free.attempt(), 1, "its runner may still report, until another has claimed the run");
        let second = free.after(claim(1)).expect("claimed again");
        assert_eq!(second.attempt(), 2);
        assert_eq!(second.after(RunChange::Release { attempt: 1, now: 1 }), Err(TransitionError::Superseded));
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
    fn only_a_queued_run_expires() {
        let expired = RunStatus::Queued.after(RunChange::Expire).expect("it waits");
        assert_eq!(expired, RunStatus::Failed { attempt: 0, reason: RunReason::Expired });
        let running = RunStatus::Queued.after(claim(0)).expect("claimed");
        assert_eq!(running.after(RunChange::Expire), Err(TransitionError::Leased));
    }

    #[test]
    fn a_silent_attempt_is_followed_by_one_more_or_given_up_and_only_once() {
        let running = RunStatus::Queued.after(claim(0)).expect("claimed");
        let requeue = |silent_since, now| RunChange::Requeue { silent_since, now };
        assert_eq!(running.after(requeue(9, 70)), Err(TransitionError::Leased));
        assert_eq!(running.after(RunChange::Lose { silent_since: 9 }), Err(TransitionError::Leased));
        let requeued = running.after(requeue(10, 70)).expect("silent");
        assert_eq!(requeued, RunStatus::Running { attempt: 1, lease_until: 70 });
        assert_eq!(requeued.after(requeue(10, 71)), Err(TransitionError::Leased), "once is enough");
        assert_eq!(requeued.after(claim(70)).map(|status| status.attempt()), Ok(2));
        let lost = running.after(RunChange::Lose { silent_since: 10 });
        assert_eq!(lost, Ok(RunStatus::Failed { attempt: 1, reason: RunReason::Lost }));
        assert_eq!(RunStatus::Queued.after(requeue(10, 70)), Err(TransitionError::Leased));
    }

    #[test]
    fn a_queued_run_has_no_attempt_to_report_for() {
        let report = RunChange::Finish { attempt: 0, result: result(None) };
        assert_eq!(RunStatus::Queued.after(report), Err(TransitionError::Superseded));
        assert_eq!(RunStatus::Queued.after(RunChange::Cancel), Ok(RunStatus::Cancelled { attempt: 0 }));
    }
}
