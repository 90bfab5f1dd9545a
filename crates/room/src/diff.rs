//! What changed between two moments of the files: for people to read, and as edits to go back by.

use imara_diff::{Algorithm, BasicLineDiffPrinter, Diff, InternedInput, UnifiedDiffConfig};
use protocol::history::{FileChange, FileDiff};
use protocol::room::RoomFile;
use std::collections::BTreeMap;

/// A piece of a text that is replaced, in UTF-16 code units as Yjs counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Replacement {
    /// Where it starts in the old text.
    pub(crate) start: u32,
    /// How much goes.
    pub(crate) removed: u32,
    /// What comes.
    pub(crate) inserted: String,
}

/// The files that differ, in order of their paths.
#[must_use]
pub fn diff_files(before: &[RoomFile], after: &[RoomFile]) -> Vec<FileDiff> {
    let by_path = |files: &[RoomFile]| -> BTreeMap<String, String> {
        files.iter().map(|file| (file.path.clone(), file.content.clone())).collect()
    };
    let (before, after) = (by_path(before), by_path(after));
    let mut paths: Vec<_> = before.keys().chain(after.keys()).collect();
    paths.sort();
    paths.dedup();
    paths.into_iter().filter_map(|path| diff_file(path, before.get(path), after.get(path))).collect()
}

fn diff_file(path: &str, before: Option<&String>, after: Option<&String>) -> Option<FileDiff> {
    let change = match (before, after) {
        (None, Some(_)) => FileChange::Added,
        (Some(_), None) => FileChange::Removed,
        (Some(before), Some(after)) if before != after => FileChange::Changed,
        _ => return None,
    };
    let input = InternedInput::new(before.map_or("", String::as_str), after.map_or("", String::as_str));
    let diff = line_diff(&input);
    let unified =
        diff.unified_diff(&BasicLineDiffPrinter(&input.interner), UnifiedDiffConfig::default(), &input).to_string();
    let (added, removed) = (diff.count_additions() as usize, diff.count_removals() as usize);
    Some(FileDiff { path: path.to_owned(), change, added, removed, unified })
}

fn line_diff(input: &InternedInput<&str>) -> Diff {
    let mut diff = Diff::compute(Algorithm::Histogram, input);
    diff.postprocess_lines(input);
    diff
}

/// What turns `before` into `after`, from the end to the start, so that each piece's place holds while the ones
/// behind it are replaced. Lines are matched; within a piece, what both sides start and end with stays.
pub(crate) fn replacements(before: &str, after: &str) -> Vec<Replacement> {
    let input = InternedInput::new(before, after);
    let diff = line_diff(&input);
    let old: Vec<&str> = input.before.iter().map(|token| input.interner[*token]).collect();
    let new: Vec<&str> = input.after.iter().map(|token| input.interner[*token]).collect();
    let mut starts = vec![0_u32];
    for line in &old {
        starts.push(starts[starts.len() - 1] + utf16_length(line));
    }
    let piece = |hunk: imara_diff::Hunk| {
        let went: String = old[hunk.before.start as usize..hunk.before.end as usize].concat();
        let came: String = new[hunk.after.start as usize..hunk.after.end as usize].concat();
        narrowed(starts[hunk.before.start as usize], &went, &came)
    };
    let mut pieces: Vec<_> = diff.hunks().map(piece).collect();
    pieces.reverse();
    pieces
}

/// A replacement without what both sides have in common at their ends.
fn narrowed(start: u32, went: &str, came: &str) -> Replacement {
    let prefix: usize =
        went.chars().zip(came.chars()).take_while(|(one, other)| one == other).map(|(one, _)| one.len_utf8()).sum();
    let (went_rest, came_rest) = (&went[prefix..], &came[prefix..]);
    let suffix: usize = went_rest
        .chars()
        .rev()
        .zip(came_rest.chars().rev())
        .take_while(|(one, other)| one == other)
        .map(|(one, _)| one.len_utf8())
        .sum();
    Replacement {
        start: start + utf16_length(&went[..prefix]),
        removed: utf16_length(&went_rest[..went_rest.len() - suffix]),
        inserted: came_rest[..came_rest.len() - suffix].to_owned(),
    }
}

/// Length in UTF-16 code units. A document has at most 32 MiB.
pub(crate) fn utf16_length(text: &str) -> u32 {
    u32::try_from(text.chars().map(char::len_utf16).sum::<usize>()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, content: &str) -> RoomFile {
        RoomFile { path: path.to_owned(), content: content.to_owned() }
    }

    fn apply(before: &str, pieces: &[Replacement]) -> String {
        let mut units: Vec<u16> = before.encode_utf16().collect();
        for Replacement { start, removed, inserted } in pieces {
            let range = *start as usize..(*start + *removed) as usize;
            units.splice(range, inserted.encode_utf16());
        }
        String::from_utf16(&units).expect("no surrogate is torn apart")
    }

    #[test]
    fn replacements_lead_from_one_text_to_the_other() {
        let texts = ["", "a", "a\n", "a\nb\nc\n", "a\nB\nc\nd", "😀\nä😀b\n", "😀\nä😁b\nz", "x = 1\nx = 1\nx = 2\n"];
        for before in texts {
            for after in texts {
                assert_eq!(apply(before, &replacements(before, after)), after, "{before:?} to {after:?}");
            }
        }
    }

    #[test]
    fn only_what_differs_within_a_line_is_replaced() {
        let pieces = replacements("one\ntwo three\n", "one\ntwo free\n");
        assert_eq!(pieces, [Replacement { start: 8, removed: 2, inserted: "f".to_owned() }]);
    }

    #[test]
    fn a_diff_names_each_file_that_differs_and_how() {
        let before = [file("a.txt", "one\ntwo\n"), file("gone.txt", "x\n"), file("same.txt", "s\n")];
        let after = [file("a.txt", "one\n2\n"), file("new.txt", "y\n"), file("same.txt", "s\n")];
        let diffs = diff_files(&before, &after);
        let summary: Vec<_> =
            diffs.iter().map(|diff| (diff.path.as_str(), diff.change, diff.added, diff.removed)).collect();
        let expected = [
            ("a.txt", FileChange::Changed, 1, 1),
            ("gone.txt", FileChange::Removed, 0, 1),
            ("new.txt", FileChange::Added, 1, 0),
        ];
        assert_eq!(summary, expected);
        assert_eq!(diffs[0].unified, "@@ -1,2 +1,2 @@\n one\n-two\n+2\n");
    }
}
