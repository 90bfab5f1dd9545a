//! Which runners are busy.

use std::collections::BTreeSet;

use protocol::TimestampMs;
use protocol::task::TaskId;

use super::PortError;

/// Keeps the tasks that serve a tenant. An entry that is not renewed ends by itself.
pub trait TaskStore: Send + Sync + 'static {
    /// Notes that a task is busy until then, or longer than was noted before.
    fn keep_busy(&self, task: &TaskId, until: TimestampMs) -> impl Future<Output = Result<(), PortError>> + Send;

    /// Forgets a task. One that is not there is no error.
    fn forget(&self, task: &TaskId) -> impl Future<Output = Result<(), PortError>> + Send;

    /// The tasks that are busy at `now`, as every answered call left them.
    fn busy(&self, now: TimestampMs) -> impl Future<Output = Result<BTreeSet<TaskId>, PortError>> + Send;
}
