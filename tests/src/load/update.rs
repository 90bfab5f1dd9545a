//! Yjs updates by hand: keystrokes as a writer's editor encodes them, and which keystrokes an update brings.
//!
//! Writer number `n` has the client id [`client_id`]`(n)` and types one character after the other at the end of a text
//! of its own, so its clock counts its keystrokes, and a range of clocks names them.

use yrs::Update;
use yrs::updates::decoder::Decode as _;

use crate::encoding::{number, put, put_text};

/// The smallest client id that takes five bytes, as nearly all of the random ones of real clients do.
const FIRST_CLIENT_ID: u64 = 1 << 28;

/// The content of an item: a piece of text.
const STRING: u8 = 4;
/// No item but a range of clocks that is missing here.
const GAP: u8 = 10;
/// The item names its left neighbour.
const HAS_ORIGIN: u8 = 0x80;
/// The item names its right neighbour.
const HAS_RIGHT_ORIGIN: u8 = 0x40;
/// The item names its key in a map.
const HAS_PARENT_SUB: u8 = 0x20;

/// The client id of a writer.
#[must_use]
pub fn client_id(writer: usize) -> u64 {
    FIRST_CLIENT_ID + writer as u64
}

/// The writer behind a client id, or nobody of ours.
#[must_use]
pub fn writer_of(client: u64) -> Option<usize> {
    usize::try_from(client.checked_sub(FIRST_CLIENT_ID)?).ok()
}

/// The update of a writer's keystroke number `clock`.
#[must_use]
pub fn keystroke(writer: usize, clock: u64) -> Vec<u8> {
    let client = client_id(writer);
    let mut update = vec![1, 1];
    put(&mut update, client);
    put(&mut update, clock);
    if let Some(previous) = clock.checked_sub(1) {
        update.push(STRING | HAS_ORIGIN);
        put(&mut update, client);
        put(&mut update, previous);
    } else {
        update.extend_from_slice(&[STRING, 1]);
        put_text(&mut update, &format!("writer-{writer}"));
    }
    // A line of 40 characters, again and again.
    put_text(&mut update, if clock % 40 == 39 { "\n" } else { "x" });
    // It deletes nothing.
    update.push(0);
    update
}

/// Shows the clocks that an update brings of each client, as `(client, first, end)`.
///
/// # Panics
/// For bytes that are no update.
pub fn ranges(update: &[u8], mut show: impl FnMut(u64, u64, u64)) {
    // Nearly all updates are keystrokes, one or several merged; whatever else there is, yrs knows.
    if scan(update, &mut show).is_none() {
        let update = Update::decode_v1(update).unwrap_or_else(|error| panic!("{error}: {update:02x?}"));
        let first = update.state_vector_lower();
        for (client, end) in update.state_vector().iter() {
            show(client.get(), u64::from(first.get(client)), u64::from(*end));
        }
    }
}

/// The same by reading no more than pieces of text and the gaps between them. Where there is something else it gives
/// nothing and shows nothing.
fn scan(update: &[u8], show: &mut impl FnMut(u64, u64, u64)) -> Option<()> {
    walk(&mut Cursor(update), &mut |_, _, _| {})?;
    walk(&mut Cursor(update), show)
}

fn walk(cursor: &mut Cursor<'_>, show: &mut impl FnMut(u64, u64, u64)) -> Option<()> {
    for _client in 0..cursor.number()? {
        let items = cursor.number()?;
        let (client, mut first) = (cursor.number()?, cursor.number()?);
        let mut end = first;
        for _item in 0..items {
            match cursor.item()? {
                Item::Text(length) => end += length,
                Item::Gap(length) => {
                    show(client, first, end);
                    first = end + length;
                    end = first;
                }
            }
        }
        show(client, first, end);
    }
    Some(())
}

/// What lies at the next clocks, with their number.
enum Item {
    Text(u64),
    Gap(u64),
}

/// What of an update has not been read.
struct Cursor<'bytes>(&'bytes [u8]);

