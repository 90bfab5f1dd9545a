//! Delete sets, state vectors and awareness updates: lists of clients with something about each.

use serde::de::IgnoredAny;

use super::cursor::Cursor;
use super::{CLOCK_MAX, Malformed, Seen};

/// Reads a delete set and hands out each client's ranges. Returns how many clients have how many ranges.
pub(super) fn delete_set(
    cursor: &mut Cursor<'_>,
    mut each: impl FnMut(u64, (u64, u64)),
) -> Result<(u64, usize), Malformed> {
    // A client and a count.
    let clients = cursor.count(2)?;
    let mut seen = Seen::default();
    let mut ranges = 0;
    for _ in 0..clients {
        let client = cursor.client()?;
        seen.note(client);
        // A clock and a length.
        let count = cursor.count(2)?;
        let mut end = 0;
        for _ in 0..count {
            let (clock, length) = (cursor.clock()?, cursor.clock()?);
            // Both sides sort and merge ranges before they write them, and `yrs` searches in them as they come.
            if clock < end {
                return Err(Malformed::Order);
            }
            end = clock + length;
            if length == 0 || end > CLOCK_MAX {
                return Err(Malformed::Range);
            }
            each(client, (clock, length));
            ranges += 1;
        }
    }
    seen.check().map(|()| (clients, ranges))
}

/// Reads a state vector.
pub(crate) fn check_state_vector(bytes: &[u8]) -> Result<(), Malformed> {
    let mut cursor = Cursor::new(bytes);
    // A client and a clock.
    for _ in 0..cursor.count(2)? {
        cursor.client()?;
        cursor.clock()?;
    }
    cursor.end()
}

/// Reads an awareness update and hands out each client, its clock and its state.
pub(crate) fn read_awareness<'a>(bytes: &'a [u8], mut each: impl FnMut(u64, u64, &'a str)) -> Result<(), Malformed> {
    let mut cursor = Cursor::new(bytes);
    // A client, a clock and a length.
    for _ in 0..cursor.count(3)? {
        each(cursor.client()?, cursor.clock()?, cursor.string()?);
    }
    cursor.end()
}

/// True of a state that stock clients can read: they parse it without a guard.
pub(crate) fn is_json(state: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(state).is_ok()
}
