//! A large update as several small ones.
//!
//! Each is an update of its own, and whoever applies them in order has the same document as from the whole. A block
//! comes after those it leans on, so that nothing waits on the way; deletions come last.

use super::block::{Block, Content, HAS_ORIGIN, HAS_RIGHT_ORIGIN};
use super::cursor::Cursor;
use super::order::in_order;
use super::part::{Parts, write_number};
use super::{Id, Malformed, ids, value};

/// Largest update in a frame to a client. A stock client hangs up after 30 s without a complete message, so a frame
/// has to arrive in that time: 512 KiB in 30 s is 140 kbit/s, less than any line on which one would edit.
pub const SYNC_FRAME_MAX_BYTES: usize = 512 * 1024;

/// What stands before the content of a piece at most: a kind, two ids, a length.
const PIECE_HEAD_BYTES: usize = 40;

/// Splits an update into updates of about `max_bytes`. A single value that is larger stays whole, and so do bytes
/// that are no update.
#[must_use]
pub fn split(update: &[u8], max_bytes: usize) -> Vec<Vec<u8>> {
    if update.len() <= max_bytes {
        return vec![update.to_vec()];
    }
    try_split(update, max_bytes).unwrap_or_else(|_| vec![update.to_vec()])
}

fn try_split(update: &[u8], max_bytes: usize) -> Result<Vec<Vec<u8>>, Malformed> {
    let mut parts = Parts::new(max_bytes);
    let mut rest = in_order(update, |block| put(&mut parts, update, block, max_bytes))?;
    ids::delete_set(&mut rest, |client, range| parts.push_deletion(client, range))?;
    rest.end()?;
    Ok(parts.finish())
}

fn put(parts: &mut Parts, update: &[u8], block: &Block, max_bytes: usize) -> Result<(), Malformed> {
    let whole = &update[block.bytes.clone()];
    // The value of a key replaces the one before it, and the pieces would replace each other.
    let is_divisible = !block.has_key && whole.len() > max_bytes;
    let piece_bytes = max_bytes.saturating_sub(PIECE_HEAD_BYTES);
    let mut pieces = Pieces { parts: &mut *parts, update, block, done: 0 };
    match block.content {
        Content::String if is_divisible => pieces.put_string(piece_bytes),
        Content::Values if is_divisible => pieces.put_values(piece_bytes),
        _ => {
            parts.push_block(block.id, whole);
            Ok(())
        }
    }
}

/// A block that is taken to pieces, each of which has the one before as its left neighbour.
struct Pieces<'a> {
    parts: &'a mut Parts,
    update: &'a [u8],
    block: &'a Block,
    /// Elements that the pieces so far have.
    done: u64,
}

impl Pieces<'_> {
    fn put_string(&mut self, piece_bytes: usize) -> Result<(), Malformed> {
        let mut text = Cursor::new(self.update).moved_to(self.block.content_at).string()?;
        while !text.is_empty() {
            // At least one character, which has four bytes at most. Between characters there is no surrogate pair.
            let (piece, rest) = text.split_at(text.floor_char_boundary(piece_bytes.max(4)));
            self.put(piece.len() as u64, piece.as_bytes(), piece.encode_utf16().count() as u64);
            text = rest;
        }
        Ok(())
    }

    fn put_values(&mut self, piece_bytes: usize) -> Result<(), Malformed> {
        let mut cursor = Cursor::new(self.update).moved_to(self.block.content_at);
        let mut left = cursor.count(1)?;
        while left > 0 {
            let start = cursor.at();
            let mut count = 0;
            while left > 0 && (count == 0 || cursor.at() - start < piece_bytes) {
                value::skip(&mut cursor)?;
                count += 1;
                left -= 1;
            }
            self.put(count, &self.update[start..cursor.at()], count);
        }
        Ok(())
    }

    /// Puts a piece: what its content begins with, the content, and how many elements it has.
    fn put(&mut self, number: u64, content: &[u8], length: u64) {
        let mut bytes = self.head();
        write_number(&mut bytes, number);
        bytes.extend_from_slice(content);
        let id = Id { clock: self.block.id.clock + self.done, ..self.block.id };
        self.parts.push_block(id, &bytes);
        self.done += length;
    }

    fn head(&self) -> Vec<u8> {
        head(self.update, self.block, self.done)
    }
}

/// What stands before the content of a block from some element on: the element before is its left neighbour.
fn head(update: &[u8], block: &Block, offset: u64) -> Vec<u8> {
    let Block { id, bytes, content_at, right_origin, .. } = block;
    if offset == 0 || block.content == Content::Collected {
        return update[bytes.start..*content_at].to_vec();
    }
    let before = Id { clock: id.clock + offset - 1, ..*id };
    head_beside(update[bytes.start], Some(before), *right_origin)
}

/// What stands before the content of a block of some kind with these neighbours.
fn head_beside(info: u8, origin: Option<Id>, right_origin: Option<Id>) -> Vec<u8> {
    let mut head = vec![info & !(HAS_ORIGIN | HAS_RIGHT_ORIGIN)];
    for (neighbour, flag) in [(origin, HAS_ORIGIN), (right_origin, HAS_RIGHT_ORIGIN)] {
        if let Some(Id { client, clock }) = neighbour {
            head[0] |= flag;
            write_number(&mut head, client);
            write_number(&mut head, clock);
        }
    }
    head
}

/// A block that has a left neighbour, without some elements at its beginning and with another right neighbour.
pub(super) fn mended(
    update: &[u8],
    block: &Block,
    offset: u64,
    right_origin: Option<Id>,
) -> Result<Vec<u8>, Malformed> {
    if offset > 0 {
        return tail(update, &Block { right_origin, ..block.clone() }, offset);
    }
    let mut bytes = head_beside(update[block.bytes.start], block.origin, right_origin);
    bytes.extend_from_slice(&update[block.content_at..block.bytes.end]);
    Ok(bytes)
}

/// A block without some elements at its beginning.
pub(super) fn tail(update: &[u8], block: &Block, offset: u64) -> Result<Vec<u8>, Malformed> {
    /// Stands for half of a surrogate pair, as in Yjs.
    const HALF: char = char::REPLACEMENT_CHARACTER;
    let mut bytes = head(update, block, offset);
    let mut content = Cursor::new(update).moved_to(block.content_at);
    match block.content {
        Content::String => {
            let mut left = offset;
            let rest = content.string()?.trim_start_matches(|character: char| {
                let is_before = left > 0;
                left = left.saturating_sub(character.len_utf16() as u64);
                is_before
            });
            let length = rest.encode_utf16().count() as u64;
            let half = if length < block.length - offset { HALF.to_string() } else { String::new() };
            write_number(&mut bytes, (half.len() + rest.len()) as u64);
            bytes.extend(half.bytes().chain(rest.bytes()));
        }
        Content::Values => {
            write_number(&mut bytes, content.count(1)? - offset);
            for _ in 0..offset {
                value::skip(&mut content)?;
            }
            bytes.extend_from_slice(&update[content.at()..block.bytes.end]);
        }
        // Everything else is one element, or as many as it says.
        _ => write_number(&mut bytes, block.length - offset),
    }
    Ok(bytes)
}
