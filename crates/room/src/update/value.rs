//! JSON-like values in lib0's encoding.

use super::Malformed;
use super::cursor::Cursor;
use super::weight;

/// Deepest nesting of a value. The decoder recurses, and so does every client's; JSON, in which Yjs writes formats
/// and embeds, is read to this depth by `serde_json` too.
const DEPTH_MAX: usize = 128;

/// A container whose values are being read.
struct Open {
    left: u64,
    is_map: bool,
}

/// Reads past one value with everything in it. Returns what it weighs.
pub(super) fn skip(cursor: &mut Cursor<'_>) -> Result<usize, Malformed> {
    let mut open: Vec<Open> = Vec::new();
    let mut weight = 0;
    loop {
        weight += weight::VALUE;
        open.extend(begin(cursor, &mut weight)?);
        if open.len() > DEPTH_MAX {
            return Err(Malformed::Depth);
        }
        while open.last().is_some_and(|container| container.left == 0) {
            open.pop();
        }
        let Some(container) = open.last_mut() else { return Ok(weight) };
        container.left -= 1;
        if container.is_map {
            cursor.string()?;
            weight += weight::ENTRY;
        }
    }
}

/// Reads a value, or the head of one that has values within.
fn begin(cursor: &mut Cursor<'_>, weight: &mut usize) -> Result<Option<Open>, Malformed> {
    // The numbers count down from 127, see lib0's `encoding.writeAny`.
    match cursor.byte()? {
        // Undefined, null, false, true.
        127 | 126 | 121 | 120 => Ok(None),
        125 => cursor.signed_number().map(|()| None),
        124 => cursor.take(4).map(|_| None),
        123 | 122 => cursor.take(8).map(|_| None),
        kind => {
            *weight += weight::ALLOCATION;
            match kind {
                119 => cursor.string().map(|_| None),
                116 => cursor.buffer().map(|_| None),
                // A key has a length and a value a kind.
                118 => Ok(Some(Open { left: cursor.count(2)?, is_map: true })),
                117 => Ok(Some(Open { left: cursor.count(1)?, is_map: false })),
                _ => Err(Malformed::Kind),
            }
        }
    }
}
