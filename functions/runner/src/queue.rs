//! The queue of runs, as the runner uses it: one message at a time, kept invisible while it is worked on.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{DisplayErrorContext, SdkError};
use aws_sdk_sqs::types::Message;
use protocol::limits::RUN_MESSAGE_VISIBILITY_S;
use protocol::runner::QueueMessage;

/// Longest wait of a receive that SQS allows: the fewer calls, the less an idle runner costs.
const WAIT_S: i32 = 20;

/// A call to SQS that failed, with the cause spelled out.
#[derive(Debug, thiserror::Error)]
#[error("{doing}: {cause}")]
pub struct QueueError {
    doing: &'static str,
    cause: String,
}

/// The queue.
#[derive(Debug, Clone)]
pub struct Queue {
    client: Client,
    url: String,
}

/// A message in hand. Not deleted, it comes back when its visibility ends.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// What it says.
    pub message: QueueMessage,
    receipt: String,
}

impl Queue {
    /// A queue by its URL.
    #[must_use]
    pub fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }

    /// Waits for a message; none may come. One that cannot be read is left to go to the dead letters.
    ///
    /// # Errors
    /// When the queue does not answer.
    pub async fn receive(&self) -> Result<Option<Delivery>, QueueError> {
        let visibility = seconds(Duration::from_secs(RUN_MESSAGE_VISIBILITY_S));
        let call =
            self.client.receive_message().queue_url(&self.url).max_number_of_messages(1).wait_time_seconds(WAIT_S);
        let received = call.visibility_timeout(visibility).send().await.map_err(|error| failed("receiving", &error))?;
        Ok(received.messages.unwrap_or_default().into_iter().find_map(read))
    }

    /// Keeps a message invisible for another `time` from now.
    ///
    /// # Errors
    /// When the queue does not answer, or the message has become visible already.
    pub async fn hide(&self, delivery: &Delivery, time: Duration) -> Result<(), QueueError> {
        let call = self.client.change_message_visibility().queue_url(&self.url).receipt_handle(&delivery.receipt);
        let changed = call.visibility_timeout(seconds(time)).send().await;
        changed.map(drop).map_err(|error| failed("extending a message's visibility", &error))
    }

    /// Removes a message for good.
    ///
    /// # Errors
    /// When the queue does not answer; the message comes again, and its claim is refused.
    pub async fn delete(&self, delivery: &Delivery) -> Result<(), QueueError> {
        let call = self.client.delete_message().queue_url(&self.url).receipt_handle(&delivery.receipt);
        call.send().await.map(drop).map_err(|error| failed("deleting a message", &error))
    }
}

fn read(message: Message) -> Option<Delivery> {
    let (body, receipt) = (message.body?, message.receipt_handle?);
    match serde_json::from_str(&body) {
        Ok(message) => Some(Delivery { message, receipt }),
        Err(error) => {
            // The body holds a ticket: only where it went wrong is logged.
            tracing::error!(line = error.line(), column = error.column(), "a message that is no run");
            None
        }
    }
}

fn seconds(time: Duration) -> i32 {
    i32::try_from(time.as_secs()).unwrap_or(i32::MAX)
}

fn failed<E: std::error::Error + 'static>(doing: &'static str, error: &SdkError<E>) -> QueueError {
    QueueError { doing, cause: DisplayErrorContext(error).to_string() }
}
