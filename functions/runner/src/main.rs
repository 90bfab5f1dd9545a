//! `runner` serves the queue; `runner jail` is the warden that it starts for each job.

use std::process::ExitCode;

use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        // First of all, since the warden may have one thread only.
        Some((command, job_pipes)) if command == "jail" => runner::sandbox::warden_main(job_pipes),
        Some((command, _)) => {
            eprintln!("runner takes no arguments, not '{command}': it is configured by its environment");
            ExitCode::FAILURE
        }
        None => serve(),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn serve() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_unset| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_span_list(false)
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    match runner::serve::serve().await {
        Ok(code) => code,
        Err(error) => {
            tracing::error!(error = runner::chain(&error), "the runner cannot start");
            ExitCode::FAILURE
        }
    }
}
