//! Coming in: joining as an account, and tokens for accounts and guests.
//!
//! A guest is a new person each time, unless it shows the room token that it had: then it stays who it was, and the
//! link does not count it again. A token's signature is what proves that; its time does not matter.

use protocol::TimestampMs;
use protocol::account::Scope;
use protocol::ids::{LoginId, ParticipantId, RoomId, UserId};
use protocol::limits::DISPLAY_NAME_MAX_CHARS;
use protocol::rights::Role;
use protocol::room::{JoinRoomRequest, Room, RoomToken, RoomTokenRequest, Visibility};
use protocol::secret;
use protocol::tier::Tier;
use protocol::token::{AccessClaims, ROOM_LIFETIME_S, RoomClaims};

use super::access::{self, Access, access, standing, view};
use super::error::{RoomError, invalid};
use super::records::Rooms;
use crate::ambient::entropy;
use crate::config::Switch;
use crate::http::caller::Caller;
use crate::http::params::Origin;
use crate::ports::edge::EdgeNotifier;
use crate::ports::launcher::Launcher;
use crate::ports::rooms::{Member, RoomOwner, RoomRecord, RoomStore};

/// Who comes in, and as what.
struct Entrant {
    participant: ParticipantId,
    name: String,
    access: Access,
    user: Option<UserId>,
    login: Option<LoginId>,
    tier: Tier,
    scopes: Option<Vec<Scope>>,
}

impl Entrant {
    /// Somebody without an account.
    fn guest(participant: ParticipantId, name: String, access: Access) -> Self {
        Self { participant, name, access, user: None, login: None, tier: Tier::Anonymous, scopes: None }
    }
}

impl<S: RoomStore, E: EdgeNotifier, L: Launcher> Rooms<S, E, L> {
    /// Makes an account a member: by link, or in a public room as a viewer.
    ///
    /// # Errors
    /// [`RoomError::NoRoom`], [`RoomError::LinkRefused`], [`RoomError::LinkUsedUp`], [`RoomError::Forbidden`], or a
    /// failure of a part.
    pub async fn join(
        &self,
        room: &RoomId,
        request: JoinRoomRequest,
        account: AccessClaims,
        now: TimestampMs,
    ) -> Result<Room, RoomError> {
        let room = standing(&self.store, room, now).await?;
        let access = match request.link {
            Some(link) => self.join_by_link(&room, &link, &account, now).await?,
            None => self.join_openly(&room, account, now).await?,
        };
        Ok(view(&room, access.role))
    }

    async fn join_by_link(
        &self,
        room: &RoomRecord,
        token: &str,
        account: &AccessClaims,
        now: TimestampMs,
    ) -> Result<Access, RoomError> {
        let link = self.open_link(room, token, now).await?;
        let caller = Caller::Account(account.clone());
        if let Some(member) = access::member(&self.store, room, &caller).await?
            && member.role >= link.role
        {
            return access(&self.store, room, &caller).await;
        }
        self.count_use(&link, &account.sub.clone().into(), now).await?;
        // A membership whose link was withdrawn stands in the way of a better one only until now.
        let replaces = self.store.member(&room.id, &account.sub).await?.and_then(|member| member.link);
        let (role, rights, link) = (link.role, link.rights, Some(link.id));
        let member = Member { room: room.id.clone(), user: account.sub.clone(), role, rights, link, joined_at: now };
        self.store.join(&member, replaces.as_ref()).await?;
        access(&self.store, room, &caller).await
    }

    async fn join_openly(
        &self,
        room: &RoomRecord,
        account: AccessClaims,
        now: TimestampMs,
    ) -> Result<Access, RoomError> {
        let user = account.sub.clone();
        let caller = Caller::Account(account);
        if access::member(&self.store, room, &caller).await?.is_none() {
            if room.visibility != Visibility::Public {
                return Err(RoomError::Forbidden);
            }
            let (role, rights) = (Role::Viewer, Role::Viewer.rights());
            let member = Member { room: room.id.clone(), user, role, rights, link: None, joined_at: now };
            self.store.join(&member, None).await?;
        }
        access(&self.store, room, &caller).await
    }

    /// Signs a token that opens the room's sockets.
    ///
    /// # Errors
    /// [`RoomError::Invalid`], [`RoomError::GuestsOff`], [`RoomError::OwnerKeyRefused`], [`RoomError::Unknown`],
    /// those of [`Rooms::join`], or a failure of a part.
    pub async fn token(
        &self,
        room: &RoomId,
        request: RoomTokenRequest,
        caller: Caller,
        origin: &Origin,
        now: TimestampMs,
    ) -> Result<RoomToken, RoomError> {
        let room = standing(&self.store, room, now).await?;
        let entrant = match (caller, &request.owner_key) {
            (_, Some(key)) => self.owner_by_key(&room, key, &request)?,
            (Caller::Account(account), None) => self.account(&room, account, request.link.as_deref(), now).await?,
            (Caller::Nobody | Caller::Participant(_), None) => self.guest(&room, &request, now).await?,
        };
        let may_run = entrant.access.rights.run;
        let token = self.sign(&room, entrant, origin, now)?;
        if may_run {
            crate::runs::submit::wake(&self.launcher).await;
        }
        Ok(token)
    }

