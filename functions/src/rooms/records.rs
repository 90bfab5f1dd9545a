//! Making, finding, changing and deleting rooms.

use std::sync::Arc;

use protocol::TimestampMs;
use protocol::envelope::Page;
use protocol::ids::{ParticipantId, RoomId, UserId};
use protocol::internal::PrincipalKind;
use protocol::limits::{GUEST_ROOM_LIFETIME_MS, ROOM_NAME_MAX_CHARS};
use protocol::rights::Role;
use protocol::room::{CreateRoomRequest, RebuildAnswer, Room, RoomAnswer, UpdateRoomRequest};
use protocol::secret;
use protocol::token::{AccessClaims, Signer};

use super::access::view;
use super::error::{RoomError, invalid};
use super::slug::slug;
use crate::ambient::entropy;
use crate::config::Switch;
use crate::cursor;
use crate::http::caller::Caller;
use crate::ports::edge::EdgeNotifier;
use crate::ports::launcher::Launcher;
use crate::ports::rooms::{RoomCreation, RoomOwner, RoomRecord, RoomStore, RoomsAfter};

/// Tries of a new slug. One collision is already improbable.
const SLUG_TRIES: usize = 3;

/// Rooms, their members and their links.
pub struct Rooms<S, E, L> {
    /// Where they are kept.
    pub store: S,
    /// Who is told of withdrawn links.
    pub edge: E,
    /// Who has runners ready for people who may run.
    pub launcher: L,
    /// Signs room tokens.
    pub signer: Arc<Signer>,
    /// Whether people without an account are served.
    pub guests: Switch,
}

impl<S: RoomStore, E: EdgeNotifier, L: Launcher> Rooms<S, E, L> {
    /// Makes a room. Without an account it expires, and is answered with its owner key.
    ///
    /// # Errors
    /// [`RoomError::Invalid`], [`RoomError::GuestsOff`], or a failure of a part.
    pub async fn create(
        &self,
        request: CreateRoomRequest,
        caller: &Caller,
        now: TimestampMs,
    ) -> Result<RoomAnswer, RoomError> {
        let name = room_name(&request.name)?;
        if request.project_id.is_some() {
            return Err(invalid("projectId", "names no project"));
        }
        let account = match caller {
            Caller::Account(claims) => Some(claims.sub.clone()),
            Caller::Nobody | Caller::Participant(_) => None,
        };
        let (owner, owner_key, expires_at) = self.owner(account, now)?;
        let room = RoomRecord {
            id: RoomId::from_entropy(&entropy()),
            slug: String::new(),
            name,
            language: request.language,
            visibility: request.visibility.unwrap_or_default(),
            owner,
            created_at: now,
            version: 1,
            expires_at,
            forked_from: None,
            forks: 0,
            generation: 0,
        };
        let room = self.store_with_slug(room).await?;
        Ok(RoomAnswer { room: view(&room, Role::Owner), owner_key })
    }

    /// Stores a new room under a slug made of its name.
    pub(super) async fn store_with_slug(&self, mut room: RoomRecord) -> Result<RoomRecord, RoomError> {
        for _ in 0..SLUG_TRIES {
            room.slug = slug(&room.name, RoomId::from_entropy(&entropy()).as_str());
            match self.store.create(&room).await? {
                RoomCreation::Created => return Ok(room),
                RoomCreation::SlugTaken => {}
                RoomCreation::SourceGone => return Err(RoomError::NoRoom),
            }
        }
        Err(RoomError::NoFreeSlug)
    }

    /// Whose a new room is, the key to it if a guest makes it, and when it goes away then.
    pub(super) fn owner(
        &self,
        account: Option<UserId>,
        now: TimestampMs,
    ) -> Result<(RoomOwner, Option<String>, Option<TimestampMs>), RoomError> {
        if let Some(user) = account {
            return Ok((RoomOwner::Account(user), None, None));
        }
        if self.guests == Switch::Off {
            return Err(RoomError::GuestsOff);
        }
        let key = secret::spell(&entropy());
        let participant = ParticipantId::from_entropy(&entropy());
        let owner = RoomOwner::Guest { key_fingerprint: secret::fingerprint(&key), participant };
        Ok((owner, Some(key), Some(now + GUEST_ROOM_LIFETIME_MS)))
    }

