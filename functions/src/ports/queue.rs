//! The queues of runs.

use protocol::run::Priority;
use protocol::runner::QueueMessage;

use super::PortError;
use super::runs::Turn;

/// Hands runs to the runners, at least once each.
pub trait RunQueue: Send + Sync + 'static {
    /// Queues a message where its turn has it: by priority, and so that one tenant's burst does not hold up the others.
    fn send(&self, message: &QueueMessage, turn: &Turn) -> impl Future<Output = Result<(), PortError>> + Send;

    /// About how many messages wait in the queue of a priority.
    fn waiting(&self, priority: Priority) -> impl Future<Output = Result<u32, PortError>> + Send;
}
