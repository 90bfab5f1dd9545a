//! Runs as records: what was asked for and where it stands.

use protocol::TimestampMs;
use protocol::ids::{ParticipantId, RoomId, RunId};
use protocol::language::Language;
use protocol::path::FilePath;
use protocol::run::{Priority, RunCase, RunStatus, SourceFile};

use super::PortError;

/// A run as it is stored. The table `runs` is its one home; only the functions write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRecord {
    /// Names it.
    pub id: RunId,
    /// The room that watches, and the log position that the files were read at.
    pub room: Option<(RoomId, u64)>,
    /// Who started it.
    pub starter: Starter,
    /// What to run.
    pub program: Program,
    /// Its place among the other runs.
    pub turn: Turn,
    /// Where it stands.
    pub status: RunStatus,
    /// Where the output lies, if it is too large for the record; the result's own is empty then.
    pub output_key: Option<String>,
    /// When it was submitted.
    pub created_at: TimestampMs,
    /// When it ended.
    pub ended_at: Option<TimestampMs>,
    /// True while its room has still to hear of its end, of which nobody else knows.
    pub is_untold: bool,
}

/// A run's place among the other runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Which queue.
    pub priority: Priority,
    /// Whose burst does not hold up the others': a room, an account or an address.
    pub tenant: String,
}

/// Who started a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Starter {
    /// Who, unless somebody without account and room. An account's user id counts as its participant id.
    pub participant: Option<ParticipantId>,
    /// For display.
    pub name: String,
}

/// What to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// The language.
    pub language: Language,
    /// The file to run.
    pub entry: FilePath,
    /// Standard input.
    pub stdin: String,
    /// Arguments.
    pub args: Vec<String>,
    /// True if it takes input while it runs.
    pub interactive: bool,
    /// Flags of the compiler.
    pub flags: Vec<String>,
    /// The files.
    pub source: Source<Vec<SourceFile>>,
    /// The cases; none means one run with `stdin`.
    pub cases: Source<Vec<RunCase>>,
}

/// Where a part of a run is that may be too large for its record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source<T> {
    /// In the record.
    Inline(T),
    /// Among the artifacts, under this key.
    Stored(String),
}

/// A client's promise that two requests are the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// Who promised: keys of different callers never meet.
    pub owner: String,
    /// The key.
    pub key: String,
    /// SHA-256 of the request in hex.
    pub fingerprint: String,
}

/// How storing a new run went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Submission {
    /// The run is there.
    Stored,
    /// The key was used before; nothing was written.
    KeyTaken {
        /// The run that was stored with it.
        run: RunId,
        /// The fingerprint of that request.
        fingerprint: String,
    },
}

/// Where a page of a room's runs begins: after this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunsAfter {
    /// When the last run of the page before was submitted.
    pub created_at: TimestampMs,
    /// That run.
    pub run: RunId,
}

/// One page of a room's runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunsPage {
    /// The runs, newest first.
    pub items: Vec<RunRecord>,
    /// Where the next page begins, if there may be one.
    pub next: Option<RunsAfter>,
}

/// Parts into which the open runs are divided. One part takes 1,000 writes a second, which is 500 runs that come and
/// go; eight take more than any number of runners here.
pub const OPEN_PARTS: u8 = 8;

/// Open runs of one part, those submitted first in front.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenRuns {
    /// The runs.
    pub items: Vec<RunId>,
    /// The place of the last one, if more may follow.
    pub next: Option<RunsAfter>,
}

/// Where runs are kept. Reads by id see every write that was answered before them; a room's list and that of the open
/// runs may lag a second behind. Each write happens whole or not at all.
pub trait RunStore: Send + Sync + 'static {
    /// Stores a new run, if the key was never used. A key is remembered for a day.
    fn create(
        &self,
        run: &RunRecord,
        key: Option<&IdempotencyKey>,
    ) -> impl Future<Output = Result<Submission, PortError>> + Send;

    /// The run with this id.
    fn run(&self, id: &RunId) -> impl Future<Output = Result<Option<RunRecord>, PortError>> + Send;

    /// Stores status, output key, end and `is_untold` of `run`, if the stored status is still `from` in state, attempt and
    /// lease; says whether it was.
    fn replace_status(&self, run: &RunRecord, from: &RunStatus)
    -> impl Future<Output = Result<bool, PortError>> + Send;

    /// The room's runs, newest first, at most `limit` from `after` on.
    fn runs_of(
        &self,
        room: &RoomId,
        limit: u32,
        after: Option<&RunsAfter>,
    ) -> impl Future<Output = Result<RunsPage, PortError>> + Send;

    /// Runs of one of the [`OPEN_PARTS`] that are open or untold and were submitted before `before`, at most `limit`
    /// from `after` on.
    fn open_runs(
        &self,
        part: u8,
        before: TimestampMs,
        limit: u32,
        after: Option<&RunsAfter>,
    ) -> impl Future<Output = Result<OpenRuns, PortError>> + Send;

    /// Notes that the room of a run that has ended knows it. Noting it again is no error.
    fn told(&self, id: &RunId) -> impl Future<Output = Result<(), PortError>> + Send;

    /// Counts one more for `key` in the minute of `at`, unless there were `most` already; says whether it counted.
    fn count(&self, key: &str, most: u32, at: TimestampMs) -> impl Future<Output = Result<bool, PortError>> + Send;
}
