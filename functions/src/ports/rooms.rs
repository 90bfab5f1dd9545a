//! Rooms as records: who may enter. What is in a room is its Durable Object's.

use protocol::TimestampMs;
use protocol::ids::{LinkId, ParticipantId, RoomId, UserId};
use protocol::language::Language;
use protocol::rights::{Rights, Role};
use protocol::room::{ForkedFrom, Visibility};

use super::PortError;

/// A room as it is stored. The table `rooms` is its one home; only `rooms` writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomRecord {
    /// Names it.
    pub id: RoomId,
    /// Unique among rooms.
    pub slug: String,
    /// For display.
    pub name: String,
    /// The language of new files.
    pub language: Option<Language>,
    /// Who finds it.
    pub visibility: Visibility,
    /// Whose it is.
    pub owner: RoomOwner,
    /// When it was made.
    pub created_at: TimestampMs,
    /// Goes up with each change; a change is written only over the version that it was made from.
    pub version: u64,
    /// When it goes away, for a guest's room.
    pub expires_at: Option<TimestampMs>,
    /// What it was forked from.
    pub forked_from: Option<ForkedFrom>,
    /// How many rooms were forked from it.
    pub forks: u32,
    /// How often it was rebuilt. Its Durable Object follows.
    pub generation: u64,
}

/// Whose a room is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoomOwner {
    /// An account's.
    Account(UserId),
    /// Whoever holds the owner key.
    Guest {
        /// SHA-256 of the owner key in hex.
        key_fingerprint: String,
        /// Who the holder of the key is in the room.
        participant: ParticipantId,
    },
}

/// An account's place in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The room.
    pub room: RoomId,
    /// The account.
    pub user: UserId,
    /// Its role.
    pub role: Role,
    /// Its rights.
    pub rights: Rights,
    /// The link that it came by, and whose withdrawal ends the membership.
    pub link: Option<LinkId>,
    /// Since when.
    pub joined_at: TimestampMs,
}

/// A share link as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkRecord {
    /// Names it.
    pub id: LinkId,
    /// The room that it opens.
    pub room: RoomId,
    /// SHA-256 of its token in hex.
    pub fingerprint: String,
    /// The role that it gives.
    pub role: Role,
    /// The rights that it gives.
    pub rights: Rights,
    /// How many people have used it.
    pub uses: u32,
    /// How many may.
    pub max_uses: Option<u32>,
    /// When it stops working.
    pub expires_at: Option<TimestampMs>,
    /// When it was made.
    pub created_at: TimestampMs,
    /// When it was withdrawn. The record stays, so that withdrawing it again can repeat what did not reach the edge.
    pub revoked_at: Option<TimestampMs>,
}

/// How making a room went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoomCreation {
    /// The room is there, and its owner a member.
    Created,
    /// Another room has that slug; nothing was written.
    SlugTaken,
    /// The room that it is forked from is gone; nothing was written.
    SourceGone,
}

/// How a use of a link went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkUse {
    /// One more person.
    Counted,
    /// That person was counted before.
    Known,
    /// All its uses are taken, or it was withdrawn meanwhile.
    Refused,
}

/// Where a page of an account's rooms begins: after this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomsAfter {
    /// When the last room of the page before was joined.
    pub joined_at: TimestampMs,
    /// That room.
    pub room: RoomId,
}

/// Where rooms, members and links are kept. Reads by id see every write that was answered before them; the list of
/// an account's rooms may lag a second behind. A deleted room is absent from every answer.
pub trait RoomStore: Send + Sync + 'static {
    /// Stores a new room, and its owner as a member where that is an account, if the slug is free. A fork is counted
    /// in the room that it is forked from, if that still stands, in the same step.
    fn create(&self, room: &RoomRecord) -> impl Future<Output = Result<RoomCreation, PortError>> + Send;

    /// The room with this id, expired or not.
    fn room(&self, room: &RoomId) -> impl Future<Output = Result<Option<RoomRecord>, PortError>> + Send;

    /// Replaces name, language, visibility and generation by those of `room`, if the stored version is still `room.version`,
    /// and raises the version; says whether it was.
    fn update(&self, room: &RoomRecord) -> impl Future<Output = Result<bool, PortError>> + Send;

    /// Hides the room from every further answer; its records stay.
    fn delete(&self, room: &RoomId, at: TimestampMs) -> impl Future<Output = Result<(), PortError>> + Send;

    /// The account's place in the room.
    fn member(&self, room: &RoomId, user: &UserId) -> impl Future<Output = Result<Option<Member>, PortError>> + Send;

    /// Makes the account a member. Where it is one already, the record is replaced if it has a lower role, or if
    /// `replaces` names the link that it came by; else it stays.
    fn join(&self, member: &Member, replaces: Option<&LinkId>) -> impl Future<Output = Result<(), PortError>> + Send;

    /// The account's rooms, newest membership first, at most `limit` memberships from `after` on: the rooms that
    /// still stand, and where the next page begins.
    fn rooms_of(
        &self,
        user: &UserId,
        limit: u32,
        after: Option<&RoomsAfter>,
    ) -> impl Future<Output = Result<RoomsPage, PortError>> + Send;

    /// Stores a new link.
    fn create_link(&self, link: &LinkRecord) -> impl Future<Output = Result<(), PortError>> + Send;

    /// The room's links, at most 100, withdrawn ones among them.
    fn links(&self, room: &RoomId) -> impl Future<Output = Result<Vec<LinkRecord>, PortError>> + Send;

    /// The link with this id.
    fn link(&self, room: &RoomId, link: &LinkId) -> impl Future<Output = Result<Option<LinkRecord>, PortError>> + Send;

    /// The link whose token has this fingerprint.
    fn link_by_token(&self, fingerprint: &str) -> impl Future<Output = Result<Option<LinkRecord>, PortError>> + Send;

    /// Withdraws a link; false if there is none. Withdrawing it again is no error.
    fn revoke_link(
        &self,
        room: &RoomId,
        link: &LinkId,
        at: TimestampMs,
    ) -> impl Future<Output = Result<bool, PortError>> + Send;

    /// Counts a person for a link, once.
    fn use_link(
        &self,
        link: &LinkRecord,
        person: &ParticipantId,
        at: TimestampMs,
    ) -> impl Future<Output = Result<LinkUse, PortError>> + Send;
}

/// One page of an account's rooms.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoomsPage {
    /// The rooms, with the account's place in each.
    pub items: Vec<(RoomRecord, Member)>,
    /// Where the next page begins, if there may be one.
    pub next: Option<RoomsAfter>,
}
