//! Share links.

use protocol::TimestampMs;
use protocol::account::Scope;
use protocol::envelope::FieldError;
use protocol::ids::{LinkId, ParticipantId, RoomId};
use protocol::internal::PrincipalKind;
use protocol::rights::{Rights, Role};
use protocol::room::{CreateLinkRequest, Link};
use protocol::secret;

use super::access::is_open;
use super::error::{RoomError, invalid};
use super::records::Rooms;
use crate::ambient::entropy;
use crate::http::caller::Caller;
use crate::http::params::Origin;
use crate::ports::edge::EdgeNotifier;
use crate::ports::launcher::Launcher;
use crate::ports::rooms::{LinkRecord, LinkUse, RoomRecord, RoomStore};

impl<S: RoomStore, E: EdgeNotifier, L: Launcher> Rooms<S, E, L> {
    /// Makes a link. Its token is in this answer and nowhere else.
    ///
    /// # Errors
    /// [`RoomError::Invalid`], those of [`Rooms::find`], or a failure of a part.
    pub async fn create_link(
        &self,
        room: &RoomId,
        request: CreateLinkRequest,
        caller: &Caller,
        origin: &Origin,
        now: TimestampMs,
    ) -> Result<Link, RoomError> {
        let rights = rights_of(&request, now)?;
        if (rights.run || rights.terminal) && !caller.has(Scope::Runs) {
            return Err(invalid("run", "must be false: the API key has no scope \"runs\" to hand on"));
        }
        let (room, _) = self.room_for(room, caller, Role::Admin, now).await?;
        let token = secret::spell(&entropy());
        let record = LinkRecord {
            id: LinkId::from_entropy(&entropy()),
            room: room.id.clone(),
            fingerprint: secret::fingerprint(&token),
            role: request.role,
            rights,
            uses: 0,
            max_uses: request.max_uses,
            expires_at: request.expires_at.into_iter().chain(room.expires_at).min(),
            created_at: now,
            revoked_at: None,
        };
        self.store.create_link(&record).await?;
        // The token is behind the `#`, so that it never reaches a server's log or a referrer.
        let url = format!("{}/r/{}#link={token}", origin.0, room.id);
        Ok(Link { url: Some(url), token: Some(token), ..view(&record) })
    }

    /// The links that still work.
    ///
    /// # Errors
    /// Those of [`Rooms::find`], or a failure of a part.
    pub async fn links(&self, room: &RoomId, caller: &Caller, now: TimestampMs) -> Result<Vec<Link>, RoomError> {
        let (room, _) = self.room_for(room, caller, Role::Admin, now).await?;
        let links = self.store.links(&room.id).await?;
        Ok(links.iter().filter(|link| is_open(link, now)).map(view).collect())
    }

    /// Withdraws a link and everything that hangs on it: first in the store, then at the edge, so that a repetition
    /// makes up for what failed.
    ///
    /// # Errors
    /// [`RoomError::NoLink`], those of [`Rooms::find`], or a failure of a part.
    pub async fn revoke_link(
        &self,
        room: &RoomId,
        link: &LinkId,
        caller: &Caller,
        now: TimestampMs,
    ) -> Result<(), RoomError> {
        let (room, _) = self.room_for(room, caller, Role::Admin, now).await?;
        if !self.store.revoke_link(&room.id, link, now).await? {
            return Err(RoomError::NoLink);
        }
        Ok(self.edge.revoke(PrincipalKind::Link, link.as_str()).await?)
    }

    /// The link of a token, if it opens this room now.
    pub(super) async fn open_link(
        &self,
        room: &RoomRecord,
        token: &str,
        now: TimestampMs,
    ) -> Result<LinkRecord, RoomError> {
        let link = self.store.link_by_token(&secret::fingerprint(token)).await?;
        link.filter(|link| link.room == room.id && is_open(link, now)).ok_or(RoomError::LinkRefused)
    }

    /// Counts a person for a link.
    pub(super) async fn count_use(
        &self,
        link: &LinkRecord,
        person: &ParticipantId,
        now: TimestampMs,
    ) -> Result<(), RoomError> {
        match self.store.use_link(link, person, now).await? {
            LinkUse::Counted | LinkUse::Known => Ok(()),
            LinkUse::Refused => Err(RoomError::LinkUsedUp),
        }
    }
}

/// The rights that a link asks for, if it may.
fn rights_of(request: &CreateLinkRequest, now: TimestampMs) -> Result<Rights, RoomError> {
    let whole = request.role.rights();
    let rights = Rights { run: request.run.unwrap_or(whole.run), terminal: request.terminal.unwrap_or(false), ..whole };
    let rules = [
        ("role", !request.role.is_grantable_by_link(), "must be viewer or editor"),
        ("terminal", rights.terminal && !rights.edit, "goes with role editor only: a terminal changes files"),
        ("expiresAt", request.expires_at.is_some_and(|at| at <= now), "must be in the future"),
        ("maxUses", request.max_uses == Some(0), "must be at least 1"),
    ];
    let broken = rules.into_iter().filter(|(_, is_broken, _)| *is_broken);
    let fields: Vec<_> =
        broken.map(|(field, _, rule)| FieldError { field: field.to_owned(), message: rule.to_owned() }).collect();
    if fields.is_empty() { Ok(rights) } else { Err(RoomError::Invalid(fields)) }
}

fn view(link: &LinkRecord) -> Link {
    Link {
        id: link.id.clone(),
        url: None,
        token: None,
        role: link.role,
        rights: link.rights,
        uses: link.uses,
        max_uses: link.max_uses,
        expires_at: link.expires_at,
        created_at: link.created_at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(request: &str, expect: Result<[bool; 4], &str>) {
        let request: CreateLinkRequest = serde_json::from_str(request).expect("a request");
        let said = rights_of(&request, 1_000).map(|rights| [rights.view, rights.edit, rights.run, rights.terminal]);
        match (said, expect) {
            (Ok(rights), Ok(expected)) => assert_eq!(rights, expected, "{request:?}"),
            (Err(RoomError::Invalid(fields)), Err(field)) => assert_eq!(fields[0].field, field, "{request:?}"),
            (said, expect) => panic!("{request:?} gives {said:?}, not {expect:?}"),
        }
    }

    #[test]
    fn a_link_gives_its_roles_rights_unless_it_says_otherwise() {
        check(r#"{"role":"viewer"}"#, Ok([true, false, false, false]));
        check(r#"{"role":"viewer","run":true}"#, Ok([true, false, true, false]));
        check(r#"{"role":"editor"}"#, Ok([true, true, true, false]));
        check(r#"{"role":"editor","run":false}"#, Ok([true, true, false, false]));
        check(r#"{"role":"editor","terminal":true}"#, Ok([true, true, true, true]));
        check(r#"{"role":"viewer","terminal":true}"#, Err("terminal"));
        check(r#"{"role":"admin"}"#, Err("role"));
        check(r#"{"role":"owner"}"#, Err("role"));
        check(r#"{"role":"viewer","expiresAt":1000}"#, Err("expiresAt"));
        check(r#"{"role":"viewer","expiresAt":1001}"#, Ok([true, false, false, false]));
        check(r#"{"role":"viewer","maxUses":0}"#, Err("maxUses"));
    }
}
