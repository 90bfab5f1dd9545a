//! Which sessions have to be kept with their sockets again.
//!
//! A session is kept for the time after a hibernation, and a room that has anything to write does not sleep. So what
//! changes with each frame is kept once a second, not each time.

use std::collections::BTreeSet;

use protocol::TimestampMs;

use crate::session::SocketId;

/// How long a change may wait.
const DELAY_MS: u64 = 1_000;

/// Sockets whose session changed.
#[derive(Debug, Default)]
pub(crate) struct Attachments {
    changed: BTreeSet<SocketId>,
    /// When the oldest change was made.
    since: Option<TimestampMs>,
}

impl Attachments {
    /// Notes a change.
    pub(crate) fn change(&mut self, socket: SocketId, now: TimestampMs) {
        self.changed.insert(socket);
        self.since.get_or_insert(now);
    }

    /// When the changes have to be kept.
    pub(crate) fn due_at(&self) -> Option<TimestampMs> {
        self.since.map(|since| since + DELAY_MS)
    }

    /// The changes, if they are due.
    pub(crate) fn take_due(&mut self, now: TimestampMs) -> BTreeSet<SocketId> {
        if self.due_at().is_none_or(|due| now < due) {
            return BTreeSet::new();
        }
        self.since = None;
        std::mem::take(&mut self.changed)
    }
}
