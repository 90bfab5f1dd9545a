//! How things get their place in the log.

use protocol::TimestampMs;
use protocol::event::{Participant, RoomEvent};
use protocol::history::Author;

use crate::effect::Effect;
use crate::log::{LogBody, LogEntry};
use crate::room::Room;

impl Room {
    /// Takes the next position. Returns its time: clocks may step back, the log does not.
    pub(crate) fn place(&mut self, at: TimestampMs) -> TimestampMs {
        self.position += 1;
        self.last_at = self.last_at.max(at);
        self.last_at
    }

    /// Writes an event behind everything that was applied.
    pub(crate) fn append_event(
        &mut self,
        author: Option<&Participant>,
        event: &RoomEvent,
        now: TimestampMs,
        effects: &mut Vec<Effect>,
    ) {
        self.write(now, effects);
        if let Some(author) = author {
            self.note_author(author, effects);
        }
        let at = self.place(now);
        let body = LogBody::Event { author: author.map(|author| author.id.clone()), event: Box::new(event.clone()) };
        effects.push(Effect::Append(LogEntry { position: self.position, at, body }));
    }

    /// Writes an event and tells everybody.
    pub(crate) fn log_event(
        &mut self,
        author: Option<&Participant>,
        event: RoomEvent,
        now: TimestampMs,
        effects: &mut Vec<Effect>,
    ) {
        self.append_event(author, &event, now, effects);
        self.tell_all(&[event], effects);
    }

    /// Has storage know an author's name.
    pub(crate) fn note_author(&mut self, author: &Participant, effects: &mut Vec<Effect>) {
        if self.known_authors.get(&author.id) != Some(&author.name) {
            self.known_authors.insert(author.id.clone(), author.name.clone());
            effects.push(Effect::SaveAuthor(Author { id: author.id.clone(), name: author.name.clone() }));
        }
    }

    /// Keeps the sessions that changed with their sockets, when it is time.
    pub(crate) fn remember_due(&mut self, now: TimestampMs, effects: &mut Vec<Effect>) {
        for socket in self.attachments.take_due(now) {
            if let Some(session) = self.sessions.get(&socket) {
                effects.push(Effect::Remember { socket, session: Box::new(session.clone()) });
            }
        }
    }
}
