//! What a forger can get into a list stands in the same place for everybody; what honest people write always gets in.

use rand::rngs::SmallRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng, SeedableRng};
use yrs::{Doc, GetString, Text, Transact};

use super::part::write_number;
use super::{Id, Malformed, Places, admit, apply, author, block, state};

/// Blocks that a forger writes into one list.
const BLOCKS: usize = 40;

/// A forged block of some characters, all of which are different.
#[derive(Debug, Clone)]
struct Forged {
    first: Id,
    length: u64,
    origin: Option<Id>,
    right_origin: Option<Id>,
    update: Vec<u8>,
}

impl Forged {
    fn new(first: Id, text: &str, origin: Option<Id>, right_origin: Option<Id>) -> Self {
        let mut update = vec![1, 1];
        write_number(&mut update, first.client);
        write_number(&mut update, first.clock);
        let flag = |neighbour: Option<Id>, flag| if neighbour.is_some() { flag } else { 0 };
        update.push(4 | flag(origin, block::HAS_ORIGIN) | flag(right_origin, block::HAS_RIGHT_ORIGIN));
        for neighbour in [origin, right_origin].into_iter().flatten() {
            write_number(&mut update, neighbour.client);
            write_number(&mut update, neighbour.clock);
        }
        if origin.or(right_origin).is_none() {
            update.extend([1, 1, b't']);
        }
        write_number(&mut update, text.len() as u64);
        update.extend(text.bytes());
        update.push(0);
        Self { first, length: text.encode_utf16().count() as u64, origin, right_origin, update }
    }

    /// What follows the clock.
    fn block(&self) -> &[u8] {
        let mut clock = Vec::new();
        write_number(&mut clock, self.first.clock);
        &self.update[3 + clock.len()..]
    }

    /// Whether it can be applied to a document that has these.
    fn follows(&self, there: &[Self]) -> bool {
        let is_there = |id: Id| {
            there.iter().any(|other| {
                other.first.client == id.client
                    && (other.first.clock..other.first.clock + other.length).contains(&id.clock)
            })
        };
        let before = self.first.clock.checked_sub(1).map(|clock| Id { clock, ..self.first });
        [before, self.origin, self.right_origin].into_iter().flatten().all(is_there)
    }
}

/// A document that learns of blocks in some order.
fn built(random: &mut SmallRng, blocks: &[Forged]) -> Doc {
    let doc = author::empty(1);
    let mut there: Vec<Forged> = Vec::new();
    let mut left = blocks.to_vec();
    while !left.is_empty() {
        let ready: Vec<usize> = (0..left.len()).filter(|index| left[*index].follows(&there)).collect();
        let next = left.swap_remove(*ready.choose(random).expect("one that leans on nothing missing"));
        apply(&doc, &next.update);
        there.push(next);
    }
    doc
}

fn shown(doc: &Doc) -> String {
    let text = doc.get_or_insert_text("t");
    text.get_string(&doc.transact())
}

/// Somebody who writes whatever between whatever.
struct Forger {
    random: SmallRng,
    blocks: Vec<Forged>,
    ends: [u64; 4],
    letters: std::ops::RangeFrom<char>,
}

impl Forger {
    fn new(seed: u64) -> Self {
        let random = SmallRng::seed_from_u64(seed);
        Self { random, blocks: Vec::new(), ends: [0; 4], letters: '\u{400}'.. }
    }

    fn forge(&mut self) -> Forged {
        let client = self.random.random_range(0..4);
        let first = Id { client: client as u64 + 2, clock: self.ends[client] };
        let length = self.random.random_range(1..4);
        let text: String = self.letters.by_ref().take(length).collect();
        let origin = self.neighbour();
        let right_origin = if self.random.random_ratio(1, 6) { origin } else { self.neighbour() };
        Forged::new(first, &text, origin, right_origin)
    }

    fn neighbour(&mut self) -> Option<Id> {
        let block = self.blocks.choose(&mut self.random)?;
        let clock = block.first.clock + self.random.random_range(0..block.length);
        self.random.random_ratio(4, 5).then_some(Id { clock, ..block.first })
    }

    /// Remembers what was taken of a block.
    fn note(&mut self, block: Forged, update: &[u8]) {
        self.ends[block.first.client as usize - 2] += block.length;
        self.blocks.push(Forged { update: update.to_vec(), ..block });
    }
}

/// What is taken of a block.
fn taken_of(block: &Forged, known: &mut Places) -> Result<Vec<u8>, Malformed> {
    admit(&block.update, known).map(|admitted| admitted.update.into_owned())
}

#[test]
fn what_is_forged_and_taken_stands_in_one_place() {
    let [mut taken, mut mended, mut refused] = [0; 3];
    for seed in 0..150 {
        let mut forger = Forger::new(seed);
        let mut known = Places::default();
        let mut impossible = Vec::new();
        while forger.blocks.len() < BLOCKS {
            let block = forger.forge();
            match taken_of(&block, &mut known) {
                Ok(update) => {
                    taken += 1;
                    mended += u32::from(update != block.update);
                    forger.note(block, &update);
                }
                Err(malformed) => {
                    refused += 1;
                    assert_eq!(malformed, Malformed::Misplaced);
                    impossible.push(block);
                }
            }
        }
        let Forger { mut random, blocks, .. } = forger;
        let doc = built(&mut random, &blocks);
        for _ in 0..8 {
            assert_eq!(shown(&built(&mut random, &blocks)), shown(&doc), "seed {seed}");
        }
        // What could not be written then cannot be written to the document as it is loaded, either.
        let mut loaded = Places::of(&state(&doc)).expect("sound");
        for block in impossible {
            let later = Forged::new(Id { client: 9, clock: 0 }, "x", block.origin, block.right_origin);
            assert_eq!(taken_of(&later, &mut loaded), Err(Malformed::Misplaced), "seed {seed}");
        }
    }
    assert!(taken > 1_000 && mended > 100 && refused > 1_000, "{taken} taken, {mended} mended, {refused} refused");
}

