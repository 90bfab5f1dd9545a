//! What was measured, as it is kept in `target/bench/` and shown.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

/// The widest that the first column may be.
const WHAT: usize = 58;

/// What stands for a number that could not be measured.
const BROKE_DOWN: &str = "broke down";

/// Everything that one entry measured.
#[derive(Serialize, Deserialize)]
pub(super) struct Results {
    pub(super) rows: Vec<Row>,
}

/// One number, and the same of peers where there are any.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row {
    pub(super) what: String,
    /// Nothing where Tutti broke down.
    pub(super) tutti: Option<f64>,
    /// By name. Nothing where a peer was measured and broke down.
    #[serde(default)]
    pub(super) peers: BTreeMap<String, Option<f64>>,
    pub(super) unit: String,
    /// What is wanted of the number, in words, and whether it is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) goal: Option<Goal>,
    /// Tutti's number as a multiple of each peer's; worked out when the row is read.
    #[serde(default)]
    pub(super) ratios: BTreeMap<String, f64>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Goal {
    pub(super) wanted: String,
    pub(super) is_met: bool,
}

impl Row {
    /// A number that no peer has.
    pub(super) fn of_tutti(what: &str, tutti: f64, unit: &str) -> Self {
        let (what, unit) = (what.to_owned(), unit.to_owned());
        Self { what, tutti: Some(tutti), peers: BTreeMap::new(), unit, goal: None, ratios: BTreeMap::new() }
    }

    fn compare(&mut self) {
        let finite = |(name, peer): (&String, &Option<f64>)| {
            let ratio = self.tutti? / (*peer)?;
            ratio.is_finite().then(|| (name.clone(), ratio))
        };
        self.ratios = self.peers.iter().filter_map(finite).collect();
    }

    fn line(&self, peers: &[&String]) -> String {
        let tutti = self.tutti.map_or_else(|| BROKE_DOWN.to_owned(), short);
        let mut line = format!("{:<WHAT$} {tutti:>12}", self.what);
        for name in peers {
            let cell = match (self.peers.get(*name), self.ratios.get(*name)) {
                (None, _) => String::new(),
                (Some(None), _) => BROKE_DOWN.to_owned(),
                (Some(Some(peer)), None) => short(*peer),
                (Some(Some(peer)), Some(ratio)) => format!("{} (× {})", short(*peer), short(*ratio)),
            };
            line.push_str(&format!(" {cell:>22}"));
        }
        let goal = self
            .goal
            .as_ref()
            .map(|goal| format!("  {} {}", if goal.is_met { "as wanted:" } else { "NOT AS WANTED:" }, goal.wanted));
        format!("{line}  {}{}", self.unit, goal.unwrap_or_default())
    }
}

impl Results {
    /// Writes them.
    pub(super) fn write(&self, file: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self).context("a result is not JSON")?;
        fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
    }

    /// Reads them, and compares.
    pub(super) fn read(file: &Path) -> Result<Self> {
        let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        let mut results: Self =
            serde_json::from_str(&text).with_context(|| format!("{} is not a result", file.display()))?;
        results.rows.iter_mut().for_each(Row::compare);
        Ok(results)
    }

    /// Prints them as a table: `× 2` says that Tutti's number is twice the peer's.
    pub(super) fn print(&self) {
        let mut peers: Vec<&String> = self.rows.iter().flat_map(|row| row.peers.keys()).collect();
        peers.sort();
        peers.dedup();
        let heads: String = peers.iter().map(|name| format!(" {name:>22}")).collect();
        println!("\n{:<WHAT$} {:>12}{heads}  unit", "", "tutti");
        for row in &self.rows {
            println!("{}", row.line(&peers));
        }
        println!();
    }
}

/// Three digits that matter, or all before the point.
fn short(number: f64) -> String {
    match number.abs() {
        large if large >= 100.0 => format!("{number:.0}"),
        medium if medium >= 10.0 => format!("{number:.1}"),
        small if small >= 0.01 || small == 0.0 => format!("{number:.2}"),
        _ => format!("{number:.5}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_of_tutti_to_each_peer_that_held() {
        let text = r#"{"what": "p50", "tutti": 3.0, "unit": "ms", "peers": {"a": 2.0, "b": null, "c": 0.0}}"#;
        let mut row: Row = serde_json::from_str(text).unwrap();
        row.compare();
        assert_eq!(row.ratios, BTreeMap::from([("a".to_owned(), 1.5)]));
        let names = ["a", "b", "d"].map(str::to_owned);
        let line = row.line(&names.iter().collect::<Vec<_>>());
        assert!(line.contains("2.00 (× 1.50)") && line.contains("broke down"), "{line}");
    }

    #[test]
    fn numbers_are_as_long_as_they_matter() {
        assert_eq!([0.0, 0.0012, 0.456, 12.34, 123_456.7].map(short), ["0.00", "0.00120", "0.46", "12.3", "123457"]);
    }
}
