//! Somebody who writes until the socket breaks, and knows of each edit whether it was reported saved.
//!
//! An edit is one transaction on three files: its number is added to the writer's own story, it replaces the number in
//! a file for the latest one, and some letters change in the file that everybody shares. So a stored document tells
//! exactly which edits of a writer are in it, and a half stored one shows.

use std::time::Duration;

use protocol::event::{ClientEvent, RoomEvent};
use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use tests::socket::Frame;
use tests::{EventsSocket, Person, SyncSocket};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use yrs::sync::{Message, SyncMessage};
use yrs::{
    Doc, Map as _, Out, ReadTxn as _, StateVector, Text as _, TextRef, Transact as _, TransactionMut, WriteTxn as _,
};

use super::claims::Claims;

/// The file that everybody changes.
pub(super) const SHARED: &str = "shared.txt";

/// The shared file is cut down when it has more letters.
const SHARED_MAX_LETTERS: u32 = 2_000;

/// Edits between two chat messages.
const EDITS_PER_MESSAGE: u64 = 20;

/// The two files of a writer: the whole story, and the latest edit.
pub(super) fn paths(index: usize) -> [String; 2] {
    [format!("story/{index}.txt"), format!("latest/{index}.txt")]
}

/// How somebody writes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Time from edit to edit.
    pub(super) edit_ms: u64,
    /// Bytes that come with each: a paste instead of a keystroke.
    pub(super) padding: usize,
    /// Whether each edit is followed by a barrier, and the next one waits for its answer.
    pub(super) is_behind_barriers: bool,
}

pub(super) struct Writer {
    person: Person,
    pace: Pace,
    random: SmallRng,
    paths: [String; 2],
    document: SyncSocket,
    events: EventsSocket,
    /// The Yjs clock after each edit, from the start before the first.
    clocks: Vec<u32>,
    /// Edits made before this connection.
    before: u64,
    /// Edits made before the barrier that is not answered yet.
    asked: Option<u64>,
    /// The latest edit that was reported saved.
    pub(super) saved: u64,
    /// What else was reported to this client.
    pub(super) claims: Claims,
}

impl Writer {
    pub(super) async fn open(person: Person, index: usize, pace: Pace, seed: u64) -> Self {
        let (document, events) = (person.document().await, person.events().await);
        let random = SmallRng::seed_from_u64(seed);
        let (paths, clocks, claims) = (paths(index), vec![0], Claims::default());
        Self { person, pace, random, paths, document, events, clocks, before: 0, asked: None, saved: 0, claims }
    }

    /// Opens new sockets, and brings what the old ones did not.
    pub(super) async fn come_back(mut self) -> Self {
        self.document = self.person.document_with(self.document.doc().clone()).await;
        self.events = self.person.events().await;
        self.claims.welcomed(&self.events.welcome);
        (self.before, self.saved, self.asked) = (self.made(), self.made(), None);
        self
    }

    /// Reads everything that the others have brought.
    pub(super) async fn catch_up(&mut self) {
        self.document.barrier().await;
    }

