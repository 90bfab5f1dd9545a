//! Limits that more than one part relies on, each with its reason.

use crate::tier::Quota;

/// Largest body of a request: what the product promises (features J7).
pub const REQUEST_BODY_MAX_BYTES: usize = 10 * 1024 * 1024;

/// Largest body that passes through a Lambda function, whose own payload limit is 6 MB with base64 on top:
/// 4.4 MB of bytes become 5.9 MB.
pub const FUNCTION_BODY_MAX_BYTES: usize = 4_400_000;

/// Code of one run, all files together, by default (features F3).
pub const RUN_SOURCE_DEFAULT_BYTES: usize = 50 * 1024;

/// Most that a deployment may raise [`RUN_SOURCE_DEFAULT_BYTES`] to.
pub const RUN_SOURCE_MAX_BYTES: usize = 1024 * 1024;

/// Standard input of a run given at its start (features F3).
pub const RUN_STDIN_MAX_BYTES: usize = 10 * 1024;

/// Arguments of a run: enough for a command line, small enough for a queue of them.
pub const RUN_ARGS_MAX: usize = 64;

/// Bytes of all arguments of a run together.
pub const RUN_ARGS_MAX_BYTES: usize = 4 * 1024;

/// Compiler flags of a run: more than any list of a language's has groups.
pub const RUN_FLAGS_MAX: usize = 16;

/// Cases of a run: what the problems of programming contests and courses come with.
pub const RUN_CASES_MAX: usize = 100;

/// Input and expected output of all cases of a run together: 10 KB for each of 100. With as many bytes of code it stays
/// below [`FUNCTION_BODY_MAX_BYTES`], also where every byte takes two in JSON.
pub const RUN_CASES_MAX_BYTES: usize = 1024 * 1024;

/// Longest name of a case, in characters: one line of a list.
pub const RUN_CASE_NAME_MAX_CHARS: usize = 100;

/// Wall-clock time of all cases of a run together. With the compiler's [`RUN_WALL_MS`] it leaves 10 s of the 40 s that a
/// runner has to finish after SIGTERM for what is between the programs and for the result.
pub const RUN_CASES_WALL_MS: u64 = 20_000;

/// Files of one run, and files of a room.
pub const FILES_MAX: usize = 500;

/// Output kept of a run, both streams together. What comes later is counted, not kept.
pub const RUN_OUTPUT_KEPT_BYTES: usize = 1024 * 1024;

/// Output at which the program is stopped: 16 times what is kept tells a verbose program from a runaway one.
pub const RUN_OUTPUT_KILL_BYTES: u64 = 16 * 1024 * 1024;

/// Wall-clock time of one stage of a run.
pub const RUN_WALL_MS: u64 = 10_000;

/// Processor time of one stage of a run. Half a core over the wall clock would be 5 s; a program that computes
/// on an idle machine may use all of the 10 s.
pub const RUN_CPU_MS: u64 = 10_000;

/// Wall-clock time of a run that takes input while it runs: somebody has to think and type.
pub const RUN_INTERACTIVE_WALL_MS: u64 = 5 * 60_000;

/// Standard input that one `run:stdin` may bring: a pasted file.
pub const RUN_STDIN_PART_MAX_BYTES: usize = 64 * 1024;

/// Runs of one room that its runner works on at once. More go through the queue to another runner.
pub const LEASE_SLOTS: u32 = 4;

/// How long a runner stays with a room that has nothing for it: as long as somebody reads an error message before
/// pressing Run again. In the cloud the task costs all that while.
pub const LEASE_IDLE_MS: u64 = 90_000;

/// How long a room waits for a runner whose connection broke, before its runs go to another.
pub const LEASE_RESUME_MS: u64 = 3_000;

/// How long a run may go without a sign of its runner before the room asks whether it is to be queued again. Longer
/// than [`ATTEMPT_LEASE_MS`], so that the answer can be yes.
pub const LEASE_SILENCE_MS: u64 = 30_000;

/// Terminals of a room that are open at once: each has its own memory and processes on the room's runner.
pub const TERMINALS_MAX: usize = 3;

/// Output of a terminal that is kept for whoever comes later: some thousand lines.
pub const TERMINAL_SCROLLBACK_BYTES: usize = 128 * 1024;

/// Output of a terminal that goes into the room's log: an eighth of the log. What comes later is shown, not recorded,
/// so that no flood drives out the history of the texts.
pub const TERMINAL_RECORDED_BYTES: usize = 8 * 1024 * 1024;

/// Input of a terminal that one message may bring: a pasted page.
pub const TERMINAL_INPUT_MAX_BYTES: usize = 16 * 1024;

/// How long somebody waits for a runner to open a terminal: a cold task takes about a minute to start.
pub const TERMINAL_WAIT_MS: u64 = 5 * 60_000;

/// Memory of a run unless its language needs more.
pub const RUN_MEMORY_BYTES: u64 = 256 * 1024 * 1024;

/// Processes and threads of a run (features F3).
pub const RUN_PROCESSES: u32 = 64;

