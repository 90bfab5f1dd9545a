//! The queues of runs, as the runner uses them: one message at a time, kept invisible while it is worked on.
//!
//! A background message is taken only when nothing critical waits: each receive asks for a critical one first. An idle
//! runner spends its time in long polls of the critical queue and asks the other in between, so a background run may
//! wait for 20 s more; as long as the background queue has something, the critical one is asked briefly.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{DisplayErrorContext, SdkError};
use aws_sdk_sqs::types::Message;
use protocol::limits::RUN_MESSAGE_VISIBILITY_S;
use protocol::run::Priority;
use protocol::runner::QueueMessage;

use crate::faults::Faults;

/// Longest wait of a receive that SQS allows: the fewer calls, the less an idle runner costs.
const WAIT_S: i32 = 20;

/// Shortest wait that still asks all of SQS's servers; with none at all a few messages may be overlooked.
const BRIEF_WAIT_S: i32 = 1;

/// A call to SQS that failed, with the cause spelled out.
#[derive(Debug, thiserror::Error)]
#[error("{doing}: {cause}")]
pub struct QueueError {
    doing: &'static str,
    cause: String,
}

/// The addresses of the queues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueUrls {
    /// Runs that people wait for.
    pub critical: String,
    /// Runs that may wait until none of those does.
    pub background: String,
}

/// The queues.
#[derive(Debug, Clone)]
pub struct Queue {
    client: Client,
    urls: QueueUrls,
    /// Whether the background queue may have something: at the start, and while it gives messages.
    may_have_background: Arc<AtomicBool>,
    faults: Faults,
}

/// A message in hand. Not deleted, it comes back when its visibility ends.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// What it says.
    pub message: QueueMessage,
    /// Where it is from.
    pub priority: Priority,
    receipt: String,
}

impl Queue {
    /// The queues by their URLs.
    #[must_use]
    pub fn new(client: Client, urls: QueueUrls, faults: Faults) -> Self {
        Self { client, urls, may_have_background: Arc::new(AtomicBool::new(true)), faults }
    }

    /// Waits for a message, a critical one first; none may come. One that cannot be read is left to go to the dead
    /// letters.
    ///
    /// # Errors
    /// When a queue does not answer.
    pub async fn receive(&self) -> Result<Option<Delivery>, QueueError> {
        let is_brief = self.may_have_background.load(Ordering::Relaxed);
        let wait_s = if is_brief { BRIEF_WAIT_S } else { WAIT_S };
        if let Some(delivery) = self.receive_from(Priority::Critical, wait_s).await? {
            return Ok(Some(delivery));
        }
        let delivery = self.receive_from(Priority::Background, BRIEF_WAIT_S).await?;
        self.may_have_background.store(delivery.is_some(), Ordering::Relaxed);
        Ok(delivery)
    }

    async fn receive_from(&self, priority: Priority, wait_s: i32) -> Result<Option<Delivery>, QueueError> {
        let visibility = seconds(Duration::from_secs(RUN_MESSAGE_VISIBILITY_S));
        let call = self.client.receive_message().queue_url(self.url(priority)).max_number_of_messages(1);
        let call = call.wait_time_seconds(wait_s).visibility_timeout(visibility);
        let received = call.send().await.map_err(|error| failed("receiving", &error))?;
        let delivery = received.messages.unwrap_or_default().into_iter().find_map(|message| read(message, priority));
        if delivery.is_some() {
            self.faults.strike();
        }
        Ok(delivery)
    }

    fn url(&self, priority: Priority) -> &str {
        match priority {
            Priority::Critical => &self.urls.critical,
            Priority::Background => &self.urls.background,
        }
    }

    /// Keeps a message invisible for another `time` from now.
    ///
    /// # Errors
    /// When the queue does not answer, or the message has become visible already.
    pub async fn hide(&self, delivery: &Delivery, time: Duration) -> Result<(), QueueError> {
        let call = self.client.change_message_visibility().queue_url(self.url(delivery.priority));
        let call = call.receipt_handle(&delivery.receipt);
        let changed = call.visibility_timeout(seconds(time)).send().await;
        changed.map(drop).map_err(|error| failed("extending a message's visibility", &error))
    }

    /// Removes a message for good.
    ///
    /// # Errors
    /// When the queue does not answer; the message comes again, and its claim is refused.
    pub async fn delete(&self, delivery: &Delivery) -> Result<(), QueueError> {
        let call = self.client.delete_message().queue_url(self.url(delivery.priority));
        let call = call.receipt_handle(&delivery.receipt);
        call.send().await.map(drop).map_err(|error| failed("deleting a message", &error))
    }
}

fn read(message: Message, priority: Priority) -> Option<Delivery> {
    let (body, receipt) = (message.body?, message.receipt_handle?);
    match serde_json::from_str(&body) {
        Ok(message) => Some(Delivery { message, priority, receipt }),
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
