//! The rows of the result file, as `cargo xtask bench` reads them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use super::server::Peer;

/// One number of Tutti's, and the same of its peers.
#[derive(Debug, Serialize)]
pub struct Row {
    /// What was measured.
    pub what: String,
    /// Tutti's; nothing if it broke down.
    pub tutti: Option<f64>,
    /// By name; nothing for a peer that broke down.
    pub peers: BTreeMap<&'static str, Option<f64>>,
    /// Of what.
    pub unit: String,
    /// What is wanted of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goal: Option<Goal>,
}

/// What is wanted of a number.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Goal {
    /// In words.
    pub wanted: String,
    /// Whether it is so.
    pub is_met: bool,
}

/// What can be wanted of a number.
#[derive(Debug, Clone, Copy)]
pub enum Want {
    /// At most so much.
    AtMost(f64),
    /// At most so many times a peer's number. A peer that broke down has no bound.
    AtMostTimes(f64, Peer),
    /// At least so many times a peer's number.
    AtLeastTimes(f64, Peer),
}

impl Row {
    /// A row without peers.
    #[must_use]
    pub fn new(what: impl Into<String>, tutti: f64, unit: &str) -> Self {
        Self {
            what: what.into(),
            tutti: Some(tutti).filter(|number| number.is_finite()),
            peers: BTreeMap::new(),
            unit: unit.to_owned(),
            goal: None,
        }
    }

    /// With a peer's number.
    #[must_use]
    pub fn beside(mut self, peer: Peer, number: Option<f64>) -> Self {
        self.peers.insert(peer.name(), number.filter(|number| number.is_finite()));
        self
    }

    /// With what is wanted, all of it.
    #[must_use]
    pub fn wanted(mut self, wants: &[Want]) -> Self {
        let judged: Vec<(String, bool)> = wants.iter().map(|want| self.judge(*want)).collect();
        if !judged.is_empty() {
            let words: Vec<&str> = judged.iter().map(|(words, _)| words.as_str()).collect();
            self.goal = Some(Goal { wanted: words.join(" and "), is_met: judged.iter().all(|(_, is_met)| *is_met) });
        }
        self
    }

    fn judge(&self, want: Want) -> (String, bool) {
        let of = |peer: Peer| self.peers.get(peer.name()).copied().flatten();
        let (words, bound, is_most) = match want {
            Want::AtMost(most) => (format!("at most {most}"), Some(most), true),
            Want::AtMostTimes(times, peer) => {
                (format!("at most {times} × {}", peer.name()), of(peer).map(|theirs| times * theirs), true)
            }
            Want::AtLeastTimes(times, peer) => {
                (format!("at least {times} × {}", peer.name()), of(peer).map(|theirs| times * theirs), false)
            }
        };
        let is_within = |ours: f64| bound.is_none_or(|bound| if is_most { ours <= bound } else { ours >= bound });
        (words, self.tutti.is_some_and(is_within))
    }
}

/// All rows so far, kept in the file that was asked for.
#[derive(Debug)]
pub struct Report {
    file: PathBuf,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Written<'rows> {
    rows: &'rows [Row],
}

impl Report {
    /// An empty one.
    #[must_use]
    pub fn new(file: PathBuf) -> Self {
        Self { file, rows: Vec::new() }
    }

    /// Adds rows and writes the file: a run that is cut short leaves what it found.
    ///
    /// # Panics
    /// When the file cannot be written.
    pub fn add(&mut self, rows: impl IntoIterator<Item = Row>) {
        self.rows.extend(rows);
        let text = serde_json::to_string_pretty(&Written { rows: &self.rows }).expect("numbers and texts");
        std::fs::write(&self.file, text).unwrap_or_else(|error| panic!("{}: {error}", self.file.display()));
    }
}

/// The one in the middle.
#[must_use]
pub fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wants_are_judged_together_and_a_broken_peer_bounds_nothing() {
        let row = || Row::new("p99", 3.0, "ms").beside(Peer::YWebsocket, Some(2.0)).beside(Peer::YSweet, None);
        let met = |wants: &[Want]| row().wanted(wants).goal.unwrap().is_met;
        assert!(met(&[Want::AtMost(3.0), Want::AtMostTimes(1.5, Peer::YWebsocket)]));
        assert!(!met(&[Want::AtMost(3.0), Want::AtMostTimes(1.0, Peer::YWebsocket)]));
        assert!(!Row::new("p99", f64::NAN, "ms").wanted(&[Want::AtMost(3.0)]).goal.unwrap().is_met);
        assert!(met(&[Want::AtMostTimes(0.1, Peer::YSweet), Want::AtLeastTimes(1.5, Peer::YWebsocket)]));
    }

    #[test]
    fn the_median_is_the_one_in_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert!(median(Vec::new()).is_nan());
    }
}
