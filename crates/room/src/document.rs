//! The Yjs document behind a guard.
//!
//! `yrs` trusts its input: some byte strings make it panic in decode, apply or a later encode, or allocate
//! without bound (see the tests). Every call that touches foreign bytes runs inside `catch_unwind`, after the
//! counts at the head of an update were compared with its length. What fails leaves the document suspect: the
//! room drops it and loads it again from the log.

use std::panic::{AssertUnwindSafe, catch_unwind};

use protocol::path::FilePath;
use protocol::room::RoomFile;
use thiserror::Error;
use yrs::block::ClientID;
use yrs::updates::decoder::Decode;
use yrs::updates::encoder::Encode;
use yrs::{Doc, GetString, Map, OffsetKind, Options, Out, ReadTxn, StateVector, Transact, Update};

use crate::log::{self, LogRow};

/// The name of the map from paths to texts.
const FILES: &str = "files";

/// The server's own client id. It never writes, so the id never shows up in a document.
const SERVER_CLIENT: ClientID = ClientID::new(1);

/// Why an update is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DocumentError {
    /// Not an update.
    #[error("the frame holds no update of the Yjs protocol")]
    Undecodable,
    /// An update that contradicts the document or itself.
    #[error("the update does not apply")]
    Inapplicable,
}

/// What applying an update did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Novelty {
    /// It brought something new, or waits for what comes before it.
    New,
    /// Everything in it was known.
    Known,
}

/// A document.
pub struct Document {
    doc: Doc,
}

impl Document {
    /// Loads a document from its log. Returns the positions of rows that do not apply: they are left out, and
    /// the document is whole without them.
    #[must_use]
    pub fn load(rows: &[LogRow]) -> (Self, Vec<u64>) {
        let mut quarantined = Vec::new();
        loop {
            let mut document = Self { doc: empty() };
            let kept = rows.iter().filter(|row| !quarantined.contains(&row.position));
            let mut tried = kept.map(|row| (row.position, document.apply_row(row)));
            match tried.find(|(_, is_applied)| !is_applied) {
                // A failed apply is not rolled back: start over without that row.
                Some((position, _)) => quarantined.push(position),
                None => return (document, quarantined),
            }
        }
    }

    fn apply_row(&mut self, row: &LogRow) -> bool {
        log::decode(&row.bytes).is_some_and(|updates| updates.into_iter().all(|update| self.apply(update).is_ok()))
    }

    /// Applies an update and encodes it again.
    ///
    /// # Errors
    /// [`DocumentError`]. After [`DocumentError::Inapplicable`] the document must not be used again.
    pub fn apply(&mut self, update: &[u8]) -> Result<Novelty, DocumentError> {
        let update = decode(update)?;
        caught(|| {
            let mut transaction = self.doc.transact_mut();
            let was_waiting = transaction.has_missing_updates();
            transaction.apply_update(update).ok()?;
            let changed = !transaction.insert_set().is_empty() || !transaction.delete_set().is_empty();
            // Encoding finds what applied well and would panic in every later encode.
            transaction.encode_update_v1();
            let waits = transaction.has_missing_updates();
            if waits {
                // What waits is merged into every encoded state, and only then read in full.
                let state = transaction.state_vector();
                transaction.encode_state_as_update_v1(&state);
            }
            Some(if changed || waits || was_waiting { Novelty::New } else { Novelty::Known })
        })
        .ok_or(DocumentError::Inapplicable)
    }

    /// True if the update brings content that the document lacks. Deletions alone do not count.
    ///
    /// # Errors
    /// [`DocumentError::Undecodable`].
    pub fn lacks(&self, update: &[u8]) -> Result<bool, DocumentError> {
        let update = decode(update)?;
        let (theirs, ours) = (update.state_vector(), self.state_vector());
        Ok(theirs.iter().any(|(client, clock)| *clock > ours.get(client)))
    }

    /// What the document holds, per client.
    #[must_use]
    pub fn state_vector(&self) -> StateVector {
        self.doc.transact().state_vector()
    }

