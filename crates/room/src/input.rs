//! What happens to a room.

use protocol::TimestampMs;
use protocol::envelope::ErrorBody;
use protocol::event::Participant;
use protocol::history::CreateSnapshotRequest;
use protocol::ids::{ParticipantId, RoomId, RunId, SnapshotId};
use protocol::internal::PrincipalKind;
use protocol::lease::Dispatch;
use protocol::room::RoomFile;
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
    Woken {
        /// That time.
        due: TimestampMs,
    },
    /// The time of an [`crate::Effect::AlarmAt`] has come.
    Alarm {
        /// When sockets last sent a `ping` that the runtime answered without the room.
        pings: Vec<(SocketId, TimestampMs)>,
    },
    /// Everything that was applied is to be written now, since somebody outside reads the room.
    Settle,
    /// Somebody names the present moment.
    TakeSnapshot {
        /// Who.
        by: Participant,
        /// The snapshot's id.
        id: SnapshotId,
        /// Its name and message.
        request: CreateSnapshotRequest,
        /// How many snapshots there are.
        existing: usize,
    },
    /// Somebody deletes a snapshot.
    DeleteSnapshot {
        /// Which.
        id: SnapshotId,
    },
    /// Somebody wants the files of an earlier moment back.
    Restore {
        /// Who.
        by: Participant,
        /// The moment.
        to: u64,
        /// The files as they were then.
        files: Vec<RoomFile>,
        /// A Yjs client id that was never used, to write with.
        client: u64,
    },
    /// Somebody merges what another room has.
    Merge {
        /// Who.
        by: Participant,
        /// The other room.
        from: RoomId,
        /// What it has that this one lacks, as a Yjs update.
        update: Vec<u8>,
    },
    /// The room starts as a copy of another.
    Seed {
        /// Who made it.
        by: Participant,
        /// The other room's document.
        state: Vec<u8>,
    },
    /// The document is replaced by one of the same texts without its history.
    Rebuild {
        /// The new generation.
        generation: u64,
        /// A Yjs client id that was never used, to write with.
        client: u64,
    },
    /// An author's name is to be erased.
    Erase {
        /// Whose.
        author: ParticipantId,
    },
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
        /// For the room's own runner, if it was recorded as claimed by that.
        dispatch: Option<Box<Dispatch>>,
    },
    /// The answer to an [`crate::Effect::Requeue`].
    Requeued {
        /// As it stands.
        run: Box<Run>,
        /// True if it waits for another runner now.
        is_queued: bool,
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
