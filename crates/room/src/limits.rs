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

/// Runs whose output a room keeps in memory: each has at most 1 MB, and a room shares 128 MB with others.
pub const RUNS_KEPT: usize = 5;

/// Sockets of one room. Handing a frame to 4,096 sockets takes some 200 ms, the most that a keystroke may take; the
/// platform's own limit is 32,768.
pub const SOCKETS_MAX: usize = 4_096;

/// Largest document, encoded: three times the 10 MB that a room has to take.
pub const DOCUMENT_MAX_BYTES: u64 = 32 * 1024 * 1024;

/// Most memory of a document: its bytes and what `yrs` keeps beside them, some 260 bytes a block. Half of what an
/// isolate has; the other half is for encoding it and for other rooms.
pub const DOCUMENT_MEMORY_MAX_BYTES: u64 = 64 * 1024 * 1024;

/// How long a sync socket may say nothing before its person counts as gone. A stock client renews its awareness
/// after 15 s and looks every 3 s whether it has to, so a living one is heard within 18 s; with a second on the way
/// everybody hears of a vanished one within 30 s.
pub const SILENT_AFTER_MS: u64 = 25_000;

/// How long it may say nothing before it is closed. Browsers let the timers of a tab in the background run once a
/// minute.
pub const CLOSED_AFTER_MS: u64 = 120_000;

/// What a room's storage keeps and when it is tidied up.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    /// Bytes of the log. 64 MiB are over a million keystrokes, and are replayed in seconds.
    pub keep_bytes: u64,
    /// Rows after which the whole document is written. Opening a room reads and applies at most these: some 20 ms.
    pub compact_rows: u64,
    /// Bytes of rows after which it is written, if it is not larger itself: then it is written when the rows weigh as
    /// much as it does, so that at most as much is written again as came in.
    pub compact_bytes: u64,
}

impl Default for Retention {
    fn default() -> Self {
        Self { keep_bytes: 64 * 1024 * 1024, compact_rows: 4_096, compact_bytes: 1024 * 1024 }
    }
}

/// How a room is run.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rules {
    /// What storage keeps.
    pub retention: Retention,
    /// True to lift the limits on rates and connections: for load tests on a local stack.
    pub is_unlimited: bool,
}
