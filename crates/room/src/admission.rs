//! Sockets coming, staying and going: who is let in, and who may go on sending.

use protocol::TimestampMs;
use protocol::close::CloseCode;
use protocol::event::{Participant, RoomEvent};
use protocol::internal::PrincipalKind;

use crate::effect::Effect;
use crate::limits::SOCKETS_MAX;
use crate::rates::{Frames, Verdict, connections_max};
use crate::room::Room;
use crate::session::{Channel, Session, SocketId};

impl Room {
    pub(crate) fn on_opened(
        &mut self,
        socket: SocketId,
        mut session: Session,
        now: TimestampMs,
        effects: &mut Vec<Effect>,
    ) {
        session.heard_at = now;
        if let Some((code, reason)) = self.refusal_of(&session, now) {
            effects.push(Effect::Close { socket, code, reason });
            return;
        }
        let arrival = session.participant.clone().filter(|who| !self.is_present(&who.id));
        let channel = session.channel.clone();
        effects.push(Effect::Remember { socket, session: Box::new(session.clone()) });
        self.sessions.insert(socket, session);
        match channel {
            Channel::Sync => self.greet_sync(socket, effects),
            Channel::Events => self.welcome(socket, now, effects),
            Channel::Lease => self.greet_lease(socket, effects),
        }
        if let Some(participant) = arrival {
            self.announce_arrival(&participant, effects);
        }
    }

    /// Why a socket is not let in.
    fn refusal_of(&self, session: &Session, now: TimestampMs) -> Option<(CloseCode, String)> {
        if self.sessions.len() >= SOCKETS_MAX {
            return Some((CloseCode::TryAgainLater, format!("the room is full: it has {SOCKETS_MAX} connections")));
        }
        let Some(participant) = &session.participant else { return None };
        if session.channel == Channel::Sync && session.generation < self.generation {
            return Some((CloseCode::Rebuilt, "the room was rebuilt; get a new token".to_owned()));
        }
        if self.rules.is_unlimited {
            return None;
        }
        if self.rates.is_abusive(&participant.id, now) {
            return Some((CloseCode::RateLimited, "you sent too much, again and again; wait a minute".to_owned()));
        }
        let max = connections_max(session.tier);
        if self.connections_of(participant, &session.channel) >= max {
            let reason = format!("you have {max} connections to this room already; close one");
            return Some((CloseCode::TryAgainLater, reason));
        }
        None
    }

    /// How many living sockets of a channel a person has.
    fn connections_of(&self, participant: &Participant, channel: &Channel) -> usize {
        let is_theirs = |session: &&Session| {
            session.channel == *channel
                && !session.is_silent
                && session.participant.as_ref().is_some_and(|there| there.id == participant.id)
        };
        self.sessions.values().filter(is_theirs).count()
    }

    fn welcome(&self, socket: SocketId, now: TimestampMs, effects: &mut Vec<Effect>) {
        let Some(session) = self.sessions.get(&socket) else { return };
        let Some(you) = session.participant.clone() else { return };
        let event = RoomEvent::Welcome {
            role: you.role,
            you,
            rights: session.rights,
            participants: self.participants(),
            chat: self.chat.clone(),
            runs: self.runs.list(),
            terminals: self.terminals.list(),
            server_time: now,
            position: self.position,
        };
        effects.push(Self::event(vec![socket], &event));
    }

    pub(crate) fn on_closed(&mut self, socket: SocketId, now: TimestampMs, effects: &mut Vec<Effect>) {
        self.ahead.settle(socket);
        let Some(session) = self.sessions.remove(&socket) else { return };
        if let Some(serving) = session.serving {
            self.on_lease_closed(serving, now);
            return;
        }
        let Some(participant) = session.participant else { return };
        if let Some(own) = &session.awareness {
            self.withdraw_awareness(own, &participant.id, now, effects);
        }
        if !session.is_silent {
            self.announce_departure(&participant, effects);
        }
    }

    pub(crate) fn on_revoked(&mut self, kind: PrincipalKind, id: &str, effects: &mut Vec<Effect>) {
        let hangs_on_it = |session: &Session| match kind {
            PrincipalKind::Login => session.login.as_ref().is_some_and(|login| login.as_str() == id),
            PrincipalKind::Link => session.link.as_ref().is_some_and(|link| link.as_str() == id),
            PrincipalKind::Room => true,
        };
        let (code, reason) = match kind {
            PrincipalKind::Login => (CloseCode::Forbidden, "you have logged out"),
            PrincipalKind::Link => (CloseCode::Forbidden, "the link that you came by was withdrawn"),
            PrincipalKind::Room => (CloseCode::NotFound, "the room was deleted"),
        };
        for (socket, _) in self.sessions.iter().filter(|(_, session)| hangs_on_it(session)) {
            effects.push(Effect::Close { socket: *socket, code, reason: reason.to_owned() });
        }
    }

    /// What a socket carries that has sent so many bytes, unless its token has expired or it sends too much: then it
    /// is closed.
    pub(crate) fn standing(
        &mut self,
        socket: SocketId,
        frames: Frames,
        bytes: usize,
        now: TimestampMs,
        effects: &mut Vec<Effect>,
    ) -> Option<Channel> {
        let session = self.sessions.get(&socket)?;
        let channel = session.channel.clone();
        if now >= session.expires_at {
            let reason = "the token has expired; get a new one".to_owned();
            effects.push(Effect::Close { socket, code: CloseCode::Unauthorized, reason });
            return None;
        }
        if let Some((code, reason)) = self.excess_of(socket, bytes, frames, now) {
            effects.push(Effect::Close { socket, code, reason: reason.to_owned() });
            return None;
        }
        self.hear(socket, now, effects);
        Some(channel)
    }

    /// Why a socket is closed that has sent so many bytes more, if it sends too much.
    pub(crate) fn excess_of(
        &mut self,
        socket: SocketId,
        bytes: usize,
        frames: Frames,
        now: TimestampMs,
    ) -> Option<(CloseCode, &'static str)> {
        let session = self.sessions.get(&socket).filter(|_| !self.rules.is_unlimited)?;
        let participant = session.participant.as_ref()?;
        match self.rates.frame(&participant.id, session.tier, session.rights.edit, frames, bytes, now) {
            Verdict::Fine => None,
            Verdict::Burst => Some((CloseCode::TryAgainLater, "too much at once; come back in a moment")),
            Verdict::Abuse => Some((CloseCode::RateLimited, "you sent too much, again and again; wait a minute")),
        }
    }
}
