//! Sockets from which nothing comes any more.
//!
//! A connection that breaks without a word stays open for the runtime, for minutes. A person counts as gone once
//! none of their sockets was heard for [`SILENT_AFTER_MS`]. Sync sockets are heard by their frames, events sockets by
//! theirs and by the pings that the runtime answers; an events socket that never pings is judged by the sync socket
//! of the same token. An alarm looks after them, so that the room may sleep in between; it is set only while there
//! are two people, since nobody else would see the ghost.

use std::collections::BTreeSet;

use protocol::TimestampMs;
use protocol::close::CloseCode;

use crate::effect::Effect;
use crate::limits::{CLOSED_AFTER_MS, SILENT_AFTER_MS};
use crate::room::Room;
use crate::session::{Channel, Session, SocketId};

impl Room {
    /// Notes that something came from a socket. Whoever counted as gone is back.
    pub(crate) fn hear(&mut self, socket: SocketId, now: TimestampMs, effects: &mut Vec<Effect>) {
        let Some(session) = self.sessions.get_mut(&socket) else { return };
        session.heard_at = now;
        if !session.is_silent {
            return;
        }
        let participant = session.participant.clone();
        let arrival = participant.filter(|who| !self.is_present(&who.id));
        if let Some(session) = self.sessions.get_mut(&socket) {
            session.is_silent = false;
        }
        if let Some(participant) = arrival {
            self.announce_arrival(&participant, effects);
        }
    }

    /// Looks after silent sockets.
    pub(crate) fn on_alarm(
        &mut self,
        pings: Vec<(SocketId, TimestampMs)>,
        now: TimestampMs,
        effects: &mut Vec<Effect>,
    ) {
        self.alarm_at = None;
        for (socket, at) in pings {
            if let Some(session) = self.sessions.get_mut(&socket) {
                session.heard_at = session.heard_at.max(at);
            }
        }
        for socket in self.newly_silent(now) {
            self.fall_silent(socket, now, effects);
        }
        for (socket, _) in self.sessions.iter().filter(|(_, session)| is_dead(session, now)) {
            let reason = "nothing was heard for two minutes; come back".to_owned();
            effects.push(Effect::Close { socket: *socket, code: CloseCode::ServiceRestart, reason });
        }
        self.rates.forget_idle(now);
        self.look_after_runs(now, effects);
        self.look_after_terminals(now, effects);
    }

    /// The sockets that were not heard for too long and do not count as silent yet.
    fn newly_silent(&self, now: TimestampMs) -> Vec<SocketId> {
        let silent: BTreeSet<&str> = self
            .sessions
            .values()
            .filter(|session| session.channel == Channel::Sync && is_unheard(session, now))
            .map(|session| session.token_id.as_str())
            .collect();
        let has_fallen_silent = |session: &Session| match session.channel {
            Channel::Sync => is_unheard(session, now),
            Channel::Events => is_unheard(session, now) && silent.contains(session.token_id.as_str()),
            Channel::Lease => false,
        };
        let sockets = self.sessions.iter().filter(|(_, session)| !session.is_silent && has_fallen_silent(session));
        sockets.map(|(socket, _)| *socket).collect()
    }

    fn fall_silent(&mut self, socket: SocketId, now: TimestampMs, effects: &mut Vec<Effect>) {
        let Some(session) = self.sessions.get_mut(&socket) else { return };
        session.is_silent = true;
        let (participant, own) = (session.participant.clone(), session.awareness.take());
        self.attachments.change(socket, now);
        let Some(participant) = participant else { return };
        if let Some(own) = own {
            self.withdraw_awareness(&own, &participant.id, now, effects);
        }
        self.announce_departure(&participant, effects);
    }

    /// Asks for an alarm if there is something to look after, and none was asked for that comes in time.
    pub(crate) fn set_alarm(&mut self, now: TimestampMs, effects: &mut Vec<Effect>) {
        let is_set = self.alarm_at.is_some_and(|at| at > now);
        // Silence is looked for only when no alarm is set: that takes a look at every socket.
        let silence = if is_set { None } else { self.silence_due_at() };
        let due = [silence, self.runs_due_at(), self.terminals_due_at()].into_iter().flatten().min();
        let Some(at) = due.map(|due| due.max(now + 1)) else { return };
        if !is_set || self.alarm_at.is_some_and(|set| at < set) {
            self.alarm_at = Some(at);
            effects.push(Effect::AlarmAt(at));
        }
    }

    /// When the next socket falls silent, if somebody would see the ghost.
    fn silence_due_at(&self) -> Option<TimestampMs> {
        let mut people = BTreeSet::new();
        let mut due: Option<TimestampMs> = None;
        for session in self.sessions.values().filter(|session| session.channel == Channel::Sync) {
            people.extend(session.participant.as_ref().map(|who| &who.id));
            let patience = if session.is_silent { CLOSED_AFTER_MS } else { SILENT_AFTER_MS };
            due = Some(due.map_or(u64::MAX, |due| due).min(session.heard_at + patience));
        }
        // The people at the events sockets watch too.
        let watchers = self.sessions.values().filter_map(|session| session.participant.as_ref()).map(|who| &who.id);
        people.extend(watchers);
        due.filter(|_| people.len() > 1)
    }
}

fn is_unheard(session: &Session, now: TimestampMs) -> bool {
    now >= session.heard_at + SILENT_AFTER_MS
}

/// True of a sync socket that can be closed: a living client would have spoken.
fn is_dead(session: &Session, now: TimestampMs) -> bool {
    session.channel == Channel::Sync && session.is_silent && now >= session.heard_at + CLOSED_AFTER_MS
}
