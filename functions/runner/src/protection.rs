//! Task protection: while a tenant is served, ECS must not choose this task when it scales in.
//!
//! Without an agent (everywhere but on ECS) there is nothing to protect from. A failure costs a run its attempt at
//! worst, which the queue repeats; so it is logged and not more.

use std::time::Duration;

use reqwest::{Client, Url};
use serde_json::json;
use tokio::time::{MissedTickBehavior, interval};

/// Protection ends by itself, should this process die.
const EXPIRES_IN_MINUTES: u32 = 3;

/// How often it is renewed.
const RENEWED_EVERY: Duration = Duration::from_secs(60);

/// The agent is on the same machine.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The task's agent, if there is one.
#[derive(Debug, Clone)]
pub struct Protection {
    agent: Option<(Client, Url)>,
}

impl Protection {
    /// For the agent that `ECS_AGENT_URI` names.
    ///
    /// # Errors
    /// When the system has no TLS to offer.
    pub fn new(agent_url: Option<Url>) -> reqwest::Result<Self> {
        let client = Client::builder().timeout(TIMEOUT).build()?;
        let state = |mut url: Url| {
            let path = format!("{}/task-protection/v1/state", url.path().trim_end_matches('/'));
            url.set_path(&path);
            url
        };
        Ok(Self { agent: agent_url.map(|url| (client, state(url))) })
    }

    /// Protects the task for as long as it is polled.
    pub async fn keep<T>(&self) -> T {
        let mut ticks = interval(RENEWED_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.set(true).await;
        }
    }

    /// Protects the task, or ends that.
    pub async fn set(&self, protected: bool) {
        let Some((client, url)) = &self.agent else { return };
        let body = if protected {
            json!({"ProtectionEnabled": true, "ExpiresInMinutes": EXPIRES_IN_MINUTES})
        } else {
            json!({"ProtectionEnabled": false})
        };
        let answer = client.put(url.clone()).json(&body).send().await;
        if let Err(error) = answer.and_then(reqwest::Response::error_for_status) {
            tracing::warn!(%error, protected, "task protection was not changed");
        }
    }
}
