//! The routes of runs.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use lambda_http::tracing::warn;
use protocol::ids::RunId;
use protocol::internal::{SubmitRoomRun, SubmittedRoomRun};
use protocol::language::{LANGUAGES, Languages};
use protocol::lease::{RequeueRequest, Requeued};
use protocol::limits::RUN_WAIT_MAX_MS;
use protocol::run::{RunAnswer, RunChange, SubmitRunRequest};
use protocol::token::ClaimTicket;
use serde::Deserialize;

use super::error::RunError;
use super::order::Order;
use super::router::Runs;
use super::submit::{Sender, Submitted, Way, Who};
use crate::ambient::now_ms;
use crate::config::Switch;
use crate::http::body::JsonBody;
use crate::http::caller::{Caller, Holder};
use crate::http::frame::RequestId;
use crate::http::params::{Client, Ids, Params};
use crate::http::{Answer, accepted, ok};
use crate::log::chain;
use crate::ports::edge::EdgeNotifier;
use crate::ports::runs::RunRecord;
use crate::rooms::access::{Access, access, standing};
use crate::rooms::error::RoomError;

/// First pause of `?wait=true`; each further one is half as long again, up to [`WAIT_PAUSE_MAX`].
const WAIT_PAUSE_FIRST: Duration = Duration::from_millis(50);
const WAIT_PAUSE_MAX: Duration = Duration::from_secs(1);

/// Query of `POST /runs`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct SubmitParams {
    #[serde(default)]
    wait: bool,
}

/// `POST /api/v1/runs`: a run without a room. With `wait=true` it answers 200 with the run as it ended, or 202 with
/// the run as it is after 25 s.
pub(super) async fn submit(
    State(runs): State<Arc<Runs>>,
    caller: Caller,
    client: Client,
    Extension(RequestId(request_id)): Extension<RequestId>,
    Params(params): Params<SubmitParams>,
    JsonBody(request): JsonBody<SubmitRunRequest>,
) -> Answer<RunAnswer> {
    let who = match caller {
        Caller::Account(claims) => Who::Account { participant: claims.sub.into(), name: claims.name },
        Caller::Participant(_) => return Err(RunError::Forbidden.into()),
        Caller::Nobody if runs.guests == Switch::Off => return Err(RunError::GuestsOff.into()),
        Caller::Nobody => Who::Anonymous,
    };
    let sender = Sender { who, room: None, address: client.address, key: client.idempotency_key, request_id };
    let mut run = runs.submitter.submit(Order::from(request), &sender, Way::Queue, now_ms()).await?.run;
    if params.wait {
        run = until_over(&runs, run).await?;
    }
    let reply = if params.wait && run.status.is_over() { ok } else { accepted };
    Ok(reply(RunAnswer { run: runs.submitter.view(&run).await? }))
}

async fn until_over(runs: &Runs, mut run: RunRecord) -> Result<RunRecord, RunError> {
    let began = tokio::time::Instant::now();
    let mut pause = WAIT_PAUSE_FIRST;
    while !run.status.is_over() && began.elapsed() + pause < Duration::from_millis(RUN_WAIT_MAX_MS) {
        tokio::time::sleep(pause).await;
        run = runs.submitter.ledger.record(&run.id).await?;
        pause = (pause * 3 / 2).min(WAIT_PAUSE_MAX);
    }
    Ok(run)
}

/// `POST /internal/runs`: a run of a room, with the files as the room froze them. The bearer is the participant's.
pub(super) async fn submit_from_room(
    State(runs): State<Arc<Runs>>,
    Holder(claims): Holder<protocol::token::RoomClaims>,
    client: Client,
    Extension(RequestId(request_id)): Extension<RequestId>,
    JsonBody(request): JsonBody<SubmitRoomRun>,
) -> Answer<SubmittedRoomRun> {
    if !claims.rights.run {
        return Err(RunError::Forbidden.into());
    }
    let (participant, name) = (claims.sub, claims.name);
    let who = match claims.user {
        Some(_) => Who::Account { participant, name },
        None => Who::Guest { participant, name },
    };
    let room = Some((claims.room, request.position));
    let sender = Sender { who, room, address: client.address, key: client.idempotency_key, request_id };
    let way = if request.dispatch { Way::Room } else { Way::Queue };
    let Submitted { run, dispatch } = runs.submitter.submit(Order::from(request), &sender, way, now_ms()).await?;
    Ok(accepted(SubmittedRoomRun { run: runs.submitter.view(&run).await?, dispatch }))
}

/// `POST /internal/runs/{id}/requeue`: a room's runner makes no progress with a run that it was given. The bearer is
/// the ticket that the room got with the run.
pub(super) async fn requeue(
    State(runs): State<Arc<Runs>>,
    Holder(ticket): Holder<ClaimTicket>,
    Ids(id): Ids<RunId>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    JsonBody(request): JsonBody<RequeueRequest>,
) -> Answer<Requeued> {
    if ticket.run != id {
        return Err(RunError::Forbidden.into());
    }
    let (run, is_queued) = runs.submitter.requeue(&id, &request, &request_id, now_ms()).await?;
    Ok(ok(Requeued { run: runs.submitter.ledger.view(&run).await?, is_queued }))
}

