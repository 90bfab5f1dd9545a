//! The function `rooms`: its state and its routes.

use std::sync::Arc;

use axum::Router;
use axum::routing::{delete, get, post};
use lambda_http::Error;
use protocol::token::KeySet;

use super::handlers;
use super::records::Rooms;
use crate::aws;
use crate::aws::fleet::EcsFleet;
use crate::aws::rooms::DynamoRooms;
use crate::aws::runs::DynamoRuns;
use crate::aws::tasks::DynamoTasks;
use crate::config::RoomsConfig;
use crate::edge::EdgeClient;
use crate::http::caller::HasKeys;
use crate::http::frame::framed;
use crate::pool::Pool;

/// What the handlers share.
pub struct RoomsFunction {
    pub(super) rooms: Rooms<DynamoRooms, EdgeClient, Pool<EcsFleet, DynamoTasks>>,
    pub(super) runs: DynamoRuns,
}

impl HasKeys for RoomsFunction {
    fn keys(&self) -> &KeySet {
        self.rooms.signer.key_set()
    }
}

impl RoomsFunction {
    /// Opens the clients.
    ///
    /// # Errors
    /// When a part that every request needs cannot be reached.
    pub async fn start(config: RoomsConfig) -> Result<Self, Error> {
        let aws = aws::connect().await;
        let signer = Arc::new(aws::secrets::signer(&aws, &config.trust.signing_key_secret_id).await?);
        let store = DynamoRooms::new(&aws, config.rooms_table);
        store.reach().await?;
        let edge = EdgeClient::new(config.trust.edge_url, Arc::clone(&signer))?;
        let (bounds, tasks) = (config.runners.bounds, DynamoTasks::new(&aws, config.runs_table.clone()));
        let launcher = Pool::new(EcsFleet::new(&aws, config.runners), tasks, bounds);
        let rooms = Rooms { store, edge, launcher, signer, guests: config.guests };
        Ok(Self { rooms, runs: DynamoRuns::new(&aws, config.runs_table) })
    }
}

/// All routes.
pub fn router(function: RoomsFunction) -> Router {
    let routes = Router::new()
        .route("/api/v1/rooms", get(handlers::list).post(handlers::create))
        .route("/api/v1/rooms/{id}", get(handlers::find).put(handlers::update).delete(handlers::delete))
        .route("/api/v1/rooms/{id}/join", post(handlers::join))
        .route("/api/v1/rooms/{id}/token", post(handlers::token))
        .route("/api/v1/rooms/{id}/fork", post(handlers::fork))
        .route("/api/v1/rooms/{id}/rebuild", post(handlers::rebuild))
        .route("/api/v1/rooms/{id}/links", get(handlers::links).post(handlers::create_link))
        .route("/api/v1/rooms/{id}/links/{link}", delete(handlers::revoke_link))
        .route("/api/v1/rooms/{id}/runs", get(handlers::runs))
        .route("/internal/rooms/{id}/discard", post(handlers::discard))
        .route("/internal/health", get(handlers::health));
    framed(routes).with_state(Arc::new(function))
}
