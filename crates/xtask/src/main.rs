//! `cargo xtask`: sets up, starts, tests, measures and checks the whole of Tutti.
//!
//! This file only maps the command line to the module that does the work.

mod bench;
mod builds;
mod check;
mod cli;
mod command;
mod dev;
mod ecs_stand_in;
mod http;
mod local_aws;
mod progress;
mod setup;
mod stack;
mod suites;
mod supervisor;
mod workspace;

use std::process::ExitCode;

use clap::Parser;
use cli::{Cli, Task};

fn main() -> ExitCode {
    let result = match Cli::parse().task {
        Task::Setup => setup::run(setup::Scope::All).map(drop),
        Task::BuildEdge => builds::edge_command(),
        Task::Dev(options) => dev::run(&options),
        Task::Test(options) => suites::run(&options),
        Task::Bench(options) => bench::run(bench::Kind::Bench, &options),
        Task::Soak(options) => bench::run(bench::Kind::Soak, &options),
        Task::Check => check::run(),
        Task::Ecs(options) => ecs_stand_in::run(&options),
        Task::Guard(options) => return supervisor::guard::run(&options),
    };
    result.map_or_else(progress::report_failure, |()| ExitCode::SUCCESS)
}
