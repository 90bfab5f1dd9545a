//! The runner: takes runs from the queue, executes them in a sandbox, streams their output to the room and records
//! their results. See [`sandbox`] for what keeps strangers' code in its place.

pub mod languages;
#[expect(unsafe_code, reason = "the layers of the sandbox are system calls without safe wrappers")]
pub mod sandbox;
