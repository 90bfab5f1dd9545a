//! A small loopback endpoint through which tests restart, kill and rest parts of their stack.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, post},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

use super::Stack;

/// Serves until the handle is aborted; gives the base URL.
pub(crate) async fn serve(stack: Arc<Stack>) -> Result<(String, JoinHandle<()>)> {
    let router = Router::new()
        .route("/parts", get(parts))
        .route("/restart/{part}", post(restart))
        .route("/kill/{part}", post(kill))
        .route("/rest/{part}", post(rest))
        .with_state(stack);
    let listener = TcpListener::bind("127.0.0.1:0").await.context("no free loopback port")?;
    let url = format!("http://{}", listener.local_addr().context("a bound socket has an address")?);
    let serving = tokio::spawn(async move {
        // It ends only by being aborted.
        let _ = axum::serve(listener, router).await;
    });
    Ok((url, serving))
}

type Answer = (StatusCode, Json<Value>);

/// All tasks of the runners' service, which is no part of its own.
const RUNNER: &str = "runner";

/// GET /parts: the processes of every part.
async fn parts(State(stack): State<Arc<Stack>>) -> Json<Value> {
    let parts: serde_json::Map<_, _> =
        stack.parts().iter().map(|part| (part.name().to_owned(), json!(part.pids()))).collect();
    let runners = match stack.ecs.get() {
        Some(ecs) => ecs.pids().await,
        None => Default::default(),
    };
    Json(json!({"parts": parts, "runners": runners}))
}

/// POST /restart/{part}: ends a part in order and answers when its successor is ready.
async fn restart(State(stack): State<Arc<Stack>>, Path(name): Path<String>) -> Answer {
    if name == RUNNER {
        if let Some(ecs) = stack.ecs.get() {
            ecs.resume().await;
        }
        return answer(Ok(()));
    }
    match stack.part(&name) {
        Some(part) => answer(part.restart().await),
        None => unknown(&name),
    }
}

/// POST /rest/{part}: ends a part in order and answers when it is gone; `restart` starts it again. `runner` means all
/// tasks, which their service does not replace until then.
async fn rest(State(stack): State<Arc<Stack>>, Path(name): Path<String>) -> Answer {
    if name == RUNNER {
        if let Some(ecs) = stack.ecs.get() {
            ecs.rest().await;
        }
        return answer(Ok(()));
    }
    match stack.part(&name) {
        Some(part) => answer(part.rest().await),
        None => unknown(&name),
    }
}

/// POST /kill/{part}: kills a part and answers when its successor is ready; `runner` kills the running tasks, which
/// their service replaces, and `runner-{task}` one of them.
async fn kill(State(stack): State<Arc<Stack>>, Path(name): Path<String>) -> Answer {
    if let Some(task) = name.strip_prefix("runner-") {
        let killed = match stack.ecs.get() {
            Some(ecs) => ecs.kill_task(task).await,
            None => false,
        };
        return if killed { answer(Ok(())) } else { unknown(&name) };
    }
    if name == RUNNER {
        if let Some(ecs) = stack.ecs.get() {
            ecs.kill_tasks().await;
        }
        return answer(Ok(()));
    }
    match stack.part(&name) {
        Some(part) => answer(part.kill().await),
        None => unknown(&name),
    }
}

fn answer(result: Result<()>) -> Answer {
    match result {
        Ok(()) => (StatusCode::OK, Json(json!({}))),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({"error": format!("{error:#}")}))),
    }
}

fn unknown(name: &str) -> Answer {
    (StatusCode::NOT_FOUND, Json(json!({"error": format!("there is no part {name}")})))
}
