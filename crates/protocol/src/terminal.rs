//! Terminals: an interactive shell, or the prompt of a language, in the sandbox of the room's runner. Everybody with
//! the right sees it; one of them holds the keyboard.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::ids::{ParticipantId, TerminalId};
use crate::language::Language;
use crate::path::FilePath;
use crate::run::SourceFile;

/// What runs in a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "kind")]
pub enum TerminalProgram {
    /// Bash, with every toolchain of the runner.
    Shell,
    /// A language's own prompt, where it has one.
    Repl {
        /// The language.
        language: Language,
    },
}

/// The size of a terminal, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TerminalSize {
    /// Lines.
    pub rows: u16,
    /// Columns.
    pub cols: u16,
}

/// Largest number of rows and of columns: more than any screen shows.
pub const TERMINAL_SIDE_MAX: u16 = 500;

impl TerminalSize {
    /// True if both sides are between 1 and [`TERMINAL_SIDE_MAX`].
    #[must_use]
    pub fn is_sound(self) -> bool {
        (1..=TERMINAL_SIDE_MAX).contains(&self.rows) && (1..=TERMINAL_SIDE_MAX).contains(&self.cols)
    }
}

/// A terminal as everybody sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Terminal {
    /// Its id.
    pub id: TerminalId,
    /// What runs in it.
    pub program: TerminalProgram,
    /// Its size.
    pub size: TerminalSize,
    /// Who opened it.
    pub opened_by: ParticipantId,
    /// Who may type into it.
    pub keyboard: ParticipantId,
    /// True once a runner has opened it; until then one is being waited for.
    pub is_open: bool,
}

/// A terminal with what is on its screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TerminalWithOutput {
    /// The terminal.
    pub terminal: Terminal,
    /// The end of its output.
    pub output: String,
}

/// Why a terminal was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TerminalEnd {
    /// Its program ended by itself.
    Exited,
    /// Somebody closed it.
    Closed,
    /// Nobody typed for too long.
    Idle,
    /// It was open for as long as a terminal may be.
    TimeLimit,
    /// Over its memory.
    MemoryLimit,
    /// Over its number of processes.
    ProcessLimit,
    /// Over its disk space.
    DiskLimit,
    /// Its runner was lost, or none came.
    Lost,
    /// Our fault.
    Internal,
}

/// A file that differs from the room's after work in a terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TerminalChange {
    /// Which.
    pub path: FilePath,
    /// Its text now; nothing if it was deleted.
    pub content: Option<String>,
}

/// From the runner, of a terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum TerminalFrame {
    /// It is there.
    Opened,
    /// It wrote something.
    Output {
        /// Whole characters, control sequences included.
        data: String,
    },
    /// The files that differ, as they were asked for.
    Changes {
        /// What differs from the files that were put in.
        changes: Vec<TerminalChange>,
        /// Files that are not offered, each with the reason.
        left_out: Vec<String>,
    },
    /// It is gone.
    Closed {
        /// Why.
        reason: TerminalEnd,
        /// The exit code, if the program ended by itself.
        exit_code: Option<i32>,
    },
}

/// To the runner, about a terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum TerminalOrder {
    /// Open it.
    Open {
        /// What runs in it.
        program: TerminalProgram,
        /// Its size.
        size: TerminalSize,
        /// The room's files.
        files: Vec<SourceFile>,
    },
    /// Somebody typed.
    Input {
        /// What.
        data: String,
    },
    /// Its size changed.
    Resize {
        /// To this.
        size: TerminalSize,
    },
    /// Which files differ?
    Changes,
    /// End it.
    Close,
}
