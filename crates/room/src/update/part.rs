//! Writing updates up to a size.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::Id;

/// What a client's list adds to an update at most: a count, a client, a clock.
const LIST_HEAD_BYTES: usize = 20;

/// A range of a delete set at most: a clock, a length.
const RANGE_BYTES: usize = 10;

/// Updates that were written, and one that is being written.
#[derive(Default)]
pub(super) struct Parts {
    max_bytes: usize,
    finished: Vec<Vec<u8>>,
    /// Blocks by client. Updates have the highest client first.
    blocks: BTreeMap<Reverse<u64>, Blocks>,
    deletions: BTreeMap<Reverse<u64>, Vec<(u64, u64)>>,
    size_bytes: usize,
}

/// Consecutive blocks of one client.
struct Blocks {
    first_clock: u64,
    count: u64,
    bytes: Vec<u8>,
}

impl Parts {
    pub(super) fn new(max_bytes: usize) -> Self {
        Self { max_bytes, ..Self::default() }
    }

    /// Puts a block, which continues those of its client.
    pub(super) fn push_block(&mut self, id: Id, bytes: &[u8]) {
        let head = if self.blocks.contains_key(&Reverse(id.client)) { 0 } else { LIST_HEAD_BYTES };
        self.make_room(head + bytes.len());
        let empty = || Blocks { first_clock: id.clock, count: 0, bytes: Vec::new() };
        let blocks = self.blocks.entry(Reverse(id.client)).or_insert_with(empty);
        blocks.count += 1;
        blocks.bytes.extend_from_slice(bytes);
    }

    /// Puts a range of the delete set, after the earlier ones of its client.
    pub(super) fn push_deletion(&mut self, client: u64, range: (u64, u64)) {
        let head = if self.deletions.contains_key(&Reverse(client)) { 0 } else { LIST_HEAD_BYTES };
        self.make_room(head + RANGE_BYTES);
        self.deletions.entry(Reverse(client)).or_default().push(range);
    }

    /// All updates.
    pub(super) fn finish(mut self) -> Vec<Vec<u8>> {
        self.close();
        self.finished
    }

    fn make_room(&mut self, size_bytes: usize) {
        if self.size_bytes > 0 && self.size_bytes + size_bytes > self.max_bytes {
            self.close();
        }
        self.size_bytes += size_bytes;
    }

    fn close(&mut self) {
        let mut update = Vec::with_capacity(self.size_bytes);
        write_number(&mut update, self.blocks.len() as u64);
        for (Reverse(client), blocks) in std::mem::take(&mut self.blocks) {
            write_number(&mut update, blocks.count);
            write_number(&mut update, client);
            write_number(&mut update, blocks.first_clock);
            update.extend_from_slice(&blocks.bytes);
        }
        write_number(&mut update, self.deletions.len() as u64);
        for (Reverse(client), ranges) in std::mem::take(&mut self.deletions) {
            write_number(&mut update, client);
            write_number(&mut update, ranges.len() as u64);
            for (clock, length) in ranges {
                write_number(&mut update, clock);
                write_number(&mut update, length);
            }
        }
        self.finished.push(update);
        self.size_bytes = 0;
    }
}

/// An update that deletes these ranges: a client, and a clock and a length. Each client comes once.
pub(crate) fn deletion(ranges: impl Iterator<Item = (u64, (u64, u64))>) -> Vec<u8> {
    let mut parts = Parts::new(usize::MAX);
    ranges.for_each(|(client, range)| parts.push_deletion(client, range));
    parts.finish().pop().unwrap_or_default()
}

/// Writes lib0's variable-length number.
pub(super) fn write_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(0x80 | number.to_le_bytes()[0]);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}
