//! What a runner gets with a claim.

use protocol::TimestampMs;
use protocol::ids::{LeaseId, RoomId};
use protocol::limits::RUN_INTERACTIVE_WALL_MS;
use protocol::run::{RunCase, SourceFile};
use protocol::runner::{ClaimGranted, RunLimits};
use protocol::task::TaskId;
use protocol::token::{
    ATTEMPT_LIFETIME_S, AttemptClaims, CLAIM_LIFETIME_S, ClaimTicket, LEASE_LIFETIME_S, LeaseClaims, Signer, TokenError,
};

use crate::ambient::entropy;
use crate::ports::runs::RunRecord;

/// What of a run may lie outside its record.
#[derive(Debug, Clone)]
pub struct Bundle {
    /// Its files.
    pub files: Vec<SourceFile>,
    /// Its cases.
    pub cases: Vec<RunCase>,
}

/// The current attempt of a run as its runner gets it, with a credential for it. `lease` wins the runner for the
/// room; `task` is where that runs, if it has said so.
///
/// # Errors
/// When signing fails.
pub fn grant(
    run: &RunRecord,
    Bundle { files, cases }: Bundle,
    lease: Option<String>,
    task: Option<TaskId>,
    signer: &Signer,
    now: TimestampMs,
) -> Result<ClaimGranted, TokenError> {
    let iat = now / 1000;
    let room = run.room.as_ref().map(|(room, _)| room.clone());
    let attempt = run.status.attempt();
    let claims =
        AttemptClaims { run: run.id.clone(), room: room.clone(), attempt, task, iat, exp: iat + ATTEMPT_LIFETIME_S };
    let program = run.program.clone();
    let limits = RunLimits::default();
    let wall_ms = if program.interactive { RUN_INTERACTIVE_WALL_MS } else { limits.wall_ms };
    Ok(ClaimGranted {
        run_id: run.id.clone(),
        room_id: room,
        attempt,
        credential: signer.sign(&claims)?,
        lease,
        language: program.language,
        entry: program.entry,
        files,
        stdin: program.stdin,
        interactive: program.interactive,
        args: program.args,
        flags: program.flags,
        cases,
        limits: RunLimits { wall_ms, ..limits },
    })
}

/// The credential of a new lease of a room, for the runner of a task once that is known.
///
/// # Errors
/// When signing fails.
pub fn lease(room: &RoomId, task: Option<TaskId>, signer: &Signer, now: TimestampMs) -> Result<String, TokenError> {
    let (lease, iat) = (LeaseId::from_entropy(&entropy()), now / 1000);
    signer.sign(&LeaseClaims { lease, room: room.clone(), task, iat, exp: iat + LEASE_LIFETIME_S })
}

/// The ticket with which a run is claimed.
///
/// # Errors
/// When signing fails.
pub fn ticket(run: &RunRecord, signer: &Signer, now: TimestampMs) -> Result<String, TokenError> {
    let iat = now / 1000;
    signer.sign(&ClaimTicket { run: run.id.clone(), iat, exp: iat + CLAIM_LIFETIME_S })
}
