//! The tables of a room, and the way to them from the tables of earlier versions.
//!
//! | table | rows |
//! |---|---|
//! | `meta(key, value)` | `schema_version`, `generation`, `log_bytes` up to the row `log_bytes_id` |
//! | `log(id, at, kind, author, body)` | the time line; `id` is position × 256 + part, `kind` that of `room::LogKind`; `body` is a blob of edits or the JSON of an event |
//! | `authors(id, name)` | whoever wrote something |
//! | `states(name, chunk, bytes)` | whole documents in chunks: `head`, `base`, `snapshot:{id}` |
//! | `state_heads(name, position, generation, length, checksum)` | what is known of each |
//! | `snapshots(id, position, at, name, message, author)` | named moments |
//! | `runs(id, first, record)` | the latest runs, and the positions of their first events |
//! | `quarantine(id, at, body)` | rows of edits that do not apply |
//!
//! Version 1 kept each author's edits, the chat and the output in tables of their own.

use protocol::event::{ChatMessage, OutputChunk, RoomEvent};
use protocol::ids::ParticipantId;
use protocol::run::Run;
use room::{Edit, LogBody, LogEntry, decode_version_1};
use serde::Deserialize;
use serde_json::json;
use worker::{Error, Result, SqlStorage, SqlStorageValue};

use super::{PARTS, Storage, integer};
use crate::log::{self, Level};

/// The schema that this code writes.
const SCHEMA_VERSION: i64 = 2;

const META: &str = "CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID";

const TABLES: [&str; 8] = [
    "CREATE TABLE log (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind INTEGER NOT NULL, author TEXT, body NOT NULL)",
    // Edits are most of the rows, and are never looked for by kind.
    "CREATE INDEX log_events ON log (kind, id) WHERE kind <> 0",
    "CREATE TABLE authors (id TEXT PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE states (name TEXT NOT NULL, chunk INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (name, chunk))",
    "CREATE TABLE state_heads (name TEXT PRIMARY KEY, position INTEGER NOT NULL, generation INTEGER NOT NULL, \
     length INTEGER NOT NULL, checksum INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE snapshots (id TEXT PRIMARY KEY, position INTEGER NOT NULL, at INTEGER NOT NULL, name TEXT NOT NULL, \
     message TEXT, author TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE runs (id TEXT PRIMARY KEY, first INTEGER NOT NULL, record TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE quarantine (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, body BLOB NOT NULL)",
];

/// Brings the tables to the schema of this code. It runs in one callback without waiting, so the runtime makes all of
/// it durable or nothing.
///
/// # Errors
/// What SQLite refuses, and a schema from the future.
pub(super) fn migrate(sql: SqlStorage) -> Result<Storage> {
    sql.exec(META, None)?;
    let storage = Storage(sql);
    match storage.meta("schema_version")? {
        None => create(&storage)?,
        Some(1) => migrate_from_1(&storage)?,
        Some(SCHEMA_VERSION) => {}
        Some(version) => {
            let message = format!("the room's schema is {version}, this code knows {SCHEMA_VERSION}");
            return Err(Error::RustError(message));
        }
    }
    Ok(storage)
}

fn create(storage: &Storage) -> Result<()> {
    for statement in TABLES {
        storage.0.exec(statement, None)?;
    }
    storage.set_meta("schema_version", SCHEMA_VERSION)
}

fn migrate_from_1(storage: &Storage) -> Result<()> {
    let sql = &storage.0;
    sql.exec("ALTER TABLE log RENAME TO log_1", None)?;
    sql.exec("ALTER TABLE runs RENAME TO runs_1", None)?;
    create(storage)?;
    let edits = edits_of_1(sql)?;
    let last = edits.last().map_or(0, |last| last.position);
    for entry in edits.into_iter().chain(events_of_1(sql, last)?) {
        if let LogBody::Event { event, .. } = &entry.body
            && let RoomEvent::RunQueued { run, .. } = &**event
        {
            storage.save_run(run, entry.position)?;
        }
        storage.append(entry)?;
    }
    let authors = "INSERT OR REPLACE INTO authors (id, name) SELECT author_id, author_name FROM chat ORDER BY id";
    for statement in [authors, "DROP TABLE log_1", "DROP TABLE runs_1", "DROP TABLE chat", "DROP TABLE output"] {
        sql.exec(statement, None)?;
    }
    Ok(())
}

