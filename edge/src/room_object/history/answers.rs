//! What the room's object answers about its past.

use std::rc::Rc;

use protocol::envelope::{ErrorBody, ErrorCode, FieldError};
use protocol::history::{ChatPage, DocumentDiff, HistoryPage, MergeAnswer, Snapshot, SnapshotPage};
use protocol::ids::SnapshotId;
use protocol::room::RoomFiles;
use room::{Document, Input, diff_files, share_history};
use serde::Serialize;
use worker::{Error, Response, Result};

use super::{Asked, HistoryMessage, Merge, REFUSED};
use crate::room_object::shell::Shell;

impl Shell {
    /// Answers a message about the past. What was applied is written first, so that positions mean what they say.
    pub(in crate::room_object) fn answer_history(self: &Rc<Self>, message: HistoryMessage) -> Result<Response> {
        self.handle(Input::Settle)?;
        match message {
            HistoryMessage::Page { after, limit } => json(&Ok(self.page(after, limit)?)),
            HistoryMessage::State { at } => bytes(self.document_of(at)?.and_then(|document| state_of(&document))),
            HistoryMessage::FilesAt { at } => {
                json(&self.document_of(Some(at))?.map(|it| RoomFiles { items: it.files(), position: at }))
            }
            HistoryMessage::Diff { from, to } => json(&self.diff(from, to)?),
            HistoryMessage::Chat { before, limit } => json(&Ok(self.chat_page(before, limit)?)),
            HistoryMessage::TakeSnapshot { by, request } => {
                let id = SnapshotId::from_entropy(&crate::random::entropy());
                let existing = self.storage()?.count_snapshots()?;
                let refused = self.ask(Input::TakeSnapshot { by, id: id.clone(), request, existing })?;
                json(&self.unless(refused, |shell| shell.snapshot(&id))?)
            }
            HistoryMessage::Snapshots { after, limit } => json(&self.snapshot_page(after.as_ref(), limit)?),
            HistoryMessage::DeleteSnapshot { id } => json(&match self.storage()?.snapshot(&id)? {
                Some(_) => refusal(self.ask(Input::DeleteSnapshot { id })?),
                None => Err(ErrorBody::new(ErrorCode::NotFound, "there is no such snapshot")),
            }),
            HistoryMessage::Restore { by, to } => json(&match self.document_of(Some(to))? {
                Ok(then) => {
                    let refused = self.ask(Input::Restore { by, to, files: then.files(), client: new_client() })?;
                    self.unless(refused, Self::position)?
                }
                Err(error) => Err(error),
            }),
            HistoryMessage::StateVector => {
                bytes(Ok(self.with_document(|room| room.document().map(Document::encoded_state_vector))?))
            }
            HistoryMessage::ChangesSince { known } => {
                bytes(self.with_document(|room| Some(room.document()?.changes_since(&known.0)))?.map_err(|error| {
                    ErrorBody::new(ErrorCode::Conflict, format!("the rooms cannot be compared: {error}"))
                }))
            }
            HistoryMessage::Merge(merge) => json(&self.merge(*merge)?),
            HistoryMessage::Seed { by, state } => json(&refusal(self.ask(Input::Seed { by, state: state.0 })?)),
            HistoryMessage::Rebuild { generation } => {
                json(&refusal(self.ask(Input::Rebuild { generation, client: new_client() })?))
            }
            HistoryMessage::Erase { author } => json(&if self.storage()?.has_author(&author)? {
                refusal(self.ask(Input::Erase { author })?)
            } else {
                Err(ErrorBody::new(ErrorCode::NotFound, "nobody of that id wrote in this room"))
            }),
        }
    }

    fn position(&self) -> Result<u64> {
        Ok(self.storage()?.last()?.0)
    }

    fn unless<T>(&self, refused: Option<ErrorBody>, read: impl FnOnce(&Self) -> Result<T>) -> Result<Asked<T>> {
        match refused {
            Some(refused) => Ok(Err(refused)),
            None => read(self).map(Ok),
        }
    }

    fn snapshot(&self, id: &SnapshotId) -> Result<Snapshot> {
        self.storage()?.snapshot(id)?.ok_or_else(|| Error::RustError("the snapshot was not stored".to_owned()))
    }

    fn page(&self, after: u64, limit: usize) -> Result<HistoryPage> {
        let storage = self.storage()?;
        let (first, last) = (storage.first()?, self.position()?);
        let (items, end) = storage.history(after.max(first), limit)?;
        let next_cursor = end.filter(|end| *end < last);
        Ok(HistoryPage { items, authors: storage.authors()?, first, last, next_cursor })
    }

