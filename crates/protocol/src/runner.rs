//! Between the runner, the queue, the edge and the functions.

use serde::{Deserialize, Serialize};

use crate::ids::{RoomId, RunId};
use crate::language::Language;
use crate::limits;
use crate::path::FilePath;
use crate::run::{RunCase, RunResult, SourceFile};

/// A message of the queue: ids and a credential, never code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum QueueMessage {
    /// A run waits.
    Run {
        /// The run.
        run_id: RunId,
        /// A token of [`crate::token::ClaimTicket`].
        ticket: String,
        /// The request that submitted it, for the logs.
        request_id: String,
    },
    /// A room waits for a runner, without a run.
    Lease {
        /// The room.
        room_id: RoomId,
        /// A token of [`crate::token::LeaseClaims`].
        credential: String,
        /// The request that asked for it, for the logs.
        request_id: String,
    },
}

/// What bounds a run; each is a limit of one stage (compile, run), output and disk of both together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RunLimits {
    /// Wall-clock time.
    pub wall_ms: u64,
    /// Processor time.
    pub cpu_ms: u64,
    /// Resident memory of all processes; a language whose runtime needs more raises it.
    pub memory_bytes: u64,
    /// Processes and threads.
    pub processes: u32,
    /// Output that is kept and streamed.
    pub output_kept_bytes: usize,
    /// Output at which the program is stopped.
    pub output_kill_bytes: u64,
    /// Wall-clock time of all cases together.
    pub cases_wall_ms: u64,
}

impl Default for RunLimits {
    fn default() -> Self {
        Self {
            wall_ms: limits::RUN_WALL_MS,
            cpu_ms: limits::RUN_CPU_MS,
            memory_bytes: limits::RUN_MEMORY_BYTES,
            processes: limits::RUN_PROCESSES,
            output_kept_bytes: limits::RUN_OUTPUT_KEPT_BYTES,
            output_kill_bytes: limits::RUN_OUTPUT_KILL_BYTES,
            cases_wall_ms: limits::RUN_CASES_WALL_MS,
        }
    }
}

/// Data of `POST /internal/runs/{id}/claim`: everything that an attempt needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimGranted {
    /// The run.
    pub run_id: RunId,
    /// The room that watches; without one there is nobody to stream to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room_id: Option<RoomId>,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// A token of [`crate::token::AttemptClaims`].
    pub credential: String,
    /// A token of [`crate::token::LeaseClaims`], where the claim wins the runner for the room as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<String>,
    /// The language.
    pub language: Language,
    /// The file to run.
    pub entry: FilePath,
    /// The program.
    pub files: Vec<SourceFile>,
    /// Standard input.
    #[serde(default)]
    pub stdin: String,
    /// True if more input may come while it runs: the input ends when it is said to.
    #[serde(default)]
    pub interactive: bool,
    /// Arguments.
    #[serde(default)]
    pub args: Vec<String>,
    /// Flags of the compiler.
    #[serde(default)]
    pub flags: Vec<String>,
    /// Cases to run the program for. Without one it is run once, with `stdin`.
    #[serde(default)]
    pub cases: Vec<RunCase>,
    /// Bounds.
    pub limits: RunLimits,
}

/// `error.details` of a refused claim or report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// True if the run has ended: the queue message can go.
    pub over: bool,
}

/// Body of `POST /internal/runs/{id}/result`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunReport {
    /// How it ended.
    pub result: RunResult,
}

/// Data of `POST /internal/runs/{id}/heartbeat`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// False once the run was cancelled or taken over: stop the program.
    pub wanted: bool,
}

/// A stream of a program's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "lowercase")]
pub enum OutputStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// What a runner tells its room of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum RunnerFrame {
    /// Output, in order; `seq` counts from 1 in each attempt, and comes again after a reconnect until acknowledged.
    Output {
        /// Place in the attempt's output.
        seq: u64,
        /// Which stream.
        stream: OutputStream,
        /// Whole characters.
        data: String,
    },
    /// No more output follows.
    End {
        /// `seq` of the last output, 0 if there was none.
        last_seq: u64,
    },
}

/// What a room tells its runner of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum RoomFrame {
    /// Everything up to `seq` is durable. Answers `output` frames and `end`.
    Ack {
        /// Up to where.
        seq: u64,
    },
    /// A person stopped the run.
    Cancel,
    /// More standard input for a run that takes it while it runs.
    Stdin {
        /// What.
        data: String,
        /// True if no more follows.
        end: bool,
    },
    /// The run has ended, or another attempt has taken over: stop, and say no more of it.
    Gone,
}
