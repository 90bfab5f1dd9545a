//! What was applied or announced, on its way to the other sockets and into the log.
//!
//! An update that finds the room quiet goes out at once; under load updates are gathered and leave as one frame, for
//! a time that grows with the number of sockets ([`gather_ms`]). Awareness is gathered the same way, for longer: a
//! cursor may lag where a letter may not. Rows are written up to [`WRITE_DELAY_MS`] later: the runtime holds back
//! what is sent after a write until the write is durable, so a row written at once would hold back every frame.
//! Nothing is called saved before its row: `room:saved`, the answer to a barrier and a frozen bundle all come after
//! [`Outbox::take_rows`].
//!
//! A crash in between loses a few milliseconds of the room's memory, not of anybody's document: the clients notice
//! the lost socket, come back, and bring along what the room lacks.

use std::collections::{BTreeMap, VecDeque};

use protocol::TimestampMs;
use protocol::ids::ParticipantId;
use yrs::updates::decoder::Decode;
use yrs::{Update, merge_updates_v1};

use crate::awareness::{self, OwnState};
use crate::document::caught;
use crate::log::Edit;
use crate::session::SocketId;

/// Longest time that updates are gathered into one frame: half of what a keystroke may take in the largest rooms.
const GATHER_MAX_MS: u64 = 100;

/// Sockets for which a frame is worth a millisecond of waiting. Handing one frame to a socket takes the runtime some
/// 25 µs, so that sending to all of them takes half of the window.
const SOCKETS_PER_MS: usize = 20;

/// How much longer awareness that says something new waits than updates: stock clients send back whatever they hear,
/// and a frame that comes in costs the runtime three times as much as one that goes out.
const AWARENESS_FACTOR: u64 = 16;

/// How long an entry may wait that says what it said before, in a room where frames are gathered. Each stock client
/// renews its entry every 15 to 18 s, and drops those of others after 30 s; a thousand of them renew 67 times a second.
const RENEWAL_MS: u64 = 3_000;

/// How many sockets get an awareness message at a time, in a room where frames are gathered. All of them would send it
/// back at once, and keystrokes would wait behind that: 50 such frames take the runtime some 5 ms.
const AWARENESS_PORTION: usize = 50;

/// How long updates are gathered in a room with so many sync sockets.
pub(crate) fn gather_ms(sockets: usize) -> u64 {
    u64::try_from(sockets / SOCKETS_PER_MS).map_or(GATHER_MAX_MS, |wait| wait.min(GATHER_MAX_MS))
}

/// How long a row may wait: the longest that "durable within tens of milliseconds" allows with a flush on top.
pub(crate) const WRITE_DELAY_MS: u64 = 40;

/// An update that was applied.
#[derive(Debug, Clone)]
pub(crate) struct Applied {
    /// The socket that delivered it first; none for what the room writes itself.
    pub(crate) socket: Option<SocketId>,
    /// Whose it is.
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

/// An awareness message that some sockets have got and the others are to get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Round {
    message: Vec<u8>,
    to: VecDeque<SocketId>,
}

/// What has to be written.
#[derive(Debug, Default)]
pub(crate) struct Unwritten {
    /// The edits of the next row.
    pub(crate) edits: Vec<Edit>,
    /// The sockets whose frames are in it, one for each frame.
    pub(crate) counted: Vec<SocketId>,
}

/// Everything on its way.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    unsent: Vec<(Option<SocketId>, Vec<u8>)>,
    unwritten: Unwritten,
    /// When the oldest of `unwritten` came.
    unwritten_since: Option<TimestampMs>,
    announced: BTreeMap<u64, OwnState>,
    /// True if one of `announced` says something new.
    has_news: bool,
    /// The awareness message that is on its way.
    round: Option<Round>,
    last_sent_at: TimestampMs,
    last_announced_at: TimestampMs,
    /// When the shell was asked to wake the room.
    wake_at: Option<TimestampMs>,
}

impl Outbox {
    /// Takes in an update.
    pub(crate) fn push(&mut self, applied: Applied) {
        let Applied { socket, author, at, update, is_counted } = applied;
        if let Some(update) = &update {
            self.unsent.push((socket, update.clone()));
        }
        self.unwritten.counted.extend(socket.filter(|_| is_counted));
        self.unwritten.edits.extend(update.map(|update| Edit { author, at, update }));
        self.unwritten_since.get_or_insert(at);
    }

    /// Takes in an awareness entry, over an older one of the same client.
    pub(crate) fn announce(&mut self, entry: OwnState, is_news: bool) {
        self.announced.insert(entry.client, entry);
        self.has_news |= is_news;
    }

    /// When the next awareness message, or the next portion of one, is due; nothing where there is none.
    fn announce_at(&self, gather_ms: u64) -> Option<TimestampMs> {
        let wait = match (gather_ms, &self.round, self.has_news) {
            (_, None, _) if self.announced.is_empty() => return None,
            (0, ..) => 0,
            (_, Some(_), _) => gather_ms,
            (_, None, true) => gather_ms * AWARENESS_FACTOR,
            (_, None, false) => RENEWAL_MS,
        };
        Some(self.last_announced_at + wait)
    }

    /// The frames that are due.
    pub(crate) fn take_due_frames(&mut self, gather_ms: u64, now: TimestampMs) -> Vec<Gathered> {
        if self.unsent.is_empty() || now < self.last_sent_at + gather_ms {
            return Vec::new();
        }
        self.take_frames(now)
    }

