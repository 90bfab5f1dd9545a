//! What a function answers that is handed several things at once, by a queue or a stream: which of them failed
//! (`ReportBatchItemFailures`).

use serde::Serialize;

/// Of a queue the messages that have to come again; of a stream the change from which on it has to.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchAnswer {
    /// Those.
    pub batch_item_failures: Vec<ItemFailure>,
}

/// What has to come again.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemFailure {
    /// A message's id, or a change's sequence number.
    pub item_identifier: String,
}
