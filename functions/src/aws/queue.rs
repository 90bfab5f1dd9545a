//! The queues of runs in SQS.

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;
use protocol::run::Priority;
use protocol::runner::QueueMessage;

use super::port_error;
use crate::config::QueueUrls;
use crate::ports::PortError;
use crate::ports::queue::RunQueue;
use crate::ports::runs::Turn;

/// Two standard queues, one for each priority; their group ids make them take turns among tenants (fair queues).
pub struct SqsRunQueue {
    client: Client,
    urls: QueueUrls,
}

const PART: &str = "queue of runs";

impl SqsRunQueue {
    /// The queues at those addresses.
    #[must_use]
    pub fn new(config: &SdkConfig, urls: QueueUrls) -> Self {
        Self { client: Client::new(config), urls }
    }

    fn url(&self, priority: Priority) -> &str {
        match priority {
            Priority::Critical => &self.urls.critical,
            Priority::Background => &self.urls.background,
        }
    }
}

impl RunQueue for SqsRunQueue {
    async fn send(&self, message: &QueueMessage, turn: &Turn) -> Result<(), PortError> {
        let body = serde_json::to_string(message);
        let body = body.map_err(|error| PortError::Refused { part: PART, source: Box::new(error) })?;
        let call = self.client.send_message().queue_url(self.url(turn.priority)).message_group_id(&turn.tenant);
        call.message_body(body).send().await.map(drop).map_err(|error| port_error(PART, error))
    }

    async fn waiting(&self, priority: Priority) -> Result<u32, PortError> {
        let name = QueueAttributeName::ApproximateNumberOfMessages;
        let call = self.client.get_queue_attributes().queue_url(self.url(priority)).attribute_names(name.clone());
        let answer = call.send().await.map_err(|error| port_error(PART, error))?;
        let number = answer.attributes.as_ref().and_then(|attributes| attributes.get(&name)?.parse().ok());
        number.ok_or_else(|| PortError::Unreadable { part: PART, what: format!("{} of it", name.as_str()) })
    }
}
