//! The runners' service in ECS.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use aws_config::SdkConfig;
use aws_sdk_ecs::Client;
use aws_sdk_ecs::types::Service;

use super::port_error;
use crate::config::RunnerService;
use crate::ports::PortError;
use crate::ports::launcher::Launcher;

/// The service whose tasks are runners.
pub struct EcsLauncher {
    client: Client,
    runners: RunnerService,
    /// When the service last wanted a runner, so that a burst of runs asks once.
    seen_at: Mutex<Option<Instant>>,
}

/// How long an answer is believed. Scaling in waits longer than that.
const BELIEVED: Duration = Duration::from_secs(30);

const PART: &str = "runner service";

impl EcsLauncher {
    /// A launcher of that service's tasks.
    #[must_use]
    pub fn new(config: &SdkConfig, runners: RunnerService) -> Self {
        Self { client: Client::new(config), runners, seen_at: Mutex::new(None) }
    }

    fn was_seen_lately(&self) -> bool {
        let seen_at = self.seen_at.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        seen_at.is_some_and(|at| at.elapsed() < BELIEVED)
    }

    fn remember(&self) {
        let mut seen_at = self.seen_at.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *seen_at = Some(Instant::now());
    }

    async fn service(&self) -> Result<Option<Service>, PortError> {
        let RunnerService { cluster, service } = &self.runners;
        let call = self.client.describe_services().cluster(cluster).services(service);
        let answer = call.send().await.map_err(|error| port_error(PART, error))?;
        Ok(answer.services.into_iter().flatten().next())
    }
}

impl Launcher for EcsLauncher {
    async fn ensure_running(&self) -> Result<(), PortError> {
        if self.was_seen_lately() {
            return Ok(());
        }
        let Some(service) = self.service().await? else {
            return Err(PortError::Unreadable { part: PART, what: format!("no service {}", self.runners.service) });
        };
        if service.desired_count == 0 {
            let RunnerService { cluster, service } = &self.runners;
            let call = self.client.update_service().cluster(cluster).service(service).desired_count(1);
            call.send().await.map_err(|error| port_error(PART, error))?;
        }
        self.remember();
        Ok(())
    }
}
