//! The Lambda functions: accounts, rooms and runs over HTTP, and the queue side of runs.
//!
//! Each binary in `src/bin` is one function. [`auth`], [`rooms`], [`runs`], [`attempts`], [`dead_letters`], [`sweeper`]
//! and [`audit`] hold the decisions; they know the systems outside as [`ports`]. [`aws`], [`edge`] and [`outbox`] are
//! the adapters, [`http`] is what the HTTP functions share.
//!
//! **Architecture invariant:** types of `aws_sdk_*` appear in [`aws`] only, and nothing but [`config`] reads the
//! environment.

pub mod admin;
pub mod ambient;
pub mod attempts;
pub mod audit;
pub mod auth;
pub mod aws;
pub mod batch;
pub mod config;
pub mod cursor;
pub mod dead_letters;
pub mod edge;
pub mod http;
pub mod log;
pub mod outbox;
pub mod pool;
pub mod ports;
pub mod rooms;
pub mod runs;
pub mod sweeper;

#[cfg(test)]
mod fakes;