    /// The room as the caller sees it.
    ///
    /// # Errors
    /// [`RoomError::NoRoom`], [`RoomError::Unknown`], [`RoomError::Forbidden`], or a failure of a part.
    pub async fn find(&self, room: &RoomId, caller: &Caller, now: TimestampMs) -> Result<Room, RoomError> {
        let (room, access) = self.room_for(room, caller, Role::Viewer, now).await?;
        Ok(view(&room, access.role))
    }

    /// The account's rooms, newest membership first.
    ///
    /// # Errors
    /// A failure of a part.
    pub async fn list(
        &self,
        account: &AccessClaims,
        limit: u32,
        after: Option<RoomsAfter>,
        now: TimestampMs,
    ) -> Result<Page<Room>, RoomError> {
        let page = self.store.rooms_of(&account.sub, limit, after.as_ref()).await?;
        let stands = |room: &RoomRecord| room.expires_at.is_none_or(|at| at > now);
        let items = page.items.iter().filter(|(room, _)| stands(room)).map(|(room, member)| view(room, member.role));
        let next_cursor = page.next.map(|next| cursor::spell(next.joined_at, next.room.as_str()));
        Ok(Page { items: items.collect(), next_cursor })
    }

    /// Changes name, language or visibility.
    ///
    /// # Errors
    /// [`RoomError::Invalid`], [`RoomError::Changed`], those of [`Rooms::find`], or a failure of a part.
    pub async fn update(
        &self,
        room: &RoomId,
        request: UpdateRoomRequest,
        caller: &Caller,
        now: TimestampMs,
    ) -> Result<Room, RoomError> {
        let name = request.name.as_deref().map(room_name).transpose()?;
        let (mut room, access) = self.room_for(room, caller, Role::Admin, now).await?;
        room.name = name.unwrap_or(room.name);
        room.language = request.language.or(room.language);
        room.visibility = request.visibility.unwrap_or(room.visibility);
        if self.store.update(&room).await? { Ok(view(&room, access.role)) } else { Err(RoomError::Changed) }
    }

    /// Raises the room's generation, from admin on. Tokens of before open its document no more, once its Durable Object
    /// has followed.
    ///
    /// # Errors
    /// [`RoomError::Changed`], those of [`Rooms::find`], or a failure of a part.
    pub async fn rebuild(&self, room: &RoomId, caller: &Caller, now: TimestampMs) -> Result<RebuildAnswer, RoomError> {
        let (mut room, _) = self.room_for(room, caller, Role::Admin, now).await?;
        room.generation += 1;
        let is_raised = self.store.update(&room).await?;
        if is_raised { Ok(RebuildAnswer { generation: room.generation }) } else { Err(RoomError::Changed) }
    }

    /// Deletes the room: it stays in the store, hidden from everybody, and its sockets are closed.
    ///
    /// # Errors
    /// Those of [`Rooms::find`], or a failure of a part.
    pub async fn delete(&self, room: &RoomId, caller: &Caller, now: TimestampMs) -> Result<(), RoomError> {
        let (room, _) = self.room_for(room, caller, Role::Owner, now).await?;
        self.store.delete(&room.id, now).await?;
        Ok(self.edge.revoke(PrincipalKind::Room, room.id.as_str()).await?)
    }
}

pub(super) fn room_name(name: &str) -> Result<String, RoomError> {
    let name = name.trim();
    let is_fine = (1..=ROOM_NAME_MAX_CHARS).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if is_fine { Ok(name.to_owned()) } else { Err(invalid("name", "must have 1 to 100 characters in one line")) }
}