/// The edits of version 1, parts joined.
fn edits_of_1(sql: &SqlStorage) -> Result<Vec<LogEntry>> {
    let mut rows: Vec<(u64, u64, ParticipantId, Vec<u8>)> = Vec::new();
    for row in sql.exec("SELECT id, at, author, bytes FROM log_1 ORDER BY id", None)?.raw() {
        let row = row?;
        let [SqlStorageValue::Integer(id), SqlStorageValue::Integer(at), SqlStorageValue::String(author), bytes] =
            &row[..]
        else {
            continue;
        };
        let SqlStorageValue::Blob(bytes) = bytes else { continue };
        let position = u64::try_from(*id).unwrap_or_default() / PARTS;
        match rows.last_mut() {
            Some((last, _, _, joined)) if *last == position => joined.extend_from_slice(bytes),
            _ => {
                let author = ParticipantId::parse(author).map_err(|error| Error::RustError(error.to_string()))?;
                rows.push((position, u64::try_from(*at).unwrap_or_default(), author, bytes.clone()));
            }
        }
    }
    let entry = |(position, at, author, bytes): (u64, u64, ParticipantId, Vec<u8>)| {
        let edits = decode_version_1(&bytes, &author, at);
        if edits.is_none() {
            log::write(Level::Error, "a row of the log cannot be read", json!({ "position": position }));
        }
        LogEntry {
            position,
            at,
            body: LogBody::Edits(edits.unwrap_or_else(|| vec![Edit { author, at, update: bytes }])),
        }
    };
    Ok(rows.into_iter().map(entry).collect())
}

/// Chat and runs of version 1, behind the edits: their places among them are not known.
fn events_of_1(sql: &SqlStorage, last: u64) -> Result<Vec<LogEntry>> {
    #[derive(Deserialize)]
    struct Record {
        record: String,
    }
    let mut events = Vec::new();
    let chat = "SELECT id, at, author_id AS authorId, author_name AS authorName, text FROM chat ORDER BY id";
    for message in sql.exec(chat, None)?.to_array::<ChatMessage>()? {
        events.push((message.at, Some(message.author_id.clone()), RoomEvent::Chat { message }));
    }
    for Record { record } in sql.exec("SELECT record FROM runs_1", None)?.to_array::<Record>()? {
        let run: Run = serde_json::from_str(&record)?;
        let query = "SELECT seq, stream, data FROM output WHERE run = ? ORDER BY seq";
        let output = sql.exec(query, vec![run.id.as_str().into()])?.to_array::<OutputChunk>()?;
        let (at, run_id) = (run.created_at, run.id.clone());
        events.push((at, None, RoomEvent::RunQueued { run_id: run_id.clone(), run }));
        for OutputChunk { seq, stream, data } in output {
            events.push((at, None, RoomEvent::RunOutput { run_id: run_id.clone(), seq, stream, data }));
        }
    }
    events.sort_by_key(|(at, ..)| *at);
    let entry = |(position, (at, author, event)): (u64, (u64, Option<ParticipantId>, RoomEvent))| LogEntry {
        position,
        at,
        body: LogBody::Event { author, event: Box::new(event) },
    };
    Ok((last + 1..).zip(events).map(entry).collect())
}

impl Storage {
    /// A number by its key.
    pub(super) fn meta(&self, key: &str) -> Result<Option<i64>> {
        self.number("SELECT value FROM meta WHERE key = ?", vec![key.into()])
    }

    /// Writes a number.
    pub(super) fn set_meta(&self, key: &str, value: i64) -> Result<()> {
        let upsert =
            "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        self.0.exec(upsert, vec![key.into(), integer(u64::try_from(value).unwrap_or_default())]).map(drop)
    }
}
