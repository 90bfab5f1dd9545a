//! Sockets that are ahead of the room: they sent what leans on something that the room lacks.
//!
//! The room took what it could place and asks such a socket for everything that it lacks. The answer brings the rest
//! again, and until then nothing may say that it is saved: its frames are not counted, and its barriers wait.

use std::collections::BTreeMap;

use yrs::StateVector;

use crate::session::SocketId;

/// Barriers of one socket that wait at most. A stock client has one on its way.
const BARRIERS_MAX: usize = 8;

/// The sockets that were asked and have not answered.
#[derive(Debug, Default)]
pub(crate) struct Ahead(BTreeMap<SocketId, Owed>);

/// What a socket is owed when it has answered.
#[derive(Debug, Default)]
pub(crate) struct Owed {
    /// Update frames that were not taken in full.
    pub(crate) frames: usize,
    /// Barriers that came after them.
    pub(crate) barriers: Vec<StateVector>,
}

impl Ahead {
    /// Notes a frame that was not taken in full. True if the socket has to be asked.
    pub(crate) fn note(&mut self, socket: SocketId) -> bool {
        let is_asked = self.0.contains_key(&socket);
        self.0.entry(socket).or_default().frames += 1;
        !is_asked
    }

    /// Keeps back a barrier, if the socket was asked: gives it back otherwise.
    pub(crate) fn hold(&mut self, socket: SocketId, barrier: StateVector) -> Option<StateVector> {
        let Some(owed) = self.0.get_mut(&socket) else { return Some(barrier) };
        if owed.barriers.len() < BARRIERS_MAX {
            owed.barriers.push(barrier);
        }
        None
    }

    /// What is owed to a socket, which has answered or is gone.
    pub(crate) fn settle(&mut self, socket: SocketId) -> Owed {
        self.0.remove(&socket).unwrap_or_default()
    }
}
