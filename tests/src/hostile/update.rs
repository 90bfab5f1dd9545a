//! Updates whose fields are forged one by one: blocks of every kind, neighbours and parents that are there, are to come
//! or never will be, and deletions of all of it.

use std::collections::BTreeMap;

use rand::Rng as _;
use rand::rngs::SmallRng;
use yrs::StateVector;

use crate::encoding::{put, put_bytes, put_text};

/// Clients that most blocks are of: few, so that they meet each other.
const CLIENTS: [u64; 6] = [1, 2, 3, 4, 77, 1 << 31];

/// Clients that are none, or nearly none.
const STRANGE_CLIENTS: [u64; 5] = [0, u32::MAX as u64, (1 << 53) - 1, 1 << 53, u64::MAX >> 1];

/// Clocks at the edges of what counts them.
const STRANGE_CLOCKS: [u64; 6] = [(1 << 31) - 2, (1 << 31) - 1, 1 << 31, u32::MAX as u64, 1 << 32, (1 << 53) - 1];

/// Names of top-level types, the first of them known to the product.
pub const ROOTS: [&str; 5] = ["files", "text", "diary", "", "\u{1f3bc}"];

/// Keys of maps.
const KEYS: [&str; 5] = ["main.py", "k", "", "__proto__", "../x"];

/// Texts: of one and more bytes, and pairs of surrogates that can be parted.
const TEXTS: [&str; 6] = ["x", "some text", "more", "\u{1f3bc}\u{1f3bc}", "n\u{e9}\n", "\u{0}"];

/// JSON, and what is none.
const JSON: [&str; 7] = ["null", "true", "{\"a\":1}", "[1,[2,{}]]", "{", "", "\"\u{1f3bc}\""];

/// Types: array, map, text, XML element, XML fragment, XML text.
const TYPES: [u8; 6] = [0, 1, 2, 3, 4, 6];

/// Values in lib0's encoding: undefined, null, numbers, a text, an array, a map, bytes.
const VALUES: [&[u8]; 8] = [
    &[127],
    &[126],
    &[125, 0x41],
    &[123, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0],
    &[119, 1, b'x'],
    &[117, 2, 126, 120],
    &[118, 1, 1, b'k', 121],
    &[116, 2, 0, 255],
];

/// Blocks that are remembered.
const MEMORY: usize = 2_000;

/// Remembers what it forged, so that later updates can lean on it.
#[derive(Debug, Default)]
pub(super) struct Forger {
    /// The clock after the last block of each client that is there, or may be.
    ends: BTreeMap<u64, u64>,
    /// Blocks that are there, or may be.
    known: Vec<Known>,
}

/// A block that was forged.
#[derive(Debug, Clone)]
struct Known {
    client: u64,
    clock: u64,
    length: u64,
    /// The bytes that name the list, or the entry of a map, that it lies in.
    lane: Vec<u8>,
    has_key: bool,
    is_type: bool,
}

/// A client: mostly one of a few.
pub(super) fn client(random: &mut SmallRng) -> u64 {
    if random.random_ratio(1, 150) { pick(random, &STRANGE_CLIENTS) } else { pick(random, &CLIENTS) }
}

/// A clock: mostly a small one.
pub(super) fn clock(random: &mut SmallRng) -> u64 {
    if random.random_ratio(1, 150) { pick(random, &STRANGE_CLOCKS) } else { random.random_range(0..60) }
}

fn pick<T: Copy>(random: &mut SmallRng, choices: &[T]) -> T {
    choices[random.random_range(0..choices.len())]
}

impl Forger {
    /// Forges the next update.
    pub(super) fn forge(&mut self, random: &mut SmallRng) -> Vec<u8> {
        let mut clients: Vec<u64> = (0..random.random_range(0..4)).map(|_| client(random)).collect();
        // Most updates name each client once, from the largest to the smallest.
        if !random.random_ratio(1, 20) {
            clients.sort_unstable_by(|one, other| other.cmp(one));
            clients.dedup();
        }
        let mut update = Vec::new();
        put(&mut update, wrong_at_times(random, clients.len() as u64));
        for client in clients {
            self.blocks_of(random, client, &mut update);
        }
        self.deletions(random, &mut update);
        update
    }

