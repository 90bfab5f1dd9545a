//! What the runner and its warden say to each other: orders go down one pipe, one report comes back on another.
//!
//! Orders are a length (4 bytes, little endian) and a `JailSpec` as JSON; after that each byte is an `Order`, and
//! the end of the pipe means that the runner is gone. The report is one `Report` as JSON.

use std::io::{self, Read, Write};
use std::path::PathBuf;

use nix::libc;
use protocol::run::SourceFile;
use serde::{Deserialize, Serialize};

/// How much isolation was reached. The order is the strength.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// A user id of its own, seccomp, rlimits, and Landlock where the kernel has it.
    Process,
    /// The same inside namespaces of its own, with a minimal root.
    Namespaces,
}

/// Kernel features that the warden denies itself, to behave as on a machine that lacks them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Withheld {
    /// Nothing: use what the machine has.
    #[default]
    Nothing,
    /// Namespaces and mounts, as in a Fargate task.
    Namespaces,
    /// Namespaces, mounts and Landlock, as in a Fargate task with an old kernel.
    Landlock,
}

/// Bounds of one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepLimits {
    /// Wall clock.
    pub wall_ms: u64,
    /// Processor time of all processes together.
    pub cpu_ms: u64,
    /// Resident memory of all processes together.
    pub memory_bytes: u64,
    /// Processes and threads.
    pub processes: u32,
    /// Everything written to the job's folders; also the largest file.
    pub disk_bytes: u64,
    /// Files and folders in the job's folders.
    pub inodes: u64,
}

/// What the job's standard streams are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Attached {
    /// Three pipes.
    Pipes,
    /// A terminal of its own, which also controls its session.
    Terminal,
}

/// One program to run in the job's place.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Step {
    /// Absolute, or relative to the work folder (`../out/program`).
    pub program: String,
    /// Without the program's own name.
    pub args: Vec<String>,
    /// On top of the jail's own few variables.
    pub env: Vec<(String, String)>,
    /// Whether the run's standard input is connected; otherwise it is empty.
    pub reads_stdin: bool,
    /// Its bounds.
    pub limits: StepLimits,
}

/// What becomes of the folder `out`, in which compilers leave their product.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Product {
    /// It goes with the job.
    #[default]
    Own,
    /// When every step has ended well, its files are copied to this folder, which is empty and the runner's.
    Keep(PathBuf),
    /// It shows the files of this folder, which an earlier job's were copied to, and the job cannot change it.
    Use(PathBuf),
}

/// The warden's orders.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct JailSpec {
    /// User and group id of the job; the runner's own when it is not root.
    pub(super) uid: u32,
    /// The job's folder on disk, or the mount point of its root.
    pub(super) directory: PathBuf,
    /// Which kind of place to prepare.
    pub(super) tier: Tier,
    /// What to deny itself first.
    pub(super) withheld: Withheld,
    /// What the inherited descriptors are.
    pub(super) attached: Attached,
    /// Files for the work folder.
    pub(super) files: Vec<SourceFile>,
    /// What becomes of what compilers make.
    pub(super) product: Product,
    /// A folder that the job may read, under the same path.
    pub(super) caches: Option<PathBuf>,
    /// Run in order until one does not end with exit code 0. None: only clean up after the user id.
    pub(super) steps: Vec<Step>,
}

/// Why the runner wants the job to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stop {
    /// Somebody pressed Stop, or the task is going away.
    Cancel,
    /// It wrote more than a program may.
    Output,
}

impl Stop {
    /// Its byte on the control pipe.
    pub(super) fn as_byte(self) -> u8 {
        match self {
            Self::Cancel => b'c',
            Self::Output => b'o',
        }
    }
}

/// What the runner tells the warden while a job runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// End it.
    Stop(Stop),
    /// Say what has become of its files.
    Changes,
}

/// The byte of [`Order::Changes`].
pub(super) const CHANGES: u8 = b'f';

impl Order {
    /// What a byte (or the pipe's end) means: anything unknown is a reason to stop, too.
    pub(super) fn from_byte(byte: Option<u8>) -> Self {
        match byte {
            Some(CHANGES) => Self::Changes,
            Some(b'o') => Self::Stop(Stop::Output),
            Some(_) | None => Self::Stop(Stop::Cancel),
        }
    }
}

/// The bound that a step reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Bound {
    /// Wall clock or processor time.
    Time,
    /// Resident memory.
    Memory,
    /// Processes and threads.
    Processes,
    /// Bytes or files written.
    Disk,
}

/// How the main process of a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ended {
    /// By itself, with this exit code.
    Exited(i32),
    /// By this signal.
    Signalled(i32),
}

impl Ended {
    /// What a wait status says.
    pub(super) fn of(status: i32) -> Self {
        if libc::WIFSIGNALED(status) {
            Self::Signalled(libc::WTERMSIG(status))
        } else {
            Self::Exited(libc::WEXITSTATUS(status))
        }
    }
}

/// What one step came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepOutcome {
    /// How it ended.
    pub ended: Ended,
    /// The bound for which it was killed, or that it hit by itself.
    pub bound: Option<Bound>,
    /// The runner's wish for which it was killed.
    pub stopped: Option<Stop>,
    /// Wall clock from start to the end of the main process.
    pub wall_ms: u64,
    /// Processor time of all its processes.
    pub cpu_ms: u64,
    /// The most memory that was seen.
    pub memory_bytes: u64,
}

impl StepOutcome {
    /// Whether the next step may follow.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.ended == Ended::Exited(0) && self.bound.is_none() && self.stopped.is_none()
    }
}

/// What a job came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Isolation that it ran under.
    pub tier: Tier,
    /// Whether Landlock was enforced.
    pub landlock: bool,
    /// One for each step that was started.
    pub steps: Vec<StepOutcome>,
    /// What was left behind or odd: the runner has to be replaced.
    pub anomaly: Option<String>,
}

/// The warden's answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Report {
    /// The steps ran.
    Done(Outcome),
    /// Nothing ran, or not all of it, for a reason that is not the job's.
    Refused(String),
}

/// Writes the orders.
pub(super) fn encode(spec: &JailSpec) -> io::Result<Vec<u8>> {
    let body = serde_json::to_vec(spec)?;
    let length = u32::try_from(body.len()).map_err(io::Error::other)?;
    let mut bytes = Vec::with_capacity(body.len() + 4);
    bytes.write_all(&length.to_le_bytes())?;
    bytes.extend(body);
    Ok(bytes)
}

/// Reads the orders.
pub(super) fn read(mut from: impl Read) -> io::Result<JailSpec> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let mut body = vec![0; u32::from_le_bytes(length) as usize];
    from.read_exact(&mut body)?;
    Ok(serde_json::from_slice(&body)?)
}
