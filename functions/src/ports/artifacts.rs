//! Bytes that are too large for a record.

use super::PortError;

/// Where large texts are kept. A key is written at most by one attempt, so that an old attempt never overwrites a
/// newer one's.
pub trait Artifacts: Send + Sync + 'static {
    /// Stores a text under a key.
    fn put(&self, key: &str, text: String) -> impl Future<Output = Result<(), PortError>> + Send;

    /// The text under a key that was stored before.
    fn get(&self, key: &str) -> impl Future<Output = Result<String, PortError>> + Send;
}
