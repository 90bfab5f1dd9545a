//! Rooms, members and links in DynamoDB.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use protocol::TimestampMs;
use protocol::ids::{LinkId, ParticipantId, RoomId, UserId};
use protocol::rights::Role;

use super::expression::{Change, Check};
use super::item::{json, number, text};
use super::keys::{self, Key, LINK_PREFIX};
use super::table::{Index, Query, Range, Table, Write};
use crate::ports::PortError;
use crate::ports::rooms::{
    LinkRecord, LinkUse, Member, RoomCreation, RoomOwner, RoomRecord, RoomStore, RoomsAfter, RoomsPage,
};

mod records;

/// The table `rooms`.
pub struct DynamoRooms {
    table: Table,
}

/// Links that are listed of one room at most.
const LINKS_MAX: u32 = 100;

impl DynamoRooms {
    /// The store in the table of that name.
    #[must_use]
    pub fn new(config: &SdkConfig, table: String) -> Self {
        Self { table: Table::new(Client::new(config), table, "rooms") }
    }

    /// Reads an item that is not there: opens the connection before the first request needs it, and says whether the
    /// table can be read.
    ///
    /// # Errors
    /// When it cannot.
    pub async fn reach(&self) -> Result<(), PortError> {
        self.table.get(Key::slug("")).await.map(drop)
    }
}

fn absent() -> Vec<Check> {
    vec![Check::Absent("PK")]
}

fn owner_of(room: &RoomRecord) -> Option<Member> {
    let RoomOwner::Account(user) = &room.owner else { return None };
    let (role, rights) = (Role::Owner, Role::Owner.rights());
    Some(Member { room: room.id.clone(), user: user.clone(), role, rights, link: None, joined_at: room.created_at })
}

impl RoomStore for DynamoRooms {
    async fn create(&self, room: &RoomRecord) -> Result<RoomCreation, PortError> {
        let mut writes =
            vec![Write::Put(records::slug_item(room), absent()), Write::Put(records::room_item(room), absent())];
        writes.extend(owner_of(room).map(|owner| Write::Put(records::member_item(&owner), absent())));
        let source = writes.len();
        writes.extend(room.forked_from.as_ref().map(|from| {
            let checks = vec![Check::Present("PK"), Check::Absent("deletedAt")];
            Write::Update(Key::room(&from.room), vec![("forks", Change::Add(number(1)))], checks)
        }));
        Ok(match self.table.transact(writes).await? {
            None => RoomCreation::Created,
            Some(place) if place == source => RoomCreation::SourceGone,
            Some(_) => RoomCreation::SlugTaken,
        })
    }

    async fn room(&self, room: &RoomId) -> Result<Option<RoomRecord>, PortError> {
        match self.table.get(Key::room(room)).await? {
            Some(row) => records::standing_room(&row),
            None => Ok(None),
        }
    }

    async fn update(&self, room: &RoomRecord) -> Result<bool, PortError> {
        let changes = vec![
            ("name", Change::Set(Some(text(&room.name)))),
            ("language", Change::Set(room.language.as_ref().map(json))),
            ("visibility", Change::Set(Some(json(&room.visibility)))),
            ("generation", Change::Set(Some(number(room.generation)))),
            ("version", Change::Set(Some(number(room.version + 1)))),
        ];
        let checks = vec![Check::Equal("version", number(room.version)), Check::Absent("deletedAt")];
        self.table.write(Write::Update(Key::room(&room.id), changes, checks)).await
    }

    async fn delete(&self, room: &RoomId, at: TimestampMs) -> Result<(), PortError> {
        let changes = vec![("deletedAt", Change::Set(Some(number(at)))), ("version", Change::Add(number(1)))];
        let checks = vec![Check::Present("PK"), Check::Absent("deletedAt")];
        self.table.write(Write::Update(Key::room(room), changes, checks)).await.map(drop)
    }

    async fn member(&self, room: &RoomId, user: &UserId) -> Result<Option<Member>, PortError> {
        self.table.get(Key::member(room, user)).await?.map(|row| records::member(&row)).transpose()
    }

