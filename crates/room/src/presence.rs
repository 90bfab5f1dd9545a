//! Presence: who is in the room, and the awareness entries of their sockets.

use protocol::TimestampMs;
use protocol::close::CloseCode;
use protocol::event::{Participant, RoomEvent};
use protocol::ids::ParticipantId;
use yrs::sync::awareness::AwarenessUpdate;

use crate::awareness::{OwnState, departure, entries, is_gone, message};
use crate::effect::{Effect, Frame};
use crate::limits::AWARENESS_MAX_BYTES;
use crate::room::Room;
use crate::session::{Channel, SocketId};

impl Room {
    /// Everybody with at least one socket, once each, in order of arrival.
    #[must_use]
    pub fn participants(&self) -> Vec<Participant> {
        let mut seen: Vec<Participant> = Vec::new();
        for participant in self.sessions.values().filter_map(|session| session.participant.as_ref()) {
            if !seen.iter().any(|known| known.id == participant.id) {
                seen.push(participant.clone());
            }
        }
        seen
    }

    pub(crate) fn is_present(&self, id: &ParticipantId) -> bool {
        self.sessions.values().any(|session| session.participant.as_ref().is_some_and(|there| there.id == *id))
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
    /// a stock client that hears nothing for 30 s hangs up.
    pub(crate) fn on_awareness(
        &mut self,
        socket: SocketId,
        update: &AwarenessUpdate,
        now: TimestampMs,
        effects: &mut Vec<Effect>,
    ) {
        let Some(own) = entries(update).into_iter().find(|entry| self.may_announce(socket, entry, now)) else { return };
        if own.state.len() > AWARENESS_MAX_BYTES {
            let reason = format!("an awareness state has at most {AWARENESS_MAX_BYTES} bytes");
            effects.push(Effect::Close { socket, code: CloseCode::FrameTooLarge, reason });
            return;
        }
        self.take_over(&own, socket);
        let frame = Frame::Binary(message([&own]));
        let gone = is_gone(&own.state);
        let Some(session) = self.sessions.get_mut(&socket) else { return };
        session.awareness = (!gone).then_some(own);
        let session = Box::new(session.clone());
        effects.push(Effect::Remember { socket, session });
        effects.push(Effect::Send { to: self.sockets_of(|channel| *channel == Channel::Sync), frame });
    }

    /// A socket announces one entry: the first that is nobody else's.
    fn may_announce(&self, socket: SocketId, entry: &OwnState, now: TimestampMs) -> bool {
        let Some(session) = self.sessions.get(&socket) else { return false };
        let Some(participant) = &session.participant else { return false };
        if let Some(own) = &session.awareness {
            return own.client == entry.client && entry.clock >= own.clock;
        }
        let is_anothers = self.sessions.iter().any(|(id, other)| {
            *id != socket
                && other.awareness.as_ref().is_some_and(|own| own.client == entry.client)
                && other.participant.as_ref().is_none_or(|there| there.id != participant.id)
        });
        !is_gone(&entry.state) && !is_anothers && !self.departed.bars(entry.client, &participant.id, now)
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
        let frame = Frame::Binary(message([&departure(own)]));
        effects.push(Effect::Send { to: self.sockets_of(|channel| *channel == Channel::Sync), frame });
    }
}
