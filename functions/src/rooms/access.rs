//! Who may do what in a room: the one place where a caller becomes a role.

use protocol::TimestampMs;
use protocol::account::Scope;
use protocol::ids::{LinkId, RoomId};
use protocol::rights::{Rights, Role};
use protocol::room::{Room, Visibility};

use super::error::RoomError;
use super::records::Rooms;
use crate::http::caller::Caller;
use crate::ports::edge::EdgeNotifier;
use crate::ports::launcher::Launcher;
use crate::ports::rooms::{LinkRecord, Member, RoomRecord, RoomStore};

/// A caller's place in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The role.
    pub role: Role,
    /// The rights.
    pub rights: Rights,
    /// The link that both hang on.
    pub link: Option<LinkId>,
}

impl Access {
    /// What everybody has in a public room.
    fn of_public() -> Self {
        Self { role: Role::Viewer, rights: Role::Viewer.rights(), link: None }
    }

    fn of_member(member: Member) -> Self {
        Self { role: member.role, rights: member.rights, link: member.link }
    }

    /// What an API key leaves of it. Without the scope to write, its bearer is a viewer; a terminal both writes and runs.
    pub(super) fn within(self, has: impl Fn(Scope) -> bool) -> Self {
        let (writes, runs) = (has(Scope::RoomsWrite), has(Scope::Runs));
        let Rights { view, edit, run, terminal } = self.rights;
        let rights = Rights {
            view: view && (writes || has(Scope::RoomsRead)),
            edit: edit && writes,
            run: run && runs,
            terminal: terminal && writes && runs,
        };
        Self { role: if writes { self.role } else { Role::Viewer }, rights, link: self.link }
    }
}

/// True while a link may be used by somebody.
pub(super) fn is_open(link: &LinkRecord, now: TimestampMs) -> bool {
    link.revoked_at.is_none() && link.expires_at.is_none_or(|at| at > now)
}

/// The room as somebody of that role sees it.
pub(super) fn view(room: &RoomRecord, role: Role) -> Room {
    Room {
        id: room.id.clone(),
        slug: room.slug.clone(),
        name: room.name.clone(),
        language: room.language,
        visibility: room.visibility,
        role,
        created_at: room.created_at,
        expires_at: room.expires_at,
        forked_from: room.forked_from.clone(),
        forks: room.forks,
    }
}

/// The room, if it stands.
///
/// # Errors
/// [`RoomError::NoRoom`], or a failure of the store.
pub async fn standing(store: &impl RoomStore, room: &RoomId, now: TimestampMs) -> Result<RoomRecord, RoomError> {
    let found = store.room(room).await?.ok_or(RoomError::NoRoom)?;
    if found.expires_at.is_some_and(|at| at <= now) { Err(RoomError::NoRoom) } else { Ok(found) }
}

/// The caller's membership, unless the link that it came by was withdrawn.
pub(super) async fn member(
    store: &impl RoomStore,
    room: &RoomRecord,
    caller: &Caller,
) -> Result<Option<Member>, RoomError> {
    let Caller::Account(claims) = caller else { return Ok(None) };
    let Some(member) = store.member(&room.id, &claims.sub).await? else { return Ok(None) };
    let Some(link) = &member.link else { return Ok(Some(member)) };
    Ok(if is_withdrawn(store, &room.id, link).await? { None } else { Some(member) })
}

/// True if what hangs on the link has ended.
async fn is_withdrawn(store: &impl RoomStore, room: &RoomId, link: &LinkId) -> Result<bool, RoomError> {
    Ok(store.link(room, link).await?.is_none_or(|link| link.revoked_at.is_some()))
}

/// The caller's place in a room.
///
/// # Errors
/// [`RoomError::Unknown`] or [`RoomError::Forbidden`] where there is none, or a failure of the store.
pub async fn access(store: &impl RoomStore, room: &RoomRecord, caller: &Caller) -> Result<Access, RoomError> {
    if let Some(claims) = caller.in_room(&room.id) {
        let is_withdrawn = match &claims.link {
            Some(link) => is_withdrawn(store, &room.id, link).await?,
            None => false,
        };
        let access = Access { role: claims.role, rights: claims.rights, link: claims.link.clone() };
        return if is_withdrawn { Err(RoomError::Forbidden) } else { Ok(access) };
    }
    match member(store, room, caller).await? {
        Some(member) => Ok(Access::of_member(member)),
        None if room.visibility == Visibility::Public => Ok(Access::of_public()),
        None if matches!(caller, Caller::Nobody) => Err(RoomError::Unknown),
        None => Err(RoomError::Forbidden),
    }
}

impl<S: RoomStore, E: EdgeNotifier, L: Launcher> Rooms<S, E, L> {
    /// The room, for a caller whose role reaches.
    pub(super) async fn room_for(
        &self,
        room: &RoomId,
        caller: &Caller,
        least: Role,
        now: TimestampMs,
    ) -> Result<(RoomRecord, Access), RoomError> {
        let room = standing(&self.store, room, now).await?;
        let access = access(&self.store, &room, caller).await?;
        if access.role >= least { Ok((room, access)) } else { Err(RoomError::Forbidden) }
    }
}