    async fn join(&self, member: &Member, replaces: Option<&LinkId>) -> Result<(), PortError> {
        let mut checks = vec![Check::Absent("PK"), Check::Below("rank", number(records::rank(member.role)))];
        checks.extend(replaces.map(|link| Check::Equal("linkId", text(link))));
        self.table.write(Write::Put(records::member_item(member), vec![Check::AnyOf(checks)])).await.map(drop)
    }

    async fn rooms_of(&self, user: &UserId, limit: u32, after: Option<&RoomsAfter>) -> Result<RoomsPage, PortError> {
        let range = match after {
            Some(after) => Range::Before(keys::at(after.joined_at, after.room.as_str())),
            None => Range::All,
        };
        let (rows, has_more) =
            self.table.query(Query { index: Some(Index::Gsi1), pk: keys::owned_by(user), range, limit }).await?;
        let members = rows.iter().map(records::member).collect::<Result<Vec<_>, _>>()?;
        let next = members.last().filter(|_| has_more);
        let next = next.map(|last| RoomsAfter { joined_at: last.joined_at, room: last.room.clone() });
        let found = self.table.get_all(members.iter().map(|member| Key::room(&member.room)).collect()).await?;
        let rooms = found.iter().map(records::standing_room).collect::<Result<Vec<_>, _>>()?;
        let rooms: Vec<_> = rooms.into_iter().flatten().collect();
        let with_room = |member: Member| Some((rooms.iter().find(|room| room.id == member.room)?.clone(), member));
        Ok(RoomsPage { items: members.into_iter().filter_map(with_room).collect(), next })
    }

    async fn create_link(&self, link: &LinkRecord) -> Result<(), PortError> {
        let writes =
            vec![Write::Put(records::link_item(link), absent()), Write::Put(records::link_token_item(link), absent())];
        match self.table.transact(writes).await? {
            None => Ok(()),
            Some(_) => Err(PortError::Unreadable { part: "rooms", what: format!("link {} twice", link.id) }),
        }
    }

    async fn links(&self, room: &RoomId) -> Result<Vec<LinkRecord>, PortError> {
        let range = Range::StartsWith(LINK_PREFIX);
        let (rows, _) =
            self.table.query(Query { index: None, pk: keys::of_room(room), range, limit: LINKS_MAX }).await?;
        rows.iter().map(records::link).collect()
    }

    async fn link(&self, room: &RoomId, link: &LinkId) -> Result<Option<LinkRecord>, PortError> {
        self.table.get(Key::link(room, link)).await?.map(|row| records::link(&row)).transpose()
    }

    async fn link_by_token(&self, fingerprint: &str) -> Result<Option<LinkRecord>, PortError> {
        match self.table.get(Key::link_token(fingerprint)).await? {
            Some(row) => self.link(&row.id("roomId")?, &row.id("linkId")?).await,
            None => Ok(None),
        }
    }

    async fn revoke_link(&self, room: &RoomId, link: &LinkId, at: TimestampMs) -> Result<bool, PortError> {
        let changes = vec![("revokedAt", Change::Set(Some(number(at))))];
        self.table.write(Write::Update(Key::link(room, link), changes, vec![Check::Present("PK")])).await
    }

    async fn use_link(&self, link: &LinkRecord, person: &ParticipantId, at: TimestampMs) -> Result<LinkUse, PortError> {
        let mut checks = vec![Check::Present("PK"), Check::Absent("revokedAt")];
        checks.extend(link.max_uses.map(|most| Check::Below("uses", number(most))));
        let counted = Write::Update(Key::link(&link.room, &link.id), vec![("uses", Change::Add(number(1)))], checks);
        let writes = vec![Write::Put(records::link_use_item(link, person, at), absent()), counted];
        Ok(match self.table.transact(writes).await? {
            None => LinkUse::Counted,
            Some(0) => LinkUse::Known,
            Some(_) => LinkUse::Refused,
        })
    }
}
