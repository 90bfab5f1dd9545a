//! Why a request about a room is refused.

use protocol::envelope::FieldError;
use protocol::token::TokenError;
use thiserror::Error;

use crate::ports::PortError;

/// Why a request about a room is refused.
#[derive(Debug, Error)]
pub enum RoomError {
    /// Fields that break the rules.
    #[error("fields break the rules")]
    Invalid(Vec<FieldError>),
    /// People without an account are not served here.
    #[error("guests are switched off")]
    GuestsOff,
    /// No such room, or it was deleted or has expired.
    #[error("no such room")]
    NoRoom,
    /// The caller is nobody, and the room is not for everybody.
    #[error("the room needs a token")]
    Unknown,
    /// The caller's role does not reach.
    #[error("the caller's role does not reach")]
    Forbidden,
    /// Unknown, withdrawn, expired, or of another room.
    #[error("the link does not work")]
    LinkRefused,
    /// As many people as the link allows have used it.
    #[error("the link is used up")]
    LinkUsedUp,
    /// Another key, or a room of an account.
    #[error("the owner key does not fit")]
    OwnerKeyRefused,
    /// The room has no such link.
    #[error("no such link")]
    NoLink,
    /// The room changed while the request was under way.
    #[error("the room changed meanwhile")]
    Changed,
    /// Every slug that was tried is taken.
    #[error("no free slug was found")]
    NoFreeSlug,
    /// Signing failed.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// A system outside failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// The error of one field.
pub(super) fn invalid(field: &str, message: impl Into<String>) -> RoomError {
    RoomError::Invalid(vec![FieldError { field: field.to_owned(), message: message.into() }])
}
