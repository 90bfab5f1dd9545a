//! From the bytes that a terminal shows to pieces of whole characters, at most one each [`GATHER`].

use std::time::Duration;

use tokio::time::Instant;

use crate::output::Decoder;

/// Longest time that output waits for more of it: a flood becomes 100 pieces a second, and nobody sees the delay.
const GATHER: Duration = Duration::from_millis(10);

/// Most text of one piece. With one each [`GATHER`] a program shows 1.6 MB a second, more than anybody reads, and a
/// room sends no more to each of its people.
pub(super) const FRAME_BYTES: usize = 16 * 1024;

/// Output that has not gone out yet.
#[derive(Debug)]
pub(super) struct Outbox {
    decoder: Decoder,
    text: String,
    /// When the next piece may go out.
    next: Instant,
}

impl Outbox {
    pub(super) fn new(now: Instant) -> Self {
        Self { decoder: Decoder::default(), text: String::new(), next: now }
    }

    /// Takes what was read.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        self.text.push_str(&self.decoder.decode(bytes));
    }

    /// Takes the end: half a character will not be completed.
    pub(super) fn take_end(&mut self) {
        self.text.push_str(self.decoder.finish());
    }

    /// Whether reading has to wait until a piece has gone out.
    pub(super) fn is_full(&self) -> bool {
        self.text.len() >= FRAME_BYTES
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// When the next piece is due, if there is one.
    pub(super) fn due(&self) -> Option<Instant> {
        (!self.text.is_empty()).then_some(self.next)
    }

    /// The next piece.
    pub(super) fn give(&mut self, now: Instant) -> String {
        self.next = now + GATHER;
        let rest = self.text.split_off(self.text.floor_char_boundary(FRAME_BYTES));
        std::mem::replace(&mut self.text, rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_output_is_due_at_once_and_a_flood_is_gathered() {
        let start = Instant::now();
        let mut outbox = Outbox::new(start);
        assert_eq!(outbox.due(), None);
        outbox.take(b"a");
        assert_eq!((outbox.due(), outbox.give(start)), (Some(start), "a".to_owned()));
        outbox.take(b"b");
        outbox.take(b"c");
        assert_eq!((outbox.due(), outbox.give(start + GATHER)), (Some(start + GATHER), "bc".to_owned()));
        assert_eq!(outbox.due(), None);
    }

    #[test]
    fn pieces_are_bounded_and_of_whole_characters() {
        let now = Instant::now();
        let mut outbox = Outbox::new(now);
        let snowmen = "☃".repeat(FRAME_BYTES / 3 + 1);
        for bytes in snowmen.as_bytes().chunks(1_000) {
            outbox.take(bytes);
        }
        assert!(outbox.is_full());
        let pieces = [outbox.give(now), outbox.give(now)];
        assert_eq!((pieces[0].len(), pieces[1].len()), (FRAME_BYTES - 1, 3));
        assert_eq!(pieces.concat(), snowmen);
    }

    #[test]
    fn half_a_character_at_the_end_is_said_to_be_one() {
        let mut outbox = Outbox::new(Instant::now());
        outbox.take(b"a\xe2\x98");
        outbox.take_end();
        assert_eq!(outbox.give(Instant::now()), "a\u{fffd}");
    }
}