    /// Everything that `known` lacks, as an update.
    ///
    /// # Errors
    /// [`DocumentError::Inapplicable`] if the document cannot be encoded; it must not be used again.
    pub fn diff(&self, known: &StateVector) -> Result<Vec<u8>, DocumentError> {
        caught(|| Some(self.doc.transact().encode_state_as_update_v1(known))).ok_or(DocumentError::Inapplicable)
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
    pub fn source_files(&self) -> Vec<protocol::run::SourceFile> {
        let files = self.files().into_iter();
        files
            .filter_map(|RoomFile { path, content }| {
                FilePath::parse(&path).ok().map(|path| protocol::run::SourceFile { path, content })
            })
            .collect()
    }
}

fn empty() -> Doc {
    let mut options = Options::with_client_id(SERVER_CLIENT);
    options.offset_kind = OffsetKind::Utf16;
    Doc::with_options(options)
}

fn decode(bytes: &[u8]) -> Result<Update, DocumentError> {
    if !is_bounded(bytes) {
        return Err(DocumentError::Undecodable);
    }
    caught(|| Update::decode_v1(bytes).ok()).ok_or(DocumentError::Undecodable)
}

/// True unless the counts at the head of an update promise more than its bytes can hold. `yrs` reserves memory by
/// these counts before it reads on: 5 bytes can cost 172 MB.
fn is_bounded(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    let Some(clients) = read_varint(&mut rest) else { return false };
    if clients > rest.len() as u64 {
        return false;
    }
    clients == 0 || read_varint(&mut rest).is_some_and(|blocks| blocks <= rest.len() as u64)
}

/// Reads a lib0 variable-length unsigned integer.
pub(crate) fn read_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Runs what may panic on hostile bytes. The panic's message goes to the runtime's log through its own hook.
pub(crate) fn caught<T>(action: impl FnOnce() -> Option<T>) -> Option<T> {
    catch_unwind(AssertUnwindSafe(action)).ok().flatten()
}

impl std::fmt::Debug for Document {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Document").field("state", &self.state_vector().encode_v1().len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use yrs::{Text, TextPrelim, WriteTxn};

    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex")).collect()
    }

    fn update_with(path: &str, content: &str) -> Vec<u8> {
        let doc = Doc::with_client_id(7);
        let mut transaction = doc.transact_mut();
        let files = transaction.get_or_insert_map(FILES);
        files.insert(&mut transaction, path, TextPrelim::new(content));
        transaction.encode_update_v1()
    }

    fn rows(updates: &[Vec<u8>]) -> Vec<LogRow> {
        let row = |(update, position)| LogRow { position, bytes: log::encode(std::iter::once(update)) };
        updates.iter().zip(1..).map(row).collect()
    }

    #[test]
    fn files_come_back_from_the_log() {
        let (document, quarantined) = Document::load(&rows(&[update_with("main.py", "print(1)")]));
        assert!(quarantined.is_empty());
        assert_eq!(document.files(), [RoomFile { path: "main.py".into(), content: "print(1)".into() }]);
    }

    #[test]
    fn a_known_update_is_told_from_a_new_one() {
        let (mut document, _) = Document::load(&[]);
        let update = update_with("main.py", "x");
        assert_eq!(document.apply(&update), Ok(Novelty::New));
        assert_eq!(document.apply(&update), Ok(Novelty::Known));
        assert_eq!(document.lacks(&update), Ok(false));
    }

    #[test]
    fn an_update_that_waits_for_an_earlier_one_is_new() {
        let doc = Doc::with_client_id(7);
        let text = doc.get_or_insert_text("t");
        let write = |content| {
            let mut transaction = doc.transact_mut();
            text.push(&mut transaction, content);
            transaction.encode_update_v1()
        };
        let (first, second) = (write("a"), write("b"));
        let (mut document, _) = Document::load(&[]);
        assert_eq!(document.apply(&second), Ok(Novelty::New));
        assert_eq!(document.apply(&first), Ok(Novelty::New));
        let (reloaded, _) = Document::load(&rows(&[second, first]));
        assert_eq!(reloaded.state_vector(), document.state_vector());
    }

    #[test]
    fn hostile_updates_are_refused_and_quarantined() {
        // Panics in apply when the client is known; poisons every later encode; allocates 172 MB.
        for bytes in ["010001270111017703", "0101ffffffff0f6d026b30408000000101010101", "ffff7fff0f", "", "ff"] {
            let good = update_with("main.py", "x");
            let mut log = rows(&[good.clone(), hex(bytes)]);
            let (document, quarantined) = Document::load(&log);
            assert!(document.diff(&StateVector::default()).is_ok(), "{bytes}");
            assert_eq!(document.files().len(), 1, "{bytes}");
            if quarantined.is_empty() {
                // It applied: then it must be harmless.
                log.extend(rows(&[good]).into_iter().map(|row| LogRow { position: 3, ..row }));
                assert!(Document::load(&log).1.is_empty(), "{bytes}");
            }
        }
    }
}
