//! What a room wants done. The shell carries effects out in order.

use protocol::TimestampMs;
use protocol::close::CloseCode;
use protocol::envelope::ErrorBody;
use protocol::history::{Author, Snapshot};
use protocol::ids::{RunId, SnapshotId};
use protocol::lease::RequeueRequest;
use protocol::run::{RoomRunRequest, Run, SourceFile};

use crate::log::LogEntry;
use crate::session::{Session, SocketId};
use crate::state::SavedState;

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
    /// Note an author's name.
    SaveAuthor(Author),
    /// Write a run's record, over an older one.
    SaveRun {
        /// The run.
        run: Box<Run>,
        /// Position of its `run:queued` in the log: its output comes after it.
        first: u64,
    },
    /// Drop a run from the list of the latest. The log keeps it.
    DropRun {
        /// The run.
        run: RunId,
    },
    /// Write a whole document, so that opening takes it and the rows after it. Then, while the log is larger than it
    /// may be, drop its oldest rows as [`crate::fold`] says.
    Compact {
        /// The document.
        head: SavedState,
        /// Bytes that the log may have.
        keep_bytes: u64,
    },
    /// Replace the document and its history. Rows of edits go, everything else stays.
    Rebuild {
        /// The new document, under the new generation.
        state: SavedState,
    },
    /// Write a snapshot.
    SaveSnapshot(Snapshot),
    /// Drop a snapshot.
    DropSnapshot(SnapshotId),
    /// Put another name in the place of an author's, wherever it is stored.
    Rename(Author),
    /// What was asked is refused; nothing was changed.
    Refuse(ErrorBody),
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
    /// Handle [`crate::Input::Woken`] at this time or soon after. The room stays in memory until then.
    WakeAt(TimestampMs),
    /// Handle [`crate::Input::Alarm`] at this time or soon after. The room may sleep until then.
    AlarmAt(TimestampMs),
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
        /// True if a runner of the room has room for it.
        dispatch: bool,
    },
    /// Queue a run again whose runner makes no progress; answered by `Requeued`, or by nothing.
    Requeue {
        /// The run.
        run: RunId,
        /// What the room may do that with.
        ticket: String,
        /// Which attempt, and whether its runner is gone.
        request: RequeueRequest,
    },
    /// Ask for a runner for the room, in the name of a socket's token; answered by `Refused` or by a runner.
    RequestLease {
        /// Who asked.
        socket: SocketId,
        /// Their token and address.
        caller: Caller,
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
