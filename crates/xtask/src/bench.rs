//! `cargo xtask bench` and `soak`: runs measurements against a stack of their own, and prints what they found.
//!
//! A measurement by a program of its own gets `TUTTI_URL`, `TUTTI_STACK` and `TUTTI_RESULT`, and writes [`Results`] as
//! JSON to the last. Registering one is an entry in [`ENTRIES`]. A soak is such a program as well, or tests that a
//! variable makes long, and says by its exit code whether what it tested held.

mod load;
mod native;
mod results;
mod runner;

use std::{fs, path::Path};

use anyhow::{Context as _, Result, bail};
use results::{Results, Row};

use crate::{
    builds::{self, Polish},
    cli::{BenchOptions, Switch},
    command::Run,
    progress::say,
    setup::{self, Tools},
    stack::Waits,
    suites::{self, BLACK_BOX, Running},
    workspace::{Workspace, variable},
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
    /// By the load generator.
    Load,
    /// By a benchmark of the runner's, which needs no stack.
    Runner(&'static str),
    /// By the tests of a suite whose names contain `filter`. The variable says how long they are, unless whoever calls
    /// has set it.
    Tests { suite: &'static str, filter: &'static str, variable: (&'static str, &'static str) },
}

/// Every measurement that there is.
const ENTRIES: &[Entry] = &[
    Entry { kind: Kind::Bench, name: "size", how: How::Native(native::size) },
    Entry { kind: Kind::Bench, name: "start", how: How::Native(native::start) },
    Entry { kind: Kind::Bench, name: "rooms", how: How::Load },
    Entry { kind: Kind::Bench, name: "run", how: How::Script("tests/bench/run.mjs") },
    Entry { kind: Kind::Bench, name: "runs", how: How::Runner("runs") },
    Entry {
        kind: Kind::Soak,
        name: "durability",
        how: How::Tests { suite: BLACK_BOX, filter: "durability", variable: ("KILLS", "100") },
    },
    Entry {
        kind: Kind::Soak,
        name: "hostile",
        // 4,000 frames a seed.
        how: How::Tests { suite: "hostile", filter: "", variable: ("SEEDS", "250") },
    },
    Entry {
        kind: Kind::Soak,
        name: "hostile-edge",
        how: How::Tests { suite: BLACK_BOX, filter: "hostile::", variable: ("FRAMES", "100000") },
    },
];

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
    let results = workspace.target().join("bench");
    fs::create_dir_all(&results).with_context(|| format!("cannot create {}", results.display()))?;
    // What has the machine to itself comes first.
    let (alone, on_a_stack): (Vec<&Entry>, Vec<&Entry>) =
        entries.into_iter().partition(|entry| matches!(entry.how, How::Runner(_)));
    for entry in alone {
        say("bench", entry.name);
        let result = results.join(format!("{}.json", entry.name));
        let How::Runner(bench) = entry.how else { continue };
        runner::run(&workspace, bench, &result)?;
        show(&result)?;
    }
    if on_a_stack.is_empty() {
        return Ok(());
    }
    let polish = if kind == Kind::Bench { Polish::WasmOpt } else { Polish::None };
    builds::all(&workspace, &tools, polish)?;
    suites::on_own_stack(&workspace, &tools, Switch::Off, Waits::default(), async |running| {
        for entry in on_a_stack {
            say("bench", entry.name);
            let result = results.join(format!("{}.json", entry.name));
            let outcome = match entry.how {
                How::Native(measure) => measure(&workspace, &running).and_then(|results| results.write(&result)),
                How::Script(script) => run_script(&workspace, &tools, script, &running, &result).await,
                How::Load => load::run(&workspace, &tools, &running, options.part.as_deref(), &result).await,
                How::Tests { suite, filter, variable } => {
                    run_tests(&workspace, suite, filter, variable, &running).await
                }
                How::Runner(_) => Ok(()),
            };
            // What was found before a failure says what failed.
            if result.is_file() {
                show(&result)?;
            }
            outcome?;
        }
        Ok(())
    })
}

/// Prints a result, with what follows from it.
fn show(result: &Path) -> Result<()> {
    let results = Results::read(result)?;
    results.print();
    results.write(result)
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

async fn run_tests(
    workspace: &Workspace,
    suite: &str,
    filter: &str,
    (name, default): (&str, &str),
    running: &Running,
) -> Result<()> {
    let value = variable(name).unwrap_or_else(|| default.to_owned());
    let run = suites::cargo_test(workspace, suite).args([filter, "--", "--nocapture"]).envs(running.env.clone());
    run.env(name, value).visibly_while_awaited().await
}
