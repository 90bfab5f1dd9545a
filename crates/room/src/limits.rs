//! Limits of one room.

/// Largest binary frame. A document of 10 MB can arrive in one paste, with as much again for its encoding; the
/// runtime's own limit of 32 MiB is never reached.
pub const FRAME_MAX_BYTES: usize = 20 * 1024 * 1024;

/// Largest text frame: a chat message or a run's standard input with room for JSON's escapes (6 bytes for one).
pub const TEXT_FRAME_MAX_BYTES: usize = 128 * 1024;

/// Largest awareness state of one client. It is kept in the socket's attachment, of which the runtime allows
/// 16,384 bytes; names, cursor and selection take some hundred.
pub const AWARENESS_MAX_BYTES: usize = 8 * 1024;

/// Chat messages that a newcomer is greeted with. Older ones stay stored.
pub const CHAT_KEPT: usize = 100;

/// Runs whose output a room keeps: each has at most 1 MB, and a room shares 128 MB with others.
pub const RUNS_KEPT: usize = 5;
