//! Slugs: the readable part of a room's name and something random.

use unicode_normalization::UnicodeNormalization;

/// Most characters taken from the name.
const NAME_PART_MAX_CHARS: usize = 40;

/// Random characters: two rooms of one name collide once in two billion.
const RANDOM_PART_CHARS: usize = 6;

/// A slug for a room of that name.
#[must_use]
pub fn slug(name: &str, random_id: &str) -> String {
    let mut readable = String::new();
    // NFKD takes accents off their letters.
    for character in name.nfkd().flat_map(char::to_lowercase) {
        if character.is_ascii_alphanumeric() {
            readable.push(character);
        } else if !readable.ends_with('-') && !readable.is_empty() && !is_mark(character) {
            readable.push('-');
        }
        if readable.len() >= NAME_PART_MAX_CHARS {
            break;
        }
    }
    let readable = readable.trim_end_matches('-');
    let readable = if readable.is_empty() { "room" } else { readable };
    let random = random_id.get(..RANDOM_PART_CHARS).unwrap_or(random_id);
    format!("{readable}-{random}")
}

fn is_mark(character: char) -> bool {
    unicode_normalization::char::is_combining_mark(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_made_of_the_name() {
        let check = |name: &str, expect: &str| assert_eq!(slug(name, "0123456789"), expect, "{name}");
        check("Data Structures 101", "data-structures-101-012345");
        check("  Crème  brûlée! ", "creme-brulee-012345");
        check("教室", "room-012345");
        check("--", "room-012345");
        check("a/../b?c#d", "a-b-c-d-012345");
        check(&"x".repeat(100), &format!("{}-012345", "x".repeat(40)));
    }
}
