//! The log: writing it, and what a room reads of it when it wakes.

use protocol::TimestampMs;
use protocol::event::{ChatMessage, OutputChunk, RoomEvent, RunWithOutput};
use protocol::ids::TerminalId;
use protocol::limits::TERMINAL_SCROLLBACK_BYTES;
use protocol::run::Run;
use protocol::terminal::TerminalWithOutput;
use room::{CHAT_KEPT, LogBody, LogEntry, LogKind, LogRow, encode_edits};
use serde::Deserialize;
use worker::{Result, SqlStorageValue};

use super::{PART_MAX_BYTES, PARTS, Storage, end_of, integer, unsigned};

impl Storage {
    /// The last position that was given and the time of the last row; zeros in a new room. Rows may have been folded
    /// away or put aside since.
    pub(crate) fn last(&self) -> Result<(u64, TimestampMs)> {
        let mut last = (0, 0);
        if let Some(row) = self.0.exec("SELECT id, at FROM log ORDER BY id DESC LIMIT 1", None)?.raw().next()
            && let [SqlStorageValue::Integer(id), SqlStorageValue::Integer(at)] = row?[..]
        {
            last = (unsigned(id) / PARTS, unsigned(at));
        }
        let in_states = self.number("SELECT MAX(position) FROM state_heads", Vec::new())?.unwrap_or_default();
        let aside = self.number("SELECT MAX(id) FROM quarantine", Vec::new())?.unwrap_or_default();
        Ok((last.0.max(unsigned(in_states)).max(unsigned(aside) / PARTS), last.1))
    }

    /// Adds an entry to the log. One over [`PART_MAX_BYTES`] takes several rows.
    pub(crate) fn append(&self, entry: LogEntry) -> Result<()> {
        let kind = SqlStorageValue::Integer(entry.kind() as i64);
        let (first, at) = (entry.position * PARTS, entry.at);
        match entry.body {
            LogBody::Edits(edits) => {
                for (id, bytes) in (first..).zip(encode_edits(&edits).chunks(PART_MAX_BYTES)) {
                    self.insert(id, at, kind.clone(), SqlStorageValue::Null, bytes.to_vec().into())?;
                }
                Ok(())
            }
            LogBody::Event { author, event } => {
                let author = author.map_or(SqlStorageValue::Null, |author| author.as_str().into());
                self.insert(first, at, kind, author, serde_json::to_string(&event)?.into())
            }
        }
    }

    fn insert(
        &self,
        id: u64,
        at: TimestampMs,
        kind: SqlStorageValue,
        author: SqlStorageValue,
        body: SqlStorageValue,
    ) -> Result<()> {
        let values = vec![integer(id), integer(at), kind, author, body];
        self.0.exec("INSERT INTO log (id, at, kind, author, body) VALUES (?, ?, ?, ?, ?)", values).map(drop)
    }

    /// The rows of edits after a position and up to another, parts joined.
    pub(crate) fn edits(&self, after: u64, through: u64) -> Result<Vec<LogRow>> {
        let mut rows: Vec<LogRow> = Vec::new();
        let query = "SELECT id, body FROM log WHERE kind = 0 AND id > ? AND id <= ? ORDER BY id";
        for row in self.0.exec(query, vec![end_of(after), end_of(through)])?.raw() {
            let [SqlStorageValue::Integer(id), SqlStorageValue::Blob(bytes)] = &row?[..] else { continue };
            let position = unsigned(*id) / PARTS;
            match rows.last_mut() {
                Some(last) if last.position == position => last.bytes.extend_from_slice(bytes),
                _ => rows.push(LogRow { position, bytes: bytes.clone() }),
            }
        }
        Ok(rows)
    }

    /// Puts rows of edits that do not apply aside.
    pub(crate) fn quarantine(&self, positions: &[u64]) -> Result<()> {
        for position in positions {
            let range = || vec![integer(position * PARTS), end_of(*position)];
            let copy = "INSERT OR REPLACE INTO quarantine (id, at, body) SELECT id, at, body FROM log WHERE id BETWEEN ? AND ?";
            self.0.exec(copy, range())?;
            self.0.exec("DELETE FROM log WHERE id BETWEEN ? AND ?", range())?;
        }
        Ok(())
    }

    /// The latest messages, oldest first.
    pub(crate) fn chat(&self) -> Result<Vec<ChatMessage>> {
        self.chat_before(u64::MAX, CHAT_KEPT)
    }

    /// The messages before one of that number, oldest first.
    pub(crate) fn chat_before(&self, before: u64, limit: usize) -> Result<Vec<ChatMessage>> {
        let mut messages = Vec::new();
        let query = "SELECT body FROM log WHERE kind <> 0 AND kind = 1 AND json_extract(body, '$.message.id') < ? \
                     ORDER BY id DESC LIMIT ?";
        let before = integer(before.min(1 << 52));
        for event in self.events(query, vec![before, integer(limit as u64)])? {
            if let RoomEvent::Chat { message } = event {
                messages.push(message);
            }
        }
        messages.reverse();
        Ok(messages)
    }

