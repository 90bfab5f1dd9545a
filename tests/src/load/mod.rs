//! The load generator: crowds of stock Yjs clients, cheap enough to run beside the server that they measure.
//!
//! It speaks to anything that speaks the Yjs protocol, so Tutti and its peers get the same load. It owns the clients,
//! the books of what was sent and came, and the scenarios; starting Tutti is the task of `cargo xtask bench rooms`.

pub mod books;
pub mod client;
pub mod corpus;
pub mod cost;
pub mod crowd;
pub mod documents;
pub mod frame;
pub mod latencies;
pub mod message;
pub mod plan;
pub mod process;
pub mod report;
pub mod server;
pub mod snapshot;
pub mod tutti;
pub mod update;
