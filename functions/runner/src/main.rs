//! `runner` serves the queue; `runner jail` is the process that it starts to keep its jobs in;
//! `runner caches` works out beforehand what toolchains need for every program.

use std::process::ExitCode;

use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        // First of all, since the keeper may have one thread only.
        Some((command, [])) if command == "jail" => runner::sandbox::keeper_main(),
        Some((command, [])) if command == "caches" => caches(),
        Some((command, _)) => {
            eprintln!("runner takes no arguments, not '{command}': it is configured by its environment");
            ExitCode::FAILURE
        }
        None => serve(),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn caches() -> ExitCode {
    log();
    match runner::caches::make().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = runner::chain(&error), "programs compile more slowly");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn serve() -> ExitCode {
    log();
    match runner::serve::serve().await {
        Ok(code) => code,
        Err(error) => {
            tracing::error!(error = runner::chain(&error), "the runner cannot start");
            ExitCode::FAILURE
        }
    }
}

fn log() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_unset| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_span_list(false)
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
}
