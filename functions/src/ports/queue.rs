//! The queue of runs.

use protocol::runner::QueueMessage;

use super::PortError;

/// Hands runs to the runners, at least once each.
pub trait RunQueue: Send + Sync + 'static {
    /// Queues a message. `tenant` is whose turn it takes, so that one tenant's burst does not hold up the others.
    fn send(&self, message: &QueueMessage, tenant: &str) -> impl Future<Output = Result<(), PortError>> + Send;
}