    fn owner_by_key(&self, room: &RoomRecord, key: &str, request: &RoomTokenRequest) -> Result<Entrant, RoomError> {
        match &room.owner {
            RoomOwner::Guest { key_fingerprint, participant } if *key_fingerprint == secret::fingerprint(key) => {
                let access = Access { role: Role::Owner, rights: Role::Owner.rights(), link: None };
                let name = display_name(request.name.as_deref())?;
                Ok(Entrant::guest(participant.clone(), name, access))
            }
            RoomOwner::Guest { .. } | RoomOwner::Account(_) => Err(RoomError::OwnerKeyRefused),
        }
    }

    async fn account(
        &self,
        room: &RoomRecord,
        account: AccessClaims,
        link: Option<&str>,
        now: TimestampMs,
    ) -> Result<Entrant, RoomError> {
        let caller = Caller::Account(account.clone());
        let access = match link {
            // Coming in by a link makes the account a member, which only a key that may write does.
            Some(_) if !caller.has(Scope::RoomsWrite) => return Err(RoomError::Forbidden),
            Some(link) => self.join_by_link(room, link, &account, now).await?,
            None => access(&self.store, room, &caller).await?,
        };
        let access = access.within(|scope| caller.has(scope));
        let AccessClaims { sub, sid, name, tier, scopes, .. } = account;
        Ok(Entrant { participant: sub.clone().into(), name, access, user: Some(sub), login: Some(sid), tier, scopes })
    }

    async fn guest(
        &self,
        room: &RoomRecord,
        request: &RoomTokenRequest,
        now: TimestampMs,
    ) -> Result<Entrant, RoomError> {
        if self.guests == Switch::Off {
            return Err(RoomError::GuestsOff);
        }
        let previous = request.previous.as_deref().and_then(|token| self.previous(room, token));
        let name = request.name.as_deref().or(previous.as_ref().map(|claims| claims.name.as_str()));
        let name = display_name(name)?;
        let Some(token) = &request.link else {
            let access = access(&self.store, room, &Caller::Nobody).await?;
            let participant = previous.map_or_else(new_participant, |claims| claims.sub);
            return Ok(Entrant::guest(participant, name, access));
        };
        let link = self.open_link(room, token, now).await?;
        let counted = previous.filter(|claims| claims.link.as_ref() == Some(&link.id)).map(|claims| claims.sub);
        let participant = match counted {
            Some(participant) => participant,
            None => {
                let participant = new_participant();
                self.count_use(&link, &participant, now).await?;
                participant
            }
        };
        let access = Access { role: link.role, rights: link.rights, link: Some(link.id) };
        Ok(Entrant::guest(participant, name, access))
    }

    /// The claims of a guest's earlier token of this room, whenever it expired. An account's token is none.
    fn previous(&self, room: &RoomRecord, token: &str) -> Option<RoomClaims> {
        let claims = self.signer.key_set().verify::<RoomClaims>(token, 0).ok()?;
        (claims.room == room.id && claims.user.is_none() && claims.role != Role::Owner).then_some(claims)
    }

    fn sign(
        &self,
        room: &RoomRecord,
        entrant: Entrant,
        origin: &Origin,
        now: TimestampMs,
    ) -> Result<RoomToken, RoomError> {
        let iat = now / 1000;
        let exp = room.expires_at.map_or(u64::MAX, |at| at / 1000).min(iat + ROOM_LIFETIME_S);
        let Access { role, rights, link } = entrant.access;
        let claims = RoomClaims {
            sub: entrant.participant,
            room: room.id.clone(),
            role,
            rights,
            name: entrant.name,
            tier: entrant.tier,
            user: entrant.user,
            sid: entrant.login,
            link,
            scopes: entrant.scopes,
            generation: room.generation,
            iat,
            exp,
            jti: RoomId::from_entropy(&entropy()).to_string(),
        };
        let sockets = origin.for_sockets();
        Ok(RoomToken {
            token: self.signer.sign(&claims)?,
            role,
            rights,
            participant_id: claims.sub,
            expires_at: exp * 1000,
            generation: room.generation,
            sync_url: format!("{sockets}/sync/{}", room.id),
            events_url: format!("{sockets}/events/{}", room.id),
        })
    }
}

fn new_participant() -> ParticipantId {
    ParticipantId::from_entropy(&entropy())
}

fn display_name(name: Option<&str>) -> Result<String, RoomError> {
    let name = name.map(str::trim).ok_or_else(|| invalid("name", "is missing: a guest needs a name"))?;
    let is_fine = (1..=DISPLAY_NAME_MAX_CHARS).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if is_fine { Ok(name.to_owned()) } else { Err(invalid("name", "must have 1 to 40 characters in one line")) }
}
