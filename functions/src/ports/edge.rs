//! The edge, which holds the open sockets.

use protocol::ids::RoomId;
use protocol::internal::PrincipalKind;
use protocol::run::Run;

use super::PortError;

/// Tells the edge what changed without it.
pub trait EdgeNotifier: Send + Sync + 'static {
    /// Withdraws what hangs on a principal. When this returns, it is recorded at the edge and pushed to the rooms.
    /// Withdrawing it again is no error.
    fn revoke(&self, kind: PrincipalKind, id: &str) -> impl Future<Output = Result<(), PortError>> + Send;

    /// Shows a room one of its runs as it stands now.
    fn run_changed(&self, room: &RoomId, run: &Run) -> impl Future<Output = Result<(), PortError>> + Send;
}
