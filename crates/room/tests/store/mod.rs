//! A room's storage in memory: what the shell's SQLite does, by the same functions of the core.

use std::collections::BTreeMap;

use protocol::event::{ChatMessage, RoomEvent};
use protocol::history::Snapshot;
use protocol::ids::{ParticipantId, SnapshotId};
use room::{
    Document, Effect, LogBody, LogEntry, LogKind, LogRow, Restored, Room, Rules, SavedState, bytes_to_fold,
    encode_edits, fold,
};

/// The tables.
#[derive(Debug, Default, Clone)]
pub(crate) struct Store {
    pub(crate) rules: Rules,
    pub(crate) log: Vec<LogEntry>,
    pub(crate) head: Option<SavedState>,
    pub(crate) base: Option<SavedState>,
    pub(crate) snapshots: Vec<Snapshot>,
    pub(crate) snapshot_states: BTreeMap<SnapshotId, SavedState>,
    pub(crate) authors: BTreeMap<ParticipantId, String>,
    position: u64,
    generation: u64,
}

impl Store {
    /// Empty tables of a room that is run by these rules.
    pub(crate) fn with_rules(rules: Rules) -> Self {
        Self { rules, ..Self::default() }
    }

    /// Carries out an effect, if it is one of storage.
    pub(crate) fn carry_out(&mut self, effect: &Effect) {
        match effect {
            Effect::Append(entry) => {
                assert_eq!(entry.position, self.position + 1, "positions have no gaps");
                assert!(self.log.last().is_none_or(|last| last.at <= entry.at), "time does not go back");
                self.position = entry.position;
                self.log.push(entry.clone());
            }
            Effect::Compact { head, keep_bytes } => self.compact(head.clone(), *keep_bytes),
            Effect::Rebuild { state } => {
                self.log.retain(|entry| entry.kind() != LogKind::Edits);
                (self.head, self.base) = (Some(state.clone()), Some(state.clone()));
                self.generation = state.head.generation;
            }
            Effect::SaveSnapshot(snapshot) => self.snapshots.push(snapshot.clone()),
            Effect::DropSnapshot(id) => self.snapshots.retain(|snapshot| snapshot.id != *id),
            Effect::SaveAuthor(author) | Effect::Rename(author) => {
                self.authors.insert(author.id.clone(), author.name.clone());
            }
            _ => {}
        }
    }

    fn compact(&mut self, head: SavedState, keep_bytes: u64) {
        self.head = Some(head);
        let mut to_fold = bytes_to_fold(self.log.iter().map(size_of).sum(), keep_bytes);
        let oldest = self.log.iter().take_while(|entry| {
            let goes_on = to_fold > 0;
            to_fold = to_fold.saturating_sub(size_of(entry));
            goes_on
        });
        let Some(through) = oldest.last().map(|entry| entry.position) else { return };
        let after = self.first();
        let marks: Vec<_> = self.snapshots.iter().map(|snapshot| (snapshot.id.clone(), snapshot.position)).collect();
        let marks: Vec<_> = marks.into_iter().filter(|(_, at)| (after..=through).contains(at)).collect();
        let generation = self.generation;
        let rows = self.rows(after, through);
        let folded = fold(self.base.as_ref(), &rows, through, generation, &marks).expect("the log folds");
        self.snapshot_states.extend(folded.snapshots);
        self.base = Some(folded.base);
        self.log.retain(|entry| entry.position > through || entry.kind() == LogKind::Chat);
    }

    /// History is kept after this position.
    pub(crate) fn first(&self) -> u64 {
        self.base.as_ref().map_or(0, |base| base.head.position)
    }

    fn rows(&self, after: u64, through: u64) -> Vec<LogRow> {
        let within = self.log.iter().filter(|entry| entry.position > after && entry.position <= through);
        let rows = within.filter_map(|entry| match &entry.body {
            LogBody::Edits(edits) => Some(LogRow { position: entry.position, bytes: encode_edits(edits) }),
            LogBody::Event { .. } => None,
        });
        rows.collect()
    }

    /// The document at a moment of the kept history.
    pub(crate) fn document_at(&self, position: u64) -> Document {
        let (document, report) = Document::load(self.base.as_ref(), &self.rows(self.first(), position));
        assert_eq!(report, room::LoadReport::default());
        document
    }

    /// The room as it wakes.
    pub(crate) fn wake(&self) -> Room {
        let chat = self.log.iter().filter_map(|entry| match &entry.body {
            LogBody::Event { event, .. } => match &**event {
                RoomEvent::Chat { message } => Some(message.clone()),
                _ => None,
            },
            LogBody::Edits(_) => None,
        });
        let chat: Vec<ChatMessage> = chat.collect();
        Room::restore(self.restored(chat))
    }

    pub(crate) fn restored(&self, chat: Vec<ChatMessage>) -> Restored {
        Restored {
            rules: self.rules,
            position: self.position,
            last_at: self.log.last().map_or(0, |last| last.at),
            generation: self.generation,
            chat,
            ..Restored::default()
        }
    }

    /// Loads the document into a room. Everything stored applies.
    pub(crate) fn load_into(&self, room: &mut Room) {
        let after = self.head.as_ref().map_or(0, |head| head.head.position);
        let report = room.load_document(self.head.as_ref(), &self.rows(after, u64::MAX));
        assert_eq!(report, room::LoadReport::default(), "everything stored applies");
    }

    /// The files, from nothing but storage.
    pub(crate) fn files(&self) -> Vec<protocol::room::RoomFile> {
        let mut room = self.wake();
        self.load_into(&mut room);
        room.files().expect("loaded").items
    }
}

fn size_of(entry: &LogEntry) -> u64 {
    match &entry.body {
        LogBody::Edits(edits) => encode_edits(edits).len() as u64,
        LogBody::Event { .. } => 100,
    }
}
