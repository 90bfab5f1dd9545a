//! Killing everything of a job, and proving that nothing is left.
//!
//! A process that kills -1 hits, in one step that no fork can slip past, everything that it may signal. The
//! *executioner* is a child of the warden made for that: its effective id is the job's, so it may signal the job's
//! processes and no others; its real and saved ids are used by nobody else, so the job cannot signal it back.
//!
//! The warden is the nearest subreaper of all that the job started: when it has no child left, nothing is alive.

use std::os::fd::AsFd;
use std::process::exit;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::signalfd::SignalFd;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork, geteuid, getuid};

use super::uid::executioner_of;
use super::usage::Usage;

/// How long killed processes may take to go. One that is stuck in the kernel longer is an anomaly.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often to look whether they have gone, should a signal be missed.
const LOOK_EVERY_MS: u8 = 50;

/// Sends every process of `uid` a signal that none survives.
///
/// # Errors
/// When they could not be signalled.
pub(super) fn everything_of(uid: u32) -> Result<(), String> {
    // SAFETY: the warden has one thread, so the child may do anything; it leaves by exit.
    let executioner = match unsafe { fork() } {
        Ok(ForkResult::Child) => execute(uid),
        Ok(ForkResult::Parent { child }) => child,
        Err(error) => return Err(format!("no process to kill the job with: {error}")),
    };
    match waitpid(executioner, None) {
        Ok(WaitStatus::Exited(_, 0)) => Ok(()),
        other => Err(format!("the job could not be killed: {other:?}")),
    }
}

fn execute(uid: u32) -> ! {
    // As root, kill -1 would be the end of the machine: no doubt is allowed here.
    if !act_as(uid) {
        exit(3);
    }
    match kill(Pid::from_raw(-1), Signal::SIGKILL) {
        // Nobody but the executioner and the first process exists at all.
        Ok(()) | Err(Errno::ESRCH) => exit(0),
        Err(_) => exit(1),
    }
}

/// Gives the calling process the rights of `uid`, and a real and a saved id that let `uid` do nothing to it. Answers
/// whether that has come true.
pub(super) fn act_as(uid: u32) -> bool {
    let own = executioner_of(uid);
    // SAFETY: setresuid takes three numbers. The raw system call, since it must change this thread and nothing else.
    let result = unsafe { libc::syscall(libc::SYS_setresuid, own, uid, own) };
    result == 0 && geteuid().as_raw() == uid && getuid().as_raw() == own
}

/// Waits until the warden has no child left, counting what they used.
///
/// # Errors
/// When something survived.
pub(super) fn reap_all(usage: &mut Usage, child_ended: &SignalFd) -> Result<(), String> {
    let started = Instant::now();
    while usage.has_children().map_err(|error| format!("reaping: {error}"))? {
        if started.elapsed() > PATIENCE {
            return Err("processes of the job survived being killed".to_owned());
        }
        let mut ended = [PollFd::new(child_ended.as_fd(), PollFlags::POLLIN)];
        poll(&mut ended, PollTimeout::from(LOOK_EVERY_MS)).map_err(|error| format!("reaping: {error}"))?;
        child_ended.read_signal().map_err(|error| format!("reaping: {error}"))?;
    }
    Ok(())
}
