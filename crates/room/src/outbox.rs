//! Applied updates on their way to the other sockets and into the log.
//!
//! An update that finds the room quiet goes out at once; under load updates are gathered and leave as one frame, for
//! a time that grows with the number of sockets ([`gather_ms`]). Rows are written up to [`WRITE_DELAY_MS`] later: the runtime holds back what is sent after a write
//! until the write is durable, so a row written at once would hold back every frame. Nothing is called saved before
//! its row: `room:saved`, the answer to a barrier and a frozen bundle all come after [`Outbox::take_rows`].
//!
//! A crash in between loses a few milliseconds of the room's memory, not of anybody's document: the clients notice
//! the lost socket, come back, and bring along what the room lacks.

use protocol::TimestampMs;
use protocol::ids::ParticipantId;
use yrs::updates::decoder::Decode;
use yrs::{Update, merge_updates_v1};

use crate::document::caught;
use crate::log;
use crate::session::SocketId;

/// Longest time that updates are gathered into one frame. With one frame and one row for each update, 500 updates/s
/// in a room gave a p95 of 870 ms; gathered for 8 ms, 11 ms.
const GATHER_MAX_MS: u64 = 8;

/// Sockets for which a frame is worth a millisecond of waiting: handing one frame to a socket takes some 50 µs, so
/// sending to fewer costs less than the wait.
const SOCKETS_PER_MS: usize = 12;

/// How long updates are gathered in a room with so many sync sockets.
pub(crate) fn gather_ms(sockets: usize) -> u64 {
    u64::try_from(sockets / SOCKETS_PER_MS).map_or(GATHER_MAX_MS, |wait| wait.min(GATHER_MAX_MS))
}

/// How long a row may wait: the longest that "durable within tens of milliseconds" allows with a flush on top.
pub(crate) const WRITE_DELAY_MS: u64 = 40;

/// An update that was applied.
#[derive(Debug, Clone)]
pub(crate) struct Applied {
    /// The socket that delivered it first.
    pub(crate) socket: SocketId,
    /// Who is behind that socket.
    pub(crate) author: ParticipantId,
    /// When it came.
    pub(crate) at: TimestampMs,
    /// The update; nothing where everything in it was known.
    pub(crate) update: Option<Vec<u8>>,
    /// True for an update frame, which its sender counts; false for the answer to the handshake.
    pub(crate) is_counted: bool,
}

/// A frame for the other sockets.
#[derive(Debug)]
pub(crate) struct Gathered {
    /// The sender, where there is one alone: it need not hear itself.
    pub(crate) but: Option<SocketId>,
    /// One update, or several merged.
    pub(crate) update: Vec<u8>,
}

/// A row for the log.
#[derive(Debug)]
pub(crate) struct Row {
    /// Whose updates.
    pub(crate) author: ParticipantId,
    /// When the first of them came.
    pub(crate) at: TimestampMs,
    /// The updates, as [`log::encode`] spells them.
    pub(crate) bytes: Vec<u8>,
}

/// Updates on their way.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    unsent: Vec<(SocketId, Vec<u8>)>,
    unwritten: Vec<Applied>,
    last_sent_at: TimestampMs,
    /// When the shell was asked to wake the room.
    wake_at: Option<TimestampMs>,
}

impl Outbox {
    /// Takes in an update.
    pub(crate) fn push(&mut self, applied: Applied) {
        if let Some(update) = &applied.update {
            self.unsent.push((applied.socket, update.clone()));
        }
        self.unwritten.push(applied);
    }

    /// The frames that are due.
    pub(crate) fn take_due_frames(&mut self, gather_ms: u64, now: TimestampMs) -> Vec<Gathered> {
        if self.unsent.is_empty() || now < self.last_sent_at + gather_ms {
            return Vec::new();
        }
        self.take_frames(now)
    }

    /// All frames.
    fn take_frames(&mut self, now: TimestampMs) -> Vec<Gathered> {
        self.last_sent_at = now;
        let unsent = std::mem::take(&mut self.unsent);
        let first = unsent.first().map(|(socket, _)| *socket);
        let but = first.filter(|first| unsent.iter().all(|(socket, _)| socket == first));
        let updates = unsent.into_iter().map(|(_, update)| update).collect();
        merged(updates).into_iter().map(|update| Gathered { but, update }).collect()
    }

    /// True if rows have waited long enough.
    pub(crate) fn are_rows_due(&self, now: TimestampMs) -> bool {
        self.unwritten.first().is_some_and(|first| now >= first.at + WRITE_DELAY_MS)
    }

    /// The rows, consecutive updates of one author in one, and the sockets whose frames are in them, one for each
    /// frame. What was to be sent first comes along: it must not wait for the write.
    pub(crate) fn take_rows(&mut self, now: TimestampMs) -> (Vec<Gathered>, Vec<Row>, Vec<SocketId>) {
        let frames = if self.unsent.is_empty() { Vec::new() } else { self.take_frames(now) };
        let unwritten = std::mem::take(&mut self.unwritten);
        let counted = unwritten.iter().filter(|applied| applied.is_counted).map(|applied| applied.socket).collect();
        let fresh: Vec<_> = unwritten.into_iter().filter(|applied| applied.update.is_some()).collect();
        let rows = fresh.chunk_by(|one, other| one.author == other.author).filter_map(row_of).collect();
        (frames, rows, counted)
    }

    /// When the room has to be woken, if something waits and it was not asked for yet.
    pub(crate) fn next_wake(&mut self, gather_ms: u64) -> Option<TimestampMs> {
        let send = (!self.unsent.is_empty()).then_some(self.last_sent_at + gather_ms);
        let write = self.unwritten.first().map(|first| first.at + WRITE_DELAY_MS);
        let due = [send, write].into_iter().flatten().min()?;
        if self.wake_at.is_some_and(|asked| asked <= due) {
            return None;
        }
        self.wake_at = Some(due);
        Some(due)
    }

    /// The wake that was asked for has come.
    pub(crate) fn woken(&mut self) {
        self.wake_at = None;
    }
}

fn row_of(chunk: &[Applied]) -> Option<Row> {
    let first = chunk.first()?;
    let updates: Vec<_> = chunk.iter().filter_map(|applied| applied.update.as_ref()).collect();
    Some(Row { author: first.author.clone(), at: first.at, bytes: log::encode(updates.into_iter()) })
}

/// One update for several; where merging gives none, the updates as they are, each of which applied.
fn merged(updates: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    if updates.len() < 2 {
        return updates;
    }
    let merge = || merge_updates_v1(&updates).ok().filter(|update| Update::decode_v1(update).is_ok());
    match caught(merge) {
        Some(update) => vec![update],
        None => updates,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_room_never_waits_and_a_large_one_not_for_long() {
        let waits = [0, 11, 12, 50, 96, 30_000].map(gather_ms);
        assert_eq!(waits, [0, 0, 1, 4, 8, 8]);
    }
}
