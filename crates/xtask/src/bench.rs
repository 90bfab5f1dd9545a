//! `cargo xtask bench` and `soak`: runs measurements against a stack of their own, and prints what they found.
//!
//! A measurement is a script that gets `TUTTI_URL`, `TUTTI_STACK` and `TUTTI_RESULT`, and writes to the last a JSON
//! object `{"rows": [{"what", "tutti", "peer", "unit"}]}`; `peer` may be missing. Registering one is an entry in
//! [`ENTRIES`].

use std::{fs, path::Path};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

use crate::{
    builds,
    cli::{BenchOptions, Switch},
    command::Run,
    progress::say,
    setup::{self, Tools},
    suites,
    workspace::Workspace,
};

/// What a measurement is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Speed and size, beside a peer where there is one.
    Bench,
    /// The long form of a durability, hostile-input or fault test.
    Soak,
}

/// One measurement.
struct Entry {
    kind: Kind,
    name: &'static str,
    /// The script, relative to the root, which Node runs.
    script: &'static str,
}

/// Every measurement that there is.
const ENTRIES: &[Entry] = &[];

#[derive(Serialize, Deserialize)]
struct Results {
    rows: Vec<Row>,
}

#[derive(Serialize, Deserialize)]
struct Row {
    what: String,
    tutti: f64,
    peer: Option<f64>,
    unit: String,
}

/// Runs the measurements of a kind, or the one named.
pub(crate) fn run(kind: Kind, options: &BenchOptions) -> Result<()> {
    let wanted = |entry: &&Entry| entry.kind == kind && options.name.as_ref().is_none_or(|name| name == entry.name);
    let entries: Vec<&Entry> = ENTRIES.iter().filter(wanted).collect();
    if entries.is_empty() {
        let names: Vec<_> = ENTRIES.iter().filter(|entry| entry.kind == kind).map(|entry| entry.name).collect();
        bail!("nothing of that name; there are: {}", names.join(", "));
    }
    let workspace = Workspace::here();
    let tools = setup::run(setup::Scope::Stack)?;
    builds::all(&workspace, &tools)?;
    let results = workspace.target().join("bench");
    fs::create_dir_all(&results).with_context(|| format!("cannot create {}", results.display()))?;
    suites::on_own_stack(&workspace, &tools, Switch::Off, async |env| {
        for entry in entries {
            measure(&workspace, &tools, entry, &env, &results.join(format!("{}.json", entry.name))).await?;
        }
        Ok(())
    })
}

async fn measure(
    workspace: &Workspace,
    tools: &Tools,
    entry: &Entry,
    env: &[(String, String)],
    result: &Path,
) -> Result<()> {
    say("bench", entry.name);
    let script = Run::new(&tools.node)
        .arg(workspace.root().join(entry.script))
        .envs(env.iter().cloned())
        .env("TUTTI_RESULT", result)
        .dir(workspace.root());
    script.visibly_while_awaited().await?;
    let text = fs::read_to_string(result).with_context(|| format!("{} wrote no result", entry.script))?;
    let results: Results =
        serde_json::from_str(&text).with_context(|| format!("{} is not a result", result.display()))?;
    print_table(&results);
    Ok(())
}

fn print_table(results: &Results) {
    println!("\n{:<44} {:>12} {:>12}  unit", "", "tutti", "peer");
    for Row { what, tutti, peer, unit } in &results.rows {
        let peer = peer.map_or_else(|| "–".to_owned(), |peer| format!("{peer:.2}"));
        println!("{what:<44} {tutti:>12.2} {peer:>12}  {unit}");
    }
    println!();
}
