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

mod awareness;
mod document;
mod effect;
mod input;
mod limits;
mod log;
mod outbox;
mod presence;
mod room;
mod runs;
mod session;
mod sync;
mod talk;

pub use document::{Document, DocumentError};
pub use effect::{Caller, Effect, Frame, Recipients};
pub use input::Input;
pub use limits::{AWARENESS_MAX_BYTES, CHAT_KEPT, FRAME_MAX_BYTES, RUNS_KEPT, TEXT_FRAME_MAX_BYTES};
pub use log::{LogEntry, LogRow};
pub use room::{Restored, Room};
pub use session::{Channel, Session, SocketId};
