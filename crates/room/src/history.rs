//! The log as clients read it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use protocol::history::{EditRecord, HistoryItem};

use crate::log::{Edit, LogBody, LogEntry};

/// What a row shows: each of its updates by itself, so that a replay goes keystroke by keystroke, or its event.
#[must_use]
pub fn items_of(entry: LogEntry) -> Vec<HistoryItem> {
    let LogEntry { position, at, body } = entry;
    match body {
        LogBody::Edits(edits) => edits.into_iter().map(|edit| item_of(position, edit)).collect(),
        LogBody::Event { author, event } => {
            vec![HistoryItem { position, at, author_id: author, edit: None, event: Some(event) }]
        }
    }
}

fn item_of(position: u64, edit: Edit) -> HistoryItem {
    let Edit { author, at, update } = edit;
    let record = EditRecord { bytes: update.len(), updates: vec![STANDARD.encode(update)] };
    HistoryItem { position, at, author_id: Some(author), edit: Some(record), event: None }
}
