//! Snapshots and authors.

use protocol::history::{Author, Snapshot};
use protocol::ids::{ParticipantId, SnapshotId};
use serde::Deserialize;
use worker::{Result, SqlStorageValue};

use super::states::name_of;
use super::{Storage, integer, unsigned};

/// A snapshot with its author's present name.
const SELECT_SNAPSHOTS: &str = "SELECT snapshots.id AS id, snapshots.name AS name, message, author AS authorId, \
     COALESCE(authors.name, '') AS authorName, position, at FROM snapshots LEFT JOIN authors ON authors.id = author";

impl Storage {
    /// Notes an author's name.
    pub(crate) fn save_author(&self, author: &Author) -> Result<()> {
        let values = vec![author.id.as_str().into(), author.name.as_str().into()];
        let upsert = "INSERT INTO authors (id, name) VALUES (?, ?) \
                      ON CONFLICT (id) DO UPDATE SET name = excluded.name WHERE name <> excluded.name";
        self.0.exec(upsert, values).map(drop)
    }

    /// Everybody who ever wrote here.
    pub(crate) fn authors(&self) -> Result<Vec<Author>> {
        self.0.exec("SELECT id, name FROM authors ORDER BY id", None)?.to_array()
    }

    /// Puts another name in the place of an author's, wherever it is stored. Runs know only the name of who started
    /// them, so those of anybody of that name are renamed.
    pub(crate) fn rename(&self, author: &Author) -> Result<()> {
        let (id, name) = (|| author.id.as_str().into(), || SqlStorageValue::from(author.name.as_str()));
        let starters = "SELECT name FROM authors WHERE id = ?";
        let run_rows = format!(
            "UPDATE log SET body = json_set(body, '$.run.startedBy', ?) WHERE kind <> 0 AND kind = 2 \
             AND json_extract(body, '$.run.startedBy') IN ({starters})"
        );
        let runs = format!(
            "UPDATE runs SET record = json_set(record, '$.startedBy', ?) WHERE json_extract(record, '$.startedBy') IN ({starters})"
        );
        let chat = "UPDATE log SET body = json_set(body, '$.message.authorName', ?) WHERE kind <> 0 AND kind = 1 AND author = ?";
        let marks = "UPDATE log SET body = json_replace(body, '$.snapshot.authorName', ?) WHERE kind <> 0 AND kind = 4 AND author = ?";
        for statement in [&run_rows, &runs, chat, marks, "UPDATE authors SET name = ? WHERE id = ?"] {
            self.0.exec(statement, vec![name(), id()])?;
        }
        Ok(())
    }

    /// True if somebody of that id wrote something.
    pub(crate) fn has_author(&self, id: &ParticipantId) -> Result<bool> {
        Ok(self.number("SELECT COUNT(*) FROM authors WHERE id = ?", vec![id.as_str().into()])? == Some(1))
    }

    /// Writes a snapshot.
    pub(crate) fn save_snapshot(&self, snapshot: Snapshot) -> Result<()> {
        let message = snapshot.message.map_or(SqlStorageValue::Null, Into::into);
        let values = vec![
            snapshot.id.as_str().into(),
            integer(snapshot.position),
            integer(snapshot.at),
            snapshot.name.into(),
            message,
            snapshot.author_id.as_str().into(),
        ];
        let insert = "INSERT INTO snapshots (id, position, at, name, message, author) VALUES (?, ?, ?, ?, ?, ?)";
        self.0.exec(insert, values).map(drop)
    }

    /// Drops a snapshot and its own state.
    pub(crate) fn drop_snapshot(&self, id: &SnapshotId) -> Result<()> {
        self.drop_state(&name_of(id))?;
        self.0.exec("DELETE FROM snapshots WHERE id = ?", vec![id.as_str().into()]).map(drop)
    }

    /// How many snapshots there are.
    pub(crate) fn count_snapshots(&self) -> Result<usize> {
        let count = self.number("SELECT COUNT(*) FROM snapshots", Vec::new())?.unwrap_or_default();
        Ok(usize::try_from(count).unwrap_or_default())
    }

    /// A snapshot.
    pub(crate) fn snapshot(&self, id: &SnapshotId) -> Result<Option<Snapshot>> {
        let query = format!("{SELECT_SNAPSHOTS} WHERE snapshots.id = ?");
        Ok(self.0.exec(&query, vec![id.as_str().into()])?.to_array()?.into_iter().next())
    }

    /// All snapshots, the newest first. There are few.
    pub(crate) fn snapshots(&self) -> Result<Vec<Snapshot>> {
        self.0.exec(&format!("{SELECT_SNAPSHOTS} ORDER BY at DESC, snapshots.id"), None)?.to_array()
    }

    /// The snapshots from a position to another, in order.
    pub(super) fn snapshots_between(&self, from: u64, through: u64) -> Result<Vec<(SnapshotId, u64)>> {
        #[derive(Deserialize)]
        struct Row {
            id: SnapshotId,
            position: i64,
        }
        let query = "SELECT id, position FROM snapshots WHERE position BETWEEN ? AND ? ORDER BY position";
        let rows = self.0.exec(query, vec![integer(from), integer(through)])?.to_array::<Row>()?;
        Ok(rows.into_iter().map(|Row { id, position }| (id, unsigned(position))).collect())
    }
}