    /// Shows what the document has by now.
    pub(super) fn look_at(&mut self, state: &StateVector) {
        self.ends = state.iter().map(|(client, clock)| (client.get(), u64::from(*clock))).collect();
        let ends = &self.ends;
        self.known.retain(|block| ends.get(&block.client).is_some_and(|end| block.clock + block.length <= *end));
        let too_many = self.known.len().saturating_sub(MEMORY);
        self.known.drain(..too_many);
    }

    fn blocks_of(&mut self, random: &mut SmallRng, client: u64, update: &mut Vec<u8>) {
        let count = random.random_range(1..6);
        put(update, wrong_at_times(random, count));
        put(update, client);
        let end = self.ends.get(&client).copied().unwrap_or(0);
        let first = match random.random_range(0..20) {
            0 => clock(random),
            1 => end.saturating_sub(random.random_range(0..8)),
            2 => end + random.random_range(0..8),
            _ => end,
        };
        put(update, first);
        let mut clock = first;
        for _ in 0..count {
            clock = clock.saturating_add(self.block(random, (client, clock), update));
        }
        // What leans on something missing was not taken, and the next one is at the same place again.
        if first <= end && random.random_ratio(3, 4) {
            self.ends.insert(client, end.max(clock));
        }
    }

    /// One block. Gives how many clocks it takes.
    fn block(&mut self, random: &mut SmallRng, (client, clock): (u64, u64), update: &mut Vec<u8>) -> u64 {
        let kind = match random.random_range(0..200) {
            0..=3 => 0,
            4..=19 => 1,
            20..=21 => 2,
            22..=29 => 3,
            30..=89 => 4,
            90..=97 => 5,
            98..=109 => 6,
            110..=159 => 7,
            160..=185 => 8,
            186..=195 => 9,
            196..=197 => 10,
            _ => random.random_range(11..32),
        };
        if kind == 0 || kind == 10 {
            update.push(kind);
            return length(random, update);
        }
        let place = self.place(random, kind, update);
        let length = content(random, kind, update);
        if let Some((lane, has_key)) = place {
            self.known.push(Known { client, clock, length, lane, has_key, is_type: kind == 7 });
        }
        length
    }

    /// Where a block belongs. Gives the lane and whether that is an entry of a map, if anybody could tell.
    fn place(&self, random: &mut SmallRng, kind: u8, update: &mut Vec<u8>) -> Option<(Vec<u8>, bool)> {
        let is_value = matches!(kind, 1 | 3 | 7 | 8 | 9) && random.random_ratio(1, 2) || random.random_ratio(1, 40);
        let beside: Vec<&Known> = self.known.iter().filter(|block| block.has_key == is_value).collect();
        let flags = |has_origin, has_right, has_key| {
            kind | u8::from(has_origin) << 7 | u8::from(has_right) << 6 | u8::from(has_key) << 5
        };
        if !beside.is_empty() && random.random_ratio(1, 2) {
            let left = pick(random, &beside);
            let near: Vec<&Known> = beside.iter().copied().filter(|block| block.lane == left.lane).collect();
            let (has_origin, has_right) = match random.random_range(0..4) {
                0 => (true, true),
                1 => (false, true),
                _ => (true, false),
            };
            update.push(flags(has_origin, has_right, is_value));
            for _ in 0..u8::from(has_origin) + u8::from(has_right) {
                let neighbour = pick(random, &near);
                self.id_near(random, neighbour, update);
            }
            return Some((left.lane.clone(), left.has_key));
        }
        if random.random_ratio(1, 20) {
            update.push(flags(true, random.random_ratio(1, 2), is_value));
            self.id(random, update);
            return None;
        }
        update.push(flags(false, false, is_value));
        let mut lane = Vec::new();
        let types: Vec<&Known> = self.known.iter().filter(|block| block.is_type).collect();
        if types.is_empty() || random.random_ratio(1, 3) {
            put(&mut lane, 1);
            put_text(&mut lane, pick(random, &ROOTS));
        } else {
            put(&mut lane, if random.random_ratio(1, 100) { 7 } else { 0 });
            let outer = pick(random, &types);
            self.id_near(random, outer, &mut lane);
        }
        if is_value {
            put_text(&mut lane, pick(random, &KEYS));
        }
        update.extend_from_slice(&lane);
        Some((lane, is_value))
    }

