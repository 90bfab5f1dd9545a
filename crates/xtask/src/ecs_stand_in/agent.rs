//! What ECS offers to a task from inside: protection from scale-in (`$ECS_AGENT_URI/task-protection/v1/state`) and the
//! task's own name (`$ECS_CONTAINER_METADATA_URI_V4/task`).

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::get,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Cluster,
    tasks::{cluster_arn, task_arn},
};

/// Where the agents are; a task's id follows.
pub(super) const PATH: &str = "/agent";

/// How long protection lasts unless said, as on ECS.
const DEFAULT_MINUTES: u64 = 120;

pub(super) fn router(cluster: Arc<Cluster>) -> Router {
    Router::new()
        .route("/agent/{task}/task-protection/v1/state", get(protection).put(protect))
        .route("/agent/{task}/v4/task", get(metadata))
        .with_state(cluster)
}

type Answer = (StatusCode, Json<Value>);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Protect {
    protection_enabled: bool,
    expires_in_minutes: Option<u64>,
}

async fn protect(State(cluster): State<Arc<Cluster>>, Path(task): Path<String>, Json(body): Json<Protect>) -> Answer {
    let minutes = body.expires_in_minutes.unwrap_or(DEFAULT_MINUTES);
    let time = body.protection_enabled.then(|| Duration::from_secs(60 * minutes));
    described(&cluster, &task, cluster.tasks.protect(&task, time).await)
}

async fn protection(State(cluster): State<Arc<Cluster>>, Path(task): Path<String>) -> Answer {
    described(&cluster, &task, cluster.tasks.protection(&task).await)
}

fn described(cluster: &Cluster, task: &str, protection: Option<Option<f64>>) -> Answer {
    let arn = task_arn(&cluster.settings.cluster, task);
    match protection {
        None => (StatusCode::NOT_FOUND, Json(json!({"failure": {"Arn": arn, "Reason": "TASK_NOT_VALID"}}))),
        Some(until) => {
            let protection = json!({"TaskArn": arn, "ProtectionEnabled": until.is_some()});
            (StatusCode::OK, Json(json!({"protection": protection})))
        }
    }
}

/// What of the metadata a task needs to know itself.
async fn metadata(State(cluster): State<Arc<Cluster>>, Path(task): Path<String>) -> Json<Value> {
    let name = &cluster.settings.cluster;
    Json(json!({"Cluster": cluster_arn(name), "TaskARN": task_arn(name, &task), "DesiredStatus": "RUNNING"}))
}
