//! What happens to a room.

use protocol::envelope::ErrorBody;
use protocol::ids::RunId;
use protocol::internal::PrincipalKind;
use protocol::run::Run;

use crate::session::{Session, SocketId};

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// A socket with a verified session was accepted.
    Opened {
        /// Its name from now on.
        socket: SocketId,
        /// Who is behind it.
        session: Box<Session>,
    },
    /// A binary frame came.
    Frame {
        /// From where.
        socket: SocketId,
        /// What.
        bytes: Vec<u8>,
    },
    /// A text frame came.
    Text {
        /// From where.
        socket: SocketId,
        /// What.
        text: String,
    },
    /// A socket is gone, by whatever cause.
    Closed {
        /// Which.
        socket: SocketId,
    },
    /// The time of an [`crate::Effect::WakeAt`] has come.
    Woken,
    /// Everything that was applied is to be written now, since somebody outside reads the room.
    Settle,
    /// A login, a link or the room itself was revoked.
    Revoked {
        /// Which of the two.
        kind: PrincipalKind,
        /// Its id.
        id: String,
    },
    /// A run of this room was submitted.
    RunSubmitted {
        /// As it was recorded.
        run: Box<Run>,
    },
    /// What a socket asked for was refused elsewhere.
    Refused {
        /// Who asked.
        socket: SocketId,
        /// `type` of what was asked.
        regarding: &'static str,
        /// Why.
        error: ErrorBody,
    },
    /// A runner claimed a run of this room.
    RunClaimed {
        /// The run.
        run: RunId,
        /// The attempt.
        attempt: u32,
    },
    /// The record of a run of this room changed.
    RunChanged {
        /// As it is now.
        run: Box<Run>,
    },
}
