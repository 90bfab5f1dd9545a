//! The room's rules, one input after another: what goes out, what is stored, who is closed.

mod harness;
mod leases;
mod limits;
mod past;
mod people;
mod runner;
mod runs;
mod silence;
#[expect(dead_code, reason = "the simulator uses the rest")]
#[path = "../store/mod.rs"]
mod store;
mod sync;
mod terminals;