    /// The awareness message that is due and the sockets that get it now, out of these.
    pub(crate) fn take_due_awareness(
        &mut self,
        gather_ms: u64,
        now: TimestampMs,
        sockets: impl FnOnce() -> Vec<SocketId>,
    ) -> Option<(Vec<u8>, Vec<SocketId>)> {
        self.announce_at(gather_ms).filter(|due| now >= *due)?;
        self.last_announced_at = now;
        let mut round = self.round.take().unwrap_or_else(|| {
            self.has_news = false;
            let entries = std::mem::take(&mut self.announced);
            Round { message: awareness::message(entries.values()), to: sockets().into() }
        });
        let portion = if gather_ms == 0 { round.to.len() } else { AWARENESS_PORTION };
        let to = round.to.drain(..portion.min(round.to.len())).collect();
        let message = round.message.clone();
        self.round = Some(round).filter(|round| !round.to.is_empty());
        Some((message, to))
    }

    /// All frames.
    fn take_frames(&mut self, now: TimestampMs) -> Vec<Gathered> {
        self.last_sent_at = now;
        let unsent = std::mem::take(&mut self.unsent);
        let first = unsent.first().and_then(|(socket, _)| *socket);
        let but = first.filter(|first| unsent.iter().all(|(socket, _)| *socket == Some(*first)));
        let updates = unsent.into_iter().map(|(_, update)| update).collect();
        merged(updates).into_iter().map(|update| Gathered { but, update }).collect()
    }

    /// True if rows have waited long enough.
    pub(crate) fn are_rows_due(&self, now: TimestampMs) -> bool {
        self.unwritten_since.is_some_and(|since| now >= since + WRITE_DELAY_MS)
    }

    /// What has to be written. What was to be sent first comes along: it must not wait for the write.
    pub(crate) fn take_rows(&mut self, now: TimestampMs) -> (Vec<Gathered>, Unwritten) {
        let frames = if self.unsent.is_empty() { Vec::new() } else { self.take_frames(now) };
        self.unwritten_since = None;
        (frames, std::mem::take(&mut self.unwritten))
    }

    /// When the room has to be woken for what waits here or until `others`, unless it was asked for already.
    pub(crate) fn next_wake(&mut self, gather_ms: u64, others: Option<TimestampMs>) -> Option<TimestampMs> {
        let send = (!self.unsent.is_empty()).then_some(self.last_sent_at + gather_ms);
        let announce = self.announce_at(gather_ms);
        let write = self.unwritten_since.map(|since| since + WRITE_DELAY_MS);
        let due = [send, announce, write, others].into_iter().flatten().min()?;
        if self.wake_at.is_some_and(|asked| asked <= due) {
            return None;
        }
        self.wake_at = Some(due);
        Some(due)
    }

    /// A wake has come. One that an earlier one has replaced changes nothing, so that timers do not multiply.
    pub(crate) fn woken(&mut self, due: TimestampMs) {
        self.wake_at.take_if(|asked| *asked == due);
    }
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
        let waits = [0, 19, 20, 300, 1_000, 4_096].map(gather_ms);
        assert_eq!(waits, [0, 0, 1, 15, 50, 100]);
    }

    #[test]
    fn awareness_waits_longer_than_updates_and_renewals_longest() {
        let entry = |client| OwnState { client, clock: 1, state: "{}".to_owned() };
        let mut outbox = Outbox { last_announced_at: 10_000, ..Outbox::default() };
        outbox.announce(entry(1), false);
        assert_eq!(outbox.next_wake(10, None), Some(13_000));
        assert_eq!(taken(&mut outbox, 10, 12_999), None);
        outbox.announce(entry(2), true);
        assert_eq!(taken(&mut outbox, 10, 10_159), None);
        assert_eq!(taken(&mut outbox, 10, 10_160), Some(AWARENESS_PORTION));
        // A small room waits for nothing.
        let mut outbox = Outbox { last_announced_at: 10_000, ..Outbox::default() };
        outbox.announce(entry(1), false);
        assert_eq!(taken(&mut outbox, 0, 10_000), Some(CROWD));
    }

    #[test]
    fn awareness_goes_to_a_crowd_in_portions_and_what_is_newer_waits() {
        let entry = |clock| OwnState { client: 1, clock, state: "{}".to_owned() };
        let mut outbox = Outbox::default();
        outbox.announce(entry(1), true);
        let mut got = vec![(160, taken(&mut outbox, 10, 160))];
        outbox.announce(entry(2), true);
        for _ in 0..3 {
            let due = outbox.announce_at(10).expect("something waits");
            assert_eq!(taken(&mut outbox, 10, due - 1), None);
            got.push((due, taken(&mut outbox, 10, due)));
        }
        assert_eq!(got, [(160, Some(50)), (170, Some(50)), (180, Some(20)), (340, Some(50))]);
    }

    const CROWD: usize = 120;

    /// How many sockets of a crowd get a message now.
    fn taken(outbox: &mut Outbox, gather_ms: u64, now: TimestampMs) -> Option<usize> {
        let sockets = || (0..CROWD as u64).map(SocketId).collect();
        outbox.take_due_awareness(gather_ms, now, sockets).map(|(_, to)| to.len())
    }
}
