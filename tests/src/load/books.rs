//! The books of a load run: when each keystroke was sent, which client has got which, and how long each took.

use std::collections::BTreeMap;
use std::time::Instant;

use super::latencies::Latencies;
use super::message::{Message, entries, read};
use super::update::{ranges, writer_of};

/// The books of one run. Times are microseconds since its start.
#[derive(Debug)]
pub struct Books {
    start: Instant,
    clients: usize,
    writers: usize,
    /// For each writer, when each of its keystrokes was sent.
    sent: Vec<Vec<u32>>,
    /// For each client and writer, the first clock that has not come.
    next: Vec<u32>,
    /// For each client, the clock after the latest that it has heard of each client's presence.
    heard: Vec<u32>,
    /// Keystrokes sent before this are warm-up.
    measured_from: u32,
    /// Keystrokes sent.
    pub keystrokes: u64,
    /// Keystrokes that came to a client other than their writer.
    pub delivered: u64,
    /// Those of them that are measured.
    pub latencies: Latencies,
    /// When the last of them came.
    pub last_delivery: u32,
    /// Keystrokes that came although an earlier one of their writer was missing.
    pub gaps: u64,
    /// Clients that got their first state.
    pub synced: usize,
    /// Frames of any kind that came.
    pub frames: u64,
    /// Frames with keystrokes that came.
    pub update_frames: u64,
    /// Bytes that came.
    pub bytes: u64,
    /// Frames that the clients sent since the warm-up.
    pub sent_frames: u64,
    /// Sockets that the server closed, with the code.
    pub closed: BTreeMap<usize, u16>,
}

impl Books {
    /// Books for so many clients, the first of which write.
    #[must_use]
    pub fn new(clients: usize, writers: usize) -> Self {
        Self {
            start: Instant::now(),
            clients,
            writers,
            sent: vec![Vec::new(); writers],
            next: vec![0; clients * writers],
            heard: vec![0; clients * clients],
            measured_from: u32::MAX,
            keystrokes: 0,
            delivered: 0,
            latencies: Latencies::default(),
            last_delivery: 0,
            gaps: 0,
            synced: 0,
            frames: 0,
            update_frames: 0,
            bytes: 0,
            sent_frames: 0,
            closed: BTreeMap::new(),
        }
    }

    /// The time on the run's clock.
    ///
    /// # Panics
    /// More than an hour after the start.
    #[must_use]
    pub fn now(&self) -> u32 {
        u32::try_from(self.start.elapsed().as_micros()).expect("no run takes an hour")
    }

    /// The warm-up is over.
    pub fn measure_from_now(&mut self) {
        self.measured_from = self.now();
        self.sent_frames = 0;
    }

    /// When measuring began.
    #[must_use]
    pub fn measured_from(&self) -> u32 {
        self.measured_from
    }

    /// A writer is about to type; gives the clock of the keystroke.
    pub fn typed(&mut self, writer: usize) -> u64 {
        let now = self.now();
        self.keystrokes += 1;
        self.sent[writer].push(now);
        // The books of its own keystrokes are kept by the writer, whatever the server sends back.
        self.next[writer * self.writers + writer] += 1;
        self.sent[writer].len() as u64 - 1
    }

    /// How often a writer has typed.
    #[must_use]
    pub fn typed_by(&self, writer: usize) -> u64 {
        self.sent.get(writer).map_or(0, |sent| sent.len() as u64)
    }