    fn events(&self, query: &str, values: Vec<SqlStorageValue>) -> Result<Vec<RoomEvent>> {
        #[derive(Deserialize)]
        struct Row {
            body: String,
        }
        let rows = self.0.exec(query, values)?.to_array::<Row>()?;
        rows.into_iter().map(|Row { body }| Ok(serde_json::from_str(&body)?)).collect()
    }

    /// The latest runs with their output, and the positions of their first events.
    pub(crate) fn runs(&self) -> Result<Vec<(RunWithOutput, u64)>> {
        #[derive(Deserialize)]
        struct Row {
            first: u64,
            record: String,
        }
        let rows = self.0.exec("SELECT first, record FROM runs", None)?.to_array::<Row>()?;
        let mut runs = Vec::with_capacity(rows.len());
        for Row { first, record } in rows {
            let run: Run = serde_json::from_str(&record)?;
            runs.push((RunWithOutput { run, output: Vec::new() }, first));
        }
        let Some(first) = runs.iter().map(|(_, first)| *first).min() else { return Ok(runs) };
        let kinds = format!("{}, {}", LogKind::Run as i64, LogKind::Output as i64);
        let query = format!("SELECT body FROM log WHERE kind <> 0 AND kind IN ({kinds}) AND id >= ? ORDER BY id");
        for event in self.events(&query, vec![integer(first * PARTS)])? {
            add_to_runs(&mut runs, event);
        }
        Ok(runs)
    }
}

/// Events of terminals that are read on waking. Beyond that many steps one is forgotten, and its runner closes it.
const TERMINAL_STEPS: u64 = 200;

impl Storage {
    /// The terminals that were not closed, with what is on their screens.
    pub(crate) fn terminals(&self) -> Result<Vec<TerminalWithOutput>> {
        let steps = "SELECT body FROM (SELECT id, body FROM log WHERE kind <> 0 AND kind = 5 ORDER BY id DESC LIMIT ?) \
                     ORDER BY id";
        let mut terminals: Vec<TerminalWithOutput> = Vec::new();
        for event in self.events(steps, vec![integer(TERMINAL_STEPS)])? {
            match event {
                RoomEvent::TerminalOpened { terminal, .. } => {
                    terminals.push(TerminalWithOutput { terminal, output: String::new() });
                }
                RoomEvent::TerminalUpdated { terminal, .. } => {
                    let known = terminals.iter_mut().find(|known| known.terminal.id == terminal.id);
                    known.into_iter().for_each(|known| known.terminal = terminal.clone());
                }
                RoomEvent::TerminalClosed { terminal_id, .. } => {
                    terminals.retain(|known| known.terminal.id != terminal_id);
                }
                _ => {}
            }
        }
        for known in &mut terminals {
            known.output = self.screen_of(&known.terminal.id)?;
        }
        Ok(terminals)
    }

    /// The end of a terminal's output.
    fn screen_of(&self, terminal: &TerminalId) -> Result<String> {
        let query = "SELECT body FROM log WHERE kind <> 0 AND kind = 6 AND json_extract(body, '$.terminalId') = ? \
                     ORDER BY id DESC LIMIT ?";
        let mut pieces = Vec::new();
        let mut bytes = 0;
        // Pieces are small only where somebody types; then the last of them fill a screen as well.
        for event in self.events(query, vec![terminal.as_str().into(), integer(SCREEN_PIECES)])? {
            let RoomEvent::TerminalOutput { data, .. } = event else { continue };
            bytes += data.len();
            pieces.push(data);
            if bytes > TERMINAL_SCROLLBACK_BYTES {
                break;
            }
        }
        pieces.reverse();
        Ok(pieces.concat())
    }
}

/// Pieces of a terminal's output that are read on waking.
const SCREEN_PIECES: u64 = 1_000;

/// Adds what an event says of a run's output. A later attempt voids what an earlier one wrote.
fn add_to_runs(runs: &mut [(RunWithOutput, u64)], event: RoomEvent) {
    match event {
        RoomEvent::RunStarted { run_id, .. } => {
            if let Some((run, _)) = runs.iter_mut().find(|(run, _)| run.run.id == run_id) {
                run.output.clear();
            }
        }
        RoomEvent::RunOutput { run_id, seq, stream, data } => {
            if let Some((run, _)) = runs.iter_mut().find(|(run, _)| run.run.id == run_id) {
                run.output.push(OutputChunk { seq, stream, data });
            }
        }
        _ => {}
    }
}
