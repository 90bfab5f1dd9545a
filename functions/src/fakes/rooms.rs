//! Rooms in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use protocol::TimestampMs;
use protocol::ids::{LinkId, ParticipantId, RoomId, UserId};
use protocol::rights::Role;

use super::Breaks;
use crate::ports::PortError;
use crate::ports::rooms::{
    LinkRecord, LinkUse, Member, RoomCreation, RoomOwner, RoomRecord, RoomStore, RoomsAfter, RoomsPage,
};

/// See [`RoomStore`].
#[derive(Debug, Default)]
pub(crate) struct MemoryRooms {
    state: Mutex<State>,
    pub(crate) breaks: Breaks,
}

#[derive(Debug, Default)]
struct State {
    rooms: BTreeMap<RoomId, RoomRecord>,
    deleted: BTreeSet<RoomId>,
    members: BTreeMap<(RoomId, UserId), Member>,
    links: BTreeMap<LinkId, LinkRecord>,
    uses: BTreeSet<(LinkId, ParticipantId)>,
}

impl State {
    fn standing(&self, room: &RoomId) -> Option<RoomRecord> {
        self.rooms.get(room).filter(|room| !self.deleted.contains(&room.id)).cloned()
    }
}

impl MemoryRooms {
    fn with<T>(&self, call: impl FnOnce(&mut State) -> T) -> Result<T, PortError> {
        self.breaks.around(|| call(&mut self.state.lock().expect("no panic")))
    }
}

impl RoomStore for MemoryRooms {
    async fn create(&self, room: &RoomRecord) -> Result<RoomCreation, PortError> {
        self.with(|state| {
            if state.rooms.values().any(|other| other.slug == room.slug) {
                return RoomCreation::SlugTaken;
            }
            if let Some(from) = &room.forked_from {
                if state.standing(&from.room).is_none() {
                    return RoomCreation::SourceGone;
                }
                state.rooms.get_mut(&from.room).expect("it stands").forks += 1;
            }
            if let RoomOwner::Account(user) = &room.owner {
                let (role, rights) = (Role::Owner, Role::Owner.rights());
                let (id, joined_at) = (room.id.clone(), room.created_at);
                let member = Member { room: id, user: user.clone(), role, rights, link: None, joined_at };
                state.members.insert((room.id.clone(), user.clone()), member);
            }
            state.rooms.insert(room.id.clone(), room.clone());
            RoomCreation::Created
        })
    }

    async fn room(&self, room: &RoomId) -> Result<Option<RoomRecord>, PortError> {
        self.with(|state| state.standing(room))
    }

    async fn update(&self, room: &RoomRecord) -> Result<bool, PortError> {
        self.with(|state| match state.rooms.get_mut(&room.id) {
            Some(stored) if stored.version == room.version => {
                *stored = RoomRecord { version: room.version + 1, forks: stored.forks, ..room.clone() };
                true
            }
            Some(_) | None => false,
        })
    }

    async fn delete(&self, room: &RoomId, _: TimestampMs) -> Result<(), PortError> {
        self.with(|state| {
            state.deleted.insert(room.clone());
        })
    }

    async fn member(&self, room: &RoomId, user: &UserId) -> Result<Option<Member>, PortError> {
        self.with(|state| state.members.get(&(room.clone(), user.clone())).cloned())
    }

    async fn join(&self, member: &Member, replaces: Option<&LinkId>) -> Result<(), PortError> {
        self.with(|state| {
            let key = (member.room.clone(), member.user.clone());
            let stays = state.members.get(&key).is_some_and(|stored| {
                let is_replaced = replaces.is_some() && stored.link.as_ref() == replaces;
                stored.role >= member.role && !is_replaced
            });
            if !stays {
                state.members.insert(key, member.clone());
            }
        })
    }

    async fn rooms_of(&self, user: &UserId, limit: u32, after: Option<&RoomsAfter>) -> Result<RoomsPage, PortError> {
        self.with(|state| {
            let is_later = |m: &&Member| after.is_none_or(|a| (m.joined_at, &m.room) < (a.joined_at, &a.room));
            let mut members: Vec<_> = state.members.values().filter(|m| m.user == *user).filter(is_later).collect();
            members.sort_by_key(|member| std::cmp::Reverse((member.joined_at, member.room.clone())));
            let limit = usize::try_from(limit).expect("small");
            let has_more = members.len() > limit;
            members.truncate(limit);
            let next = members.last().filter(|_| has_more);
            let next = next.map(|last| RoomsAfter { joined_at: last.joined_at, room: last.room.clone() });
            let with_room = |member: &Member| Some((state.standing(&member.room)?, member.clone()));
            RoomsPage { items: members.into_iter().filter_map(with_room).collect(), next }
        })
    }

    async fn create_link(&self, link: &LinkRecord) -> Result<(), PortError> {
        self.with(|state| {
            state.links.insert(link.id.clone(), link.clone());
        })
    }

    async fn links(&self, room: &RoomId) -> Result<Vec<LinkRecord>, PortError> {
        self.with(|state| state.links.values().filter(|link| link.room == *room).cloned().collect())
    }

    async fn link(&self, room: &RoomId, link: &LinkId) -> Result<Option<LinkRecord>, PortError> {
        self.with(|state| state.links.get(link).filter(|link| link.room == *room).cloned())
    }

    async fn link_by_token(&self, fingerprint: &str) -> Result<Option<LinkRecord>, PortError> {
        self.with(|state| state.links.values().find(|link| link.fingerprint == fingerprint).cloned())
    }

    async fn revoke_link(&self, room: &RoomId, link: &LinkId, at: TimestampMs) -> Result<bool, PortError> {
        self.with(|state| match state.links.get_mut(link).filter(|link| link.room == *room) {
            Some(link) => {
                link.revoked_at = Some(at);
                true
            }
            None => false,
        })
    }

    async fn use_link(&self, link: &LinkRecord, person: &ParticipantId, _: TimestampMs) -> Result<LinkUse, PortError> {
        self.with(|state| {
            let key = (link.id.clone(), person.clone());
            if state.uses.contains(&key) {
                return LinkUse::Known;
            }
            match state.links.get_mut(&link.id) {
                Some(link) if link.revoked_at.is_none() && link.max_uses.is_none_or(|most| link.uses < most) => {
                    link.uses += 1;
                    state.uses.insert(key);
                    LinkUse::Counted
                }
                Some(_) | None => LinkUse::Refused,
            }
        })
    }
}
