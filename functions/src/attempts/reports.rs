//! What an attempt may do to its run.

use std::sync::Arc;

use protocol::TimestampMs;
use protocol::ids::RunId;
use protocol::limits::ATTEMPT_LEASE_MS;
use protocol::run::{RunChange, RunStatus, TransitionError};
use protocol::runner::{ClaimGranted, Heartbeat, RunReport};
use protocol::task::ClaimRequest;
use protocol::token::{AttemptClaims, ClaimTicket, Signer};

use crate::ports::artifacts::Artifacts;
use crate::ports::runs::{RunRecord, RunStore};
use crate::runs::error::RunError;
use crate::runs::grant::{Bundle, grant, lease};
use crate::runs::ledger::Ledger;

/// Reports of runners.
pub struct Reports<S, A> {
    /// Records and bundles.
    pub ledger: Ledger<S, A>,
    /// Signs the credentials of attempts.
    pub signer: Arc<Signer>,
}

impl<S: RunStore, A: Artifacts> Reports<S, A> {
    /// Gives a run to a runner as a new attempt.
    ///
    /// # Errors
    /// [`RunError::Transition`] where the run is over or another attempt's lease runs, [`RunError::Forbidden`] for
    /// another run's ticket, or a failure of a part.
    pub async fn claim(
        &self,
        id: &RunId,
        ticket: &ClaimTicket,
        request: ClaimRequest,
        now: TimestampMs,
    ) -> Result<ClaimGranted, RunError> {
        if ticket.run != *id {
            return Err(RunError::Forbidden);
        }
        let claim = RunChange::Claim { now, lease_until: now + ATTEMPT_LEASE_MS };
        let run = self.ledger.record(id).await?;
        run.status.after(claim.clone())?;
        // Before the claim, so that a failure here costs no lease.
        let files = self.ledger.read(&run.program.source).await?;
        let cases = self.ledger.read(&run.program.cases).await?;
        let run = self.ledger.change(id, claim, now).await?;
        let lease = run.room.as_ref().map(|(room, _)| lease(room, request.task.clone(), &self.signer, now));
        Ok(grant(&run, Bundle { files, cases }, lease.transpose()?, request.task, &self.signer, now)?)
    }

    /// Renews the attempt's lease, and says whether anybody still waits for its result.
    ///
    /// # Errors
    /// [`RunError::Forbidden`] for another run's credential, or a failure of a part.
    pub async fn heartbeat(&self, id: &RunId, of: &AttemptClaims, now: TimestampMs) -> Result<Heartbeat, RunError> {
        check(id, of)?;
        let renew = RunChange::Renew { attempt: of.attempt, lease_until: now + ATTEMPT_LEASE_MS };
        match self.ledger.change(id, renew, now).await {
            Ok(_) => Ok(Heartbeat { wanted: true }),
            Err(RunError::Transition(TransitionError::Over | TransitionError::Superseded)) => {
                Ok(Heartbeat { wanted: false })
            }
            Err(error) => Err(error),
        }
    }

    /// Records the attempt's result, once; the same attempt may repeat it.
    ///
    /// # Errors
    /// [`RunError::Transition`] where the run is over or a newer attempt exists, [`RunError::Forbidden`] for another
    /// run's credential, or a failure of a part.
    pub async fn finish(
        &self,
        id: &RunId,
        of: &AttemptClaims,
        report: RunReport,
        now: TimestampMs,
    ) -> Result<RunRecord, RunError> {
        check(id, of)?;
        let finish = RunChange::Finish { attempt: of.attempt, result: Box::new(report.result) };
        let run = self.ledger.change(id, finish, now).await?;
        debug_assert!(matches!(run.status, RunStatus::Finished { .. } | RunStatus::Failed { .. }));
        Ok(run)
    }
}

fn check(id: &RunId, of: &AttemptClaims) -> Result<(), RunError> {
    if of.run == *id { Ok(()) } else { Err(RunError::Forbidden) }
}
