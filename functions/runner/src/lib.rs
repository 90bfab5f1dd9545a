//! The runner: takes runs from the queue, executes them in a sandbox, streams their output to the room and records
//! their results.
//!
//! [`serve`] takes messages, [`attempt`] sees one through, [`execute`] runs it in the [`sandbox`] with the recipe of
//! its [language](languages), [`output`] makes frames of what it prints, [`stream`] delivers them.

pub mod attempt;
pub mod config;
pub mod edge;
pub mod execute;
pub mod faults;
pub mod languages;
pub mod output;
pub mod protection;
pub mod queue;
#[expect(unsafe_code, reason = "the layers of the sandbox are system calls without safe wrappers")]
pub mod sandbox;
pub mod serve;
pub mod stream;
pub mod task;

/// An error with its causes, in one line for the log.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
