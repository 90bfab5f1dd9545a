//! The audit trail: every change of somebody's rights, read off the streams of the tables `accounts` and `rooms`.
//!
//! Whoever changes a right need not think of the trail: what is stored is what is recorded, also where the change came
//! from a console or a repair. The trail is the table `audit` for [`KEPT_HOT_S`], and lines of JSON in the bucket
//! `archive` from the first minute on.
//!
//! Safety: a stream comes again from the first change that was not recorded, and every record has its name from the
//! change, so that the trail has each act once. Liveness: a change that is no act is passed.

pub mod acts;
pub mod change;

use lambda_http::Error;
use lambda_http::tracing::{error, info};
use protocol::account::AuditRecord;

use self::change::{Batch, Change};
use crate::aws;
use crate::aws::artifacts::S3Artifacts;
use crate::aws::audit::DynamoAudit;
use crate::batch::{BatchAnswer, ItemFailure};
use crate::config::AuditConfig;
use crate::log::chain;
use crate::ports::PortError;
use crate::ports::artifacts::Artifacts;
use crate::ports::audit::AuditStore;

/// How long a record can be queried: 90 days.
pub const KEPT_HOT_S: u64 = 90 * 24 * 3_600;

/// Writes the trail.
pub struct Auditor<S, A> {
    /// Where it can be queried.
    pub store: S,
    /// Where it is kept.
    pub archive: A,
}

impl Auditor<DynamoAudit, S3Artifacts> {
    /// Opens the clients.
    ///
    /// # Errors
    /// When a part that every batch needs cannot be reached.
    pub async fn start(config: AuditConfig) -> Result<Self, Error> {
        let aws = aws::connect().await;
        let store = DynamoAudit::new(&aws, config.audit_table);
        store.reach().await?;
        Ok(Self { store, archive: S3Artifacts::new(&aws, config.archive_bucket) })
    }
}

impl<S: AuditStore, A: Artifacts> Auditor<S, A> {
    /// Records what a batch of changes did. Where it fails the batch comes again from its first change.
    pub async fn handle(&self, batch: Batch) -> BatchAnswer {
        let Some(first) = batch.records.first().map(Change::sequence_number) else { return BatchAnswer::default() };
        let records: Vec<AuditRecord> = batch.records.iter().flat_map(acts::acts_of).collect();
        match self.record(&records).await {
            Ok(()) => {
                info!(changes = batch.records.len(), acts = records.len(), "recorded");
                BatchAnswer::default()
            }
            Err(failure) => {
                error!(error = chain(&failure), "a batch of changes could not be recorded");
                BatchAnswer { batch_item_failures: vec![ItemFailure { item_identifier: first }] }
            }
        }
    }

    async fn record(&self, records: &[AuditRecord]) -> Result<(), PortError> {
        let Some(oldest) = records.first() else { return Ok(()) };
        for record in records {
            self.store.put(record).await?;
        }
        let lines: Vec<String> = records.iter().map(line).collect();
        // Named by its first act, so that a batch that comes again replaces itself.
        let key = format!("audit/{}/{}.jsonl", change::day_of(oldest.at).replace('-', "/"), oldest.id);
        self.archive.put(&key, lines.concat()).await
    }
}

fn line(record: &AuditRecord) -> String {
    let text = serde_json::to_string(record).expect("texts and numbers serialise");
    text + "\n"
}

#[cfg(test)]
mod tests;
