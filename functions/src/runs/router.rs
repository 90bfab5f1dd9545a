//! The function `runs`: its state and its routes.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use lambda_http::Error;
use protocol::token::KeySet;

use super::handlers;
use super::ledger::Ledger;
use super::outlook::Outlook;
use super::submit::Submitter;
use crate::aws;
use crate::aws::artifacts::S3Artifacts;
use crate::aws::fleet::EcsFleet;
use crate::aws::queue::SqsRunQueue;
use crate::aws::rooms::DynamoRooms;
use crate::aws::runs::DynamoRuns;
use crate::aws::tasks::DynamoTasks;
use crate::config::{RunsConfig, Switch};
use crate::edge::EdgeClient;
use crate::http::caller::HasKeys;
use crate::http::frame::framed;
use crate::pool::Pool;

/// What the handlers share.
pub struct Runs {
    pub(super) submitter: Submitter<DynamoRuns, S3Artifacts, SqsRunQueue, Pool<EcsFleet, DynamoTasks>>,
    pub(super) rooms: DynamoRooms,
    pub(super) edge: EdgeClient,
    pub(super) guests: Switch,
}

impl HasKeys for Runs {
    fn keys(&self) -> &KeySet {
        self.submitter.signer.key_set()
    }
}

impl Runs {
    /// Opens the clients.
    ///
    /// # Errors
    /// When a part that every request needs cannot be reached.
    pub async fn start(config: RunsConfig) -> Result<Self, Error> {
        let aws = aws::connect().await;
        let signer = Arc::new(aws::secrets::signer(&aws, &config.trust.signing_key_secret_id).await?);
        let tasks = DynamoTasks::new(&aws, config.runs_table.clone());
        let store = DynamoRuns::new(&aws, config.runs_table);
        store.reach().await?;
        let edge = EdgeClient::new(config.trust.edge_url, Arc::clone(&signer))?;
        let bounds = config.runners.bounds;
        let submitter = Submitter {
            ledger: Ledger { store, artifacts: S3Artifacts::new(&aws, config.bundles_bucket) },
            queue: SqsRunQueue::new(&aws, config.queues),
            launcher: Pool::new(EcsFleet::new(&aws, config.runners), tasks, bounds),
            outlook: Outlook::default(),
            signer,
            limits: config.limits,
            source_max_bytes: config.source_max_bytes,
        };
        let rooms = DynamoRooms::new(&aws, config.rooms_table);
        Ok(Self { submitter, rooms, edge, guests: config.guests })
    }
}

/// All routes, grouped by caller.
pub fn router(runs: Runs) -> Router {
    let clients = Router::new()
        .route("/api/v1/runs", post(handlers::submit))
        .route("/api/v1/runs/{id}", get(handlers::find))
        .route("/api/v1/runs/{id}/cancel", post(handlers::cancel))
        .route("/api/v1/runs/{id}/retry", post(handlers::retry))
        .route("/api/v1/languages", get(handlers::languages));
    let edge = Router::new()
        .route("/internal/runs", post(handlers::submit_from_room))
        .route("/internal/runs/{id}/cancel", post(handlers::cancel_from_room))
        .route("/internal/runs/{id}/requeue", post(handlers::requeue))
        .route("/internal/leases", post(handlers::request_lease))
        .route("/internal/health", get(handlers::health));
    framed(clients.merge(edge)).with_state(Arc::new(runs))
}
