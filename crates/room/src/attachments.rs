//! Which sessions have to be kept with their sockets again.
//!
//! A session is kept for the time after a hibernation, and a room in which anything happens does not sleep. So what
//! changes with each frame is kept when the room comes to rest, a few sockets at a time: whoever types next does not
//! wait for a thousand of them.

use std::collections::BTreeSet;

use protocol::TimestampMs;

use crate::session::SocketId;

/// How long nothing has to change. The runtime lets an object sleep after 10 s without anything to do.
const REST_MS: u64 = 1_000;

/// How many sockets are kept at a time: each takes the runtime some 50 µs.
const PORTION: usize = 50;

/// The time between two portions.
const PAUSE_MS: u64 = 10;

/// Sockets whose session changed.
#[derive(Debug, Default)]
pub(crate) struct Attachments {
    changed: BTreeSet<SocketId>,
    /// When the next portion may be kept.
    due_at: TimestampMs,
}

impl Attachments {
    /// Notes a change.
    pub(crate) fn change(&mut self, socket: SocketId, now: TimestampMs) {
        self.changed.insert(socket);
        self.due_at = now + REST_MS;
    }

    /// When some of the changes have to be kept.
    pub(crate) fn due_at(&self) -> Option<TimestampMs> {
        (!self.changed.is_empty()).then_some(self.due_at)
    }

    /// Some of the changes, if they are due.
    pub(crate) fn take_due(&mut self, now: TimestampMs) -> Vec<SocketId> {
        if self.due_at().is_none_or(|due| now < due) {
            return Vec::new();
        }
        self.due_at = now + PAUSE_MS;
        std::iter::from_fn(|| self.changed.pop_first()).take(PORTION).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_kept_in_portions_once_nothing_changes_any_more() {
        let mut attachments = Attachments::default();
        (0..120).for_each(|socket| attachments.change(SocketId(socket), 5_000));
        attachments.change(SocketId(0), 5_500);
        assert!(attachments.take_due(6_499).is_empty());
        let mut kept = Vec::new();
        while let Some(due) = attachments.due_at() {
            assert!(attachments.take_due(due - 1).is_empty());
            kept.push((due, attachments.take_due(due).len()));
        }
        assert_eq!(kept, [(6_500, 50), (6_510, 50), (6_520, 20)]);
    }
}