    fn chat_page(&self, before: Option<u64>, limit: usize) -> Result<ChatPage> {
        let items = self.storage()?.chat_before(before.unwrap_or(u64::MAX), limit)?;
        let next_cursor = items.first().map(|first| first.id).filter(|_| items.len() == limit);
        Ok(ChatPage { items, next_cursor })
    }

    fn snapshot_page(&self, after: Option<&SnapshotId>, limit: usize) -> Result<Asked<SnapshotPage>> {
        let all = self.storage()?.snapshots()?;
        let start = match after {
            None => 0,
            Some(after) => match all.iter().position(|snapshot| snapshot.id == *after) {
                Some(at) => at + 1,
                None => return Ok(Err(invalid("cursor", "is no snapshot of this room any more; start over"))),
            },
        };
        let has_more = all.len() > start + limit;
        let items: Vec<_> = all.into_iter().skip(start).take(limit).collect();
        let next_cursor = items.last().map(|last| last.id.clone()).filter(|_| has_more);
        Ok(Ok(SnapshotPage { items, next_cursor }))
    }

    /// The document at a position, or a copy of the present one.
    fn document_of(&self, at: Option<u64>) -> Result<Asked<Document>> {
        let position = self.position()?;
        let at = at.unwrap_or(position);
        if at > position {
            return Ok(Err(invalid("at", &format!("is in the future: the room is at {position}"))));
        }
        let storage = self.storage()?;
        Ok(match storage.document_at(at)? {
            Some(document) => Ok(document),
            None => Err(invalid("at", &format!("is too long ago: history is kept from {} on", storage.first()?))),
        })
    }

    fn diff(&self, from: u64, to: Option<u64>) -> Result<Asked<DocumentDiff>> {
        let to = to.map_or_else(|| self.position(), Ok)?;
        if from > to {
            return Ok(Err(invalid("from", "must not be after `to`")));
        }
        let (before, after) = match (self.document_of(Some(from))?, self.document_of(Some(to))?) {
            (Ok(before), Ok(after)) => (before, after),
            (Err(error), _) | (_, Err(error)) => return Ok(Err(error)),
        };
        Ok(Ok(DocumentDiff { from, to, files: diff_files(&before.files(), &after.files()) }))
    }

    fn merge(self: &Rc<Self>, merge: Merge) -> Result<Asked<MergeAnswer>> {
        let Merge { by, from, theirs, update, is_preview } = merge;
        let position = self.position()?;
        let preview = self.with_document(|room| {
            let document = room.document()?;
            Some(
                share_history(document, &theirs.0)
                    .then(|| document.files_with(&update.0).map(|after| (document.files(), after))),
            )
        })?;
        let (before, after) = match preview {
            None => {
                let message = "the rooms have no common history: only a fork and its original can be merged";
                return Ok(Err(ErrorBody::new(ErrorCode::Conflict, message)));
            }
            Some(Err(error)) => {
                return Ok(Err(ErrorBody::new(ErrorCode::Conflict, format!("the rooms cannot be merged: {error}"))));
            }
            Some(Ok(files)) => files,
        };
        let diff = |to| DocumentDiff { from: position, to, files: diff_files(&before, &after) };
        if is_preview {
            return Ok(Ok(MergeAnswer { diff: diff(position), position: None }));
        }
        let refused = self.ask(Input::Merge { by, from, update: update.0 })?;
        self.handle(Input::Settle)?;
        self.unless(refused, |shell| {
            let now = shell.position()?;
            Ok(MergeAnswer { diff: diff(now), position: (now > position).then_some(now) })
        })
    }
}

fn state_of(document: &Document) -> Asked<Vec<u8>> {
    document.state().map_err(|error| ErrorBody::new(ErrorCode::Conflict, error.to_string()))
}

fn refusal(refused: Option<ErrorBody>) -> Asked<()> {
    refused.map_or(Ok(()), Err)
}

fn invalid(field: &str, message: &str) -> ErrorBody {
    ErrorBody::validation(&[FieldError { field: field.to_owned(), message: message.to_owned() }])
}

/// A Yjs client id that was never used. Browsers draw theirs from 32 bits, so one above them is nobody's.
fn new_client() -> u64 {
    let entropy = crate::random::entropy();
    entropy[..6].iter().fold(1, |id, byte| (id << 8) | u64::from(*byte))
}

fn json<T: Serialize>(answer: &Asked<T>) -> Result<Response> {
    Response::from_json(answer)
}

fn bytes(answer: Asked<Vec<u8>>) -> Result<Response> {
    match answer {
        Ok(bytes) => Response::from_bytes(bytes),
        Err(body) => Ok(Response::from_bytes(serde_json::to_vec(&body)?)?.with_status(REFUSED)),
    }
}
