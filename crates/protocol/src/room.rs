//! Rooms: bodies of `/api/v1/rooms`.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::TimestampMs;
use crate::ids::{LinkId, ParticipantId, RoomId};
use crate::language::Language;
use crate::rights::{Rights, Role};

/// Who finds a room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// Its members only.
    Private,
    /// Whoever has a link.
    #[default]
    Link,
    /// Everybody.
    Public,
}

/// Where a room's document comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ForkedFrom {
    /// The other room.
    pub room: RoomId,
    /// The position of its log that was copied.
    #[ts(type = "number")]
    pub position: u64,
}

/// A room as the asker sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Room {
    /// The room's id.
    pub id: RoomId,
    /// Unique, readable, made of the name.
    pub slug: String,
    /// Shown in the page's head.
    pub name: String,
    /// The language that new files start in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub language: Option<Language>,
    /// Who finds it.
    pub visibility: Visibility,
    /// The asker's role in it.
    pub role: Role,
    /// When it was made.
    #[ts(type = "number")]
    pub created_at: TimestampMs,
    /// When it goes away, for a guest's room that nobody claims.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub expires_at: Option<TimestampMs>,
    /// What it was forked from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub forked_from: Option<ForkedFrom>,
    /// How many rooms were forked from it.
    #[serde(default)]
    pub forks: u32,
}

/// Body of `POST /rooms`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateRoomRequest {
    /// 1 to 100 characters.
    pub name: String,
    /// The language that new files start in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub language: Option<Language>,
    /// The project that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub project_id: Option<String>,
    /// `link` unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub visibility: Option<Visibility>,
}

/// Body of `PUT /rooms/{id}`: what is absent stays.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct UpdateRoomRequest {
    /// 1 to 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub name: Option<String>,
    /// The language that new files start in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub language: Option<Language>,
    /// Who finds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub visibility: Option<Visibility>,
}

/// Body of `POST /rooms/{id}/fork`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ForkRoomRequest {
    /// 1 to 100 characters; the room's own name unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub name: Option<String>,
    /// The position of the log to copy; the newest unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub position: Option<u64>,
}

/// Data of `POST /rooms/{id}/rebuild`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RebuildAnswer {
    /// The room's generation from now on: tokens of earlier ones open no document any more.
    #[ts(type = "number")]
    pub generation: u64,
}

/// Data of calls that answer one room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RoomAnswer {
    /// The room.
    pub room: Room,
    /// Only when a guest made the room, and only then: whoever holds it is the owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub owner_key: Option<String>,
}

/// Body of `POST /rooms/{id}/join`: by link, or nothing for a public room.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct JoinRoomRequest {
    /// The token of a share link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub link: Option<String>,
}

/// Body of `POST /rooms/{id}/links`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateLinkRequest {
    /// `viewer` or `editor`.
    pub role: Role,
    /// May start runs; an editor's link may unless said otherwise, a viewer's may not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub run: Option<bool>,
    /// May open a terminal; no unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub terminal: Option<bool>,
    /// When it stops working.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub expires_at: Option<TimestampMs>,
    /// How many people may use it; renewals do not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub max_uses: Option<u32>,
}

/// A share link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// Names the link, for withdrawing it.
    pub id: LinkId,
    /// What people open. Only in the answer that made the link: the token is stored hashed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub url: Option<String>,
    /// The secret part of the url. Only in the answer that made the link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub token: Option<String>,
    /// The role that it gives.
    pub role: Role,
    /// The rights that it gives.
    pub rights: Rights,
    /// How many people have used it.
    pub uses: u32,
    /// How many may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub max_uses: Option<u32>,
    /// When it stops working.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub expires_at: Option<TimestampMs>,
    /// When it was made.
    #[ts(type = "number")]
    pub created_at: TimestampMs,
}

/// Data of `POST /rooms/{id}/links`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LinkAnswer {
    /// The link, with its token.
    pub link: Link,
}

/// Body of `POST /rooms/{id}/token`. With a bearer all fields may be absent.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RoomTokenRequest {
    /// The token of a share link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub link: Option<String>,
    /// The key of a guest's room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub owner_key: Option<String>,
    /// A guest's display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub name: Option<String>,
    /// A room token of this room that the guest already had: keeps the participant id, and does not count as a
    /// further use of the link. It may have expired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub previous: Option<String>,
}

/// Data of `POST /rooms/{id}/token`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RoomToken {
    /// `token` of both sockets, and bearer under this room.
    pub token: String,
    /// The role.
    pub role: Role,
    /// The rights.
    pub rights: Rights,
    /// Who one is in the room.
    pub participant_id: ParticipantId,
    /// When the token expires.
    #[ts(type = "number")]
    pub expires_at: TimestampMs,
    /// The room's generation: a replica of an earlier one has to be thrown away.
    #[serde(default)]
    #[ts(type = "number")]
    pub generation: u64,
    /// The document's socket, without the token: `ws://host/sync/{roomId}`.
    pub sync_url: String,
    /// The events' socket, without the token: `ws://host/events/{roomId}`.
    pub events_url: String,
}

/// One file of a room, from outside the editor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RoomFile {
    /// Its path. Unchecked: a stock client may write any key into the document.
    pub path: String,
    /// Its text.
    pub content: String,
}

/// Data of `GET /rooms/{id}/files`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RoomFiles {
    /// All files, in order of their paths.
    pub items: Vec<RoomFile>,
    /// The log position of the last edit in them, or the position that was asked for.
    #[ts(type = "number")]
    pub position: u64,
}