    /// Writes until the sockets are gone.
    pub(super) async fn work(mut self, edits: &watch::Sender<u64>) -> Self {
        let mut ticks = interval(Duration::from_millis(self.pace.edit_ms));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let is_open = tokio::select! {
                _ = ticks.tick(), if self.asked.is_none() => {
                    edits.send_modify(|made| *made += 1);
                    self.write().await
                }
                frame = self.document.frame() => self.hear(&frame).await,
                event = self.events.next() => event.is_some_and(|event| self.note(event)),
            };
            if !is_open {
                break;
            }
        }
        // What arrived before the end was reported too.
        while let Some(event) = self.events.next().await {
            self.note(event);
        }
        while self.hear_one().await {}
        self
    }

    async fn hear_one(&mut self) -> bool {
        let frame = self.document.frame().await;
        self.hear(&frame).await
    }

    async fn hear(&mut self, frame: &Frame) -> bool {
        match self.document.take(frame).await {
            Ok(Message::Sync(SyncMessage::SyncStep2(_))) => {
                if let Some(made) = self.asked.take() {
                    self.saved = self.saved.max(made);
                }
                true
            }
            Ok(_) => true,
            Err(code) => {
                assert!(!(4400..4500).contains(&code), "a stock client would not come back after {code}");
                false
            }
        }
    }

    fn note(&mut self, event: RoomEvent) -> bool {
        if let RoomEvent::Saved { frames, .. } = &event
            && *frames > 0
        {
            assert!(*frames <= self.document.frames, "{frames} frames are saved of {}", self.document.frames);
            self.saved = self.saved.max(self.before + frames);
        }
        self.claims.note(event);
        true
    }

    /// One edit, and now and then a message; false where the sockets are gone.
    async fn write(&mut self) -> bool {
        let (number, padding) = (self.made() + 1, "x".repeat(self.pace.padding));
        let ([story, latest], random) = (&self.paths, &mut self.random);
        let mut is_open = self
            .document
            .try_change(|transaction| {
                let text = file(transaction, story);
                text.insert(transaction, text.len(transaction), &format!("{number} "));
                let text = file(transaction, latest);
                text.remove_range(transaction, 0, text.len(transaction));
                text.insert(transaction, 0, &format!("{number} {padding}"));
                scribble(transaction, random);
            })
            .await;
        self.clocks.push(clock_of(self.document.doc()));
        if number.is_multiple_of(EDITS_PER_MESSAGE) {
            let text = format!("edit {number}");
            is_open &= self.events.try_send(&ClientEvent::ChatSend { text }).await;
        }
        if self.pace.is_behind_barriers {
            self.asked = Some(number);
            is_open &= self.document.ask().await;
        }
        is_open
    }

    /// Edits made so far.
    pub(super) fn made(&self) -> u64 {
        self.clocks.len() as u64 - 1
    }

    /// The path of the story.
    pub(super) fn own(&self) -> String {
        self.paths[0].clone()
    }

    /// The story, if nothing is missing.
    pub(super) fn whole_story(&self) -> String {
        story_of(self.made())
    }

    pub(super) fn text(&self, path: &str) -> String {
        self.document.text(path).unwrap_or_else(|| panic!("no {path}"))
    }

    pub(super) fn state(&self) -> StateVector {
        self.document.doc().transact().state_vector()
    }

    /// Finds out how many of this writer's edits a stored document holds, and that it holds them wholly.
    pub(super) fn edits_in(&self, stored: &SyncSocket) -> u64 {
        let [story, latest] =
            self.paths.each_ref().map(|path| stored.text(path).unwrap_or_else(|| panic!("no {path}")));
        let count = story.split_terminator(' ').count() as u64;
        assert_eq!(story, story_of(count), "the edits are there without a gap");
        let padding = "x".repeat(self.pace.padding);
        let wanted = if count == 0 { String::new() } else { format!("{count} {padding}") };
        assert_eq!(latest, wanted, "an edit is there wholly or not at all");
        let clock = stored.doc().transact().state_vector().get(&self.document.doc().client_id());
        let index = usize::try_from(count).expect("it fits");
        assert_eq!(Some(&clock), self.clocks.get(index), "{count} of {} edits are stored", self.made());
        count
    }
}

fn story_of(edits: u64) -> String {
    (1..=edits).map(|number| format!("{number} ")).collect()
}

fn clock_of(doc: &Doc) -> u32 {
    doc.transact().state_vector().get(&doc.client_id())
}

fn file(transaction: &mut TransactionMut<'_>, path: &str) -> TextRef {
    let files = transaction.get_or_insert_map("files");
    match files.get(transaction, path) {
        Some(Out::YText(text)) => text,
        other => panic!("{path} is {other:?}"),
    }
}

/// Changes some letters in the shared file.
fn scribble(transaction: &mut TransactionMut<'_>, random: &mut SmallRng) {
    let text = file(transaction, SHARED);
    let letters = text.len(transaction);
    let at = random.random_range(0..=letters);
    if letters > SHARED_MAX_LETTERS {
        text.remove_range(transaction, 0, letters / 2);
    } else if at < letters && random.random_ratio(1, 4) {
        text.remove_range(transaction, at, random.random_range(1..=(letters - at).min(8)));
    } else {
        let letter = char::from(random.random_range(b'a'..=b'z'));
        text.insert(transaction, at, &letter.to_string().repeat(random.random_range(1..=4)));
    }
}
