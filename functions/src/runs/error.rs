//! Why a request about a run is refused.

use protocol::envelope::FieldError;
use protocol::run::TransitionError;
use protocol::token::TokenError;
use thiserror::Error;

use crate::ports::PortError;
use crate::rooms::error::RoomError;

/// Why a request about a run is refused.
#[derive(Debug, Error)]
pub enum RunError {
    /// Fields that break the rules.
    #[error("fields break the rules")]
    Invalid(Vec<FieldError>),
    /// People without an account are not served here.
    #[error("guests are switched off")]
    GuestsOff,
    /// No such run.
    #[error("no such run")]
    NoRun,
    /// The caller is nobody, and the run is somebody's.
    #[error("the run needs a token")]
    Unknown,
    /// The caller may not do that to the run.
    #[error("the caller may not do that")]
    Forbidden,
    /// The idempotency key came with another request before.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// More runs than a guest may start.
    #[error("too many runs")]
    TooMany {
        /// When the next minute begins.
        retry_after_s: u64,
    },
    /// More runs wait than can be run in time, or no machine can be had.
    #[error("no capacity")]
    NoCapacity {
        /// When to come back.
        retry_after_s: u64,
    },
    /// The run has not ended, so it cannot be tried again.
    #[error("the run has not ended")]
    NotOver,
    /// The run's state does not allow it.
    #[error(transparent)]
    Transition(#[from] TransitionError),
    /// The run changed under every try.
    #[error("the run keeps changing")]
    Contended,
    /// The run's room refuses.
    #[error(transparent)]
    Room(#[from] RoomError),
    /// Signing failed.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// A system outside failed.
    #[error(transparent)]
    Port(#[from] PortError),
}
