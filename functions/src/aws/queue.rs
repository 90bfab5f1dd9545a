//! The queue of runs in SQS.

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use protocol::runner::QueueMessage;

use super::port_error;
use crate::ports::PortError;
use crate::ports::queue::RunQueue;

/// A standard queue; its group ids make it take turns among tenants.
pub struct SqsRunQueue {
    client: Client,
    url: String,
}

const PART: &str = "queue of runs";

impl SqsRunQueue {
    /// The queue at that address.
    #[must_use]
    pub fn new(config: &SdkConfig, url: String) -> Self {
        Self { client: Client::new(config), url }
    }
}

impl RunQueue for SqsRunQueue {
    async fn send(&self, message: &QueueMessage, tenant: &str) -> Result<(), PortError> {
        let body = serde_json::to_string(message);
        let body = body.map_err(|error| PortError::Refused { part: PART, source: Box::new(error) })?;
        let call = self.client.send_message().queue_url(&self.url).message_group_id(tenant).message_body(body);
        call.send().await.map(drop).map_err(|error| port_error(PART, error))
    }
}