/// `POST /internal/leases`: a room wants a runner, for a terminal. The bearer is the participant's.
pub(super) async fn request_lease(
    State(runs): State<Arc<Runs>>,
    Holder(claims): Holder<protocol::token::RoomClaims>,
    Extension(RequestId(request_id)): Extension<RequestId>,
) -> Answer<serde_json::Value> {
    if !claims.rights.terminal {
        return Err(RunError::Forbidden.into());
    }
    runs.submitter.request_lease(claims.room, request_id, now_ms()).await?;
    Ok(accepted(serde_json::json!({})))
}

/// `GET /api/v1/runs/{id}`: for who started it, and for whoever may see its room.
pub(super) async fn find(State(runs): State<Arc<Runs>>, caller: Caller, Ids(id): Ids<RunId>) -> Answer<RunAnswer> {
    let run = runs.submitter.ledger.record(&id).await?;
    runs.check(&run, &caller, |access| access.rights.view).await?;
    Ok(ok(RunAnswer { run: runs.submitter.ledger.view(&run).await? }))
}

/// `POST /api/v1/runs/{id}/cancel`: for who started it, and for whoever may run in its room. The room is told.
pub(super) async fn cancel(State(runs): State<Arc<Runs>>, caller: Caller, Ids(id): Ids<RunId>) -> Answer<RunAnswer> {
    let answer = runs.cancel(&id, &caller).await?;
    if let Some(room) = &answer.run.room_id
        && let Err(failure) = runs.edge.run_changed(room, &answer.run).await
    {
        // The run is cancelled: its runner hears so from its next heartbeat.
        warn!(run.id = %id, error = chain(&failure), "the room could not be told that its run was cancelled");
    }
    Ok(ok(answer))
}

/// `POST /api/v1/runs/{id}/retry`: the program of a run that has ended (else 409), once more, as a new run of the one who
/// asks. For who started it, and for whoever may run in its room: there it has the files of then, and the room is told.
pub(super) async fn retry(
    State(runs): State<Arc<Runs>>,
    caller: Caller,
    client: Client,
    Extension(RequestId(request_id)): Extension<RequestId>,
    Ids(id): Ids<RunId>,
) -> Answer<RunAnswer> {
    let submitter = &runs.submitter;
    let of = submitter.ledger.record(&id).await?;
    runs.check(&of, &caller, |access| access.rights.run).await?;
    let order = Order::again(&submitter.ledger, &of).await?;
    let who = match caller {
        Caller::Account(claims) => Who::Account { participant: claims.sub.into(), name: claims.name },
        Caller::Participant(claims) if claims.user.is_some() => {
            Who::Account { participant: claims.sub, name: claims.name }
        }
        Caller::Participant(claims) => Who::Guest { participant: claims.sub, name: claims.name },
        Caller::Nobody if runs.guests == Switch::Off => return Err(RunError::GuestsOff.into()),
        Caller::Nobody => Who::Anonymous,
    };
    let sender = Sender { who, room: of.room, address: client.address, key: client.idempotency_key, request_id };
    let run = submitter.submit(order, &sender, Way::Queue, now_ms()).await?.run;
    let view = submitter.view(&run).await?;
    if let Some(room) = &view.room_id
        && let Err(failure) = runs.edge.run_changed(room, &view).await
    {
        // The room hears of it from its runner at the latest.
        warn!(run.id = %view.id, error = chain(&failure), "the room could not be told that a run was tried again");
    }
    Ok(accepted(RunAnswer { run: view }))
}

/// `POST /internal/runs/{id}/cancel`: the same from the room's object, which tells its people itself.
pub(super) async fn cancel_from_room(
    State(runs): State<Arc<Runs>>,
    caller: Caller,
    Ids(id): Ids<RunId>,
) -> Answer<RunAnswer> {
    Ok(ok(runs.cancel(&id, &caller).await?))
}

/// `GET /api/v1/languages`
pub(super) async fn languages() -> Answer<Languages> {
    Ok(ok(Languages { items: LANGUAGES.to_vec() }))
}

/// `GET /internal/health`: 200 while the table `runs` can be read.
pub(super) async fn health(State(runs): State<Arc<Runs>>) -> Answer<serde_json::Value> {
    runs.submitter.ledger.store.reach().await?;
    Ok(ok(serde_json::json!({ "status": "ok" })))
}

impl Runs {
    async fn cancel(&self, id: &RunId, caller: &Caller) -> Result<RunAnswer, RunError> {
        let ledger = &self.submitter.ledger;
        self.check(&ledger.record(id).await?, caller, |access| access.rights.run).await?;
        let run = ledger.change(id, RunChange::Cancel, now_ms()).await?;
        Ok(RunAnswer { run: ledger.view(&run).await? })
    }

    /// Who started a run may do anything to it; in a room, the rights decide about everybody else. A run that
    /// somebody without account and room started is known by its id alone, which nobody else was told.
    async fn check(&self, run: &RunRecord, caller: &Caller, may: fn(&Access) -> bool) -> Result<(), RunError> {
        match (&run.room, &run.starter.participant) {
            (None, None) => Ok(()),
            (None, Some(starter)) if caller.participant().as_ref() == Some(starter) => Ok(()),
            (None, Some(_)) if matches!(caller, Caller::Nobody) => Err(RunError::Unknown),
            (None, Some(_)) => Err(RunError::Forbidden),
            (Some((room, _)), _) => {
                let room = match standing(&self.rooms, room, now_ms()).await {
                    Err(RoomError::NoRoom) => return Err(RunError::NoRun),
                    other => other?,
                };
                let access = access(&self.rooms, &room, caller).await?;
                if may(&access) { Ok(()) } else { Err(RunError::Forbidden) }
            }
        }
    }
}
