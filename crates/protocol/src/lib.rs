//! What the edge, the functions and the runner say to each other.
//!
//! The crate owns names, shapes, limits and the rules that every part has to agree on (who may do what, which
//! change of a run is lawful, what a token says). It does no I/O: no clock, no randomness, no network; callers
//! pass time and entropy in. Everything that the browser reads is exported to TypeScript (see [`typescript`]).

pub mod account;
pub mod close;
pub mod credential;
pub mod envelope;
pub mod event;
pub mod history;
pub mod ids;
pub mod internal;
pub mod language;
pub mod lease;
pub mod limits;
pub mod name;
pub mod path;
pub mod poll;
pub mod rights;
pub mod room;
pub mod run;
pub mod runner;
pub mod secret;
pub mod task;
pub mod terminal;
pub mod tier;
pub mod token;
pub mod typescript;

/// Milliseconds since the Unix epoch: the unit of every `…At` field on the wire.
pub type TimestampMs = u64;
