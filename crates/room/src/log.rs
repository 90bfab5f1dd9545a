//! Rows of the log: the time line of everything durable that happened in a room.
//!
//! A row of edits holds the updates that were applied between two writes, each with its author and its time, in the
//! order in which they were applied. They are not merged, because merging hostile updates can give one that does not
//! apply although each of its parts did, and because a replay wants them keystroke by keystroke. Every other row is
//! an event as it was told.

use std::collections::BTreeMap;

use protocol::TimestampMs;
use protocol::event::RoomEvent;
use protocol::ids::ParticipantId;
use yrs::encoding::write::Write;

use crate::document::read_varint;

/// One applied update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Whose socket delivered it first.
    pub author: ParticipantId,
    /// When it was received.
    pub at: TimestampMs,
    /// The update.
    pub update: Vec<u8>,
}

/// What a row is about. The numbers are those in storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum LogKind {
    /// Changes of the document.
    Edits = 0,
    /// A chat message.
    Chat = 1,
    /// A step in the life of a run.
    Run = 2,
    /// A run's output.
    Output = 3,
    /// A snapshot, a restore, a merge.
    Mark = 4,
    /// A step in the life of a terminal.
    Terminal = 5,
    /// A terminal's output.
    Screen = 6,
}

/// What a row holds.
#[derive(Debug, Clone, PartialEq)]
pub enum LogBody {
    /// Changes of the document.
    Edits(Vec<Edit>),
    /// Anything else.
    Event {
        /// Who caused it, where somebody did.
        author: Option<ParticipantId>,
        /// As it was told.
        event: Box<RoomEvent>,
    },
}

/// A row of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct LogEntry {
    /// Its place, from 1, without gaps.
    pub position: u64,
    /// When it began. Never less than in the row before.
    pub at: TimestampMs,
    /// What it holds.
    pub body: LogBody,
}

impl LogEntry {
    /// What the row is about.
    #[must_use]
    pub fn kind(&self) -> LogKind {
        let LogBody::Event { event, .. } = &self.body else { return LogKind::Edits };
        match **event {
            RoomEvent::Chat { .. } => LogKind::Chat,
            RoomEvent::RunOutput { .. } => LogKind::Output,
            RoomEvent::RunQueued { .. }
            | RoomEvent::RunStarted { .. }
            | RoomEvent::RunFinished { .. }
            | RoomEvent::RunStdin { .. }
            | RoomEvent::RunCancelled { .. } => LogKind::Run,
            RoomEvent::TerminalOpened { .. } | RoomEvent::TerminalUpdated { .. } | RoomEvent::TerminalClosed { .. } => {
                LogKind::Terminal
            }
            RoomEvent::TerminalOutput { .. } => LogKind::Screen,
            _ => LogKind::Mark,
        }
    }
}

/// A row of edits as it comes back from storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRow {
    /// Its place.
    pub position: u64,
    /// The edits, as [`encode_edits`] spells them.
    pub bytes: Vec<u8>,
}

/// Spells edits as the bytes of a row: the authors once each, the time of the first, then for each edit its author's
/// number, the milliseconds since the edit before, and the update.
#[must_use]
pub fn encode_edits(edits: &[Edit]) -> Vec<u8> {
    let mut numbers: BTreeMap<&ParticipantId, usize> = BTreeMap::new();
    let mut authors = Vec::new();
    for edit in edits {
        numbers.entry(&edit.author).or_insert_with(|| {
            authors.push(&edit.author);
            authors.len() - 1
        });
    }
    let mut bytes = Vec::with_capacity(edits.iter().map(|edit| edit.update.len() + 8).sum());
    bytes.write_var(authors.len());
    authors.iter().for_each(|author| bytes.write_string(author.as_str()));
    let mut last = edits.first().map_or(0, |first| first.at);
    bytes.write_var(last);
    bytes.write_var(edits.len());
    for edit in edits {
        bytes.write_var(numbers[&edit.author]);
        bytes.write_var(edit.at.saturating_sub(last));
        bytes.write_buf(&edit.update);
        last = edit.at.max(last);
    }
    bytes
}

