//! The command line of `cargo xtask`; nothing here does anything.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Sets up, starts, tests, measures and checks the whole of Tutti.
#[derive(Parser)]
#[command(name = "cargo xtask", disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) task: Task,
}

#[derive(Subcommand)]
pub(crate) enum Task {
    /// Install what is missing; every other task does this first
    Setup,
    /// Build the Worker and the page, if anything changed since the last time
    BuildEdge,
    /// Start everything on loopback and print the link of a demo room
    Dev(DevOptions),
    /// Run every suite; exit code 0 only if all pass
    Test(TestOptions),
    /// Run the benchmarks, or the one named; results go to target/bench/
    Bench(BenchOptions),
    /// Run the long forms of the durability, hostile-input and fault tests
    Soak(BenchOptions),
    /// Formatting, lints, docs, generated files and templates
    Check,
    /// Run one program so that nothing of it outlives this process's parent
    #[command(hide = true)]
    Guard(GuardOptions),
    /// Serve the ECS stand-in alone
    #[command(hide = true)]
    Ecs(EcsOptions),
}

#[derive(Args, Clone)]
pub(crate) struct DevOptions {
    /// Port of the edge; another free one is taken, and said, if it is occupied
    #[arg(long, default_value_t = 8787)]
    pub(crate) port: u16,
    /// Where databases, queues, buckets and keys are kept [default: .tutti/data]
    #[arg(long)]
    pub(crate) data: Option<PathBuf>,
    /// Start with empty data
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Rate limits on or off; off is for load tests and exists only here
    #[arg(long, value_enum, default_value_t = Switch::On)]
    pub(crate) limits: Switch,
    /// Show every log line of every part
    #[arg(long, short)]
    pub(crate) verbose: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    On,
    Off,
}

impl Switch {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
        }
    }
}

#[derive(Args)]
pub(crate) struct TestOptions {
    /// One suite alone: page, crates, black_box, stock or browser
    #[arg(value_parser = ["page", "crates", "black_box", "stock", "browser"])]
    pub(crate) suite: Option<String>,
    /// Of it, only tests whose name contains this
    pub(crate) filter: Option<String>,
}

#[derive(Args)]
pub(crate) struct BenchOptions {
    /// Only the entry of this name
    pub(crate) name: Option<String>,
    /// Only those of its scenarios whose names contain this, where it has some
    pub(crate) part: Option<String>,
}

#[derive(Args)]
pub(crate) struct GuardOptions {
    /// File that the program's output is appended to
    #[arg(long)]
    pub(crate) log: PathBuf,
    /// Seconds between asking the program to end and killing it
    #[arg(long)]
    pub(crate) grace_s: u64,
    /// The program and its arguments
    #[arg(last = true, required = true)]
    pub(crate) command: Vec<String>,
}

#[derive(Args)]
pub(crate) struct EcsOptions {
    /// Name of the one cluster
    #[arg(long)]
    pub(crate) cluster: String,
    /// Name of the one service
    #[arg(long)]
    pub(crate) service: String,
    /// Folder for the logs of the tasks
    #[arg(long)]
    pub(crate) logs: PathBuf,
    /// Seconds between asking a task to end and killing it
    #[arg(long, default_value_t = 30)]
    pub(crate) grace_s: u64,
    /// The program of a task and its arguments
    #[arg(last = true, required = true)]
    pub(crate) command: Vec<String>,
}
