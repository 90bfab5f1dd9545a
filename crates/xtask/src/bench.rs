//! `cargo xtask bench` and `soak`: runs measurements against a stack of their own, and prints what they found.
//!
//! A measurement by script gets `TUTTI_URL`, `TUTTI_STACK` and `TUTTI_RESULT`, and writes to the last a JSON object
//! `{"rows": [{"what", "tutti", "peer", "unit"}]}`; `peer` may be missing. Registering one is an entry in
//! [`ENTRIES`]. A soak is a script as well, and says by its exit code whether what it tested held.

mod native;

use std::{fs, path::Path};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

use crate::{
    builds,
    cli::{BenchOptions, Switch},
    command::Run,
    progress::say,
    setup::{self, Tools},
    suites::{self, Running},
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
    how: How,
}

/// How something is measured.
enum How {
    /// By code here.
    Native(fn(&Workspace, &Running) -> Result<Results>),
    /// By a script, relative to the root, which Node runs.
    Script(&'static str),
}

/// Every measurement that there is.
const ENTRIES: &[Entry] = &[
    Entry { kind: Kind::Bench, name: "size", how: How::Native(native::size) },
    Entry { kind: Kind::Bench, name: "start", how: How::Native(native::start) },
    Entry { kind: Kind::Bench, name: "keystroke", how: How::Script("tests/bench/keystroke.mjs") },
    Entry { kind: Kind::Bench, name: "fanout", how: How::Script("tests/bench/fanout.mjs") },
    Entry { kind: Kind::Bench, name: "run", how: How::Script("tests/bench/run.mjs") },
];

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
    suites::on_own_stack(&workspace, &tools, Switch::Off, async |running| {
        for entry in entries {
            say("bench", entry.name);
            let result = results.join(format!("{}.json", entry.name));
            match entry.how {
                How::Native(measure) => write(&measure(&workspace, &running)?, &result)?,
                How::Script(script) => run_script(&workspace, &tools, script, &running, &result).await?,
            }
            if result.is_file() {
                print_table(&read(&result)?);
            }
        }
        Ok(())
    })
}

async fn run_script(
    workspace: &Workspace,
    tools: &Tools,
    script: &str,
    running: &Running,
    result: &Path,
) -> Result<()> {
    let run = Run::new(&tools.node).arg(workspace.root().join(script)).envs(running.env.clone());
    run.env("TUTTI_RESULT", result).dir(workspace.root()).visibly_while_awaited().await
}

fn write(results: &Results, file: &Path) -> Result<()> {
    let text = serde_json::to_string_pretty(results).context("a result is not JSON")?;
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

fn read(file: &Path) -> Result<Results> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not a result", file.display()))
}

fn print_table(results: &Results) {
    println!("\n{:<44} {:>12} {:>12}  unit", "", "tutti", "peer");
    for Row { what, tutti, peer, unit } in &results.rows {
        let peer = peer.map_or_else(|| "–".to_owned(), |peer| format!("{peer:.2}"));
        println!("{what:<44} {tutti:>12.2} {peer:>12}  {unit}");
    }
    println!();
}
