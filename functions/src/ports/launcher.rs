//! The service that runs the runners.

use super::PortError;

/// Starts runners where none is wanted so far.
pub trait Launcher: Send + Sync + 'static {
    /// Makes sure that at least one runner is wanted. Starting takes up to a minute and is not waited for; a call
    /// shortly after another one may do nothing.
    fn ensure_running(&self) -> impl Future<Output = Result<(), PortError>> + Send;
}
