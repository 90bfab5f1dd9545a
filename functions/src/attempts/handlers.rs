//! The routes of attempts. The edge forwards them and tells the room what they answered.

use std::sync::Arc;

use axum::extract::State;
use protocol::ids::RunId;
use protocol::run::RunAnswer;
use protocol::runner::{ClaimGranted, Heartbeat, RunReport};
use protocol::token::{AttemptClaims, ClaimTicket};

use super::router::Attempts;
use crate::ambient::now_ms;
use crate::http::body::JsonBody;
use crate::http::caller::Holder;
use crate::http::params::Ids;
use crate::http::{Answer, ok};

/// `POST /internal/runs/{id}/claim`: bearer is the claim ticket of the queue message. 409 with `details.over` tells
/// the runner whether the message can go.
pub(super) async fn claim(
    State(attempts): State<Arc<Attempts>>,
    Holder(ticket): Holder<ClaimTicket>,
    Ids(id): Ids<RunId>,
) -> Answer<ClaimGranted> {
    Ok(ok(attempts.reports.claim(&id, &ticket, now_ms()).await?))
}

/// `POST /internal/runs/{id}/heartbeat`: bearer is the attempt's credential, as below.
pub(super) async fn heartbeat(
    State(attempts): State<Arc<Attempts>>,
    Holder(of): Holder<AttemptClaims>,
    Ids(id): Ids<RunId>,
) -> Answer<Heartbeat> {
    Ok(ok(attempts.reports.heartbeat(&id, &of, now_ms()).await?))
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
