//! The runners' service in ECS.

use aws_config::SdkConfig;
use aws_sdk_ecs::Client;
use protocol::task::TaskId;

use super::port_error;
use crate::config::RunnerService;
use crate::ports::PortError;
use crate::ports::fleet::{Fleet, FleetSize};

/// The service whose tasks are runners.
pub struct EcsFleet {
    client: Client,
    runners: RunnerService,
}

const PART: &str = "runner service";

/// Why a task is stopped, for whoever looks at it in ECS.
const LEFT: &str = "Its runner has left";

impl EcsFleet {
    /// The tasks of that service.
    #[must_use]
    pub fn new(config: &SdkConfig, runners: RunnerService) -> Self {
        Self { client: Client::new(config), runners }
    }
}

/// Counts are never negative.
fn count(number: i32) -> u32 {
    u32::try_from(number).unwrap_or_default()
}

impl Fleet for EcsFleet {
    async fn size(&self) -> Result<FleetSize, PortError> {
        let RunnerService { cluster, service, .. } = &self.runners;
        let call = self.client.describe_services().cluster(cluster).services(service);
        let answer = call.send().await.map_err(|error| port_error(PART, error))?;
        let Some(service) = answer.services.into_iter().flatten().next() else {
            return Err(PortError::Unreadable { part: PART, what: format!("no service {service}") });
        };
        Ok(FleetSize { desired: count(service.desired_count), running: count(service.running_count) })
    }

    async fn want(&self, desired: u32) -> Result<(), PortError> {
        let RunnerService { cluster, service, .. } = &self.runners;
        let call = self.client.update_service().cluster(cluster).service(service);
        let call = call.desired_count(i32::try_from(desired).unwrap_or(i32::MAX));
        call.send().await.map(drop).map_err(|error| port_error(PART, error))
    }

    async fn stop(&self, task: &TaskId) -> Result<(), PortError> {
        let call = self.client.stop_task().cluster(&self.runners.cluster).task(task.as_str()).reason(LEFT);
        match call.send().await {
            Ok(_) => Ok(()),
            // So it says of a task that it does not know any more.
            Err(error) if error.as_service_error().is_some_and(|error| error.is_invalid_parameter_exception()) => {
                Ok(())
            }
            Err(error) => Err(port_error(PART, error)),
        }
    }
}
