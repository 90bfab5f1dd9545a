//! History: bodies of the calls that read a room's past, go back to it, and bring rooms together.
//!
//! A room's log is one line of everything durable that happened in it, each with a position from 1 on: edits of the
//! document, chat, runs and their output, snapshots, restores, merges. What is not an edit is kept as the
//! [`RoomEvent`] that it was told by, so a replay feeds the same code as the living room.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::TimestampMs;
use crate::event::{ChatMessage, RoomEvent};
use crate::ids::{ParticipantId, RoomId, SnapshotId};

/// What one edit of the log consists of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct EditRecord {
    /// Size of the updates.
    pub bytes: usize,
    /// Yjs updates (v1) in base64, to be applied in order: what one author wrote within some 40 ms.
    pub updates: Vec<String>,
}

/// One place of the log. It has either an edit or an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct HistoryItem {
    /// Place in the log, from 1.
    #[ts(type = "number")]
    pub position: u64,
    /// When it was received. Never less than that of the place before.
    #[ts(type = "number")]
    pub at: TimestampMs,
    /// Whose socket delivered it first; nobody for what the room does by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub author_id: Option<ParticipantId>,
    /// A change of the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub edit: Option<EditRecord>,
    /// Anything else, as it was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub event: Option<Box<RoomEvent>>,
}

/// Somebody who wrote something in the room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Author {
    /// Who.
    pub id: ParticipantId,
    /// The latest name, or that of an erased author.
    pub name: String,
}

/// Data of `GET /rooms/{id}/history`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct HistoryPage {
    /// The places after the one asked for, in order.
    pub items: Vec<HistoryItem>,
    /// The names of everybody who ever wrote here.
    pub authors: Vec<Author>,
    /// History is kept after this position; 0 while all of it is.
    #[ts(type = "number")]
    pub first: u64,
    /// The newest position.
    #[ts(type = "number")]
    pub last: u64,
    /// What to pass as `after` for the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub next_cursor: Option<u64>,
}

/// Data of `GET /rooms/{id}/chat`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ChatPage {
    /// Messages before the one asked for, oldest first.
    pub items: Vec<ChatMessage>,
    /// What to pass as `before` for older ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub next_cursor: Option<u64>,
}

/// A named moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// Its id.
    pub id: SnapshotId,
    /// What it is called.
    pub name: String,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub message: Option<String>,
    /// Who took it.
    pub author_id: ParticipantId,
    /// Their name.
    pub author_name: String,
    /// The log's position then.
    #[ts(type = "number")]
    pub position: u64,
    /// When.
    #[ts(type = "number")]
    pub at: TimestampMs,
}

/// Body of `POST /rooms/{id}/snapshots`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct CreateSnapshotRequest {
    /// 1 to 100 characters.
    pub name: String,
    /// At most 2,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub message: Option<String>,
}

/// Data of `POST /rooms/{id}/snapshots`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SnapshotAnswer {
    /// The snapshot.
    pub snapshot: Snapshot,
}

/// Data of `GET /rooms/{id}/snapshots`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotPage {
    /// The newest first.
    pub items: Vec<Snapshot>,
    /// What to pass as `cursor` for older ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub next_cursor: Option<SnapshotId>,
}

/// Body of `POST /rooms/{id}/restore`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RestoreRequest {
    /// The moment whose files are wanted back.
    #[ts(type = "number")]
    pub position: u64,
}

/// Data of `POST /rooms/{id}/restore`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RestoreAnswer {
    /// The log's position with the files brought back.
    #[ts(type = "number")]
    pub position: u64,
}

/// Body of `POST /rooms/{id}/merge`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MergeRequest {
    /// The room whose changes are wanted: a fork of this one, or the one that this was forked from.
    pub from: RoomId,
    /// A room token of that room; without one the caller's own bearer has to open it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub from_token: Option<String>,
    /// Only show what would change.
    #[serde(default)]
    #[ts(optional, as = "Option<bool>")]
    pub preview: bool,
}

/// Data of `POST /rooms/{id}/merge`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MergeAnswer {
    /// What changes here.
    pub diff: DocumentDiff,
    /// The log's position with the merge; nothing for a preview, and where there was nothing to merge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub position: Option<u64>,
}

/// How a file changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum FileChange {
    /// It was not there before.
    Added,
    /// It is not there any more.
    Removed,
    /// Its text is another.
    Changed,
}

/// What changed in one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FileDiff {
    /// Which.
    pub path: String,
    /// How.
    pub change: FileChange,
    /// Lines that came.
    pub added: usize,
    /// Lines that went.
    pub removed: usize,
    /// The change in unified form, with three lines around each piece.
    pub unified: String,
}

/// What changed between two moments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DocumentDiff {
    /// The earlier position.
    #[ts(type = "number")]
    pub from: u64,
    /// The later position.
    #[ts(type = "number")]
    pub to: u64,
    /// The files that differ, in order of their paths.
    pub files: Vec<FileDiff>,
}
