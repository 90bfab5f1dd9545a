//! Frames that no honest client sends: lawful ones with their bytes flipped, cut, doubled and spliced, and forged ones
//! whose every field is chosen on purpose, most of them right. A seed makes the same frames again.

mod bytes;
mod update;

use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use yrs::StateVector;

use crate::encoding::{put, put_bytes};
use update::Forger;
pub use update::ROOTS;

/// An endless source of hostile frames.
#[derive(Debug)]
pub struct Hostile {
    random: SmallRng,
    lawful: Vec<Vec<u8>>,
    forger: Forger,
}

impl Hostile {
    /// The source of a seed.
    #[must_use]
    pub fn of_seed(seed: u64) -> Self {
        let mut random = SmallRng::seed_from_u64(seed);
        let lawful = bytes::lawful_frames(&mut random);
        Self { random, lawful, forger: Forger::default() }
    }

    /// Shows what the document has by now, so that frames can lean on it.
    pub fn look_at(&mut self, state: &StateVector) {
        self.forger.look_at(state);
    }

    /// The next frame.
    pub fn next_frame(&mut self) -> Vec<u8> {
        match self.random.random_range(0..16) {
            0..=5 => bytes::mutate(&mut self.random, &self.lawful),
            6 => self.presence(),
            7 => self.state_vector(),
            8 => self.of_no_kind(),
            _ => self.update(),
        }
    }

    /// A forged update in a message of its own. One in eight has its bytes mutated as well.
    fn update(&mut self) -> Vec<u8> {
        let update = self.forger.forge(&mut self.random);
        let mut frame = vec![0, self.random.random_range(1..=2)];
        put_bytes(&mut frame, &update);
        if self.random.random_ratio(1, 8) { bytes::mutate(&mut self.random, &[frame]) } else { frame }
    }

    /// Presence of oneself and others, with states that are no JSON, too large or missing.
    fn presence(&mut self) -> Vec<u8> {
        let mut entries = Vec::new();
        let count = self.random.random_range(0..4_u64);
        put(&mut entries, if self.random.random_ratio(1, 8) { 1 << 40 } else { count });
        for _ in 0..count {
            put(&mut entries, update::client(&mut self.random));
            put(&mut entries, update::clock(&mut self.random));
            let long = "x".repeat(self.random.random_range(0..20_000));
            let states = ["null", "{}", "{\"user\":{\"name\":\"Eve\"}}", "{", "[[[[", "\u{0}", &long];
            put_bytes(&mut entries, states[self.random.random_range(0..states.len())].as_bytes());
        }
        let mut frame = vec![1];
        put_bytes(&mut frame, &entries);
        frame
    }

    /// A question with a state vector.
    fn state_vector(&mut self) -> Vec<u8> {
        let mut vector = Vec::new();
        let count = self.random.random_range(0..6_u64);
        put(&mut vector, if self.random.random_ratio(1, 8) { u64::MAX >> 11 } else { count });
        for _ in 0..count {
            put(&mut vector, update::client(&mut self.random));
            put(&mut vector, update::clock(&mut self.random));
        }
        let mut frame = vec![0, 0];
        put_bytes(&mut frame, &vector);
        frame
    }

    /// A message of a kind that there is not, or with nothing behind its kind.
    fn of_no_kind(&mut self) -> Vec<u8> {
        let mut frame: Vec<u8> = (0..self.random.random_range(0..4)).map(|_| self.random.random_range(0..6)).collect();
        frame.extend((0..self.random.random_range(0..40)).map(|_| self.random.random::<u8>()));
        frame
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_seed_makes_the_same_frames_again() {
        let frames = |seed| {
            let mut hostile = Hostile::of_seed(seed);
            (0..500).map(|_| hostile.next_frame()).collect::<Vec<_>>()
        };
        assert_eq!(frames(1), frames(1));
        assert_ne!(frames(1), frames(2));
        let different: HashSet<_> = frames(1).into_iter().collect();
        assert!(different.len() > 400, "{} of 500", different.len());
    }
}
