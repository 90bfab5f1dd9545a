//! `runner` serves the queue; `runner jail` is the warden that it starts for each job.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        Some((command, job_pipes)) if command == "jail" => runner::sandbox::warden_main(job_pipes),
        _ => ExitCode::FAILURE,
    }
}
