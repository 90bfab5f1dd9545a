//! What a room wants done. The shell carries effects out in order.

use protocol::TimestampMs;
use protocol::close::CloseCode;
use protocol::event::{ChatMessage, OutputChunk};
use protocol::ids::RunId;
use protocol::run::{RoomRunRequest, Run, SourceFile};

use crate::log::LogEntry;
use crate::session::{Session, SocketId};

/// What goes out on a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// A message of the Yjs protocol.
    Binary(Vec<u8>),
    /// A JSON event.
    Text(String),
}

/// The sockets that a frame goes to. The frame is made once and handed to each.
pub type Recipients = Vec<SocketId>;

/// In whose name a run is submitted or cancelled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// A room token.
    pub token: String,
    /// The address that it came from.
    pub address: String,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Write a row of the log.
    Append(LogEntry),
    /// Write a chat message.
    SaveChat(ChatMessage),
    /// Write a run's record, over an older one.
    SaveRun(Box<Run>),
    /// Write a piece of a run's output.
    SaveOutput {
        /// The run.
        run: RunId,
        /// The attempt.
        attempt: u32,
        /// The piece.
        chunk: OutputChunk,
    },
    /// Drop what an earlier attempt wrote.
    DropOutput {
        /// The run.
        run: RunId,
    },
    /// Drop a run and its output from the room's storage.
    DropRun {
        /// The run.
        run: RunId,
    },
    /// Keep a session with its socket.
    Remember {
        /// The socket.
        socket: SocketId,
        /// Its session.
        session: Box<Session>,
    },
    /// Send a frame.
    Send {
        /// To whom.
        to: Recipients,
        /// What.
        frame: Frame,
    },
    /// Close a socket.
    Close {
        /// Which.
        socket: SocketId,
        /// With which code.
        code: CloseCode,
        /// And which words, at most 123 bytes.
        reason: String,
    },
    /// Handle [`crate::Input::Woken`] at this time or soon after.
    WakeAt(TimestampMs),
    /// Submit a run in the name of a socket's token; answered by `RunSubmitted` or `Refused`.
    SubmitRun {
        /// Who asked.
        socket: SocketId,
        /// Their token and address.
        caller: Caller,
        /// What they asked for.
        request: RoomRunRequest,
        /// The files.
        files: Vec<SourceFile>,
        /// The durable log position that they were read at.
        position: u64,
    },
    /// Cancel a run in the name of a socket's token; answered by `RunChanged` or `Refused`.
    CancelRun {
        /// Who asked.
        socket: SocketId,
        /// Their token and address.
        caller: Caller,
        /// The run.
        run: RunId,
    },
}
