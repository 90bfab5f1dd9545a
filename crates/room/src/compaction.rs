//! Keeping storage small: whole documents in place of many rows, and the end of history.
//!
//! Two states stand beside the log. The *head* is the document of late: a room opens from it and the rows after it.
//! Writing one drops nothing. The *base* is the document where the kept history begins: when the log outgrows what
//! the retention keeps, its oldest rows are folded into the base, and the moments that snapshots name get states of
//! their own.

use std::ops::Add;

use protocol::ids::SnapshotId;

use crate::document::{Document, DocumentError};
use crate::effect::Effect;
use crate::limits::{DOCUMENT_MAX_BYTES, DOCUMENT_MEMORY_MAX_BYTES, Retention};
use crate::log::{LogRow, updates_of};
use crate::room::Room;
use crate::state::SavedState;
use crate::update::check;

/// Part of what the retention keeps that goes at once, so that the base is not written for every row.
const FOLD_PARTS: u64 = 8;

/// The rows of edits after the head, and how large the document can be with them.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tail {
    rows: u64,
    bytes: u64,
    /// Bytes of the head.
    head_bytes: u64,
    /// At most what the document takes: nothing gets larger by being merged.
    document: Size,
}

/// What a document or an update takes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Size {
    /// Encoded.
    pub(crate) bytes: u64,
    /// In memory.
    pub(crate) memory: u64,
}

impl Size {
    /// That of an update; an unsound one is never applied and takes nothing.
    pub(crate) fn of(update: &[u8]) -> Self {
        let bytes = update.len() as u64;
        check(update).map_or(Self::default(), |outline| Self { bytes, memory: bytes + outline.weight as u64 })
    }

    /// True if a document may be as large.
    pub(crate) fn is_allowed(self) -> bool {
        self.bytes <= DOCUMENT_MAX_BYTES && self.memory <= DOCUMENT_MEMORY_MAX_BYTES
    }
}

impl Add for Size {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { bytes: self.bytes + other.bytes, memory: self.memory + other.memory }
    }
}

impl Tail {
    /// What storage holds.
    pub(crate) fn of(head: Option<&SavedState>, rows: &[LogRow]) -> Self {
        let mut tail = Self::of_head(head.map_or(0, |head| head.head.length));
        tail.document = head.map_or(Size::default(), |head| Size::of(&head.bytes));
        for row in rows {
            let updates = updates_of(&row.bytes).unwrap_or_default();
            tail.add(row.bytes.len() as u64, updates.into_iter());
        }
        tail
    }

    fn of_head(head_bytes: u64) -> Self {
        Self { head_bytes, ..Self::default() }
    }

    /// Notes a row.
    pub(crate) fn add<'a>(&mut self, bytes: u64, updates: impl Iterator<Item = &'a [u8]>) {
        self.rows += 1;
        self.bytes += bytes;
        self.document = updates.map(Size::of).fold(self.document, Size::add);
    }

    /// At most how large the document is.
    pub(crate) fn document_bound(&self) -> Size {
        self.document
    }

    /// Notes how large the document is.
    pub(crate) fn measured(&mut self, document: Size) {
        self.document = document;
    }

    fn is_long(&self, retention: Retention) -> bool {
        self.rows >= retention.compact_rows || self.bytes >= retention.compact_bytes.max(self.head_bytes)
    }
}

impl Room {
    /// Writes the head if many rows came after the last one. All that was applied is in the log at this point.
    pub(crate) fn compact_if_long(&mut self, effects: &mut Vec<Effect>) {
        let retention = self.rules.retention;
        if self.tail.is_long(retention) {
            self.compact(effects);
        }
    }

    /// Writes the head. A document that cannot be encoded is loaded again from the rows.
    pub(crate) fn compact(&mut self, effects: &mut Vec<Effect>) {
        let Some(document) = &self.document else { return };
        match document.state() {
            Ok(bytes) => {
                let head = SavedState::new(self.position, self.generation, bytes);
                self.tail = Tail::of(Some(&head), &[]);
                effects.push(Effect::Compact { head, keep_bytes: self.rules.retention.keep_bytes });
            }
            Err(_) => self.document = None,
        }
    }
}

/// How many bytes of its oldest rows a log of this size loses.
#[must_use]
pub fn bytes_to_fold(log_bytes: u64, keep_bytes: u64) -> u64 {
    if log_bytes > keep_bytes { log_bytes - keep_bytes + keep_bytes / FOLD_PARTS } else { 0 }
}

/// What folding gives.
#[derive(Debug)]
pub struct Folded {
    /// The new base.
    pub base: SavedState,
    /// The states of the snapshots that were folded away.
    pub snapshots: Vec<(SnapshotId, SavedState)>,
}

/// Folds rows into the base. `rows` are all rows of edits after the base up to `through`; `marks` are the snapshots in
/// between with their positions, in order.
///
/// # Errors
/// [`DocumentError::Inapplicable`] if the document cannot be encoded at one of the moments.
pub fn fold(
    base: Option<&SavedState>,
    rows: &[LogRow],
    through: u64,
    generation: u64,
    marks: &[(SnapshotId, u64)],
) -> Result<Folded, DocumentError> {
    let at = |position: u64| -> Result<SavedState, DocumentError> {
        let until = rows.partition_point(|row| row.position <= position);
        let (document, _) = Document::load(base, &rows[..until]);
        Ok(SavedState::new(position, generation, document.state()?))
    };
    let snapshots =
        marks.iter().map(|(id, position)| Ok((id.clone(), at(*position)?))).collect::<Result<_, DocumentError>>()?;
    Ok(Folded { base: at(through)?, snapshots })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tail_is_long_by_rows_or_by_bytes_beside_the_head() {
        let retention = Retention { keep_bytes: 0, compact_rows: 3, compact_bytes: 100 };
        let tail = |rows, bytes, head_bytes| Tail { rows, bytes, ..Tail::of_head(head_bytes) }.is_long(retention);
        assert_eq!([tail(2, 99, 0), tail(3, 9, 0), tail(2, 100, 0)], [false, true, true]);
        assert_eq!([tail(2, 499, 500), tail(2, 500, 500)], [false, true]);
    }

    #[test]
    fn a_log_is_folded_down_below_what_is_kept() {
        assert_eq!(bytes_to_fold(64, 64), 0);
        assert_eq!(bytes_to_fold(65, 64), 9);
    }
}
