//! What a person at the terminal reads: one line for each thing done, with the time it took.

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::Result;

/// Steps quicker than this are not worth a line.
const SILENT: Duration = Duration::from_millis(250);

/// Says one line under a short topic.
pub(crate) fn say(topic: &str, text: &str) {
    println!("{topic:>12}  {text}");
}

/// Does one step, saying what it is first and how long it took afterwards.
pub(crate) fn step<T>(topic: &str, text: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    say(topic, &format!("{text} …"));
    let start = Instant::now();
    let result = work();
    let verdict = if result.is_ok() { "done" } else { "failed" };
    say(topic, &format!("{text}: {verdict} in {}", seconds(start.elapsed())));
    result
}

/// Does one step that is usually a no-op: a line appears only if it took a while.
pub(crate) fn quiet_step<T>(topic: &str, text: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let start = Instant::now();
    let result = work()?;
    if start.elapsed() >= SILENT {
        say(topic, &format!("{text}: {}", seconds(start.elapsed())));
    }
    Ok(result)
}

/// A duration as people say it.
pub(crate) fn seconds(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 60.0 {
        format!("{seconds:.1} s")
    } else {
        let whole = duration.as_secs();
        format!("{} min {} s", whole / 60, whole % 60)
    }
}

/// Prints an error with its causes and gives the exit code for it.
pub(crate) fn report_failure(error: anyhow::Error) -> ExitCode {
    eprintln!("error: {error:#}");
    ExitCode::FAILURE
}
