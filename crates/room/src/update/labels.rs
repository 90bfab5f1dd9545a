//! Numbers that grow along a list, so that two comparisons of integers tell which of two elements stands left.
//!
//! A run that is put between two others gets a number between theirs. Where there is none left, the smallest
//! neighbourhood that is sparse enough is numbered anew, with even gaps: that is some logarithm of the list for each
//! run, whatever the order in which somebody puts them in.

use super::runs::Run;

/// Labels are below this.
const LABEL_END: u64 = 1 << 63;

/// The gap at the ends of a list, where most is put.
const STRIDE: u64 = 1 << 32;

/// The smallest neighbourhood that is numbered anew, in bits.
const NEIGHBOURHOOD_MIN_BITS: u32 = 8;

/// How much sparser a neighbourhood must be than the half of it.
const SPARSENESS: f64 = 4.0 / 3.0;

/// A label for a run between two others, of which either can be missing.
pub(super) fn between(runs: &mut [Run], (previous, next): (u32, u32)) -> u64 {
    loop {
        let low = runs.get(previous as usize).map(|run| run.label);
        let high = runs.get(next as usize).map(|run| run.label);
        let (after, before) = (low.map_or(0, |label| label + 1), high.unwrap_or(LABEL_END));
        let middle = after.midpoint(before);
        if after < before {
            return match (low, high) {
                (Some(_), None) => middle.min(after + STRIDE),
                (None, Some(_)) => middle.max(before.saturating_sub(STRIDE)),
                _ => middle,
            };
        }
        renumber(runs, if low.is_some() { previous } else { next });
    }
}

/// Makes gaps around a run.
fn renumber(runs: &mut [Run], around: u32) {
    let label = runs[around as usize].label;
    let (mut first, mut last, mut count) = (around, around, 1_u64);
    for bits in NEIGHBOURHOOD_MIN_BITS..=LABEL_END.ilog2() {
        let low = label >> bits << bits;
        let high = low + (1 << bits) - 1;
        while runs.get(runs[first as usize].previous as usize).is_some_and(|run| run.label >= low) {
            first = runs[first as usize].previous;
            count += 1;
        }
        while runs.get(runs[last as usize].next as usize).is_some_and(|run| run.label <= high) {
            last = runs[last as usize].next;
            count += 1;
        }
        if (count as f64) < SPARSENESS.powi(bits as i32) {
            let step = (1 << bits) / count;
            let mut label = low + step / 2;
            loop {
                runs[first as usize].label = label;
                if first == last {
                    return;
                }
                first = runs[first as usize].next;
                label += step;
            }
        }
    }
}
