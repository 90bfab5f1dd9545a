//! The AWS JSON 1.1 protocol: one POST, with the action in a header.

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    Cluster, service,
    tasks::{cluster_arn, service_arn, task_arn},
};

/// Target headers read `AmazonEC2ContainerServiceV20141113.RunTask`.
const TARGET_PREFIX: &str = "AmazonEC2ContainerServiceV20141113.";

pub(super) fn router(cluster: Arc<Cluster>) -> Router {
    Router::new().route("/", post(call)).with_state(cluster)
}

/// An error in the protocol's terms: exception name and message.
struct Exception(&'static str, String);

type Answer = Result<Value, Exception>;

async fn call(State(cluster): State<Arc<Cluster>>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let answer = match target.strip_prefix(TARGET_PREFIX).unwrap_or_default() {
        "RunTask" => run_task(&cluster, &body).await,
        "StopTask" => stop_task(&cluster, &body).await,
        "DescribeTasks" => describe_tasks(&cluster, &body).await,
        "ListTasks" => list_tasks(&cluster, &body).await,
        "DescribeServices" => describe_services(&cluster, &body).await,
        "UpdateService" => update_service(&cluster, &body).await,
        _ => Err(Exception("InvalidAction", format!("this stand-in does not know {target}"))),
    };
    let (status, value) = match answer {
        Ok(value) => (StatusCode::OK, value),
        Err(Exception(name, message)) => (StatusCode::BAD_REQUEST, json!({"__type": name, "message": message})),
    };
    (status, [(header::CONTENT_TYPE, "application/x-amz-json-1.1")], value.to_string()).into_response()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RunTask {
    cluster: Option<String>,
    count: Option<usize>,
    group: Option<String>,
    started_by: Option<String>,
    #[serde(default)]
    overrides: Overrides,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Overrides {
    container_overrides: Vec<ContainerOverride>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ContainerOverride {
    environment: Vec<KeyValue>,
}

#[derive(Deserialize)]
struct KeyValue {
    name: String,
    value: String,
}

/// Starts tasks outside the service.
async fn run_task(cluster: &Cluster, body: &[u8]) -> Answer {
    let request: RunTask = parse(body)?;
    check_cluster(cluster, request.cluster.as_deref())?;
    let containers = request.overrides.container_overrides;
    let env: Vec<_> = containers.into_iter().flat_map(|container| container.environment).collect();
    let env: Vec<_> = env.into_iter().map(|pair| (pair.name, pair.value)).collect();
    let mut tasks = Vec::new();
    for _ in 0..request.count.unwrap_or(1) {
        let group = request.group.as_deref().unwrap_or("family:runner");
        let started = cluster.tasks.start(group, request.started_by.as_deref().unwrap_or(""), env.clone()).await;
        let id = started.map_err(|error| Exception("ServerException", format!("{error:#}")))?;
        tasks.extend(cluster.tasks.describe(&cluster.settings.cluster, &id).await);
    }
    Ok(json!({"tasks": tasks, "failures": []}))
}

#[derive(Deserialize)]
struct StopTask {
    cluster: Option<String>,
    task: String,
    reason: Option<String>,
}

/// Asks a task to end; it is killed when its grace is over.
async fn stop_task(cluster: &Cluster, body: &[u8]) -> Answer {
    let request: StopTask = parse(body)?;
    check_cluster(cluster, request.cluster.as_deref())?;
    let id = last_segment(&request.task);
    if !cluster.tasks.stop(id, request.reason.as_deref().unwrap_or("Task stopped by a call")).await {
        return Err(Exception("InvalidParameterException", "The referenced task was not found.".to_owned()));
    }
    Ok(json!({"task": cluster.tasks.describe(&cluster.settings.cluster, id).await}))
}

#[derive(Deserialize)]
struct DescribeTasks {
    cluster: Option<String>,
    tasks: Vec<String>,
}

async fn describe_tasks(cluster: &Cluster, body: &[u8]) -> Answer {
    let request: DescribeTasks = parse(body)?;
    check_cluster(cluster, request.cluster.as_deref())?;
    let (mut tasks, mut failures) = (Vec::new(), Vec::new());
    for name in &request.tasks {
        match cluster.tasks.describe(&cluster.settings.cluster, last_segment(name)).await {
            Some(task) => tasks.push(task),
            None => failures.push(json!({"arn": name, "reason": "MISSING"})),
        }
    }
    Ok(json!({"tasks": tasks, "failures": failures}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListTasks {
    cluster: Option<String>,
    service_name: Option<String>,
    desired_status: Option<String>,
}

async fn list_tasks(cluster: &Cluster, body: &[u8]) -> Answer {
    let request: ListTasks = parse(body)?;
    check_cluster(cluster, request.cluster.as_deref())?;
    let group = request.service_name.map(|name| format!("service:{}", last_segment(&name)));
    let ids = match request.desired_status.as_deref() {
        Some("STOPPED") => cluster.tasks.stopped().await,
        _ => cluster.tasks.running(group.as_deref()).await,
    };
    let arns: Vec<_> = ids.iter().map(|id| task_arn(&cluster.settings.cluster, id)).collect();
    Ok(json!({"taskArns": arns}))
}

#[derive(Deserialize)]
struct DescribeServices {
    cluster: Option<String>,
    services: Vec<String>,
}

async fn describe_services(cluster: &Cluster, body: &[u8]) -> Answer {
    let request: DescribeServices = parse(body)?;
    check_cluster(cluster, request.cluster.as_deref())?;
    let (known, unknown): (Vec<_>, Vec<_>) =
        request.services.iter().partition(|name| last_segment(name) == cluster.settings.service);
    let services = if known.is_empty() { vec![] } else { vec![described_service(cluster).await] };
    let failures: Vec<_> = unknown.iter().map(|name| json!({"arn": name, "reason": "MISSING"})).collect();
    Ok(json!({"services": services, "failures": failures}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UpdateService {
    cluster: Option<String>,
    service: String,
    desired_count: Option<usize>,
}

/// Changes how many tasks the service wants, and starts or stops them at once.
async fn update_service(cluster: &Cluster, body: &[u8]) -> Answer {
    let request: UpdateService = parse(body)?;
    check_cluster(cluster, request.cluster.as_deref())?;
    if last_segment(&request.service) != cluster.settings.service {
        return Err(Exception("ServiceNotFoundException", "Service not found.".to_owned()));
    }
    if let Some(count) = request.desired_count {
        *cluster.desired.lock().await = count;
        service::adjust(cluster).await;
    }
    Ok(json!({"service": described_service(cluster).await}))
}

async fn described_service(cluster: &Cluster) -> Value {
    let names = &cluster.settings;
    json!({
        "serviceName": names.service,
        "serviceArn": service_arn(&names.cluster, &names.service),
        "clusterArn": cluster_arn(&names.cluster),
        "status": "ACTIVE",
        "launchType": "FARGATE",
        "desiredCount": *cluster.desired.lock().await,
        "runningCount": cluster.tasks.running(Some(&service::group(cluster))).await.len(),
        "pendingCount": 0,
    })
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Exception> {
    serde_json::from_slice(body).map_err(|error| Exception("SerializationException", error.to_string()))
}

fn check_cluster(cluster: &Cluster, named: Option<&str>) -> Result<(), Exception> {
    if last_segment(named.unwrap_or("default")) == cluster.settings.cluster {
        return Ok(());
    }
    Err(Exception("ClusterNotFoundException", "Cluster not found.".to_owned()))
}

/// Names may be given as an ARN.
fn last_segment(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}
