//! The SQLite storage of a room.
//!
//! | table | rows |
//! |---|---|
//! | `meta(key, value)` | `schema_version` |
//! | `log(id, at, author, bytes)` | the update log; `id` is position × 256 + part |
//! | `chat(id, at, author_id, author_name, text)` | every message |
//! | `runs(id, record)` | the latest runs, as JSON |
//! | `output(run, seq, stream, data)` | their output |
//!
//! A row over [`PART_MAX_BYTES`] takes several parts, since the runtime stores no row over 2 MB. Writes of one
//! callback are one transaction of the runtime: all of them become durable, or none.

use protocol::event::{ChatMessage, OutputChunk, RunWithOutput};
use protocol::ids::RunId;
use protocol::run::Run;
use protocol::runner::OutputStream;
use room::{CHAT_KEPT, LogEntry, LogRow};
use serde::Deserialize;
use worker::{Error, Result, SqlStorage, SqlStorageValue};

/// Bytes in one row: under the runtime's 2 MB with room for the other columns.
const PART_MAX_BYTES: usize = 1_500_000;

/// Parts of one position: 384 MB, more than the frames of one write can bring into the object's 128 MB of memory.
const PARTS: u64 = 256;

/// The schema that this code writes.
const SCHEMA_VERSION: i64 = 1;

const SCHEMA: [&str; 5] = [
    "CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS log (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, author TEXT NOT NULL, bytes BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS chat (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, author_id TEXT NOT NULL, \
     author_name TEXT NOT NULL, text TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS runs (id TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS output (run TEXT NOT NULL, seq INTEGER NOT NULL, stream TEXT NOT NULL, \
     data TEXT NOT NULL, PRIMARY KEY (run, seq)) WITHOUT ROWID",
];

/// A room's tables.
pub(crate) struct Storage(SqlStorage);

impl Storage {
    /// Opens the tables and brings them to the schema of this code.
    ///
    /// # Errors
    /// What SQLite refuses, and a schema from the future.
    pub(crate) fn open(sql: SqlStorage) -> Result<Self> {
        for statement in SCHEMA {
            sql.exec(statement, None)?;
        }
        let storage = Self(sql);
        match storage.number("SELECT value FROM meta WHERE key = 'schema_version'")? {
            None => {
                let insert = "INSERT INTO meta (key, value) VALUES ('schema_version', ?)";
                storage.0.exec(insert, vec![SCHEMA_VERSION.into()])?;
            }
            Some(version) if version <= SCHEMA_VERSION => {}
            Some(version) => {
                return Err(Error::RustError(format!(
                    "the room's schema is {version}, this code knows {SCHEMA_VERSION}"
                )));
            }
        }
        Ok(storage)
    }

    fn number(&self, query: &str) -> Result<Option<i64>> {
        match self.0.exec(query, None)?.raw().next().transpose()?.as_deref() {
            Some([SqlStorageValue::Integer(number)]) => Ok(Some(*number)),
            _ => Ok(None),
        }
    }

    /// The last position of the log, 0 if it is empty.
    pub(crate) fn position(&self) -> Result<u64> {
        let last = self.number("SELECT MAX(id) FROM log")?.unwrap_or_default();
        Ok(u64::try_from(last).unwrap_or_default() / PARTS)
    }

    /// Adds an entry to the log.
    pub(crate) fn append(&self, entry: LogEntry) -> Result<()> {
        let at = integer(entry.at);
        for (part, bytes) in (0..).zip(entry.bytes.chunks(PART_MAX_BYTES)) {
            let id = integer(entry.position * PARTS + part);
            let values = vec![id, at.clone(), entry.author.as_str().into(), bytes.to_vec().into()];
            self.0.exec("INSERT INTO log (id, at, author, bytes) VALUES (?, ?, ?, ?)", values)?;
        }
        Ok(())
    }

    /// The whole log, parts joined.
    pub(crate) fn log(&self) -> Result<Vec<LogRow>> {
        let mut rows: Vec<LogRow> = Vec::new();
        for row in self.0.exec("SELECT id, bytes FROM log ORDER BY id", None)?.raw() {
            let [SqlStorageValue::Integer(id), SqlStorageValue::Blob(bytes)] = &row?[..] else { continue };
            let position = u64::try_from(*id).unwrap_or_default() / PARTS;
            match rows.last_mut() {
                Some(last) if last.position == position => last.bytes.extend_from_slice(bytes),
                _ => rows.push(LogRow { position, bytes: bytes.clone() }),
            }
        }
        Ok(rows)
    }

    /// Adds a chat message.
    pub(crate) fn save_chat(&self, message: ChatMessage) -> Result<()> {
        let insert = "INSERT INTO chat (id, at, author_id, author_name, text) VALUES (?, ?, ?, ?, ?)";
        let author = message.author_id.as_str().into();
        let values =
            vec![integer(message.id), integer(message.at), author, message.author_name.into(), message.text.into()];
        self.0.exec(insert, values).map(drop)
    }

    /// The latest messages, oldest first.
    pub(crate) fn chat(&self) -> Result<Vec<ChatMessage>> {
        let query = format!(
            "SELECT id, at, author_id AS authorId, author_name AS authorName, text FROM chat ORDER BY id DESC LIMIT {CHAT_KEPT}"
        );
        let mut messages = self.0.exec(&query, None)?.to_array::<ChatMessage>()?;
        messages.reverse();
        Ok(messages)
    }

    /// Writes a run's record.
    pub(crate) fn save_run(&self, run: &Run) -> Result<()> {
        let values = vec![run.id.as_str().into(), serde_json::to_string(run)?.into()];
        self.0.exec(
            "INSERT INTO runs (id, record) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET record = excluded.record",
            values,
        )?;
        Ok(())
    }

    /// Writes a piece of output.
    pub(crate) fn save_output(&self, run: &RunId, chunk: OutputChunk) -> Result<()> {
        let stream = match chunk.stream {
            OutputStream::Stdout => "stdout",
            OutputStream::Stderr => "stderr",
        };
        let values = vec![run.as_str().into(), integer(chunk.seq), stream.into(), chunk.data.into()];
        self.0.exec("INSERT OR REPLACE INTO output (run, seq, stream, data) VALUES (?, ?, ?, ?)", values).map(drop)
    }

    /// Drops a run's output.
    pub(crate) fn drop_output(&self, run: &RunId) -> Result<()> {
        self.0.exec("DELETE FROM output WHERE run = ?", vec![run.as_str().into()]).map(drop)
    }

    /// Drops a run and its output.
    pub(crate) fn drop_run(&self, run: &RunId) -> Result<()> {
        self.drop_output(run)?;
        self.0.exec("DELETE FROM runs WHERE id = ?", vec![run.as_str().into()]).map(drop)
    }

    /// The runs that are kept, with their output.
    pub(crate) fn runs(&self) -> Result<Vec<RunWithOutput>> {
        #[derive(Deserialize)]
        struct Row {
            record: String,
        }
        let rows = self.0.exec("SELECT record FROM runs", None)?.to_array::<Row>()?;
        rows.into_iter()
            .map(|Row { record }| {
                let run: Run = serde_json::from_str(&record)?;
                let query = "SELECT seq, stream, data FROM output WHERE run = ? ORDER BY seq";
                let output = self.0.exec(query, vec![run.id.as_str().into()])?.to_array::<OutputChunk>()?;
                Ok(RunWithOutput { run, output })
            })
            .collect()
    }
}

/// A number as SQLite gets it. The runtime passes numbers as doubles; positions and times stay below 2^53.
fn integer(number: u64) -> SqlStorageValue {
    SqlStorageValue::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}
