//! Marks on the time line: snapshots, going back, merging, starting as a copy, starting over, erasing a name.

use protocol::TimestampMs;
use protocol::close::CloseCode;
use protocol::envelope::{ErrorBody, ErrorCode, FieldError};
use protocol::event::{Participant, RoomEvent};
use protocol::history::{Author, CreateSnapshotRequest, Snapshot};
use protocol::ids::{ParticipantId, RoomId, SnapshotId};
use protocol::limits::{SNAPSHOT_MESSAGE_MAX_CHARS, SNAPSHOT_NAME_MAX_CHARS, SNAPSHOTS_MAX};
use protocol::room::RoomFile;

use crate::compaction::Tail;
use crate::document::{Document, DocumentError, Novelty};
use crate::effect::Effect;
use crate::outbox::Applied;
use crate::room::Room;
use crate::session::Channel;
use crate::state::SavedState;

/// What stands in the place of an erased name.
pub const ERASED_NAME: &str = "Erased author";

impl Room {
    /// Names the present moment.
    pub(crate) fn on_take_snapshot(
        &mut self,
        by: Participant,
        id: SnapshotId,
        request: CreateSnapshotRequest,
        existing: usize,
        now: TimestampMs,
        effects: &mut Vec<Effect>,
    ) {
        if let Some(refusal) = refusal_of_snapshot(&request, existing) {
            effects.push(Effect::Refuse(refusal));
            return;
        }
        self.write(now, effects);
        let CreateSnapshotRequest { name, message } = request;
        let snapshot = Snapshot {
            id,
            name: name.trim().to_owned(),
            message: message.filter(|message| !message.trim().is_empty()),
            author_id: by.id.clone(),
            author_name: by.name.clone(),
            position: self.position,
            at: now,
        };
        effects.push(Effect::SaveSnapshot(snapshot.clone()));
        self.log_event(Some(&by), RoomEvent::SnapshotTaken { snapshot }, now, effects);
    }

    /// Deletes a snapshot. The moment stays in the history as long as that is kept.
    pub(crate) fn on_delete_snapshot(&mut self, id: SnapshotId, effects: &mut Vec<Effect>) {
        effects.push(Effect::DropSnapshot(id.clone()));
        self.tell_all(&[RoomEvent::SnapshotDeleted { snapshot_id: id }], effects);
    }

    /// Brings back the files of an earlier moment by a forward edit.
    pub(crate) fn on_restore(
        &mut self,
        by: Participant,
        to: u64,
        files: &[RoomFile],
        client: u64,
        now: TimestampMs,
        effects: &mut Vec<Effect>,
    ) {
        let Some(document) = &self.document else { return };
        match document.update_towards(files, client) {
            Ok(Some(update)) => {
                self.apply_own(&by, update, now, effects);
                let event = RoomEvent::Restored { author_id: by.id.clone(), to };
                self.log_event(Some(&by), event, now, effects);
            }
            Ok(None) => {}
            Err(error) => self.refuse_edit(error, effects),
        }
    }

    /// Takes in what another room has.
    pub(crate) fn on_merge(
        &mut self,
        by: Participant,
        from: RoomId,
        update: Vec<u8>,
        now: TimestampMs,
        effects: &mut Vec<Effect>,
    ) {
        if self.apply_own(&by, update, now, effects) {
            self.log_event(Some(&by), RoomEvent::Merged { author_id: by.id.clone(), from }, now, effects);
        }
    }

    /// Starts as a copy of another room, which only an empty room can.
    pub(crate) fn on_seed(&mut self, by: Participant, state: Vec<u8>, now: TimestampMs, effects: &mut Vec<Effect>) {
        if self.position > 0 {
            let message = "the room is in use already, so it cannot start as a copy";
            effects.push(Effect::Refuse(ErrorBody::new(ErrorCode::Conflict, message)));
        } else {
            self.apply_own(&by, state, now, effects);
            self.write(now, effects);
        }
    }

