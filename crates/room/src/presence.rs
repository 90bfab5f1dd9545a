//! Presence: who is in the room, and the awareness entries of their sockets.

use std::collections::BTreeSet;

use protocol::TimestampMs;
use protocol::close::CloseCode;
use protocol::event::{Participant, RoomEvent};
use protocol::ids::ParticipantId;

use crate::awareness::{OwnState, departure, is_gone, message};
use crate::effect::Effect;
use crate::limits::AWARENESS_MAX_BYTES;
use crate::rates::Frames;
use crate::room::Room;
use crate::session::{Session, SocketId};
use crate::update::{is_json, read_awareness};

impl Room {
    /// Everybody with at least one socket, once each, in order of arrival.
    #[must_use]
    pub fn participants(&self) -> Vec<Participant> {
        let mut seen = BTreeSet::new();
        let there = self.sessions.values().filter(|session| !session.is_silent);
        let participants = there.filter_map(|session| session.participant.as_ref());
        participants.filter(|participant| seen.insert(&participant.id)).cloned().collect()
    }

    pub(crate) fn is_present(&self, id: &ParticipantId) -> bool {
        let is_theirs = |session: &Session| session.participant.as_ref().is_some_and(|there| there.id == *id);
        self.sessions.values().any(|session| !session.is_silent && is_theirs(session))
    }

    /// Tells the others, unless another of the person's sockets was there already.
    pub(crate) fn announce_arrival(&self, participant: &Participant, effects: &mut Vec<Effect>) {
        let event = RoomEvent::ParticipantJoined { participant: participant.clone() };
        self.tell_others(&participant.id, &event, effects);
    }

    /// Tells the others, unless another of the person's sockets is still there.
    pub(crate) fn announce_departure(&self, participant: &Participant, effects: &mut Vec<Effect>) {
        if !self.is_present(&participant.id) {
            let event = RoomEvent::ParticipantLeft { participant: participant.clone() };
            self.tell_others(&participant.id, &event, effects);
        }
    }

    /// The awareness entries of all sockets but one, as a message; nothing if there are none.
    pub(crate) fn awareness_of_others(&self, socket: SocketId) -> Option<Vec<u8>> {
        let mut others = self
            .sessions
            .iter()
            .filter(|(id, _)| **id != socket)
            .filter_map(|(_, session)| session.awareness.as_ref())
            .peekable();
        others.peek()?;
        Some(message(others))
    }

    /// Takes a socket's own entry out of an awareness update and passes it on to everybody, the sender included:
    /// a stock client that hears nothing for 30 s hangs up. Stock clients send back every entry that they hear, so
    /// in a crowd nearly all of what comes is other people's, and is passed over unread.
    pub(crate) fn on_awareness(
        &mut self,
        socket: SocketId,
        update: Option<&[u8]>,
        now: TimestampMs,
        effects: &mut Vec<Effect>,
    ) {
        let mine = self.sessions.get(&socket).and_then(|session| session.awareness.as_ref()).map(|own| own.client);
        let mut own = None;
        let read = update.map(|update| {
            read_awareness(update, |client, clock, state| {
                if own.is_none()
                    && mine.is_none_or(|mine| mine == client)
                    && self.may_announce(socket, client, clock, state, now)
                {
                    own = Some((client, clock, state));
                }
            })
        });
        let is_sound = matches!(read, Some(Ok(()))) && own.is_none_or(|(_, _, state)| is_json(state));
        if !is_sound {
            let reason = "the frame holds no awareness update of the Yjs protocol".to_owned();
            effects.push(Effect::Close { socket, code: CloseCode::Malformed, reason });
            return;
        }
        let Some((client, clock, state)) = own else { return };
        if let Some((code, reason)) = self.excess_of(socket, 0, Frames::All, now) {
            effects.push(Effect::Close { socket, code, reason: reason.to_owned() });
        } else if state.len() > AWARENESS_MAX_BYTES {
            let reason = format!("an awareness state has at most {AWARENESS_MAX_BYTES} bytes");
            effects.push(Effect::Close { socket, code: CloseCode::FrameTooLarge, reason });
        } else {
            let clock = u32::try_from(clock).unwrap_or(u32::MAX);
            self.announce(socket, OwnState { client, clock, state: state.to_owned() }, now, effects);
        }
    }

    fn announce(&mut self, socket: SocketId, own: OwnState, now: TimestampMs, effects: &mut Vec<Effect>) {
        self.take_over(&own, socket);
        let (gone, is_crowded) = (is_gone(&own.state), self.is_crowded());
        let Some(session) = self.sessions.get_mut(&socket) else { return };
        let is_news = session.awareness.as_ref().is_none_or(|before| before.state != own.state);
        session.awareness = (!gone).then(|| own.clone());
        if is_crowded {
            self.attachments.change(socket, now);
        } else {
            // At once, and without a timer, which would keep a room from sleeping in which nobody types.
            effects.push(Effect::Remember { socket, session: Box::new(session.clone()) });
        }
        self.outbox.announce(own, is_news);
        self.send_due(now, effects);
    }

    /// A socket announces one entry: the first that is nobody else's.
    fn may_announce(&self, socket: SocketId, client: u64, clock: u64, state: &str, now: TimestampMs) -> bool {
        let Some(session) = self.sessions.get(&socket) else { return false };
        let Some(participant) = &session.participant else { return false };
        if let Some(own) = &session.awareness {
            return own.client == client && clock >= u64::from(own.clock);
        }
        let is_anothers = self.sessions.iter().any(|(id, other)| {
            *id != socket
                && other.awareness.as_ref().is_some_and(|own| own.client == client)
                && other.participant.as_ref().is_none_or(|there| there.id != participant.id)
        });
        !is_gone(state) && !is_anothers && !self.departed.bars(client, &participant.id, now)
    }

    /// A client that reconnects before its old socket was missed brings its entry along.
    fn take_over(&mut self, own: &OwnState, socket: SocketId) {
        for (id, session) in &mut self.sessions {
            if *id != socket && session.awareness.as_ref().is_some_and(|old| old.client == own.client) {
                session.awareness = None;
            }
        }
    }

    /// Withdraws the entry of a socket that is gone.
    pub(crate) fn withdraw_awareness(
        &mut self,
        own: &OwnState,
        owner: &ParticipantId,
        now: TimestampMs,
        effects: &mut Vec<Effect>,
    ) {
        self.departed.note(own.client, owner.clone(), now);
        self.outbox.announce(departure(own), true);
        self.send_due(now, effects);
    }
}