impl<'bytes> Cursor<'bytes> {
    fn item(&mut self) -> Option<Item> {
        let (&info, rest) = self.0.split_first()?;
        self.0 = rest;
        match info & 0x1f {
            GAP => return self.number().map(Item::Gap),
            STRING => self.skip_place(info)?,
            _ => return None,
        }
        // Lengths count units of UTF-16.
        self.text().filter(|text| text.is_ascii()).map(|text| Item::Text(text.len() as u64))
    }

    /// Passes over an item's neighbours, or over its parent where it has none.
    fn skip_place(&mut self, info: u8) -> Option<()> {
        for origin in [HAS_ORIGIN, HAS_RIGHT_ORIGIN] {
            if info & origin != 0 {
                self.skip_id()?;
            }
        }
        if info & (HAS_ORIGIN | HAS_RIGHT_ORIGIN) != 0 {
            return Some(());
        }
        match self.number()? {
            1 => self.text().map(|_name| ())?,
            _ => self.skip_id()?,
        }
        if info & HAS_PARENT_SUB != 0 { self.text().map(|_key| ()) } else { Some(()) }
    }

    fn skip_id(&mut self) -> Option<()> {
        self.number()?;
        self.number().map(|_clock| ())
    }

    fn text(&mut self) -> Option<&'bytes [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(text)
    }

    fn number(&mut self) -> Option<u64> {
        number(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use yrs::{Doc, GetString as _, Map as _, ReadTxn as _, StateVector, Text as _, Transact as _, merge_updates_v1};

    use super::*;

    fn seen(update: &[u8]) -> Vec<(usize, u64, u64)> {
        let mut seen = Vec::new();
        ranges(update, |client, first, end| seen.push((writer_of(client).unwrap(), first, end)));
        seen.sort_unstable();
        seen
    }

    fn document_of(updates: &[Vec<u8>]) -> Doc {
        let doc = Doc::new();
        for update in updates {
            doc.transact_mut().apply_update(Update::decode_v1(update).unwrap()).unwrap();
        }
        doc
    }

    #[test]
    fn keystrokes_are_valid_and_make_a_text() {
        let updates: Vec<_> = (0..41).map(|clock| keystroke(3, clock)).collect();
        let doc = document_of(&updates);
        let text = doc.get_or_insert_text("writer-3");
        assert_eq!(text.get_string(&doc.transact()), format!("{}\nx", "x".repeat(39)));
    }

    #[test]
    fn each_keystroke_is_found_alone_merged_and_in_a_state() {
        assert_eq!(seen(&keystroke(2, 0)), [(2, 0, 1)]);
        assert_eq!(seen(&keystroke(2, 300)), [(2, 300, 301)]);
        let updates: Vec<_> =
            [(0, 0), (1, 0), (0, 1), (0, 2), (1, 1)].map(|(writer, clock)| keystroke(writer, clock)).into();
        assert_eq!(seen(&merge_updates_v1(&updates).unwrap()), [(0, 0, 3), (1, 0, 2)]);
        let later = merge_updates_v1([keystroke(0, 7), keystroke(1, 9), keystroke(0, 8)]).unwrap();
        assert_eq!(seen(&later), [(0, 7, 9), (1, 9, 10)]);
        let with_gap = merge_updates_v1([keystroke(0, 3), keystroke(0, 7)]).unwrap();
        assert_eq!(seen(&with_gap), [(0, 3, 4), (0, 7, 8)]);
        let state = document_of(&updates).transact().encode_state_as_update_v1(&StateVector::default());
        assert_eq!(seen(&state), [(0, 0, 3), (1, 0, 2)]);
    }

    #[test]
    fn other_content_is_left_to_yrs_and_counted_as_well() {
        let doc = Doc::with_client_id(client_id(5));
        let map = doc.get_or_insert_map("files");
        map.insert(&mut doc.transact_mut(), "a", 1);
        doc.get_or_insert_text("writer-5").push(&mut doc.transact_mut(), "né");
        let state = doc.transact().encode_state_as_update_v1(&StateVector::default());
        assert!(scan(&state, &mut |_, _, _| {}).is_none());
        assert_eq!(seen(&state), [(5, 0, doc.transact().state_vector().get(&doc.client_id()).into())]);
    }
}
