//! What the worker asks a room about its past, and what it has it do with it.
//!
//! Messages travel as JSON, documents in them in base64; documents in answers as they are.

mod answers;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use protocol::envelope::ErrorBody;
use protocol::event::Participant;
use protocol::history::{
    ChatPage, CreateSnapshotRequest, DocumentDiff, HistoryPage, MergeAnswer, Snapshot, SnapshotPage,
};
use protocol::ids::{ParticipantId, RoomId, SnapshotId};
use protocol::room::RoomFiles;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::client::{RoomMessage, RoomStub};
use crate::answer::Failure;
use crate::object_call;

/// What the worker says to a room about its past.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum HistoryMessage {
    /// The places of the log after a position.
    Page { after: u64, limit: usize },
    /// The document at a position, or now, as bytes.
    State { at: Option<u64> },
    /// The files at a position.
    FilesAt { at: u64 },
    /// What changed from a position to another, or until now.
    Diff { from: u64, to: Option<u64> },
    /// Older chat messages.
    Chat { before: Option<u64>, limit: usize },
    /// Name the present moment.
    TakeSnapshot { by: Participant, request: CreateSnapshotRequest },
    /// The snapshots after one, the newest first.
    Snapshots { after: Option<SnapshotId>, limit: usize },
    /// Delete a snapshot.
    DeleteSnapshot { id: SnapshotId },
    /// Bring back the files of a position.
    Restore { by: Participant, to: u64 },
    /// What the document holds of each client, as bytes.
    StateVector,
    /// What the document has that a state vector lacks, as bytes.
    ChangesSince { known: Base64 },
    /// What merging an update of another room would change, and the merge itself unless that is all that is asked.
    Merge(Box<Merge>),
    /// Start as a copy of another room.
    Seed { by: Participant, state: Base64 },
    /// Start over with the same files, under a new generation.
    Rebuild { generation: u64 },
    /// Erase an author's name.
    Erase { author: ParticipantId },
}

/// A merge of another room's changes.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Merge {
    /// Who merges.
    pub(crate) by: Participant,
    /// The other room.
    pub(crate) from: RoomId,
    /// What the other room holds of each client.
    pub(crate) theirs: Base64,
    /// What it has that this room lacks.
    pub(crate) update: Base64,
    /// Only show what would change.
    pub(crate) is_preview: bool,
}

impl Merge {
    /// A merge of what another room has.
    pub(crate) fn new(by: Participant, from: RoomId, theirs: Vec<u8>, update: Vec<u8>, is_preview: bool) -> Self {
        Self { by, from, theirs: Base64(theirs), update: Base64(update), is_preview }
    }
}

/// Bytes that JSON carries in base64.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Base64(pub(crate) Vec<u8>);

impl TryFrom<String> for Base64 {
    type Error = base64::DecodeError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        STANDARD.decode(text).map(Self)
    }
}

impl From<Base64> for String {
    fn from(bytes: Base64) -> Self {
        STANDARD.encode(bytes.0)
    }
}

/// What a room answers: what was asked for, or why not.
type Asked<T> = Result<T, ErrorBody>;

impl RoomStub {
    async fn ask_history<T: DeserializeOwned>(&self, message: HistoryMessage) -> Result<T, Failure> {
        let answer: Asked<T> = object_call::ask(&self.0, "room", &RoomMessage::History(message)).await?;
        answer.map_err(Failure::Refused)
    }

    async fn ask_bytes(&self, message: HistoryMessage) -> Result<Vec<u8>, Failure> {
        let mut answer = object_call::send(&self.0, "room", &RoomMessage::History(message)).await?;
        let bytes = answer.bytes().await?;
        match answer.status_code() {
            200 => Ok(bytes),
            REFUSED => Err(Failure::Refused(
                serde_json::from_slice(&bytes).map_err(|source| Failure::Unreadable { part: "room", source })?,
            )),
            status => {
                let source = worker::Error::RustError(format!("status {status}"));
                Err(Failure::Unreachable { part: "room", source })
            }
        }
    }

    /// A page of the log.
    pub(crate) async fn history(&self, after: u64, limit: usize) -> Result<HistoryPage, Failure> {
        self.ask_history(HistoryMessage::Page { after, limit }).await
    }

    /// The document at a position, or now, as one Yjs update.
    pub(crate) async fn state_at(&self, at: Option<u64>) -> Result<Vec<u8>, Failure> {
        self.ask_bytes(HistoryMessage::State { at }).await
    }

    /// The files at a position.
    pub(crate) async fn files_at(&self, at: u64) -> Result<RoomFiles, Failure> {
        self.ask_history(HistoryMessage::FilesAt { at }).await
    }

    /// What changed from a position to another, or until now.
    pub(crate) async fn diff(&self, from: u64, to: Option<u64>) -> Result<DocumentDiff, Failure> {
        self.ask_history(HistoryMessage::Diff { from, to }).await
    }

    /// Older chat messages.
    pub(crate) async fn chat(&self, before: Option<u64>, limit: usize) -> Result<ChatPage, Failure> {
        self.ask_history(HistoryMessage::Chat { before, limit }).await
    }

    /// Names the present moment.
    pub(crate) async fn take_snapshot(
        &self,
        by: Participant,
        request: CreateSnapshotRequest,
    ) -> Result<Snapshot, Failure> {
        self.ask_history(HistoryMessage::TakeSnapshot { by, request }).await
    }

    /// The snapshots after one, the newest first.
    pub(crate) async fn snapshots(&self, after: Option<SnapshotId>, limit: usize) -> Result<SnapshotPage, Failure> {
        self.ask_history(HistoryMessage::Snapshots { after, limit }).await
    }

    /// Deletes a snapshot.
    pub(crate) async fn delete_snapshot(&self, id: SnapshotId) -> Result<(), Failure> {
        self.ask_history(HistoryMessage::DeleteSnapshot { id }).await
    }

    /// Brings back the files of a position. Answers the log's position then.
    pub(crate) async fn restore(&self, by: Participant, to: u64) -> Result<u64, Failure> {
        self.ask_history(HistoryMessage::Restore { by, to }).await
    }

    /// What the document holds of each client.
    pub(crate) async fn state_vector(&self) -> Result<Vec<u8>, Failure> {
        self.ask_bytes(HistoryMessage::StateVector).await
    }

    /// What the document has that a state vector lacks.
    pub(crate) async fn changes_since(&self, known: Vec<u8>) -> Result<Vec<u8>, Failure> {
        self.ask_bytes(HistoryMessage::ChangesSince { known: Base64(known) }).await
    }

    /// Merges another room's changes, or shows what that would change.
    pub(crate) async fn merge(&self, merge: Merge) -> Result<MergeAnswer, Failure> {
        self.ask_history(HistoryMessage::Merge(Box::new(merge))).await
    }

    /// Starts the room as a copy of another.
    pub(crate) async fn seed(&self, by: Participant, state: Vec<u8>) -> Result<(), Failure> {
        self.ask_history(HistoryMessage::Seed { by, state: Base64(state) }).await
    }

    /// Starts over with the same files.
    pub(crate) async fn rebuild(&self, generation: u64) -> Result<(), Failure> {
        self.ask_history(HistoryMessage::Rebuild { generation }).await
    }

    /// Erases an author's name.
    pub(crate) async fn erase(&self, author: ParticipantId) -> Result<(), Failure> {
        self.ask_history(HistoryMessage::Erase { author }).await
    }
}

/// The status of bytes that are a refusal.
const REFUSED: u16 = 422;