    /// Starts over with the same texts and none of the edits that led to them. Every replica of before would bring
    /// the old edits along, so all are sent away to start from the new state.
    pub(crate) fn on_rebuild(&mut self, generation: u64, client: u64, now: TimestampMs, effects: &mut Vec<Effect>) {
        self.write(now, effects);
        let Some(document) = &self.document else { return };
        if generation <= self.generation {
            return;
        }
        let rebuilt = Document::of_files(&document.files(), client);
        let state = rebuilt.state().map(|bytes| SavedState::new(self.position, generation, bytes));
        match state {
            Ok(state) => {
                self.generation = generation;
                self.tail = Tail::of(Some(&state), &[]);
                self.edited_at = self.position;
                self.document = Some(rebuilt);
                effects.push(Effect::Rebuild { state });
                let reason = "the room was rebuilt; start from its state";
                for socket in self.sockets_of(|channel| *channel == Channel::Sync) {
                    effects.push(Effect::Close { socket, code: CloseCode::Rebuilt, reason: reason.to_owned() });
                }
            }
            Err(error) => self.refuse_edit(error, effects),
        }
    }

    /// Puts another name in the place of an author's.
    pub(crate) fn on_erase(&mut self, author: ParticipantId, effects: &mut Vec<Effect>) {
        let erased = Author { id: author.clone(), name: ERASED_NAME.to_owned() };
        for message in self.chat.iter_mut().filter(|message| message.author_id == author) {
            message.author_name.clone_from(&erased.name);
        }
        self.known_authors.remove(&author);
        effects.push(Effect::Rename(erased.clone()));
        self.tell_all(&[RoomEvent::Erased { author_id: author, name: erased.name }], effects);
    }

    /// Applies an update that came from no socket. True if it brought something new.
    fn apply_own(&mut self, by: &Participant, update: Vec<u8>, now: TimestampMs, effects: &mut Vec<Effect>) -> bool {
        let Some(document) = &mut self.document else { return false };
        match document.apply(&update) {
            Ok(Novelty::New) => {
                self.note_author(by, effects);
                let author = by.id.clone();
                let update = Some(update);
                self.outbox.push(Applied { socket: None, author, at: now, update, is_counted: false });
                self.send_due(now, effects);
                true
            }
            Ok(Novelty::Known) => false,
            Err(error) => {
                self.refuse_edit(error, effects);
                false
            }
        }
    }

    fn refuse_edit(&mut self, error: DocumentError, effects: &mut Vec<Effect>) {
        if error == DocumentError::Inapplicable {
            self.document = None;
        }
        let message = format!("the change cannot be made: {error}");
        effects.push(Effect::Refuse(ErrorBody::new(ErrorCode::Conflict, message)));
    }
}

fn refusal_of_snapshot(request: &CreateSnapshotRequest, existing: usize) -> Option<ErrorBody> {
    let field = |field: &str, message: String| FieldError { field: field.to_owned(), message };
    let mut wrong = Vec::new();
    let name_chars = request.name.trim().chars().count();
    if !(1..=SNAPSHOT_NAME_MAX_CHARS).contains(&name_chars) {
        wrong.push(field("name", format!("must have 1 to {SNAPSHOT_NAME_MAX_CHARS} characters")));
    }
    if request.message.as_ref().is_some_and(|message| message.chars().count() > SNAPSHOT_MESSAGE_MAX_CHARS) {
        wrong.push(field("message", format!("must have at most {SNAPSHOT_MESSAGE_MAX_CHARS} characters")));
    }
    if !wrong.is_empty() {
        return Some(ErrorBody::validation(&wrong));
    }
    let message = format!("a room has at most {SNAPSHOTS_MAX} snapshots; delete one first");
    (existing >= SNAPSHOTS_MAX).then(|| ErrorBody::new(ErrorCode::Conflict, message))
}
