//! The function `attempts`: its state and its routes.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use lambda_http::Error;
use protocol::token::KeySet;

use super::handlers;
use super::reports::Reports;
use crate::aws;
use crate::aws::artifacts::S3Artifacts;
use crate::aws::fleet::EcsFleet;
use crate::aws::runs::DynamoRuns;
use crate::aws::tasks::DynamoTasks;
use crate::config::AttemptsConfig;
use crate::http::caller::HasKeys;
use crate::http::frame::framed;
use crate::pool::Pool;
use crate::runs::ledger::Ledger;

/// What the handlers share.
pub struct Attempts {
    pub(super) reports: Reports<DynamoRuns, S3Artifacts>,
    pub(super) pool: Pool<EcsFleet, DynamoTasks>,
}

impl HasKeys for Attempts {
    fn keys(&self) -> &KeySet {
        self.reports.signer.key_set()
    }
}

impl Attempts {
    /// Opens the clients.
    ///
    /// # Errors
    /// When a part that every request needs cannot be reached.
    pub async fn start(config: AttemptsConfig) -> Result<Self, Error> {
        let aws = aws::connect().await;
        let signer = Arc::new(aws::secrets::signer(&aws, &config.trust.signing_key_secret_id).await?);
        let tasks = DynamoTasks::new(&aws, config.runs_table.clone());
        let store = DynamoRuns::new(&aws, config.runs_table);
        store.reach().await?;
        let artifacts = S3Artifacts::new(&aws, config.bundles_bucket);
        let bounds = config.runners.bounds;
        let pool = Pool::new(EcsFleet::new(&aws, config.runners), tasks, bounds);
        Ok(Self { reports: Reports { ledger: Ledger { store, artifacts }, signer }, pool })
    }
}

/// All routes.
pub fn router(attempts: Attempts) -> Router {
    let routes = Router::new()
        .route("/internal/runs/{id}/claim", post(handlers::claim))
        .route("/internal/runs/{id}/heartbeat", post(handlers::heartbeat))
        .route("/internal/runs/{id}/result", post(handlers::result))
        .route("/internal/leases/claim", post(handlers::claim_lease))
        .route("/internal/tasks/{task}/renew", post(handlers::renew))
        .route("/internal/tasks/{task}/leave", post(handlers::leave))
        .route("/internal/health", get(handlers::health));
    framed(routes).with_state(Arc::new(attempts))
}
