//! The sandbox: runs strangers' code so that nothing but its output comes out.
//!
//! # Threat model
//! The job is hostile: native code, written by somebody who has read this file. It wants to read the runner's
//! credentials and other people's code, to reach the network or the task's metadata endpoint, to outlive its run, to
//! exhaust the machine, or to make something privileged touch a path that it controls. Out of scope: bugs of the
//! kernel itself (the system-call list keeps that surface small) and side channels between jobs that share a core.
//!
//! # Layers
//! Each one stands without the others; see `job::enter` for the order.
//!
//! | layer | stops | without it |
//! |---|---|---|
//! | a user id per run | signals, `/proc/*/environ`, ptrace, other jobs' files | refuses to run |
//! | seccomp allow-list | sockets, namespaces, memfd, io_uring, ptrace, keyrings, bpf, IPC objects | refuses to run |
//! | `no_new_privs`, no capabilities, empty bounding set | set-user-id programs | refuses to run |
//! | rlimits and the warden's own measuring | exhaustion | refuses to run |
//! | Landlock | reading and writing outside the job's folders | reported (`landlock: false`) |
//! | pid, mount, net, ipc, uts, cgroup namespaces | seeing the machine at all | [`Tier::Process`] |
//!
//! # Processes
//! The runner starts itself again as `runner jail`, the *keeper*: one thread, an empty environment. The keeper forks a
//! *warden* for each job, with its orders on a pipe ([`spec`]). The warden prepares the place, starts each step (compilers
//! too are jobs), measures, kills, cleans up, reports. It never opens a path below a folder that the job can write,
//! except to delete it or, of a dead job, to keep it, by directory handles and without following links. When the runner
//! dies, its pipe closes and the warden kills the job.
//!
//! # Terminals
//! A job has pipes or a terminal ([`Sandbox::start_terminal`]), never both. The runner alone holds the terminal's other
//! end (`pty`); the job may open its own by `/dev/tty` and `/dev/std*`, no other, and may not type into it. What has
//! become of its files is looked at with the job's own rights (`collect`), while it runs and when it is dead.
//!
//! # What this module does not do
//! It knows no language, no queue and no network: it takes steps and gives back bytes and an [`Outcome`].

// JUSTIFICATION: the layers are system calls without a safe wrapper (raw clone, wait4 with resource usage, dropping
// capabilities), and fork leaves one thread behind. Every use of `unsafe` says why it is sound.

mod artefact;
mod changes;
mod collect;
mod decision;
mod files;
mod job;
mod keeper;
mod kill;
mod landlock;
mod launch;
mod namespaces;
mod place;
mod privileges;
mod pty;
mod seccomp;
pub mod spec;
mod step;
mod streams;
mod syscalls;
mod terminal;
mod uid;
mod usage;
mod warden;
mod watch;

use std::io;

pub use artefact::Artefact;
pub use changes::{
    CHANGED_FILE_MAX_BYTES, CHANGED_FILES_MAX, CHANGED_MAX_BYTES, Changes, LEFT_OUT_MAX, LeftOut, WhyLeftOut,
};
pub use keeper::main as keeper_main;
pub use launch::{Control, Job, Running, Sandbox, SandboxConfig};
pub use pty::{InvalidSize, Master, SIDE_MAX, TerminalSize};
pub use spec::{Bound, Ended, Outcome, Product, Step, StepLimits, StepOutcome, Stop, Tier, Withheld};
pub use terminal::{ChangesReader, RunningTerminal};

/// Why the sandbox could not do its work. None of these is the job's doing.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// Something of the machine's failed.
    #[error("{doing}")]
    Io {
        /// What was being done, for the log.
        doing: &'static str,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// No user id is free: too many jobs, or a full lock folder.
    #[error("no free user id for a job")]
    NoFreeUid,
    /// The warden reports that a layer or the place could not be set up, so nothing ran.
    #[error("the jail refused: {0}")]
    Refused(String),
    /// The warden ended without its report: what it left is unknown.
    #[error("the jail ended without a report")]
    NoReport,
    /// The machine gives less isolation than the configuration demands.
    #[error("this machine reaches the tier {reached:?}, but RUNNER_MIN_TIER demands {demanded:?}: {why}")]
    TierTooLow {
        /// What it reaches.
        reached: Tier,
        /// What is demanded.
        demanded: Tier,
        /// Why not more.
        why: String,
    },
    /// Neither root nor user namespaces: there is no way to separate the job.
    #[error("the runner needs root (to give each run its own user id) or user namespaces: {0}")]
    NotRoot(String),
}

/// Shortens `map_err` for system calls.
fn during(doing: &'static str) -> impl FnOnce(io::Error) -> SandboxError {
    move |cause| SandboxError::Io { doing, cause }
}
