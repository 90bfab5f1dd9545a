//! A made-up editing session, as real writing looks: runs of typing, corrections behind the cursor, jumps to other
//! places, deletions of words and lines.
//!
//! It stands in for the recorded sessions by which Yjs servers are compared (a paper written in 260,000 edits, of
//! which some 100,000 characters remain).

use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};

/// Edits of the sessions that benchmarks use.
pub const EDITS: usize = 260_000;

/// Letters, as often as English has them; a space for each word and now and then the end of a line.
const LETTERS: &[u8] =
    b"eeeeeeeeeeeetttttttttaaaaaaaaooooooooiiiiiiinnnnnnnsssssshhhhhhrrrrrrddddllllcccuuummmwwffggyyppbbvk.,\n";
/// One in so many characters is a space.
const WORD: u32 = 6;
/// Longest run of typing without a pause.
const RUN_MAX: u32 = 60;
/// Longest deletion of what was just written, character by character.
const CORRECTION_MAX: u32 = 45;
/// Longest deletion of a marked passage.
const PASSAGE_MAX: u32 = 80;

/// One edit of a text. Positions count characters, all of which are ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edit {
    /// Where.
    pub at: u32,
    /// Characters that go.
    pub deleted: u32,
    /// The character that comes in their place, if any.
    pub inserted: Option<char>,
}

/// What somebody is in the middle of.
enum Doing {
    Typing,
    Correcting,
}

/// The session of a seed, without end.
pub fn edits(seed: u64) -> impl Iterator<Item = Edit> {
    let mut random = SmallRng::seed_from_u64(seed);
    let (mut length, mut cursor, mut left, mut doing) = (0_u32, 0_u32, 0_u32, Doing::Typing);
    std::iter::from_fn(move || {
        if left == 0 {
            (doing, left) = match random.random_range(0..20) {
                0..=8 => (Doing::Typing, random.random_range(1..=RUN_MAX)),
                9..=15 => (Doing::Correcting, random.random_range(1..=CORRECTION_MAX)),
                _ => {
                    cursor = elsewhere(&mut random, cursor, length);
                    (Doing::Typing, random.random_range(1..=RUN_MAX))
                }
            };
        }
        left -= 1;
        let edit = match doing {
            Doing::Correcting if cursor > 0 => Edit { at: cursor - 1, deleted: 1, inserted: None },
            _ if random.random_ratio(1, 2_000) => {
                let deleted = random.random_range(0..=PASSAGE_MAX.min(length - cursor));
                Edit { at: cursor, deleted, inserted: Some(letter(&mut random)) }
            }
            _ => Edit { at: cursor, deleted: 0, inserted: Some(letter(&mut random)) },
        };
        let inserted = u32::from(edit.inserted.is_some());
        (cursor, length) = (edit.at + inserted, length + inserted - edit.deleted);
        Some(edit)
    })
}

/// Mostly a few lines away, at times anywhere, often back at the end.
fn elsewhere(random: &mut SmallRng, cursor: u32, length: u32) -> u32 {
    match random.random_range(0..10) {
        0..=4 => length,
        5..=7 => random.random_range(cursor.saturating_sub(400)..=(cursor + 400).min(length)),
        _ => random.random_range(0..=length),
    }
}

fn letter(random: &mut SmallRng) -> char {
    if random.random_ratio(1, WORD) {
        return ' ';
    }
    char::from(LETTERS[random.random_range(0..LETTERS.len())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_leaves_what_a_paper_has() {
        let (mut text, mut inserted) = (Vec::new(), 0);
        for edit in edits(1).take(EDITS) {
            let at = edit.at as usize;
            text.splice(at..at + edit.deleted as usize, edit.inserted);
            inserted += usize::from(edit.inserted.is_some());
        }
        assert!((150_000..EDITS).contains(&inserted), "{inserted}");
        assert!((70_000..150_000).contains(&text.len()), "{}", text.len());
    }

    #[test]
    fn a_seed_tells_one_session() {
        assert!(edits(7).take(1_000).eq(edits(7).take(1_000)));
        assert!(!edits(7).take(1_000).eq(edits(8).take(1_000)));
    }
}
