//! The task that this runner runs on, so that the pool knows which of its tasks is busy.

use std::time::Duration;

use protocol::task::TaskId;
use reqwest::{Client, Url};
use serde::Deserialize;

/// The metadata are on the same machine.
const TIMEOUT: Duration = Duration::from_secs(2);

/// What matters of the task's metadata.
#[derive(Deserialize)]
struct Metadata {
    #[serde(rename = "TaskARN")]
    task_arn: String,
}

/// Asks the task's metadata (`ECS_CONTAINER_METADATA_URI_V4`) for its name. Without an answer the runner works on as one
/// that nobody counts.
pub async fn own_task(metadata_url: Option<&Url>) -> Option<TaskId> {
    let url = format!("{}/task", metadata_url?.as_str().trim_end_matches('/'));
    match ask(&url).await {
        Ok(metadata) => TaskId::of_arn(&metadata.task_arn).ok(),
        Err(error) => {
            tracing::warn!(error = crate::chain(&error), "this task's name is not known");
            None
        }
    }
}

async fn ask(url: &str) -> reqwest::Result<Metadata> {
    Client::builder().timeout(TIMEOUT).build()?.get(url).send().await?.error_for_status()?.json().await
}
