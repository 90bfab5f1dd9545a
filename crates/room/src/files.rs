//! The files in a document: the texts in its map `files`, by their paths.
//!
//! A stock client may write any key into the map and any value under it. What is no text is no file; what is no path
//! is a file that cannot go into a run.

use protocol::path::FilePath;
use protocol::room::RoomFile;
use protocol::run::SourceFile;
use yrs::block::ClientID;
use yrs::updates::decoder::Decode;
use yrs::{
    Doc, GetString, Map, Out, ReadTxn, StateVector, Text, TextPrelim, TextRef, Transact, TransactionMut, Update,
};

use crate::diff::{self, Replacement};
use crate::document::{Document, DocumentError, caught, with_client};

/// The name of the map from paths to texts.
const FILES: &str = "files";

impl Document {
    /// A document of these files and nothing else, written by a client of that id.
    #[must_use]
    pub fn of_files(files: &[RoomFile], client: u64) -> Self {
        let written = with_client(ClientID::new(client));
        rewrite(&written, files);
        let state = written.transact().encode_state_as_update_v1(&StateVector::default());
        let mut document = Self::empty();
        document.apply(&state).expect("what was written just now applies");
        document
    }

    /// The texts in the map `files`, in order of their paths.
    #[must_use]
    pub fn files(&self) -> Vec<RoomFile> {
        let transaction = self.doc.transact();
        let Some(map) = transaction.get_map(FILES) else { return Vec::new() };
        let mut files: Vec<_> = map
            .iter(&transaction)
            .filter_map(|(path, value)| match value {
                Out::YText(text) => Some(RoomFile { path: path.to_owned(), content: text.get_string(&transaction) }),
                _ => None,
            })
            .collect();
        files.sort_by(|one, other| one.path.cmp(&other.path));
        files
    }

    /// The files that can go into a run: those with a path that is one.
    #[must_use]
    pub fn source_files(&self) -> Vec<SourceFile> {
        let files = self.files().into_iter();
        files
            .filter_map(|RoomFile { path, content }| {
                FilePath::parse(&path).ok().map(|path| SourceFile { path, content })
            })
            .collect()
    }

    /// The files as they would be with an update.
    ///
    /// # Errors
    /// [`DocumentError`] where the update does not apply. This document stays as it is.
    pub fn files_with(&self, update: &[u8]) -> Result<Vec<RoomFile>, DocumentError> {
        let mut copy = Self::empty();
        copy.apply(&self.state()?)?;
        copy.apply(update)?;
        Ok(copy.files())
    }

    /// What turns the files into `wanted`, written by a client of that id: one forward update, by which every
    /// replica, however stale, comes to the same texts. Nothing where nothing differs.
    ///
    /// # Errors
    /// [`DocumentError::Inapplicable`] if the document cannot be copied.
    pub fn update_towards(&self, wanted: &[RoomFile], client: u64) -> Result<Option<Vec<u8>>, DocumentError> {
        let state = Update::decode_v1(&self.state()?).ok().ok_or(DocumentError::Inapplicable)?;
        caught(|| {
            let copy = with_client(ClientID::new(client));
            copy.transact_mut().apply_update(state).ok()?;
            let before = copy.transact().state_vector();
            let is_changed = rewrite(&copy, wanted);
            Some(is_changed.then(|| copy.transact().encode_state_as_update_v1(&before)))
        })
        .ok_or(DocumentError::Inapplicable)
    }
}

/// Makes the files what is wanted, with as small edits as a line diff finds. True if anything differed.
fn rewrite(doc: &Doc, wanted: &[RoomFile]) -> bool {
    let files = doc.get_or_insert_map(FILES);
    let mut transaction = doc.transact_mut();
    let present: Vec<String> = files.keys(&transaction).map(str::to_owned).collect();
    let unwanted = present.into_iter().filter(|path| !wanted.iter().any(|file| file.path == *path));
    let mut is_changed = false;
    for path in unwanted {
        is_changed |= files.remove(&mut transaction, &path).is_some();
    }
    for RoomFile { path, content } in wanted {
        match files.get(&transaction, path) {
            Some(Out::YText(text)) => is_changed |= rewrite_text(&text, &mut transaction, content),
            _ => {
                files.insert(&mut transaction, path.as_str(), TextPrelim::new(content.as_str()));
                is_changed = true;
            }
        }
    }
    is_changed
}

fn rewrite_text(text: &TextRef, transaction: &mut TransactionMut<'_>, wanted: &str) -> bool {
    let current = text.get_string(transaction);
    if current == wanted {
        return false;
    }
    let length = text.len(transaction);
    if length != diff::utf16_length(&current) {
        // Something that is no character stands in it, so places in the string are not places in the text.
        text.remove_range(transaction, 0, length);
        text.insert(transaction, 0, wanted);
        return true;
    }
    for Replacement { start, removed, inserted } in diff::replacements(&current, wanted) {
        if removed > 0 {
            text.remove_range(transaction, start, removed);
        }
        if !inserted.is_empty() {
            text.insert(transaction, start, &inserted);
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Novelty;
    use crate::state::SavedState;

    fn file(path: &str, content: &str) -> RoomFile {
        RoomFile { path: path.to_owned(), content: content.to_owned() }
    }

    #[test]
    fn a_document_goes_back_by_an_update_that_stale_replicas_take_too() {
        let mut document = Document::of_files(&[file("main.py", "one\ntwo\n")], 7);
        let stale = document.state().expect("encodes");
        let then = document.files();
        let now = [file("main.py", "one\n2\nthree\n"), file("new.py", "😀")];
        let forward = document.update_towards(&now, 99).expect("copies").expect("differs");
        assert_eq!(document.apply(&forward), Ok(Novelty::New));
        assert_eq!(document.files(), now);
        let back = document.update_towards(&then, 100).expect("copies").expect("differs");
        assert_eq!(document.apply(&back), Ok(Novelty::New));
        assert_eq!(document.files(), then);
        assert_eq!(document.update_towards(&then, 101), Ok(None));
        // Whoever slept through both merges into the same texts, nothing twice.
        let (mut sleeper, _) = Document::load(Some(&SavedState::new(1, 0, stale)), &[]);
        for update in [&back, &forward] {
            sleeper.apply(update).expect("applies");
        }
        assert_eq!(sleeper.files(), then);
    }
}
