//! Everything that the product promises to its clients, asked of a running stack: `cargo xtask test` starts one.
//!
//! Tests begin in the order of their names. Those of [`upheaval`] need the stack to themselves and so hold everybody
//! up who comes later: their name puts them last.

mod administration;
mod api_keys;
mod auth;
mod crowd;
mod edge;
mod fallback;
mod forks;
mod hardening;
mod history;
mod hostile;
mod leases;
mod limits;
mod links;
mod logins;
mod origins;
mod presence;
mod recovery;
mod rights;
mod room_life;
mod rooms;
mod run_limits;
mod runs;
mod second_factor;
mod sync;
mod terminals;
mod tokens;
mod upheaval;