/// Reads the edits of a row, or nothing where the bytes are no row.
#[must_use]
pub fn decode_edits(bytes: &[u8]) -> Option<Vec<Edit>> {
    let mut edits = Vec::new();
    let authors = walk(bytes, |author, at, update| edits.push((author, at, update.to_vec())))?;
    let edit = |(author, at, update): (usize, TimestampMs, Vec<u8>)| {
        Some(Edit { author: ParticipantId::parse(authors.get(author)?).ok()?, at, update })
    };
    edits.into_iter().map(edit).collect()
}

/// Reads the updates of a row, or nothing where the bytes are no row.
pub(crate) fn updates_of(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut updates = Vec::new();
    walk(bytes, |_author, _at, update| updates.push(update))?;
    Some(updates)
}

/// Visits the edits of a row and returns its authors.
fn walk<'a>(bytes: &'a [u8], mut visit: impl FnMut(usize, TimestampMs, &'a [u8])) -> Option<Vec<&'a str>> {
    let mut rest = bytes;
    let mut authors = Vec::new();
    for _ in 0..read_varint(&mut rest)? {
        authors.push(std::str::from_utf8(read_buffer(&mut rest)?).ok()?);
    }
    let mut at = read_varint(&mut rest)?;
    for _ in 0..read_varint(&mut rest)? {
        let author = usize::try_from(read_varint(&mut rest)?).ok().filter(|author| *author < authors.len())?;
        at = at.checked_add(read_varint(&mut rest)?)?;
        visit(author, at, read_buffer(&mut rest)?);
    }
    rest.is_empty().then_some(authors)
}

fn read_buffer<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(read_varint(bytes)?).ok()?;
    let (buffer, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(buffer)
}

/// Reads the updates of a row that schema version 1 wrote: a list of updates of one author.
#[must_use]
pub fn decode_version_1(bytes: &[u8], author: &ParticipantId, at: TimestampMs) -> Option<Vec<Edit>> {
    let mut rest = bytes;
    let mut edits = Vec::new();
    for _ in 0..read_varint(&mut rest)? {
        let update = read_buffer(&mut rest)?.to_vec();
        edits.push(Edit { author: author.clone(), at, update });
    }
    rest.is_empty().then_some(edits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn author(number: u8) -> ParticipantId {
        ParticipantId::from_entropy(&[number; 32])
    }

    #[test]
    fn a_row_gives_back_its_edits() {
        let edits = [
            Edit { author: author(1), at: 1_700_000_000_000, update: vec![1; 300] },
            Edit { author: author(2), at: 1_700_000_000_003, update: vec![] },
            Edit { author: author(1), at: 1_700_000_000_040, update: vec![2] },
        ];
        let bytes = encode_edits(&edits);
        assert_eq!(decode_edits(&bytes).as_deref(), Some(&edits[..]));
        assert_eq!(updates_of(&bytes).map(|updates| updates.len()), Some(3));
        assert!(bytes.len() < 300 + 2 * 21 + 24, "authors are spelt once: {}", bytes.len());
    }

    #[test]
    fn bytes_that_are_no_row_are_told() {
        let row = encode_edits(&[Edit { author: author(1), at: 5, update: vec![1, 2, 3] }]);
        for end in 0..row.len() {
            assert_eq!(decode_edits(&row[..end]), None, "cut at {end}");
        }
        for bytes in [&[0xff; 12][..], &[0, 0, 1, 0, 0, 0], &[&row[..], &[0]].concat()] {
            assert_eq!(decode_edits(bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn rows_of_the_first_schema_are_read() {
        let edits = decode_version_1(&[2, 1, 7, 0], &author(1), 9).expect("a row");
        assert_eq!(edits.iter().map(|edit| edit.update.as_slice()).collect::<Vec<_>>(), [&[7][..], &[]]);
        assert_eq!(decode_version_1(&[2, 1, 0], &author(1), 9), None);
    }
}
