//! Large documents: the history of a paper, keystroke by keystroke, and a room full of files.

use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use yrs::updates::decoder::Decode as _;
use yrs::updates::encoder::Encode as _;
use yrs::{Doc, GetString as _, Map as _, OffsetKind, Options, Out, ReadTxn as _, Text as _, TextPrelim, TextRef};
use yrs::{Transact as _, Update};

/// The map from paths to texts.
const FILES: &str = "files";

/// As many as in the editing trace that CRDT benchmarks have agreed on.
const EDITS: usize = 260_000;

/// Of a hundred edits, those that delete a character: as in that trace.
const DELETIONS: u32 = 30;

/// Of a hundred edits, those after which the author goes on elsewhere.
const JUMPS: u32 = 1;

/// Files of the large room, as many as a room may have.
const FILE_COUNT: usize = 500;

/// Bytes of each.
const FILE_BYTES: usize = 20 * 1024;

/// A document as a client has it, and the updates that made it.
pub struct Corpus {
    /// For the tables.
    pub name: &'static str,
    /// In the order in which they were made.
    pub updates: Vec<Vec<u8>>,
    /// What there is to know.
    pub state_vector: Vec<u8>,
    doc: Doc,
}

impl Corpus {
    fn start(name: &'static str) -> Self {
        let doc = Doc::with_options(Options { offset_kind: OffsetKind::Utf16, ..Options::default() });
        Self { name, updates: Vec::new(), state_vector: Vec::new(), doc }
    }

    fn file(&mut self, path: &str, content: &str) -> TextRef {
        let files = self.doc.get_or_insert_map(FILES);
        let mut transaction = self.doc.transact_mut();
        let text = files.insert(&mut transaction, path, TextPrelim::new(content));
        self.updates.push(transaction.encode_update_v1());
        text
    }

    fn finish(mut self) -> Self {
        self.state_vector = self.doc.transact().state_vector().encode_v1();
        self
    }

    /// Whether these updates make the same document.
    #[must_use]
    pub fn is(&self, updates: &[Vec<u8>]) -> bool {
        let doc = Doc::new();
        for update in updates {
            let Ok(update) = Update::decode_v1(update) else { return false };
            if doc.transact_mut().apply_update(update).is_err() {
                return false;
            }
        }
        contents(&doc) == contents(&self.doc)
    }
}

/// A paper that somebody typed.
#[must_use]
pub fn paper() -> Corpus {
    let mut corpus = Corpus::start("paper of 260,000 edits");
    let text = corpus.file("paper.tex", "");
    let mut random = SmallRng::seed_from_u64(260_000);
    let (mut place, mut length) = (0, 0);
    for _edit in 1..EDITS {
        let mut transaction = corpus.doc.transact_mut();
        if place > 0 && random.random_ratio(DELETIONS, 100) {
            text.remove_range(&mut transaction, place - 1, 1);
            (place, length) = (place - 1, length - 1);
        } else {
            text.insert(&mut transaction, place, LETTERS[random.random_range(0..LETTERS.len())]);
            (place, length) = (place + 1, length + 1);
        }
        corpus.updates.push(transaction.encode_update_v1());
        drop(transaction);
        if random.random_ratio(JUMPS, 100) {
            place = random.random_range(0..=length);
        }
    }
    corpus.finish()
}

const LETTERS: [&str; 12] = ["e", "t", "a", "o", "i", "n", "s", "r", "h", " ", ",", "\n"];

/// Many files, pasted one after the other.
#[must_use]
pub fn files() -> Corpus {
    let mut corpus = Corpus::start("500 files of 20 KiB");
    for number in 0..FILE_COUNT {
        let line = format!("let line_of_file_{number} = {number};\n");
        corpus.file(&format!("src/file_{number}.rs"), &line.repeat(FILE_BYTES / line.len()));
    }
    corpus.finish()
}

/// Every file by its path.
fn contents(doc: &Doc) -> Vec<(String, String)> {
    let files = doc.get_or_insert_map(FILES);
    let transaction = doc.transact();
    let texts = files.iter(&transaction).filter_map(|(path, value)| match value {
        Out::YText(text) => Some((path.to_owned(), text.get_string(&transaction))),
        _ => None,
    });
    let mut texts: Vec<_> = texts.collect();
    texts.sort();
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn updates_make_the_document_and_nothing_less_does() {
        let corpus = files();
        assert_eq!(contents(&corpus.doc).len(), FILE_COUNT);
        assert!(corpus.is(&corpus.updates));
        assert!(!corpus.is(&corpus.updates[1..]));
    }
}