/// How long an attempt may stay silent before another may claim its run. Longer than two heartbeats
/// ([`ATTEMPT_HEARTBEAT_MS`]), shorter than the queue's visibility timeout, so that the redelivered message finds
/// the lease expired.
pub const ATTEMPT_LEASE_MS: u64 = 25_000;

/// How often a working runner renews its lease and its message's visibility.
pub const ATTEMPT_HEARTBEAT_MS: u64 = 10_000;

/// How often the runner of a run without a room asks whether it is still wanted; it has no stream to hear it from.
pub const ROOMLESS_HEARTBEAT_MS: u64 = 2_000;

/// Visibility timeout of the queue of runs.
pub const RUN_MESSAGE_VISIBILITY_S: u64 = 30;

/// Deliveries of a run's message before it goes to the dead letters.
pub const RUN_MESSAGE_RECEIVES_MAX: u32 = 3;

/// Attempts at a run before it counts as lost: as many as its message has deliveries.
pub const RUN_ATTEMPTS_MAX: u32 = RUN_MESSAGE_RECEIVES_MAX;

/// How long a runner counts as busy after the last sign of it: longer than it stays with a room that has nothing for
/// it. One that leaves stops counting at once.
pub const TASK_BUSY_MS: u64 = 3 * 60_000;

/// How long a run waits for its first runner before it fails as `expired` (features H4).
pub const RUN_QUEUED_MAX_MS: u64 = 5 * 60_000;

/// How long after the end of its lease a run is left to its message, before it is queued again by other means: time
/// for two deliveries ([`RUN_MESSAGE_VISIBILITY_S`] each).
pub const RUN_SILENCE_MAX_MS: u64 = 60_000;

/// Age at which a run that no runner works on is not queued any more: three attempts, each with the whole wait of
/// [`RUN_QUEUED_MAX_MS`].
pub const RUN_OPEN_MAX_MS: u64 = 15 * 60_000;

/// Longest wait of `POST /runs?wait=true`: under the 30 s at which proxies give up.
pub const RUN_WAIT_MAX_MS: u64 = 25_000;

/// Longest name of a room, in characters: one line of a list.
pub const ROOM_NAME_MAX_CHARS: usize = 100;

/// Longest display name of a guest, in characters: what fits beside a cursor.
pub const DISPLAY_NAME_MAX_CHARS: usize = 40;

/// Longest chat message in bytes: a long paragraph or a short program.
pub const CHAT_MESSAGE_MAX_BYTES: usize = 4_000;

/// How long a guest's room lives without an account that claims it.
pub const GUEST_ROOM_LIFETIME_MS: u64 = 7 * 24 * 3_600_000;

/// Runs that one guest may start in a minute.
pub const GUEST_RUNS_PER_MINUTE: u32 = 20;

/// Runs that all guests behind one address may start in a minute: a classroom of 30 pressing Run every 9 s.
pub const GUEST_RUNS_PER_MINUTE_AND_ADDRESS: u32 = 200;

/// Longest name of a snapshot, in characters: one line of a list.
pub const SNAPSHOT_NAME_MAX_CHARS: usize = 100;

/// Longest message of a snapshot, in characters: a commit message of a few paragraphs.
pub const SNAPSHOT_MESSAGE_MAX_CHARS: usize = 2_000;

/// Snapshots of one room. Each may keep a whole document once its moment is older than the history: 200 of 10 MB are
/// a fifth of the 10 GB that an object may hold.
pub const SNAPSHOTS_MAX: usize = 200;

/// Places of the log in one answer.
pub const HISTORY_PAGE_MAX: usize = 1_000;

/// Places of the log in one answer unless said.
pub const HISTORY_PAGE_DEFAULT: usize = 500;

/// Bytes of updates after which a page of the log ends: a page is held in memory a few times over.
pub const HISTORY_PAGE_BYTES: usize = 1_000_000;

/// Chat messages in one answer.
pub const CHAT_PAGE_MAX: usize = 100;

/// What all callers without an account may ask of the API from one address: a classroom of 30 that opens the page in
/// the same second (three calls each), then ten guests at the limit of theirs, or 30 at a third of it.
pub const ADDRESS_QUOTA: Quota = Quota { per_minute: 600, burst: 100 };

/// Attempts with credentials that one address, or one account from one address, may fail within
/// [`ATTEMPTS_WINDOW_MS`] (features L1).
pub const ATTEMPTS_MAX: u32 = 10;

/// The time that [`ATTEMPTS_MAX`] is counted over: 15 minutes.
pub const ATTEMPTS_WINDOW_MS: u64 = 15 * 60_000;

/// Attempts at one account that may fail within [`ATTEMPTS_WINDOW_MS`] from all addresses from which nobody logged in
/// to it lately: ten times what one address may. It bounds guessing from many addresses (10,000 a day against a
/// password that passed the rules), and costs the owner nothing where they usually are.
pub const ATTEMPTS_OF_STRANGERS_MAX: u32 = 100;

/// How long an address from which somebody logged in counts as the owner's.
pub const ADDRESS_KNOWN_MS: u64 = 30 * 24 * 3_600_000;
