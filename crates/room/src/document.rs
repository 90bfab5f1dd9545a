//! The Yjs document behind a guard.
//!
//! `yrs` trusts its input: some byte strings make it panic in decode, apply or a later encode, or allocate
//! without bound (see the tests). It sees only what [`crate::update`] found sound, and every call that touches
//! foreign bytes runs inside `catch_unwind`. What fails leaves the document suspect: the
//! room drops it and loads it again from the log.

use std::panic::{AssertUnwindSafe, catch_unwind};

use thiserror::Error;
use yrs::block::ClientID;
use yrs::updates::decoder::Decode;
use yrs::updates::encoder::Encode;
use yrs::{Doc, OffsetKind, Options, ReadTxn, StateVector, Transact, Update};

use crate::log::{self, LogRow};
use crate::state::SavedState;
use crate::update::{self, Malformed, Places, check_state_vector};

/// The client id of a document that is only read: it never writes, so the id never shows up.
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
    /// An update of too many parts for one frame.
    #[error("the update has too many parts; split the change")]
    TooHeavy,
    /// An update with blocks that no honest client writes.
    #[error("the update puts something where nothing can be")]
    Misplaced,
}

impl From<Malformed> for DocumentError {
    fn from(malformed: Malformed) -> Self {
        match malformed {
            Malformed::Heavy => Self::TooHeavy,
            Malformed::Misplaced | Malformed::Depth => Self::Misplaced,
            _ => Self::Undecodable,
        }
    }
}

/// What applying an update did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Novelty {
    /// It brought something new, or waits for what comes before it.
    New,
    /// Everything in it was known.
    Known,
}

/// What loading a document found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadReport {
    /// Positions of rows that do not apply.
    pub quarantined: Vec<u64>,
    /// False if the saved state does not apply.
    pub is_state_sound: bool,
}

impl Default for LoadReport {
    fn default() -> Self {
        Self { quarantined: Vec::new(), is_state_sound: true }
    }
}

/// A document.
pub struct Document {
    pub(crate) doc: Doc,
    /// Where everything in it lies, once that was asked for.
    pub(crate) places: Option<Places>,
}

impl Document {
    /// Loads a document from a saved state and the rows of the log after it. What does not apply is named in the
    /// report and left out: the document is whole without it.
    #[must_use]
    pub fn load(state: Option<&SavedState>, rows: &[LogRow]) -> (Self, LoadReport) {
        let mut report = LoadReport::default();
        loop {
            let mut document = Self::empty();
            if let Some(state) = state.filter(|_| report.is_state_sound)
                && document.apply(&state.bytes).is_err()
            {
                report.is_state_sound = false;
                continue;
            }
            let kept = rows.iter().filter(|row| !report.quarantined.contains(&row.position));
            let mut tried = kept.map(|row| (row.position, document.apply_row(row)));
            match tried.find(|(_, is_applied)| !is_applied) {
                // A failed apply is not rolled back: start over without that row.
                Some((position, _)) => report.quarantined.push(position),
                None => return (document, report),
            }
        }
    }

    pub(crate) fn empty() -> Self {
        Self { doc: with_client(SERVER_CLIENT), places: None }
    }

    fn apply_row(&mut self, row: &LogRow) -> bool {
        log::updates_of(&row.bytes).is_some_and(|updates| updates.into_iter().all(|update| self.apply(update).is_ok()))
    }

