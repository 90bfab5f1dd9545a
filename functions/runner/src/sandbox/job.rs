//! The last moments before a job: a forked child of the warden binds itself and becomes the program.
//!
//! The order matters. What needs power comes first (limits, ids), then what can be done without (`no_new_privs`,
//! Landlock), then closing what must not be inherited, and seccomp last, since it forbids the rest. A layer that
//! fails ends the child: there is no way past [`enter`] into a program with less.

use std::convert::Infallible;
use std::ffi::CString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::path::PathBuf;
use std::process::exit;

use nix::errno::Errno;
use nix::libc;
use nix::sys::prctl::{set_no_new_privs, set_pdeathsig};
use nix::sys::signal::{SigHandler, SigSet, SigmaskHow, Signal, signal, sigprocmask};
use nix::unistd::{Pid, chdir, dup2_stderr, dup2_stdin, dup2_stdout, execve, getppid, setsid};

use super::seccomp::JobFilter;
use super::spec::{Attached, StepLimits, Tier};
use super::{landlock, privileges, pty};

/// Everything that the child needs, made before the fork.
#[derive(Debug)]
pub(super) struct Plan<'warden> {
    pub(super) program: CString,
    /// With the program's name first.
    pub(super) args: Vec<CString>,
    pub(super) env: Vec<CString>,
    /// The folder of the job's folders, as the job names it.
    pub(super) home: PathBuf,
    /// A folder of the machine that it may read.
    pub(super) caches: Option<PathBuf>,
    /// Standard input, output, error.
    pub(super) streams: [BorrowedFd<'warden>; 3],
    pub(super) attached: Attached,
    pub(super) uid: u32,
    pub(super) tier: Tier,
    pub(super) limits: StepLimits,
    pub(super) filter: &'warden JobFilter,
}

/// What the child writes before anything else once Landlock is on, and what it writes when it is not.
pub(super) const LANDLOCK_ON: u8 = b'+';
/// See [`LANDLOCK_ON`].
pub(super) const LANDLOCK_OFF: u8 = b'-';

/// Becomes the job. `notes` closes on exec: it says whether Landlock is on, and then why there is no program, if so.
pub(super) fn enter(plan: &Plan<'_>, parent: Pid, mut notes: File) -> ! {
    let Err(error) = try_enter(plan, parent, &mut notes);
    // The warden reads it; when even that fails, the exit code speaks.
    let told = write!(notes, "{error}");
    exit(if told.is_ok() { 126 } else { 127 });
}

fn try_enter(plan: &Plan<'_>, parent: Pid, notes: &mut File) -> io::Result<Infallible> {
    setsid()?;
    reset_signals()?;
    let [stdin, stdout, stderr] = plan.streams;
    dup2_stdin(stdin)?;
    dup2_stdout(stdout)?;
    dup2_stderr(stderr)?;
    if plan.attached == Attached::Terminal {
        pty::take_control(stdin)?;
    }
    // When memory runs out, the kernel is to kill the job and not the runner.
    fs::write("/proc/self/oom_score_adj", "1000")?;
    privileges::limit(&plan.limits)?;
    privileges::drop_to(plan.uid)?;
    die_with(parent)?;
    chdir(&plan.home.join("work"))?;
    set_no_new_privs()?;
    let terminal = (plan.attached == Attached::Terminal).then_some(stdin);
    let landlocked =
        landlock::restrict(&plan.home, plan.caches.as_deref(), plan.tier, terminal).map_err(io::Error::other)?;
    notes.write_all(&[if landlocked { LANDLOCK_ON } else { LANDLOCK_OFF }])?;
    close_all_but(notes.as_raw_fd())?;
    plan.filter.load().map_err(io::Error::other)?;
    Ok(execve(&plan.program, &plan.args, &plan.env)?)
}

/// Exec keeps ignored signals and the mask; Rust ignores SIGPIPE, the warden blocks SIGCHLD, and whoever started the
/// runner in the background had it ignore SIGINT, without which nothing in a terminal could be interrupted.
fn reset_signals() -> nix::Result<()> {
    let settable = Signal::iterator().filter(|kind| !matches!(kind, Signal::SIGKILL | Signal::SIGSTOP));
    for kind in settable {
        // SAFETY: the default action runs no code of ours.
        unsafe { signal(kind, SigHandler::SigDfl)? };
    }
    sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None)
}

/// Set after the ids, whose change clears it.
fn die_with(parent: Pid) -> io::Result<()> {
    set_pdeathsig(Signal::SIGKILL)?;
    if getppid() != parent {
        return Err(io::Error::other("the jail is gone"));
    }
    Ok(())
}

/// Closes every descriptor above standard error except `kept`.
fn close_all_but(kept: i32) -> nix::Result<()> {
    let kept = kept.unsigned_abs();
    for (first, last) in [(3, kept.saturating_sub(1)), (kept + 1, u32::MAX)] {
        if first <= last {
            // SAFETY: no value of this process that owns a descriptor is used after this: it becomes the job or exits.
            Errno::result(unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) })?;
        }
    }
    Ok(())
}
