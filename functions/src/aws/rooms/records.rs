//! Records of rooms as items, and back.

use protocol::TimestampMs;
use protocol::ids::ParticipantId;
use protocol::rights::Role;

use crate::aws::item::{Item, Row, json, number, present, text};
use crate::aws::keys::{self, Key};
use crate::ports::PortError;
use crate::ports::rooms::{LinkRecord, Member, RoomOwner, RoomRecord};

/// How long a record outlives its last use before time to live removes it: long enough to look into a complaint.
const GRACE_S: u64 = 24 * 3_600;

/// The role as a number that compares as roles do.
pub(super) fn rank(role: Role) -> u8 {
    match role {
        Role::Viewer => 1,
        Role::Editor => 2,
        Role::Admin => 3,
        Role::Owner => 4,
    }
}

fn removal(expires_at: Option<TimestampMs>) -> Option<aws_sdk_dynamodb::types::AttributeValue> {
    expires_at.map(|at| number(keys::seconds(at) + GRACE_S))
}

pub(super) fn slug_item(room: &RoomRecord) -> Item {
    let mut item = Key::slug(&room.slug).into_item();
    item.extend(present([("roomId", Some(text(&room.id))), ("expiresAtSeconds", removal(room.expires_at))]));
    item
}

pub(super) fn room_item(room: &RoomRecord) -> Item {
    let (owner, key, participant) = match &room.owner {
        RoomOwner::Account(user) => (Some(text(user)), None, None),
        RoomOwner::Guest { key_fingerprint, participant } => {
            (None, Some(text(key_fingerprint)), Some(text(participant)))
        }
    };
    let mut item = Key::room(&room.id).into_item();
    item.extend(present([
        ("roomId", Some(text(&room.id))),
        ("slug", Some(text(&room.slug))),
        ("name", Some(text(&room.name))),
        ("language", room.language.as_ref().map(json)),
        ("visibility", Some(json(&room.visibility))),
        ("ownerId", owner),
        ("ownerKey", key),
        ("ownerParticipantId", participant),
        ("createdAt", Some(number(room.created_at))),
        ("version", Some(number(room.version))),
        ("expiresAt", room.expires_at.map(number)),
        ("expiresAtSeconds", removal(room.expires_at)),
        ("forkedFrom", room.forked_from.as_ref().map(json)),
        ("forks", Some(number(room.forks))),
        ("generation", Some(number(room.generation))),
    ]));
    item
}

/// The room, unless it was deleted.
pub(super) fn standing_room(row: &Row) -> Result<Option<RoomRecord>, PortError> {
    if row.item.contains_key("deletedAt") {
        return Ok(None);
    }
    let owner = match row.optional_id("ownerId")? {
        Some(user) => RoomOwner::Account(user),
        None => RoomOwner::Guest {
            key_fingerprint: row.text("ownerKey")?.to_owned(),
            participant: row.id("ownerParticipantId")?,
        },
    };
    Ok(Some(RoomRecord {
        id: row.id("roomId")?,
        slug: row.text("slug")?.to_owned(),
        name: row.text("name")?.to_owned(),
        language: row.optional_json("language")?,
        visibility: row.json("visibility")?,
        owner,
        created_at: row.number("createdAt")?,
        version: row.number("version")?,
        expires_at: row.optional_number("expiresAt")?,
        // Absent from records of before there were forks and rebuilds.
        forked_from: row.optional_json("forkedFrom")?,
        forks: row.optional_number("forks")?.unwrap_or_default(),
        generation: row.optional_number("generation")?.unwrap_or_default(),
    }))
}

pub(super) fn member_item(member: &Member) -> Item {
    let mut item = Key::member(&member.room, &member.user).into_item();
    item.extend(present([
        ("GSI1PK", Some(text(keys::owned_by(&member.user)))),
        ("GSI1SK", Some(text(keys::at(member.joined_at, member.room.as_str())))),
        ("roomId", Some(text(&member.room))),
        ("userId", Some(text(&member.user))),
        ("role", Some(json(&member.role))),
        ("rank", Some(number(rank(member.role)))),
        ("rights", Some(json(&member.rights))),
        ("linkId", member.link.as_ref().map(text)),
        ("joinedAt", Some(number(member.joined_at))),
    ]));
    item
}

pub(super) fn member(row: &Row) -> Result<Member, PortError> {
    Ok(Member {
        room: row.id("roomId")?,
        user: row.id("userId")?,
        role: row.json("role")?,
        rights: row.json("rights")?,
        link: row.optional_id("linkId")?,
        joined_at: row.number("joinedAt")?,
    })
}

pub(super) fn link_item(link: &LinkRecord) -> Item {
    let mut item = Key::link(&link.room, &link.id).into_item();
    item.extend(present([
        ("linkId", Some(text(&link.id))),
        ("roomId", Some(text(&link.room))),
        ("token", Some(text(&link.fingerprint))),
        ("role", Some(json(&link.role))),
        ("rights", Some(json(&link.rights))),
        ("uses", Some(number(link.uses))),
        ("maxUses", link.max_uses.map(number)),
        ("expiresAt", link.expires_at.map(number)),
        ("createdAt", Some(number(link.created_at))),
        ("revokedAt", link.revoked_at.map(number)),
    ]));
    item
}

pub(super) fn link(row: &Row) -> Result<LinkRecord, PortError> {
    Ok(LinkRecord {
        id: row.id("linkId")?,
        room: row.id("roomId")?,
        fingerprint: row.text("token")?.to_owned(),
        role: row.json("role")?,
        rights: row.json("rights")?,
        uses: row.number("uses")?,
        max_uses: row.optional_number("maxUses")?,
        expires_at: row.optional_number("expiresAt")?,
        created_at: row.number("createdAt")?,
        revoked_at: row.optional_number("revokedAt")?,
    })
}

pub(super) fn link_token_item(link: &LinkRecord) -> Item {
    let mut item = Key::link_token(&link.fingerprint).into_item();
    item.extend(present([
        ("linkId", Some(text(&link.id))),
        ("roomId", Some(text(&link.room))),
        ("expiresAtSeconds", removal(link.expires_at)),
    ]));
    item
}

pub(super) fn link_use_item(link: &LinkRecord, person: &ParticipantId, at: TimestampMs) -> Item {
    let mut item = Key::link_use(&link.room, &link.id, person).into_item();
    item.extend(present([("usedAt", Some(number(at))), ("expiresAtSeconds", removal(link.expires_at))]));
    item
}