/// Takes blocks that each lie in the same text, and tells what became of the last.
fn taken(blocks: &[Forged]) -> Result<(), Malformed> {
    let mut known = Places::default();
    let (last, before) = blocks.split_last().expect("a block");
    for block in before {
        admit(&block.update, &mut known).expect("it fits");
    }
    admit(&last.update, &mut known).map(|admitted| assert_eq!(*admitted.update, last.update))
}

#[test]
fn neighbours_have_been_seen_beside_each_other() {
    let id = |client, clock| Some(Id { client, clock });
    let block = |client, clock, text, origin, right| Forged::new(Id { client, clock }, text, origin, right);
    let whole = block(2, 0, "abcdef", None, None);
    let within = block(2, 6, "x", id(2, 2), id(2, 3));
    let last = |origin, right| taken(&[whole.clone(), within.clone(), block(3, 0, "y", origin, right)]);
    // In the middle of a block, beside what was put there, at the ends.
    for (origin, right) in [(id(2, 1), id(2, 2)), (id(2, 2), id(2, 3)), (id(2, 2), id(2, 6)), (id(2, 6), id(2, 3))] {
        assert_eq!(last(origin, right), Ok(()));
    }
    assert_eq!(last(None, id(2, 0)), Ok(()));
    assert_eq!(last(id(2, 5), None), Ok(()));
    assert_eq!(last(None, None), Ok(()));
    // The wrong way round, the same twice, with something between them that one of them leans on.
    for (origin, right) in [(id(2, 3), id(2, 2)), (id(2, 1), id(2, 1)), (id(2, 1), id(2, 3)), (id(2, 2), id(2, 4))] {
        assert_eq!(last(origin, right), Err(Malformed::Misplaced));
    }
    assert_eq!(last(None, id(2, 1)), Err(Malformed::Misplaced));
    assert_eq!(last(id(2, 6), None), Err(Malformed::Misplaced));
}

#[test]
fn any_number_of_runs_fits_into_one_place() {
    const RUNS: u64 = 3_000;
    let id = |client, clock| Some(Id { client, clock });
    let mut known = Places::default();
    let whole = Forged::new(Id { client: 2, clock: 0 }, "ab", None, None);
    taken_of(&whole, &mut known).expect("it fits");
    for clock in 0..RUNS {
        let right = if clock == 0 { id(2, 1) } else { id(3, clock - 1) };
        let block = Forged::new(Id { client: 3, clock }, "x", id(2, 0), right);
        taken_of(&block, &mut known).expect("it fits");
    }
    for clock in 1..RUNS {
        let between = |left, right| Forged::new(Id { client: 4, clock: clock - 1 }, "y", left, right);
        let swapped = between(id(3, clock - 1), id(3, clock));
        assert_eq!(taken_of(&swapped, &mut known), Err(Malformed::Misplaced));
        let block = between(id(3, clock), id(3, clock - 1));
        assert_eq!(taken_of(&block, &mut known).as_ref(), Ok(&block.update));
    }
}

#[test]
fn what_undo_puts_behind_itself_is_mended() {
    let id = |client, clock| Some(Id { client, clock });
    let mut known = Places::default();
    let whole = Forged::new(Id { client: 2, clock: 0 }, "abc", None, None);
    admit(&whole.update, &mut known).expect("it fits");
    let undone = Forged::new(Id { client: 2, clock: 3 }, "x", id(2, 1), id(2, 1));
    let mended = Forged::new(Id { client: 2, clock: 3 }, "x", id(2, 1), None);
    assert_eq!(*admit(&undone.update, &mut known).expect("mended").update, mended.update);
}

#[test]
fn beside_what_was_stored_long_ago_one_can_write() {
    let id = |client, clock| Some(Id { client, clock });
    let doc = author::empty(9);
    let text = doc.get_or_insert_text("t");
    for block in [
        Forged::new(Id { client: 2, clock: 0 }, "abcdef", None, None),
        Forged::new(Id { client: 3, clock: 0 }, "x", id(2, 4), id(2, 1)),
        Forged::new(Id { client: 4, clock: 0 }, "y", id(2, 3), None),
    ] {
        apply(&doc, &block.update);
    }
    let mut known = Places::of(&state(&doc)).expect("it is there already");
    for index in [0, 3, 5, 7, 9, 11, 13] {
        let mut transaction = doc.transact_mut();
        text.insert(&mut transaction, index, "!");
        assert_eq!(admit(&transaction.encode_update_v1(), &mut known).map(|admitted| admitted.is_ahead), Ok(false));
    }
}

#[test]
fn what_is_refused_leaves_nothing_behind() {
    let mut forger = Forger::new(1);
    // One of them hears of updates that are refused for their second block, and the other does not.
    let mut refused = 0;
    let (mut known, mut spared) = (Places::default(), Places::default());
    while forger.blocks.len() < 4 * BLOCKS {
        let block = forger.forge();
        let behind = Id { clock: block.first.clock + block.length, ..block.first };
        let swapped = Forged::new(behind, "x", block.right_origin, block.origin);
        let both = [&[1, 2], &block.update[2..block.update.len() - 1], swapped.block()].concat();
        if admit(&both, &mut known.clone()).is_err() {
            refused += 1;
            assert!(admit(&both, &mut known).is_err());
        }
        let outcome = taken_of(&block, &mut spared);
        assert_eq!(taken_of(&block, &mut known), outcome);
        if let Ok(update) = outcome {
            forger.note(block, &update);
        }
    }
    assert!(refused > 100, "{refused} refused");
}
