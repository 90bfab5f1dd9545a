//! The audit trail.

use protocol::account::AuditRecord;
use protocol::ids::UserId;

use super::PortError;

/// Where a page begins: after the record of that time and id.
pub type RecordsAfter = (u64, String);

/// Some records, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordsPage {
    /// Those.
    pub items: Vec<AuditRecord>,
    /// Where the next page begins, if there may be one.
    pub next: Option<RecordsAfter>,
}

/// Which records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordsOf {
    /// Those of a day in UTC, such as `2026-03-01`.
    Day(String),
    /// Those that touched an account.
    User(UserId),
}

/// Where the trail is kept. Only `audit` writes it.
pub trait AuditStore: Send + Sync + 'static {
    /// Stores a record; one that is there already stays as it is in effect.
    fn put(&self, record: &AuditRecord) -> impl Future<Output = Result<(), PortError>> + Send;

    /// Records, newest first. What was stored a moment ago may be missing.
    fn records(
        &self,
        of: &RecordsOf,
        limit: u32,
        after: Option<&RecordsAfter>,
    ) -> impl Future<Output = Result<RecordsPage, PortError>> + Send;
}
