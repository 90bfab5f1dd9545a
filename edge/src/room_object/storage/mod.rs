//! The SQLite storage of a room: `schema.rs` lists the tables.
//!
//! Writes of one callback are one transaction of the runtime: all of them become durable, or none. It decides
//! nothing; where the core has a say in what is kept, it is the core's function that is called.

mod names;
mod past;
mod schema;
mod states;
mod timeline;

pub(crate) use states::{BASE, HEAD};

use protocol::run::Run;
use worker::{Result, SqlStorage, SqlStorageValue};

/// Bytes in one row: under the runtime's 2 MB with room for the other columns.
const PART_MAX_BYTES: usize = 1_500_000;

/// Parts of one position: 384 MB, more than the frames of one write can bring into the object's 128 MB of memory.
const PARTS: u64 = 256;

/// More positions than a log will have; the ids of their rows pass through JavaScript's numbers.
pub(crate) const POSITION_MAX: u64 = (1 << 52) / PARTS;

/// A room's tables.
pub(crate) struct Storage(SqlStorage);

impl Storage {
    /// Opens the tables and brings them to the schema of this code.
    ///
    /// # Errors
    /// What SQLite refuses, and a schema from the future.
    pub(crate) fn open(sql: SqlStorage) -> Result<Self> {
        schema::migrate(sql)
    }

    /// The first number that a query gives.
    fn number(&self, query: &str, values: Vec<SqlStorageValue>) -> Result<Option<i64>> {
        match self.0.exec(query, values)?.raw().next().transpose()?.as_deref() {
            Some([SqlStorageValue::Integer(number)]) => Ok(Some(*number)),
            _ => Ok(None),
        }
    }

    /// How often the room was rebuilt.
    pub(crate) fn generation(&self) -> Result<u64> {
        Ok(unsigned(self.meta("generation")?.unwrap_or_default()))
    }

    /// Writes a run's record.
    pub(crate) fn save_run(&self, run: &Run, first: u64) -> Result<()> {
        let values = vec![run.id.as_str().into(), integer(first), serde_json::to_string(run)?.into()];
        let upsert = "INSERT INTO runs (id, first, record) VALUES (?, ?, ?) \
                      ON CONFLICT (id) DO UPDATE SET first = excluded.first, record = excluded.record";
        self.0.exec(upsert, values).map(drop)
    }

    /// Drops a run from the latest.
    pub(crate) fn drop_run(&self, run: &protocol::ids::RunId) -> Result<()> {
        self.0.exec("DELETE FROM runs WHERE id = ?", vec![run.as_str().into()]).map(drop)
    }
}

/// A number as SQLite gets it. The runtime passes numbers as doubles; positions and times stay below 2^53.
fn integer(number: u64) -> SqlStorageValue {
    SqlStorageValue::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

/// A number as SQLite gave it.
fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

/// The last row that a position can have.
fn end_of(position: u64) -> SqlStorageValue {
    integer(position.saturating_mul(PARTS).saturating_add(PARTS - 1))
}
