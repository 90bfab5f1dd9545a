//! Close codes of the sockets. 4400 to 4499 tell a stock Yjs client to stop; it retries after every other.

/// Why the server closes a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u16)]
pub enum CloseCode {
    /// The part restarts: come back.
    ServiceRestart = 1012,
    /// Too much at once, or full: come back later.
    TryAgainLater = 1013,
    /// Token missing, malformed or expired.
    Unauthorized = 4401,
    /// The right behind the token was withdrawn.
    Forbidden = 4403,
    /// No such room.
    NotFound = 4404,
    /// The room was rebuilt: start from its state.
    Rebuilt = 4409,
    /// A frame over the size limit.
    FrameTooLarge = 4413,
    /// A frame that is not the protocol, or an update that does not apply.
    Malformed = 4422,
    /// Persistent abuse.
    RateLimited = 4429,
}

impl CloseCode {
    /// The number on the wire.
    #[must_use]
    pub fn code(self) -> u16 {
        self as u16
    }
}
