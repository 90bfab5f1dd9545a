//! The pool of runners, for those who need one.

use super::PortError;

/// What the pool has for the next tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spare {
    /// Runners that are up.
    pub running: u32,
    /// Those of them that are not busy.
    pub free: u32,
    /// Runners that are being started.
    pub starting: u32,
    /// Most runners that there can be.
    pub most: u32,
}

/// Has runners ready.
pub trait Launcher: Send + Sync + 'static {
    /// Makes sure that one more runner is wanted than are busy, within the deployment's bounds. Starting takes up to a
    /// minute and is not waited for.
    fn ensure_running(&self) -> impl Future<Output = Result<(), PortError>> + Send;

    /// What there is for the next tenant, as known lately.
    fn spare(&self) -> impl Future<Output = Result<Spare, PortError>> + Send;
}
