//! The systems outside, in memory. Each can break in both ways that a real one does: a write that never happened, and
//! a write that happened although its answer was lost.

mod accounts;
mod rooms;
mod runs;

use std::sync::Mutex;

use protocol::ids::RoomId;
use protocol::internal::PrincipalKind;
use protocol::run::Run;
use protocol::runner::QueueMessage;
use protocol::token::Signer;

pub(crate) use accounts::MemoryAccounts;
pub(crate) use rooms::MemoryRooms;
pub(crate) use runs::{MemoryArtifacts, MemoryRuns};

use crate::ports::PortError;
use crate::ports::edge::EdgeNotifier;
use crate::ports::launcher::Launcher;
use crate::ports::queue::RunQueue;
use crate::ports::runs::Turn;

/// How the next call of a system breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Break {
    /// Nothing happens, and the caller hears so.
    Before,
    /// It happens, and the caller hears that it did not.
    After,
}

/// The breaks that a system still has to show, one for each call.
#[derive(Debug, Default)]
pub(crate) struct Breaks(Mutex<Vec<Break>>);

impl Breaks {
    /// Breaks the next call.
    pub(crate) fn next(&self, kind: Break) {
        self.0.lock().expect("no panic").push(kind);
    }

    /// Runs a call as the breaks have it.
    pub(crate) fn around<T>(&self, call: impl FnOnce() -> T) -> Result<T, PortError> {
        let kind = self.0.lock().expect("no panic").pop();
        let broken = || PortError::Unavailable { part: "memory", source: "broken on demand".into() };
        match kind {
            Some(Break::Before) => Err(broken()),
            Some(Break::After) => {
                call();
                Err(broken())
            }
            None => Ok(call()),
        }
    }
}

/// A queue that keeps what it was sent.
#[derive(Debug, Default)]
pub(crate) struct MemoryQueue {
    pub(crate) messages: Mutex<Vec<QueueMessage>>,
    /// The turn of each message.
    pub(crate) turns: Mutex<Vec<Turn>>,
    pub(crate) breaks: Breaks,
}

impl RunQueue for MemoryQueue {
    async fn send(&self, message: &QueueMessage, turn: &Turn) -> Result<(), PortError> {
        self.breaks.around(|| {
            self.messages.lock().expect("no panic").push(message.clone());
            self.turns.lock().expect("no panic").push(turn.clone());
        })
    }
}

/// A launcher that counts.
#[derive(Debug, Default)]
pub(crate) struct MemoryLauncher {
    pub(crate) calls: Mutex<u32>,
    pub(crate) breaks: Breaks,
}

impl Launcher for MemoryLauncher {
    async fn ensure_running(&self) -> Result<(), PortError> {
        self.breaks.around(|| *self.calls.lock().expect("no panic") += 1)
    }
}

/// An edge that keeps what it was told.
#[derive(Debug, Default)]
pub(crate) struct MemoryEdge {
    pub(crate) revoked: Mutex<Vec<(PrincipalKind, String)>>,
    pub(crate) runs: Mutex<Vec<(RoomId, Run)>>,
    pub(crate) breaks: Breaks,
}

impl EdgeNotifier for MemoryEdge {
    async fn revoke(&self, kind: PrincipalKind, id: &str) -> Result<(), PortError> {
        self.breaks.around(|| self.revoked.lock().expect("no panic").push((kind, id.to_owned())))
    }

    async fn run_changed(&self, room: &RoomId, run: &Run) -> Result<(), PortError> {
        self.breaks.around(|| self.runs.lock().expect("no panic").push((room.clone(), run.clone())))
    }
}

/// A key that is in this repository and therefore good for tests only.
pub(crate) fn signer() -> Signer {
    let pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB\n-----END PRIVATE KEY-----";
    Signer::from_pem(pem).expect("a key")
}
