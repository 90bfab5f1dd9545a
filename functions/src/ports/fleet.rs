//! The service whose tasks are runners.

use protocol::task::TaskId;

use super::PortError;

/// How many tasks there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FleetSize {
    /// Wanted.
    pub desired: u32,
    /// Up.
    pub running: u32,
}

/// Starts and stops tasks. It replaces a task that ends for as long as more are wanted than run, and never chooses a
/// protected one when fewer are.
pub trait Fleet: Send + Sync + 'static {
    /// How many tasks there are now.
    fn size(&self) -> impl Future<Output = Result<FleetSize, PortError>> + Send;

    /// Changes how many are wanted. Starting takes up to a minute and is not waited for.
    fn want(&self, desired: u32) -> impl Future<Output = Result<(), PortError>> + Send;

    /// Asks a task to end; from then on it does not count. One that has gone is no error.
    fn stop(&self, task: &TaskId) -> impl Future<Output = Result<(), PortError>> + Send;
}
