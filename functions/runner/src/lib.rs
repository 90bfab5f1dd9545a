//! The runner: takes runs from the queue, executes them in a sandbox, streams their output to the room and records
//! their results.
//!
//! [`serve`] takes messages, [`message`] sees what one wins, [`attempt`] sees a run through, [`execute`] runs it in the
//! [`sandbox`] with the recipe of its [language](languages), once or for each of its cases, [`output`] makes frames of
//! what it prints. [`lease`] delivers them to the room, takes more runs from there, and opens each [`terminal`]: a
//! program that people talk to.

pub mod attempt;
pub mod caches;
mod cases;
pub mod config;
pub mod edge;
pub mod execute;
pub mod faults;
pub mod languages;
pub mod lease;
pub mod message;
pub mod output;
pub mod protection;
pub mod queue;
#[expect(unsafe_code, reason = "the layers of the sandbox are system calls without safe wrappers")]
pub mod sandbox;
pub mod serve;
pub mod task;
pub mod terminal;

/// An error with its causes, in one line for the log.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
