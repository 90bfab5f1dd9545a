//! Runs: taking them in, saying where they stand, stopping them. Executing them is the runner's.
//!
//! [`ledger`] changes records, and is shared with the functions that hear from runners and from the dead letters.

pub mod error;
pub mod grant;
mod handlers;
pub mod ledger;
pub mod order;
pub mod outlook;
pub mod router;
pub mod submit;
pub mod view;

#[cfg(test)]
mod tests;