    /// An element of a block, or at times any.
    fn id_near(&self, random: &mut SmallRng, block: &Known, update: &mut Vec<u8>) {
        if random.random_ratio(1, 50) {
            return self.id(random, update);
        }
        put(update, block.client);
        put(update, block.clock + random.random_range(0..block.length.clamp(1, 8)));
    }

    /// Somebody's element: mostly one that there is.
    fn id(&self, random: &mut SmallRng, update: &mut Vec<u8>) {
        let there: Vec<_> = self.ends.iter().filter(|(_, end)| **end > 0).collect();
        if there.is_empty() || random.random_ratio(1, 10) {
            put(update, client(random));
            put(update, clock(random));
        } else {
            let (client, end) = pick(random, &there);
            put(update, *client);
            // The latest more often than the rest.
            let from = if random.random_ratio(1, 2) { end.saturating_sub(6) } else { 0 };
            put(update, random.random_range(from..*end));
        }
    }

    fn deletions(&self, random: &mut SmallRng, update: &mut Vec<u8>) {
        let mut clients: Vec<u64> = (0..random.random_range(0..3)).map(|_| client(random)).collect();
        clients.sort_unstable_by(|one, other| other.cmp(one));
        clients.dedup();
        put(update, wrong_at_times(random, clients.len() as u64));
        for client in clients {
            put(update, client);
            let count = random.random_range(0..4);
            put(update, wrong_at_times(random, count));
            let mut clock = 0;
            for _ in 0..count {
                clock += random.random_range(0..20);
                put(update, if random.random_ratio(1, 60) { pick(random, &STRANGE_CLOCKS) } else { clock });
                clock += length(random, update);
            }
        }
    }
}

/// A count, at times another one.
fn wrong_at_times(random: &mut SmallRng, count: u64) -> u64 {
    match random.random_range(0..400) {
        0 => count + 1,
        1 => count.saturating_sub(1),
        2 => pick(random, &STRANGE_CLOCKS),
        _ => count,
    }
}

fn length(random: &mut SmallRng, update: &mut Vec<u8>) -> u64 {
    let length = match random.random_range(0..200) {
        0 => 0,
        1 => pick(random, &STRANGE_CLOCKS),
        _ => random.random_range(1..8),
    };
    put(update, length);
    length
}

/// What a block holds. Gives how many clocks it takes.
fn content(random: &mut SmallRng, kind: u8, update: &mut Vec<u8>) -> u64 {
    match kind {
        1 => return length(random, update),
        2 | 8 => {
            // Entries of maps are one value.
            let count = if random.random_ratio(1, 3) { random.random_range(0..4) } else { 1 };
            put(update, wrong_at_times(random, count));
            for _ in 0..count {
                if kind == 2 { put_text(update, pick(random, &JSON)) } else { value(random, update) }
            }
            return count;
        }
        3 => put_bytes(update, &[0, 1, 2]),
        4 => {
            let text = pick(random, &TEXTS);
            put_text(update, text);
            return text.encode_utf16().count() as u64;
        }
        5 => put_text(update, pick(random, &JSON)),
        6 => {
            put_text(update, pick(random, &KEYS));
            put_text(update, pick(random, &JSON));
        }
        7 => {
            let kind = if random.random_ratio(1, 60) { random.random_range(0..9) } else { pick(random, &TYPES) };
            update.push(kind);
            if kind == 3 || kind == 5 {
                put_text(update, pick(random, &KEYS));
            }
        }
        9 => {
            put_text(update, pick(random, &KEYS));
            value(random, update);
        }
        _ => update.extend_from_slice(&[1, 2, 3]),
    }
    1
}

fn value(random: &mut SmallRng, update: &mut Vec<u8>) {
    let depth = if random.random_ratio(1, 100) { random.random_range(100..140) } else { 0 };
    update.extend(std::iter::repeat_n([117, 1], depth).flatten());
    if random.random_ratio(1, 200) {
        // Of no kind.
        return update.push(90);
    }
    update.extend_from_slice(pick(random, &VALUES));
}
