//! Forks: rooms that begin as a copy of another.
//!
//! This function makes the record. The document is copied by the edge, from one Durable Object to the other; where
//! that fails, the edge has the record discarded, so that nobody is left with an empty fork.

use protocol::TimestampMs;
use protocol::ids::RoomId;
use protocol::rights::Role;
use protocol::room::{ForkRoomRequest, ForkedFrom, RoomAnswer, Visibility};
use protocol::secret;

use super::access::{standing, view};
use super::error::{RoomError, invalid};
use super::records::{Rooms, room_name};
use crate::ambient::entropy;
use crate::http::caller::Caller;
use crate::ports::edge::EdgeNotifier;
use crate::ports::launcher::Launcher;
use crate::ports::rooms::{RoomOwner, RoomRecord, RoomStore};

impl<S: RoomStore, E: EdgeNotifier, L: Launcher> Rooms<S, E, L> {
    /// Makes a room that begins as a copy of another one, which the caller may view. It belongs to the caller's
    /// account, also if that shows a room token; a guest's expires, and is answered with its owner key.
    ///
    /// # Errors
    /// [`RoomError::Invalid`], [`RoomError::GuestsOff`], those of [`Rooms::find`], or a failure of a part.
    pub async fn fork(
        &self,
        source: &RoomId,
        request: ForkRoomRequest,
        caller: &Caller,
        now: TimestampMs,
    ) -> Result<RoomAnswer, RoomError> {
        let position = request.position.ok_or_else(|| invalid("position", "is missing"))?;
        let name = request.name.as_deref().map(room_name).transpose()?;
        let (source, access) = self.room_for(source, caller, Role::Viewer, now).await?;
        if !access.rights.view {
            return Err(RoomError::Forbidden);
        }
        let (owner, owner_key, expires_at) = self.owner(caller.account(), now)?;
        let fork = RoomRecord {
            id: RoomId::from_entropy(&entropy()),
            slug: String::new(),
            name: name.unwrap_or(source.name),
            language: source.language,
            visibility: visibility_of_fork(source.visibility),
            owner,
            created_at: now,
            version: 1,
            expires_at,
            forked_from: Some(ForkedFrom { room: source.id, position }),
            forks: 0,
            generation: 0,
        };
        let fork = self.store_with_slug(fork).await?;
        Ok(RoomAnswer { room: view(&fork, Role::Owner), owner_key })
    }

    /// Deletes a fork that could not be filled, for whoever made it.
    ///
    /// # Errors
    /// [`RoomError::NoRoom`], [`RoomError::Forbidden`], or a failure of the store.
    pub async fn discard(
        &self,
        fork: &RoomId,
        owner_key: Option<&str>,
        caller: &Caller,
        now: TimestampMs,
    ) -> Result<(), RoomError> {
        let fork = standing(&self.store, fork, now).await?;
        let is_theirs = match &fork.owner {
            RoomOwner::Account(user) => caller.account().as_ref() == Some(user),
            RoomOwner::Guest { key_fingerprint, .. } => {
                owner_key.is_some_and(|key| secret::fingerprint(key) == *key_fingerprint)
            }
        };
        if !is_theirs || fork.forked_from.is_none() {
            return Err(RoomError::Forbidden);
        }
        // Nobody has been told of it, so no socket hangs on it.
        Ok(self.store.delete(&fork.id, now).await?)
    }
}

/// Not found by everybody unless its owner says so, and by nobody else if the source is not.
fn visibility_of_fork(source: Visibility) -> Visibility {
    match source {
        Visibility::Private => Visibility::Private,
        Visibility::Link | Visibility::Public => Visibility::Link,
    }
}
