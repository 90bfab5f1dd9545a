//! Whole documents, and the end of history.

use protocol::ids::SnapshotId;
use room::{LogKind, SavedState, StateHead, bytes_to_fold, fold};
use serde::Deserialize;
use serde_json::json;
use worker::{Result, SqlStorageValue};

use super::{PARTS, Storage, end_of, integer, unsigned};
use crate::log::{self, Level};

/// What a room opens from.
pub(crate) const HEAD: &str = "head";

/// What the kept history starts from.
pub(crate) const BASE: &str = "base";

/// Chat messages that are stored: some 200 to 40,000 KB. What is older goes with the history around it.
const CHAT_STORED_MAX: u64 = 10_000;

/// The name of a snapshot's own state.
pub(super) fn name_of(snapshot: &SnapshotId) -> String {
    format!("snapshot:{snapshot}")
}

impl Storage {
    /// A state, if there is a sound one. A damaged one is logged.
    pub(crate) fn state(&self, name: &str) -> Result<Option<SavedState>> {
        #[derive(Deserialize)]
        struct Row {
            position: u64,
            generation: u64,
            length: u64,
            checksum: u32,
        }
        let query = "SELECT position, generation, length, checksum FROM state_heads WHERE name = ?";
        let rows = self.0.exec(query, vec![name.into()])?.to_array::<Row>()?;
        let Some(Row { position, generation, length, checksum }) = rows.into_iter().next() else { return Ok(None) };
        let head = StateHead { position, generation, length, checksum };
        let mut chunks = Vec::new();
        for row in self.0.exec("SELECT bytes FROM states WHERE name = ? ORDER BY chunk", vec![name.into()])?.raw() {
            if let [SqlStorageValue::Blob(bytes)] = &row?[..] {
                chunks.push(bytes.clone());
            }
        }
        let state = SavedState::from_chunks(head, chunks);
        if let Err(damage) = &state {
            let fields = json!({ "name": name, "cause": damage.to_string() });
            log::write(Level::Error, "a stored document is damaged", fields);
        }
        Ok(state.ok())
    }

    /// Writes a state over an older one.
    pub(crate) fn save_state(&self, name: &str, state: &SavedState) -> Result<()> {
        self.drop_state(name)?;
        let StateHead { position, generation, length, checksum } = state.head;
        let head = vec![name.into(), integer(position), integer(generation), integer(length), integer(checksum.into())];
        let insert = "INSERT INTO state_heads (name, position, generation, length, checksum) VALUES (?, ?, ?, ?, ?)";
        self.0.exec(insert, head)?;
        for (chunk, bytes) in (0..).zip(state.chunks()) {
            let values = vec![name.into(), integer(chunk), bytes.to_vec().into()];
            self.0.exec("INSERT INTO states (name, chunk, bytes) VALUES (?, ?, ?)", values)?;
        }
        Ok(())
    }

    /// Drops a state.
    pub(super) fn drop_state(&self, name: &str) -> Result<()> {
        self.0.exec("DELETE FROM state_heads WHERE name = ?", vec![name.into()])?;
        self.0.exec("DELETE FROM states WHERE name = ?", vec![name.into()]).map(drop)
    }

    /// History is kept after this position.
    pub(crate) fn first(&self) -> Result<u64> {
        let query = "SELECT position FROM state_heads WHERE name = ?";
        Ok(unsigned(self.number(query, vec![BASE.into()])?.unwrap_or_default()))
    }

    /// Writes the head, then folds the oldest rows away while the log is larger than it may be.
    pub(crate) fn compact(&self, head: &SavedState, keep_bytes: u64) -> Result<()> {
        self.save_state(HEAD, head)?;
        let log_bytes = self.measure_log()?;
        let to_fold = bytes_to_fold(log_bytes, keep_bytes);
        if to_fold > 0
            && let Some((through, bytes)) = self.oldest(to_fold)?
        {
            self.fold(through, head.head.generation)?;
            self.set_meta("log_bytes", i64::try_from(log_bytes - bytes).unwrap_or_default())?;
        }
        Ok(())
    }

    /// Bytes in the log without the chat. Only the rows since the last time are read.
    fn measure_log(&self) -> Result<u64> {
        let measured_to = self.meta("log_bytes_id")?.unwrap_or_default();
        let query = "SELECT COALESCE(SUM(length(body)), 0) FROM log WHERE kind <> 1 AND id > ?";
        let new = self.number(query, vec![integer(unsigned(measured_to))])?.unwrap_or_default();
        let bytes = self.meta("log_bytes")?.unwrap_or_default() + new;
        let last = self.number("SELECT MAX(id) FROM log", Vec::new())?.unwrap_or(measured_to);
        self.set_meta("log_bytes", bytes)?;
        self.set_meta("log_bytes_id", last)?;
        Ok(unsigned(bytes))
    }

    /// The position up to which the oldest rows have so many bytes, and how many they have.
    fn oldest(&self, bytes: u64) -> Result<Option<(u64, u64)>> {
        let (mut sum, mut through) = (0, None);
        for row in self.0.exec("SELECT id, length(body) FROM log WHERE kind <> 1 ORDER BY id", None)?.raw() {
            let [SqlStorageValue::Integer(id), SqlStorageValue::Integer(length)] = &row?[..] else { continue };
            let position = unsigned(*id) / PARTS;
            if sum >= bytes && through != Some(position) {
                break;
            }
            sum += unsigned(*length);
            through = Some(position);
        }
        Ok(through.map(|through| (through, sum)))
    }

    fn fold(&self, through: u64, generation: u64) -> Result<()> {
        let (base, after) = (self.state(BASE)?, self.first()?);
        let marks = self.snapshots_between(after, through)?;
        let folded = match fold(base.as_ref(), &self.edits(after, through)?, through, generation, &marks) {
            Ok(folded) => folded,
            Err(error) => {
                let fields = json!({ "through": through, "cause": error.to_string() });
                log::write(Level::Error, "old history cannot be folded, it is kept", fields);
                return Ok(());
            }
        };
        for (snapshot, state) in &folded.snapshots {
            self.save_state(&name_of(snapshot), state)?;
        }
        self.save_state(BASE, &folded.base)?;
        self.0.exec("DELETE FROM log WHERE kind <> 1 AND id <= ?", vec![end_of(through)])?;
        let chat = "DELETE FROM log WHERE kind <> 0 AND kind = 1 AND id <= \
                    (SELECT id FROM log WHERE kind <> 0 AND kind = 1 ORDER BY id DESC LIMIT 1 OFFSET ?)";
        self.0.exec(chat, vec![integer(CHAT_STORED_MAX)]).map(drop)
    }

    /// Replaces the document and its history.
    pub(crate) fn rebuild(&self, state: &SavedState) -> Result<()> {
        self.0.exec(&format!("DELETE FROM log WHERE kind = {}", LogKind::Edits as i64), None)?;
        self.save_state(HEAD, state)?;
        self.save_state(BASE, state)?;
        self.set_meta("log_bytes", 0)?;
        self.set_meta("generation", i64::try_from(state.head.generation).unwrap_or(i64::MAX))
    }
}
