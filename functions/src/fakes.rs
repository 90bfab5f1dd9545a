//! The systems outside, in memory. Each can break in both ways that a real one does: a write that never happened, and
//! a write that happened although its answer was lost.

mod accounts;
mod audit;
mod mailer;
mod rooms;
mod runs;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use protocol::TimestampMs;
use protocol::ids::RoomId;
use protocol::internal::PrincipalKind;
use protocol::run::{Priority, Run};
use protocol::runner::QueueMessage;
use protocol::task::TaskId;
use protocol::token::Signer;

pub(crate) use accounts::MemoryAccounts;
pub(crate) use audit::MemoryAudit;
pub(crate) use mailer::MemoryMailer;
pub(crate) use rooms::MemoryRooms;
pub(crate) use runs::{MemoryArtifacts, MemoryRuns};

use crate::ports::PortError;
use crate::ports::edge::EdgeNotifier;
use crate::ports::fleet::{Fleet, FleetSize};
use crate::ports::launcher::{Launcher, Spare};
use crate::ports::queue::RunQueue;
use crate::ports::runs::Turn;
use crate::ports::tasks::TaskStore;

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
pub(crate) struct Breaks(Mutex<Vec<Option<Break>>>);

impl Breaks {
    /// Breaks the next call.
    pub(crate) fn next(&self, kind: Break) {
        self.later(0, kind);
    }

    /// Breaks a call after so many good ones.
    pub(crate) fn later(&self, good: usize, kind: Break) {
        let mut planned = self.0.lock().expect("no panic");
        planned.push(Some(kind));
        planned.extend(std::iter::repeat_n(None, good));
    }

    /// Runs a call as the breaks have it.
    pub(crate) fn around<T>(&self, call: impl FnOnce() -> T) -> Result<T, PortError> {
        let kind = self.0.lock().expect("no panic").pop().flatten();
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
    /// How many it says that wait, critical and background ones.
    pub(crate) waiting: Mutex<(u32, u32)>,
    pub(crate) breaks: Breaks,
}

impl RunQueue for MemoryQueue {
    async fn send(&self, message: &QueueMessage, turn: &Turn) -> Result<(), PortError> {
        self.breaks.around(|| {
            self.messages.lock().expect("no panic").push(message.clone());
            self.turns.lock().expect("no panic").push(turn.clone());
        })
    }

    async fn waiting(&self, priority: Priority) -> Result<u32, PortError> {
        let (critical, background) = *self.waiting.lock().expect("no panic");
        Ok(if priority == Priority::Critical { critical } else { background })
    }
}

/// A launcher that counts.
#[derive(Debug)]
pub(crate) struct MemoryLauncher {
    pub(crate) calls: Mutex<u32>,
    /// What it says that there is.
    pub(crate) spare: Mutex<Spare>,
    /// Whether no runner can be had.
    pub(crate) refuses: Mutex<bool>,
    pub(crate) breaks: Breaks,
}

impl Default for MemoryLauncher {
    fn default() -> Self {
        let spare = Mutex::new(Spare { running: 1, free: 1, starting: 0, most: 4 });
        Self { calls: Mutex::default(), spare, refuses: Mutex::default(), breaks: Breaks::default() }
    }
}

impl Launcher for MemoryLauncher {
    async fn ensure_running(&self) -> Result<(), PortError> {
        if *self.refuses.lock().expect("no panic") {
            return Err(PortError::Refused { part: "memory", source: "refused on demand".into() });
        }
        self.breaks.around(|| *self.calls.lock().expect("no panic") += 1)
    }

    async fn spare(&self) -> Result<Spare, PortError> {
        Ok(*self.spare.lock().expect("no panic"))
    }
}

/// A service that has at once what is wanted.
#[derive(Debug, Default)]
pub(crate) struct MemoryFleet {
    pub(crate) size: Mutex<FleetSize>,
    /// How often it was asked for its size.
    pub(crate) looks: Mutex<u32>,
    pub(crate) stopped: Mutex<Vec<TaskId>>,
    pub(crate) breaks: Breaks,
}

impl Fleet for MemoryFleet {
    async fn size(&self) -> Result<FleetSize, PortError> {
        self.breaks.around(|| {
            *self.looks.lock().expect("no panic") += 1;
            *self.size.lock().expect("no panic")
        })
    }

    async fn want(&self, desired: u32) -> Result<(), PortError> {
        self.breaks.around(|| *self.size.lock().expect("no panic") = FleetSize { desired, running: desired })
    }

    async fn stop(&self, task: &TaskId) -> Result<(), PortError> {
        self.breaks.around(|| self.stopped.lock().expect("no panic").push(task.clone()))
    }
}

/// See [`TaskStore`].
#[derive(Debug, Default)]
pub(crate) struct MemoryTasks {
    busy: Mutex<BTreeMap<TaskId, TimestampMs>>,
}

impl TaskStore for MemoryTasks {
    async fn keep_busy(&self, task: &TaskId, until: TimestampMs) -> Result<(), PortError> {
        self.busy.lock().expect("no panic").insert(task.clone(), until);
        Ok(())
    }

    async fn forget(&self, task: &TaskId) -> Result<(), PortError> {
        self.busy.lock().expect("no panic").remove(task);
        Ok(())
    }

    async fn busy(&self, now: TimestampMs) -> Result<BTreeSet<TaskId>, PortError> {
        let busy = self.busy.lock().expect("no panic");
        Ok(busy.iter().filter(|(_, until)| **until > now).map(|(task, _)| task.clone()).collect())
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