    /// A binary frame came to a client; gives what it was about.
    pub fn received<'frame>(&mut self, client: usize, frame: &'frame [u8], now: u32) -> Message<'frame> {
        self.frames += 1;
        self.bytes += frame.len() as u64;
        let message = read(frame);
        if let Message::Step2(update) | Message::Update(update) = &message {
            self.update_frames += 1;
            ranges(update, |id, first, end| {
                if let Some(writer) = writer_of(id).filter(|writer| *writer < self.writers) {
                    self.brought(client, writer, (first as u32)..(end as u32), now);
                }
            });
        }
        message
    }

    /// Entries of an awareness message came to a client. True if one of them is news of somebody else, which stock
    /// clients tell the server in turn.
    pub fn heard(&mut self, client: usize, presence: &[u8]) -> bool {
        let mut is_news = false;
        entries(presence, |id, clock| {
            if let Some(other) = writer_of(id).filter(|other| *other < self.clients && *other != client) {
                let heard = &mut self.heard[client * self.clients + other];
                is_news |= clock >= u64::from(*heard);
                *heard = (clock as u32 + 1).max(*heard);
            }
        });
        is_news
    }

    fn brought(&mut self, client: usize, writer: usize, clocks: std::ops::Range<u32>, now: u32) {
        let next = &mut self.next[client * self.writers + writer];
        if clocks.start > *next {
            self.gaps += u64::from(clocks.end - clocks.start);
            return;
        }
        for clock in *next..clocks.end {
            self.delivered += 1;
            let sent = self.sent[writer][clock as usize];
            if sent >= self.measured_from {
                self.latencies.add(now - sent);
                self.last_delivery = now;
            }
        }
        *next = clocks.end.max(*next);
    }

    /// Deliveries that the keystrokes sent so far are to come to.
    #[must_use]
    pub fn expected(&self) -> u64 {
        self.keystrokes * (self.clients as u64 - 1)
    }

    /// Deliveries that have not come.
    #[must_use]
    pub fn missing(&self) -> u64 {
        self.expected() - self.delivered
    }

    /// Keystrokes that a state does not hold.
    #[must_use]
    pub fn missing_in(&self, states: &[Vec<u8>]) -> u64 {
        let mut have = vec![0; self.writers];
        for state in states {
            ranges(state, |id, first, end| {
                if let Some(have) = writer_of(id).and_then(|writer| have.get_mut(writer)).filter(|have| first <= **have)
                {
                    *have = end.max(*have);
                }
            });
        }
        self.sent.iter().zip(have).map(|(sent, have)| (sent.len() as u64).saturating_sub(have)).sum()
    }
}

#[cfg(test)]
mod tests {
    use yrs::merge_updates_v1;

    use super::*;
    use crate::load::message::{awareness, update};
    use crate::load::update::keystroke;

    #[test]
    fn deliveries_are_counted_once_and_only_to_others() {
        let mut books = Books::new(3, 2);
        books.measure_from_now();
        let [first, second] = [0, 1].map(|_| keystroke(0, books.typed(0)));
        let other = keystroke(1, books.typed(1));
        assert_eq!(books.expected(), 6);
        let now = books.now();
        for client in 0..3 {
            books.received(client, &update(&merge_updates_v1([&first, &other]).unwrap()), now);
            books.received(client, &update(&first), now);
        }
        assert_eq!((books.delivered, books.missing(), books.gaps), (4, 2, 0));
        for client in 0..3 {
            books.received(client, &update(&second), now);
        }
        assert_eq!((books.missing(), books.latencies.count()), (0, 6));
    }

    #[test]
    fn what_comes_after_a_lost_keystroke_is_a_gap() {
        let mut books = Books::new(2, 1);
        let [_lost, second] = [0, 1].map(|_| keystroke(0, books.typed(0)));
        books.received(1, &update(&second), books.now());
        assert_eq!((books.delivered, books.missing(), books.gaps), (0, 2, 1));
    }

    #[test]
    fn presence_is_news_once_and_never_to_its_owner() {
        let mut books = Books::new(2, 1);
        let message = awareness(1, 4, 0);
        let Message::Awareness(presence) = read(&message) else { panic!("no awareness") };
        assert!(!books.heard(1, presence));
        assert!(books.heard(0, presence));
        assert!(!books.heard(0, presence));
    }

    #[test]
    fn a_state_is_searched_for_every_keystroke() {
        let mut books = Books::new(2, 2);
        let typed = [0, 0, 1].map(|writer| keystroke(writer, books.typed(writer)));
        assert_eq!(books.missing_in(&typed), 0);
        assert_eq!(books.missing_in(&typed[..1]), 2);
        assert_eq!(books.missing_in(&[]), 3);
    }
}