    /// Everything, as one update.
    ///
    /// # Errors
    /// [`DocumentError::Inapplicable`] if the document cannot be encoded; it must not be used again.
    pub fn state(&self) -> Result<Vec<u8>, DocumentError> {
        self.diff(&StateVector::default())
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

    /// What the document holds of each client, as bytes.
    #[must_use]
    pub fn encoded_state_vector(&self) -> Vec<u8> {
        self.state_vector().encode_v1()
    }

    /// Everything that an encoded state vector lacks.
    ///
    /// # Errors
    /// [`DocumentError::Undecodable`] where the bytes are none, and what [`Document::diff`] refuses.
    pub fn changes_since(&self, known: &[u8]) -> Result<Vec<u8>, DocumentError> {
        self.diff(&decode_state_vector(known)?)
    }

    /// Everything that `known` lacks, as an update.
    ///
    /// # Errors
    /// [`DocumentError::Inapplicable`] if the document cannot be encoded; it must not be used again.
    pub fn diff(&self, known: &StateVector) -> Result<Vec<u8>, DocumentError> {
        caught(|| Some(self.doc.transact().encode_state_as_update_v1(known))).ok_or(DocumentError::Inapplicable)
    }
}

pub(crate) fn with_client(client: ClientID) -> Doc {
    let mut options = Options::with_client_id(client);
    options.offset_kind = OffsetKind::Utf16;
    // The room deletes nothing by itself: what it tidied up would differ from what its clients hold.
    options.cleanup_formatting = false;
    Doc::with_options(options)
}

pub(crate) fn decode(bytes: &[u8]) -> Result<Update, DocumentError> {
    let bytes = update::fit(bytes)?;
    caught(|| Update::decode_v1(&bytes).ok()).ok_or(DocumentError::Undecodable)
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

fn decode_state_vector(bytes: &[u8]) -> Result<StateVector, DocumentError> {
    check_state_vector(bytes)?;
    caught(|| StateVector::decode_v1(bytes).ok()).ok_or(DocumentError::Undecodable)
}

/// True if the document has something of a client of which the other holds something too, or if one of them is empty:
/// without a common past a merge would put two unrelated texts beside each other.
#[must_use]
pub fn share_history(document: &Document, other: &[u8]) -> bool {
    let Ok(theirs) = decode_state_vector(other) else { return false };
    let ours = document.state_vector();
    ours.is_empty() || theirs.is_empty() || ours.iter().any(|(client, _)| theirs.get(client) > 0)
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
    use protocol::ids::ParticipantId;
    use protocol::room::RoomFile;
    use yrs::{Map, Text, TextPrelim, WriteTxn};

    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex")).collect()
    }

    fn update_with(path: &str, content: &str) -> Vec<u8> {
        let doc = Doc::with_client_id(7);
        let mut transaction = doc.transact_mut();
        let files = transaction.get_or_insert_map("files");
        files.insert(&mut transaction, path, TextPrelim::new(content));
        transaction.encode_update_v1()
    }

    fn rows(updates: &[Vec<u8>]) -> Vec<LogRow> {
        let author = ParticipantId::from_entropy(&[1; 32]);
        let edit = |update: &Vec<u8>| log::Edit { author: author.clone(), at: 0, update: update.clone() };
        let row = |(update, position)| LogRow { position, bytes: log::encode_edits(&[edit(update)]) };
        updates.iter().zip(1..).map(row).collect()
    }

    #[test]
    fn files_come_back_from_the_log() {
        let (document, report) = Document::load(None, &rows(&[update_with("main.py", "print(1)")]));
        assert_eq!(report, LoadReport::default());
        assert_eq!(document.files(), [RoomFile { path: "main.py".into(), content: "print(1)".into() }]);
    }

    #[test]
    fn a_known_update_is_told_from_a_new_one() {
        let (mut document, _) = Document::load(None, &[]);
        let update = update_with("main.py", "x");
        assert_eq!(document.apply(&update), Ok(Novelty::New));
        assert_eq!(document.apply(&update), Ok(Novelty::Known));
        assert_eq!(document.lacks(&update), Ok(false));
    }

    #[test]
    fn a_state_that_does_not_apply_is_left_out_and_told() {
        let good = update_with("main.py", "x");
        let state = |bytes: &[u8]| SavedState::new(1, 0, bytes.to_vec());
        let (document, report) = Document::load(Some(&state(&[0xff; 9])), &rows(std::slice::from_ref(&good)));
        assert_eq!((document.files().len(), report.is_state_sound), (1, false));
        let (document, report) = Document::load(Some(&state(&good)), &[]);
        assert_eq!((document.files().len(), report.is_state_sound), (1, true));
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
        let (mut document, _) = Document::load(None, &[]);
        assert_eq!(document.apply(&second), Ok(Novelty::New));
        assert_eq!(document.apply(&first), Ok(Novelty::New));
        let (reloaded, _) = Document::load(None, &rows(&[second, first]));
        assert_eq!(reloaded.state_vector(), document.state_vector());
    }

    #[test]
    fn hostile_updates_are_refused_and_quarantined() {
        // Panics in apply when the client is known; poisons every later encode; allocates 172 MB.
        for bytes in ["010001270111017703", "0101ffffffff0f6d026b30408000000101010101", "ffff7fff0f", "", "ff"] {
            let good = update_with("main.py", "x");
            let mut log = rows(&[good.clone(), hex(bytes)]);
            let (document, LoadReport { quarantined, .. }) = Document::load(None, &log);
            assert!(document.diff(&StateVector::default()).is_ok(), "{bytes}");
            assert_eq!(document.files().len(), 1, "{bytes}");
            if quarantined.is_empty() {
                // It applied: then it must be harmless.
                log.extend(rows(&[good]).into_iter().map(|row| LogRow { position: 3, ..row }));
                assert!(Document::load(None, &log).1.quarantined.is_empty(), "{bytes}");
            }
        }
    }
}
