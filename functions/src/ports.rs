//! The systems outside this process, as the core sees them: one trait each. Their documents are the contracts that
//! an adapter keeps; `aws` and `edge` hold the real ones, and tests use systems in memory that break on demand.
//!
//! A port's answer says everything that the core decides by. [`PortError`] is left for what no caller can decide
//! about.

pub mod accounts;
pub mod administration;
pub mod artifacts;
pub mod audit;
pub mod credentials;
pub mod edge;
pub mod fleet;
pub mod launcher;
pub mod mailer;
pub mod queue;
pub mod rooms;
pub mod runs;
pub mod second_factor;
pub mod tasks;

use std::error::Error as StdError;

use thiserror::Error;

/// A system outside that did not do its part.
#[derive(Debug, Error)]
pub enum PortError {
    /// It throttled, timed out or could not be reached. Whether a write happened is unknown.
    #[error("{part} is unavailable")]
    Unavailable {
        /// Which system.
        part: &'static str,
        /// What the client of it said.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// It refused the call as such: a mistake in this program or in the deployment.
    #[error("{part} refused the call")]
    Refused {
        /// Which system.
        part: &'static str,
        /// What the client of it said.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// What it holds is not what this program writes.
    #[error("{part} holds something unreadable: {what}")]
    Unreadable {
        /// Which system.
        part: &'static str,
        /// What, and where.
        what: String,
    },
}
