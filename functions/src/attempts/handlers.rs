//! The routes of attempts. The edge forwards them and tells the room what they answered.

use std::sync::Arc;

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use lambda_http::tracing::warn;
use protocol::TimestampMs;
use protocol::ids::RunId;
use protocol::lease::LeaseGranted;
use protocol::run::RunAnswer;
use protocol::runner::{ClaimGranted, Heartbeat, RunReport};
use protocol::task::{ClaimRequest, TaskId};
use protocol::token::{AttemptClaims, ClaimTicket, LeaseClaims};

use super::router::Attempts;
use crate::ambient::now_ms;
use crate::http::body::{JsonBody, OptionalBody};
use crate::http::caller::Holder;
use crate::http::failure::ApiError;
use crate::http::params::Ids;
use crate::http::{Answer, ok};
use crate::log::chain;
use crate::runs::error::RunError;

/// `POST /internal/runs/{id}/claim`: bearer is the claim ticket of the queue message. 409 with `details.over` tells
/// the runner whether the message can go. The task that the body names counts as busy from then on.
pub(super) async fn claim(
    State(attempts): State<Arc<Attempts>>,
    Holder(ticket): Holder<ClaimTicket>,
    Ids(id): Ids<RunId>,
    OptionalBody(request): OptionalBody<Option<ClaimRequest>>,
) -> Answer<ClaimGranted> {
    let (now, request) = (now_ms(), request.unwrap_or_default());
    let task = request.task.clone();
    let granted = attempts.reports.claim(&id, &ticket, request, now).await?;
    attempts.keep_busy(task.as_ref(), now).await;
    Ok(ok(granted))
}

/// `POST /internal/runs/{id}/heartbeat`: bearer is the attempt's credential, as below.
pub(super) async fn heartbeat(
    State(attempts): State<Arc<Attempts>>,
    Holder(of): Holder<AttemptClaims>,
    Ids(id): Ids<RunId>,
) -> Answer<Heartbeat> {
    let now = now_ms();
    let heartbeat = attempts.reports.heartbeat(&id, &of, now).await?;
    attempts.keep_busy(of.task.as_ref(), now).await;
    Ok(ok(heartbeat))
}

/// `POST /internal/tasks/{task}/renew`: the task still serves its tenant. The bearer is an attempt's or a lease's that it claimed.
pub(super) async fn renew(
    State(attempts): State<Arc<Attempts>>,
    TaskHolder(own): TaskHolder,
    Ids(task): Ids<TaskId>,
) -> Answer<serde_json::Value> {
    let task = own_task(own, task)?;
    attempts.pool.keep_busy(&task, now_ms()).await?;
    Ok(ok(serde_json::json!({})))
}

/// `POST /internal/tasks/{task}/leave`: the task has served its tenant and ends. It may be asked to end at once.
pub(super) async fn leave(
    State(attempts): State<Arc<Attempts>>,
    TaskHolder(own): TaskHolder,
    Ids(task): Ids<TaskId>,
) -> Answer<serde_json::Value> {
    let task = own_task(own, task)?;
    attempts.pool.leave(&task, now_ms()).await?;
    Ok(ok(serde_json::json!({})))
}

/// `POST /internal/leases/claim`: a task takes the lease of a queue message. The bearer is the message's credential;
/// the answer holds one that speaks for the task as well.
pub(super) async fn claim_lease(
    State(attempts): State<Arc<Attempts>>,
    Holder(of): Holder<LeaseClaims>,
    JsonBody(request): JsonBody<ClaimRequest>,
) -> Answer<LeaseGranted> {
    attempts.keep_busy(request.task.as_ref(), now_ms()).await;
    let credential = attempts.reports.signer.sign(&LeaseClaims { task: request.task, ..of }).map_err(RunError::from)?;
    Ok(ok(LeaseGranted { credential }))
}

/// A task is spoken for by what it claimed, a run or a lease, and by nobody else.
fn own_task(own: Option<TaskId>, task: TaskId) -> Result<TaskId, RunError> {
    if own.as_ref() == Some(&task) { Ok(task) } else { Err(RunError::Forbidden) }
}

/// The task that a credential speaks for: that of an attempt, or of a lease.
pub(super) struct TaskHolder(Option<TaskId>);

impl FromRequestParts<Arc<Attempts>> for TaskHolder {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<Attempts>) -> Result<Self, ApiError> {
        if let Ok(Holder(lease)) = Holder::<LeaseClaims>::from_request_parts(parts, state).await {
            return Ok(Self(lease.task));
        }
        let Holder(attempt) = Holder::<AttemptClaims>::from_request_parts(parts, state).await?;
        Ok(Self(attempt.task))
    }
}

impl Attempts {
    /// Notes that a task is busy. Without that the pool counts one too few, which holds nobody up.
    async fn keep_busy(&self, task: Option<&TaskId>, now: TimestampMs) {
        let Some(task) = task else { return };
        if let Err(failure) = self.pool.keep_busy(task, now).await {
            warn!(task.id = %task, error = chain(&failure), "a busy runner could not be noted");
        }
    }
}

/// `POST /internal/runs/{id}/result`
pub(super) async fn result(
    State(attempts): State<Arc<Attempts>>,
    Holder(of): Holder<AttemptClaims>,
    Ids(id): Ids<RunId>,
    JsonBody(report): JsonBody<RunReport>,
) -> Answer<RunAnswer> {
    let run = attempts.reports.finish(&id, &of, report, now_ms()).await?;
    Ok(ok(RunAnswer { run: attempts.reports.ledger.view(&run).await? }))
}

/// `GET /internal/health`: 200 while the table `runs` can be read.
pub(super) async fn health(State(attempts): State<Arc<Attempts>>) -> Answer<serde_json::Value> {
    attempts.reports.ledger.store.reach().await?;
    Ok(ok(serde_json::json!({ "status": "ok" })))
}
