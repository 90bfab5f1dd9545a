//! Between a room and the runner that serves it.
//!
//! A message of the queue wins a runner for a room. From then on the runner is that room's alone: it opens one
//! WebSocket to the room's object, `/internal/rooms/{id}/lease`, and everything of its runs and terminals goes over
//! it, until it has been idle for a while, says so, and ends. After a broken connection it comes back under the same
//! lease and says what it has in hand.

use serde::{Deserialize, Serialize};

use crate::ids::{RunId, TerminalId};
use crate::run::Run;
use crate::runner::{ClaimGranted, RoomFrame, RunnerFrame};
use crate::terminal::{TerminalFrame, TerminalOrder};

/// A text frame from the runner to the room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum LeaseFrame {
    /// The first frame of each connection.
    Hello {
        /// Runs that it works on at once.
        slots: u32,
        /// Runs that it works on now.
        runs: Vec<InHand>,
        /// Terminals that are open.
        terminals: Vec<TerminalId>,
    },
    /// It works on a run now. Said of each run that the last [`LeaseFrame::Hello`] did not name.
    Begin {
        /// The run.
        run: InHand,
    },
    /// Of a run.
    Run {
        /// Which.
        run_id: RunId,
        /// Which attempt.
        attempt: u32,
        /// What.
        frame: RunnerFrame,
    },
    /// Of a terminal.
    Terminal {
        /// Which.
        terminal_id: TerminalId,
        /// What.
        frame: TerminalFrame,
    },
    /// It has been idle and wants to go. It stays until the answer, [`LeaseOrder::Left`].
    Leave,
}

/// An attempt that a runner works on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InHand {
    /// The run.
    pub run_id: RunId,
    /// Which attempt.
    pub attempt: u32,
}

/// A text frame from the room to the runner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum LeaseOrder {
    /// Work on a run, which is recorded as claimed already.
    Start {
        /// The run, as a claim gives it.
        claim: Box<ClaimGranted>,
    },
    /// About a run.
    Run {
        /// Which.
        run_id: RunId,
        /// What.
        frame: RoomFrame,
    },
    /// About a terminal.
    Terminal {
        /// Which.
        terminal_id: TerminalId,
        /// What.
        order: TerminalOrder,
    },
    /// Nothing more will come: go.
    Left,
}

/// Data of `POST /internal/leases/claim`: the lease of a queue message, taken by a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseGranted {
    /// A token of [`crate::token::LeaseClaims`] that names the task.
    pub credential: String,
}

/// What a room gets for a run that was claimed for its own runner at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dispatch {
    /// For the runner.
    pub claim: ClaimGranted,
    /// For the room: a token of [`crate::token::ClaimTicket`], to queue the run again if the runner is lost.
    pub ticket: String,
}

/// Body of `POST /internal/runs/{id}/requeue`, with that ticket as bearer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RequeueRequest {
    /// The attempt that makes no progress.
    pub attempt: u32,
    /// True if its runner is known to be gone; otherwise the attempt keeps the run while its lease lasts.
    pub is_lost: bool,
}

/// Data of its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Requeued {
    /// The run as it stands.
    pub run: Run,
    /// True if it waits for another runner now; false if it is over, or its attempt goes on.
    pub is_queued: bool,
}
