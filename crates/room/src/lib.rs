//! The core of a room: `(&mut Room, Input, now) -> Vec<Effect>`.
//!
//! It owns the Yjs document and every rule about it: handshake, rights, sizes, presence, chat, the output of
//! runs. It owns no socket, clock, storage or source of randomness; `edge/` turns callbacks of the runtime into
//! [`Input`]s and carries out [`Effect`]s, and tests do the same in memory.
//!
//! # Invariants
//! - **Durable before believed.** Effects are carried out in order, and the runtime holds back what is sent after a
//!   write until it is durable: an update's [`Effect::Append`] stands before its `room:saved`, before any answer to
//!   a barrier, and before a run of it. Others may see an edit a moment earlier. Where a write fails the shell drops the rest, closes the sockets with 1012 and rebuilds the room.
//! - **Never stored unless applied.** A row enters the log only after the update was applied and encoded again.
//! - **One bad frame costs one socket.** Decoding and applying run inside `catch_unwind`; on failure the sender is
//!   closed and the document is loaded again from the log.

mod admission;
mod ahead;
mod apply;
mod attachments;
mod awareness;
mod compaction;
mod diff;
mod document;
mod effect;
mod files;
mod history;
mod input;
mod leases;
mod limits;
mod log;
mod marks;
mod mentions;
mod outbox;
mod presence;
mod rates;
mod room;
mod runs;
mod session;
mod silence;
mod state;
mod sync;
mod talk;
mod terminals;
mod timeline;
mod update;

pub use compaction::{Folded, bytes_to_fold, fold};
pub use diff::diff_files;
pub use document::{Document, DocumentError, LoadReport, share_history};
pub use effect::{Caller, Effect, Frame, Recipients};
pub use history::items_of;
pub use input::Input;
pub use limits::{
    AWARENESS_MAX_BYTES, CHAT_KEPT, CLOSED_AFTER_MS, DOCUMENT_MAX_BYTES, DOCUMENT_MEMORY_MAX_BYTES, FRAME_MAX_BYTES,
    RUNS_KEPT, Retention, Rules, SILENT_AFTER_MS, SOCKETS_MAX, TEXT_FRAME_MAX_BYTES,
};
pub use log::{Edit, LogBody, LogEntry, LogKind, LogRow, decode_edits, decode_version_1, encode_edits};
pub use marks::ERASED_NAME;
pub use rates::connections_max;
pub use room::{Restored, Room};
pub use session::{Channel, Entrusted, Serving, Session, SocketId};
pub use state::{DamagedState, STATE_CHUNK_MAX_BYTES, SavedState, StateHead};
pub use update::{Block, Blocks, Content, Id, Malformed, Outline, Parent, SYNC_FRAME_MAX_BYTES, check, split};
