//! The database of a room's object, on disk.
//!
//! Its tables are read only while the edge rests: see [`Stack::while_resting`]. SQLite is read through Python, which the
//! stack needs anyway.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use protocol::ids::RoomId;

use crate::stack::Stack;

/// Reads and writes the tables.
const SCRIPT: &str = include_str!("storage.py");

/// Where the runtime keeps the rooms' databases, below the stack's data.
const ROOMS: &str = "edge/v3/do/tutti-RoomObject";

/// A room's database.
#[derive(Debug, Clone)]
pub struct RoomDatabase(PathBuf);

/// The largest row of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LargestRow {
    /// Of all its columns.
    pub bytes: usize,
    /// Where it is.
    pub table: String,
}

impl RoomDatabase {
    /// A room's database.
    #[must_use]
    pub fn of(stack: &Stack, room: &RoomId) -> Self {
        let folder = stack.data().join(ROOMS);
        let path = python("find", &folder, Some(OsStr::new(room.as_str())));
        Self(PathBuf::from(path.trim()))
    }

    /// True while a process has it open.
    #[must_use]
    pub fn is_open_in(&self, pid: i32) -> bool {
        let links = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        links.filter_map(|link| fs::read_link(link.path()).ok()).any(|open| open == self.0)
    }

    /// What it takes on disk, with what is written ahead.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let ahead = self.0.with_extension("sqlite-wal");
        [&self.0, &ahead].into_iter().filter_map(|path| fs::metadata(path).ok()).map(|metadata| metadata.len()).sum()
    }

    /// SQL that makes its tables anew, with every row.
    #[must_use]
    pub fn dump(&self) -> String {
        python("dump", &self.0, None)
    }

    /// Replaces its tables by those of a dump.
    pub fn load(&self, dump: &Path) {
        python("load", &self.0, Some(dump.as_os_str()));
    }

    /// Its largest row.
    ///
    /// # Panics
    /// Where the script says something else.
    #[must_use]
    pub fn largest_row(&self) -> LargestRow {
        let answer = python("largest", &self.0, None);
        let (bytes, table) = answer.trim().split_once(' ').expect("bytes and a table");
        LargestRow { bytes: bytes.parse().expect("a number of bytes"), table: table.to_owned() }
    }
}

fn python(verb: &str, place: &Path, argument: Option<&OsStr>) -> String {
    let mut command = Command::new("python3");
    let output = command.args(["-c", SCRIPT, verb]).arg(place).args(argument).output().expect("python3 starts");
    assert!(output.status.success(), "{verb}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("the script writes UTF-8")
}
