//! A terminal that people share: a shell or a REPL in the sandbox, what they type, what it shows, and what has become
//! of their files.
//!
//! # Life of a keystroke
//! [`TerminalHandle::input`] hands text to the terminal's task (`session`), which writes it to the terminal. What the
//! program answers is gathered (`outbox`) and goes out as [`TerminalEvent::Output`]: at once after a quiet time, and
//! in a flood as one piece each 10 ms.
//!
//! # Invariants
//! Bounded: when nobody takes events the task stops reading, the kernel's buffer fills, and the program waits; when the
//! program does not read, input is refused. Nothing is dropped on either side.
//! Final: [`TerminalEvent::Ended`] is the last event, and when it comes everything of the job is dead.
//! Owned: a terminal whose handle or whose receiver is dropped is closed.

mod handle;
mod outbox;
mod session;

use std::time::Duration;

use protocol::language::Language;
use protocol::run::SourceFile;
use tokio::sync::mpsc;

use crate::languages::{DISK_BYTES, INODES, Interactive, Recipe, Tool};
use crate::sandbox::{Changes, Job, Product, Sandbox, SandboxError, StepLimits, TerminalSize};

pub use handle::{ChangesError, INPUT_MAX_BYTES, InputRefused, TerminalHandle};

use session::Session;

/// How long a terminal may last: a lesson. Who needs more opens another.
const WALL: Duration = Duration::from_secs(3_600);

/// How long it may last without input: people who think come back sooner.
const IDLE: Duration = Duration::from_secs(15 * 60);

/// Processor time: no more than a loop that was left alone can use up before the terminal ends as idle.
const CPU: Duration = IDLE;

/// Resident memory: what the largest runtime of a run gets.
const MEMORY_BYTES: u64 = 512 << 20;

/// Processes and threads: a JVM or Node beside a compiler, as for runs.
const PROCESSES: u32 = 64;

/// Events that wait for who takes them. With one frame of 16 KiB each, a terminal holds 256 KiB for somebody slow.
const EVENTS_WAITING: usize = 16;

/// What is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TerminalProgram {
    /// The shell.
    Shell,
    /// The language's REPL, or the shell when it has none.
    Repl(Language),
}

/// What a terminal may use up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TerminalBounds {
    /// Time in all.
    pub wall: Duration,
    /// Time without input.
    pub idle: Duration,
    /// Processor time of all processes together.
    pub cpu: Duration,
    /// Resident memory of all processes together.
    pub memory_bytes: u64,
    /// Processes and threads.
    pub processes: u32,
    /// Everything written.
    pub disk_bytes: u64,
}

impl Default for TerminalBounds {
    fn default() -> Self {
        Self {
            wall: WALL,
            idle: IDLE,
            cpu: CPU,
            memory_bytes: MEMORY_BYTES,
            processes: PROCESSES,
            disk_bytes: DISK_BYTES,
        }
    }
}

/// What somebody wants to talk to.
#[derive(Debug, Clone)]
pub struct TerminalOrder {
    /// The program.
    pub program: TerminalProgram,
    /// What its folder holds at first.
    pub files: Vec<SourceFile>,
    /// How much the terminal shows.
    pub size: TerminalSize,
    /// What it may use up.
    pub bounds: TerminalBounds,
}

/// What a terminal says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TerminalEvent {
    /// The next characters to show, escape sequences among them.
    Output(String),
    /// It is over. The last event.
    Ended(TerminalEnd),
}

/// How a terminal ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TerminalEnd {
    /// Why.
    pub reason: EndReason,
    /// Of the program, if it ended by itself and not by a signal.
    pub exit_code: Option<i32>,
    /// What has become of the files. `None` when nobody could look, which is the runner's fault.
    pub changes: Option<Changes>,
    /// What is odd about the machine now: this runner has to be replaced.
    pub anomaly: Option<String>,
}

/// Why a terminal ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndReason {
    /// The program ended by itself.
    Exited,
    /// Somebody closed it, or nobody holds it any more.
    Closed,
    /// Nobody typed for too long.
    Idle,
    /// Wall clock or processor time.
    TimeLimit,
    /// Resident memory.
    MemoryLimit,
    /// Processes and threads.
    ProcessLimit,
    /// Bytes or files written.
    DiskLimit,
    /// The runner's fault.
    Internal,
}

/// A terminal; [`Terminal::open`] makes one.
#[derive(Debug)]
pub struct Terminal;

impl Terminal {
    /// Starts the program in a terminal of its own. A toolchain that is missing is told as output, as for runs.
    ///
    /// # Errors
    /// When the machine gives no process, terminal or user id.
    pub async fn open(
        sandbox: &Sandbox,
        order: TerminalOrder,
    ) -> Result<(TerminalHandle, mpsc::Receiver<TerminalEvent>), SandboxError> {
        let (events, received) = mpsc::channel(EVENTS_WAITING);
        let (program, missing) = program(order.program);
        if let Some(tool) = missing {
            let end = TerminalEnd { reason: EndReason::Internal, exit_code: None, changes: None, anomaly: None };
            for event in [TerminalEvent::Output(tool.missing_words()), TerminalEvent::Ended(end)] {
                events.try_send(event).expect("an empty channel has room for two events");
            }
            let (handle, _commands) = handle::channel();
            return Ok((handle, received));
        }
        let job = Job { files: order.files, steps: vec![program.step(limits(&order.bounds))], product: Product::Own };
        let running = sandbox.start_terminal(job, order.size).await?;
        let (handle, commands) = handle::channel();
        tokio::spawn(Session::new(running, &order.bounds, events).run(commands));
        Ok((handle, received))
    }
}

/// What to start, and what of it is missing.
fn program(wanted: TerminalProgram) -> (&'static Interactive, Option<Tool>) {
    match wanted {
        TerminalProgram::Shell => (Interactive::shell(), Interactive::shell().missing_tool()),
        TerminalProgram::Repl(language) => {
            let recipe = Recipe::of(language);
            let program = Interactive::of(recipe);
            (program, recipe.missing_tools().first().copied().or_else(|| program.missing_tool()))
        }
    }
}

fn limits(bounds: &TerminalBounds) -> StepLimits {
    let milliseconds = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    StepLimits {
        wall_ms: milliseconds(bounds.wall),
        cpu_ms: milliseconds(bounds.cpu),
        memory_bytes: bounds.memory_bytes,
        processes: bounds.processes,
        disk_bytes: bounds.disk_bytes,
        inodes: INODES,
    }
}
