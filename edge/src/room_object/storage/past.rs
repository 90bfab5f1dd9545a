//! The past as it is read: pages of the log, and the document at a moment.

use protocol::event::RoomEvent;
use protocol::history::HistoryItem;
use protocol::ids::ParticipantId;
use protocol::limits::HISTORY_PAGE_BYTES;
use room::{Document, LogBody, LogEntry, decode_edits, items_of};
use serde_json::json;
use worker::{Result, SqlStorageValue};

use super::states::{BASE, name_of};
use super::{PARTS, Storage, end_of, unsigned};
use crate::log::{self, Level};

/// Rows of the log as they were read, parts joined.
struct Raw {
    position: u64,
    at: u64,
    author: Option<String>,
    body: Body,
}

enum Body {
    Edits(Vec<u8>),
    Event(String),
}

impl Storage {
    /// The places after a position, at most so many or [`HISTORY_PAGE_BYTES`], and the last position among them.
    pub(crate) fn history(&self, after: u64, limit: usize) -> Result<(Vec<HistoryItem>, Option<u64>)> {
        let rows = self.raw_history(after, limit)?;
        let last = rows.last().map(|row| row.position);
        Ok((rows.into_iter().filter_map(entry_of).flat_map(items_of).collect(), last))
    }

    fn raw_history(&self, after: u64, limit: usize) -> Result<Vec<Raw>> {
        let mut rows: Vec<Raw> = Vec::new();
        let mut bytes = 0;
        let query = "SELECT id, at, author, body FROM log WHERE id > ? ORDER BY id";
        for row in self.0.exec(query, vec![end_of(after)])?.raw() {
            let mut row = row?;
            let (Some(body), Some(author)) = (row.pop(), row.pop()) else { continue };
            let [SqlStorageValue::Integer(id), SqlStorageValue::Integer(at)] = row[..] else { continue };
            let (position, at) = (unsigned(id) / PARTS, unsigned(at));
            let body = match body {
                SqlStorageValue::Blob(bytes) => Body::Edits(bytes),
                SqlStorageValue::String(text) => Body::Event(text),
                _ => continue,
            };
            let is_new = rows.last().is_none_or(|last| last.position != position);
            if is_new && (rows.len() >= limit || bytes >= HISTORY_PAGE_BYTES) {
                break;
            }
            bytes += body.len();
            let author = if let SqlStorageValue::String(author) = author { Some(author) } else { None };
            match (rows.last_mut(), body) {
                (Some(Raw { position: last, body: Body::Edits(joined), .. }), Body::Edits(more))
                    if *last == position =>
                {
                    joined.extend_from_slice(&more);
                }
                (_, body) => rows.push(Raw { position, at, author, body }),
            }
        }
        Ok(rows)
    }

    /// The document at a position of the kept history, or of a snapshot before it; nothing where neither is.
    pub(crate) fn document_at(&self, position: u64) -> Result<Option<Document>> {
        let first = self.first()?;
        if position >= first {
            let base = self.state(BASE)?;
            let (document, report) = Document::load(base.as_ref(), &self.edits(first, position)?);
            if !report.quarantined.is_empty() {
                log::write(Level::Warn, "rows of the history do not apply", json!({ "positions": report.quarantined }));
            }
            return Ok(Some(document));
        }
        let marks = self.snapshots_between(position, position)?;
        let Some((snapshot, _)) = marks.first() else { return Ok(None) };
        Ok(self.state(&name_of(snapshot))?.map(|state| Document::load(Some(&state), &[]).0))
    }
}

impl Body {
    fn len(&self) -> usize {
        match self {
            Self::Edits(bytes) => bytes.len(),
            Self::Event(text) => text.len(),
        }
    }
}

/// A row, unless it cannot be read: then it is left out, and told in the log.
fn entry_of(raw: Raw) -> Option<LogEntry> {
    let Raw { position, at, author, body } = raw;
    let body = match body {
        Body::Edits(bytes) => decode_edits(&bytes).map(LogBody::Edits),
        Body::Event(text) => serde_json::from_str::<RoomEvent>(&text).ok().map(|event| LogBody::Event {
            author: author.and_then(|author| ParticipantId::parse(&author).ok()),
            event: Box::new(event),
        }),
    };
    if body.is_none() {
        log::write(Level::Error, "a row of the history cannot be read", json!({ "position": position }));
    }
    Some(LogEntry { position, at, body: body? })
}
