//! Runs: what people see of one execution, and the bodies of `/api/v1/runs`.

mod cases;
mod status;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::TimestampMs;
use crate::ids::{RoomId, RunId};
use crate::language::Language;
use crate::path::FilePath;

pub use cases::{CaseVerdict, RunCase, Verdict};
pub use status::{RunChange, RunStatus, TransitionError};

/// The state's word on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum RunState {
    /// Recorded and waiting for a runner.
    Queued,
    /// A runner has claimed it.
    Running,
    /// The program ended, by itself or at a limit.
    Finished,
    /// Not executed to its end, through no fault of the program.
    Failed,
    /// Stopped by a person.
    Cancelled,
}

/// Why a run ended other than by its program's own exit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum RunReason {
    /// Over its wall-clock or processor time.
    TimeLimit,
    /// Over its memory.
    MemoryLimit,
    /// Wrote more than is bearable.
    OutputLimit,
    /// Over its number of processes.
    ProcessLimit,
    /// Over its disk space or file size.
    DiskLimit,
    /// Waited too long in the queue.
    Expired,
    /// Every attempt's runner was lost.
    Lost,
    /// Our fault.
    Internal,
}

impl RunReason {
    /// True where the program was stopped at a limit: the run is `finished`. The others go with `failed`.
    #[must_use]
    pub fn is_limit(self) -> bool {
        match self {
            Self::TimeLimit | Self::MemoryLimit | Self::OutputLimit | Self::ProcessLimit | Self::DiskLimit => true,
            Self::Expired | Self::Lost | Self::Internal => false,
        }
    }
}

/// How a program ended and what it used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RunResult {
    /// The limit that stopped it, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reason: Option<RunReason>,
    /// The exit code, unless a signal ended it.
    pub exit_code: Option<i32>,
    /// The signal's name (`SIGKILL`), if one ended it.
    pub signal: Option<String>,
    /// Standard output, as far as kept.
    pub stdout: String,
    /// Standard error, as far as kept.
    pub stderr: String,
    /// True if more was written than is kept.
    pub truncated: bool,
    /// Wall-clock time of all stages.
    #[ts(type = "number")]
    pub wall_ms: u64,
    /// Processor time of all stages.
    #[ts(type = "number")]
    pub cpu_ms: u64,
    /// Largest resident size seen.
    #[ts(type = "number")]
    pub memory_bytes: u64,
    /// The sandbox tier that was reached: `process` or `namespaces`.
    pub sandbox: String,
    /// What the cases came to, in their order, if the run has any; empty where the program did not compile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub verdicts: Option<Vec<CaseVerdict>>,
}

/// A run as everybody who may see it sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// The run's id.
    pub id: RunId,
    /// The room that watches, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub room_id: Option<RoomId>,
    /// The room's log position that its files were read at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub position: Option<u64>,
    /// The language.
    pub language: Language,
    /// The file that was run.
    pub entry: FilePath,
    /// Display name of who started it.
    pub started_by: String,
    /// True if it takes input while it runs.
    #[serde(default)]
    pub interactive: bool,
    /// Where it stands.
    pub state: RunState,
    /// Why it ended as it did, unless by its own exit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reason: Option<RunReason>,
    /// Attempts made.
    pub attempt: u32,
    /// When it was submitted.
    #[ts(type = "number")]
    pub created_at: TimestampMs,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub ended_at: Option<TimestampMs>,
    /// The exit code; null while it runs and where a signal ended it.
    pub exit_code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<String>,
    /// Standard output, once it has ended.
    pub stdout: String,
    /// Standard error, once it has ended.
    pub stderr: String,
    /// True if more was written than is kept.
    pub truncated: bool,
    /// Wall-clock time.
    #[ts(type = "number | null")]
    pub wall_ms: Option<u64>,
    /// Processor time.
    #[ts(type = "number | null")]
    pub cpu_ms: Option<u64>,
    /// Largest resident size.
    #[ts(type = "number | null")]
    pub memory_bytes: Option<u64>,
    /// What it waits for; in the answer to its submission and in `run:queued`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub waiting: Option<Waiting>,
    /// What the cases came to, in their order, once a run with cases has ended; empty where the program did not
    /// compile. Output, error output and exit code of such a run are the compiler's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub verdicts: Option<Vec<CaseVerdict>>,
}

/// How much a run is in a hurry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// People wait for it.
    #[default]
    Critical,
    /// It may wait until nothing critical does.
    Background,
}

/// What a queued run waits for, as far as it was known when it was submitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Waiting {
    /// Runs before it.
    pub ahead: Option<u32>,
    /// Expected seconds until a machine is up, if one has to start.
    pub starting_s: Option<u32>,
}

/// Data of calls that answer one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RunAnswer {
    /// The run.
    pub run: Run,
}

/// A file that goes into a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SourceFile {
    /// Where it lies in the work directory.
    pub path: FilePath,
    /// Its text.
    pub content: String,
}

/// Body of `POST /rooms/{id}/runs` and of `run:start`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RoomRunRequest {
    /// The language.
    pub language: Language,
    /// The file to run; the language's own entry unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub entry: Option<FilePath>,
    /// Standard input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub stdin: Option<String>,
    /// Arguments of the program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub args: Option<Vec<String>>,
    /// Flags of the compiler, of those that the language's entry in the table lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub flags: Option<Vec<String>>,
    /// Cases to run the program for, instead of once with `stdin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub cases: Option<Vec<RunCase>>,
    /// True to type into the program while it runs (`run:stdin`). Its input ends only when that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub interactive: Option<bool>,
}

/// Body of `POST /runs`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SubmitRunRequest {
    /// The language.
    pub language: Language,
    /// The program.
    pub files: Vec<SourceFile>,
    /// The file to run; the language's own entry unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub entry: Option<FilePath>,
    /// Standard input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub stdin: Option<String>,
    /// Arguments of the program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub args: Option<Vec<String>>,
    /// Flags of the compiler, of those that the language's entry in the table lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub flags: Option<Vec<String>>,
    /// Cases to run the program for, instead of once with `stdin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub cases: Option<Vec<RunCase>>,
    /// `critical` unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub priority: Option<Priority>,
}
