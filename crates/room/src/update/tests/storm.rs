//! Honest people who write at once, hear of each other late and not in order, and undo: the room takes everything.

use std::collections::VecDeque;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use yrs::undo::UndoManager;
use yrs::{Doc, ReadTxn, Transact};

use super::{apply, author, state};
use crate::Document;
use author::Authors;

const STORMS: u64 = 24;

/// What happens in one storm.
const STEPS: usize = 250;

/// People, what they sent and the room has not taken yet, and the room.
struct Storm {
    random: SmallRng,
    authors: Authors,
    sent: Vec<VecDeque<Vec<u8>>>,
    room: Document,
}

impl Storm {
    fn new(seed: u64) -> Self {
        let mut random = SmallRng::seed_from_u64(seed);
        let count = random.random_range(2..6);
        let sent = vec![VecDeque::new(); count];
        Self { random, authors: Authors::of_count(seed, count), sent, room: Document::empty() }
    }

    fn somebody(&mut self) -> usize {
        self.random.random_range(0..self.sent.len())
    }

    fn write(&mut self) {
        let who = self.somebody();
        let update = self.authors.write_once(who);
        self.sent[who].push_back(update);
    }

    /// Somebody hears of another, without the room.
    fn meet(&mut self) {
        let (one, other) = (self.somebody(), self.somebody());
        self.authors.bring(one, other);
    }

    fn hear(&mut self, who: usize) {
        let doc = &self.authors.all()[who];
        let known = doc.transact().state_vector();
        apply(doc, &self.room.diff(&known).expect("it can be encoded"));
    }

    /// The room takes the next frame of somebody. If it leans on something that is still on its way, it asks for that.
    fn take(&mut self, who: usize) {
        let Some(update) = self.sent[who].pop_front() else { return };
        // At times the room was away in between.
        if self.random.random_ratio(1, 20) {
            self.room.places = None;
        }
        let taken = self.room.take(update).expect("an honest frame is taken");
        if taken.is_ahead {
            let missing = self.authors.all()[who].transact().encode_state_as_update_v1(&self.room.state_vector());
            assert!(!self.room.take(missing).expect("an honest answer is taken").is_ahead);
        }
    }

    fn settle(&mut self) {
        for who in 0..self.sent.len() {
            while !self.sent[who].is_empty() {
                self.take(who);
            }
        }
        (0..self.sent.len()).for_each(|who| self.hear(who));
    }
}

fn undoing(doc: &Doc) -> UndoManager<()> {
    let mut undo = UndoManager::new();
    undo.expand_scope(doc, &doc.get_or_insert_text("text"));
    undo.expand_scope(doc, &doc.get_or_insert_array("array"));
    undo.expand_scope(doc, &doc.get_or_insert_xml_fragment("xml"));
    undo
}

#[test]
fn what_is_written_at_once_is_taken_and_the_same_for_all() {
    for seed in 0..STORMS {
        let mut storm = Storm::new(seed);
        for _ in 0..STEPS {
            match storm.random.random_range(0..8) {
                0..3 => storm.write(),
                3 => storm.meet(),
                4 => {
                    let who = storm.somebody();
                    storm.hear(who);
                }
                _ => {
                    let who = storm.somebody();
                    storm.take(who);
                }
            }
        }
        storm.settle();
        let late = author::empty(1);
        apply(&late, &storm.room.state().expect("it can be encoded"));
        for doc in storm.authors.all() {
            assert!(author::content(doc) == author::content(&late), "seed {seed}");
        }
    }
}

#[test]
fn what_is_undone_is_taken() {
    for seed in 0..STORMS {
        let mut storm = Storm::new(seed);
        let mut undoing: Vec<_> = storm.authors.all().iter().map(undoing).collect();
        for _ in 0..STEPS {
            let who = storm.somebody();
            match storm.random.random_range(0..8) {
                0..2 => {
                    storm.write();
                    undoing.iter_mut().for_each(UndoManager::reset);
                }
                2..4 => {
                    undoing[who].undo_blocking();
                    storm.sent[who].push_back(state(&storm.authors.all()[who]));
                }
                4 => {
                    undoing[who].redo_blocking();
                    storm.sent[who].push_back(state(&storm.authors.all()[who]));
                }
                5 => storm.hear(who),
                _ => storm.take(who),
            }
        }
        storm.settle();
    }
}
