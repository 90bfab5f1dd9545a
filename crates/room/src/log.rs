//! Rows of the update log.
//!
//! A row holds the updates of one author within one write, each as it was applied: counted and length-prefixed, as
//! lib0 writes a list of buffers. They are not merged, because merging hostile updates can give one that does not
//! apply although each of its parts did.

use protocol::TimestampMs;
use protocol::ids::ParticipantId;
use yrs::encoding::write::Write;

use crate::document::read_varint;

/// A row to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// Its place, from 1, without gaps.
    pub position: u64,
    /// When the first of its updates was received.
    pub at: TimestampMs,
    /// Whose socket delivered them first.
    pub author: ParticipantId,
    /// The updates.
    pub bytes: Vec<u8>,
}

/// A row as it comes back from storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRow {
    /// Its place.
    pub position: u64,
    /// The updates.
    pub bytes: Vec<u8>,
}

/// Spells updates as the bytes of a row.
pub(crate) fn encode<'a>(updates: impl ExactSizeIterator<Item = &'a Vec<u8>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.write_var(updates.len());
    for update in updates {
        bytes.write_buf(update);
    }
    bytes
}

/// Reads the updates of a row, or nothing where the bytes are no row.
pub(crate) fn decode(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut rest = bytes;
    let count = read_varint(&mut rest)?;
    let mut updates = Vec::new();
    for _ in 0..count {
        let length = usize::try_from(read_varint(&mut rest)?).ok()?;
        let (update, after) = rest.split_at_checked(length)?;
        updates.push(update);
        rest = after;
    }
    rest.is_empty().then_some(updates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_gives_back_its_updates() {
        let updates = [vec![1; 300], vec![], vec![2]];
        let bytes = encode(updates.iter());
        assert_eq!(decode(&bytes), Some(updates.iter().map(Vec::as_slice).collect()));
    }

    #[test]
    fn bytes_that_are_no_row_are_told() {
        for bytes in [&[][..], &[2, 1, 0], &[1, 5, 0], &[0, 0], &[0xff; 12]] {
            assert_eq!(decode(bytes), None, "{bytes:?}");
        }
    }
}
