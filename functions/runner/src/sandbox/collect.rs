//! Looking at what a job has done to its files, while it runs and after its end.
//!
//! The files are the job's, so nothing privileged may look at them. The *collector* is a child of the warden that
//! first gives up everything but the job's own rights: its effective ids are the job's, so that it sees no more than
//! the job does; its real and saved ids are used by nobody else, so the job cannot signal or trace it. A job that
//! changes files under its hands makes it see a mixture of old and new, and nothing else.
//!
//! An answer is one line of JSON between two ends of a line, so that one which was cut off spoils no other.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::process::exit;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{Signal, kill};
use nix::sys::signalfd::SignalFd;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Gid, Pid, fork, geteuid, setgroups, setresgid};
use protocol::run::SourceFile;
use serde::{Deserialize, Serialize};

use super::changes::{self, Changes};
use super::kill::act_as;
use super::privileges;
use super::uid::executioner_of;

/// How long the last look may take, a reader of its answer included: it takes some milliseconds, and until it is over
/// nobody hears that the job has ended.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often to look whether the collector has ended, should a signal be missed.
const LOOK_EVERY_MS: u8 = 50;

/// What the collector says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Answer {
    /// Whether everything of the job was dead.
    pub(super) is_last: bool,
    pub(super) changes: Changes,
}

/// What it takes to look.
#[derive(Debug)]
pub(super) struct Collector<'warden> {
    /// The folder of the job's folders.
    pub(super) job: &'warden OwnedFd,
    /// What the work folder held at first.
    pub(super) originals: &'warden [SourceFile],
    pub(super) uid: u32,
    /// Where answers go.
    pub(super) answers: File,
}

impl Collector<'_> {
    /// Begins to look, while the job runs. The child ends when its answer has been read.
    pub(super) fn start(&self) -> nix::Result<Pid> {
        self.start_for(false)
    }

    /// Looks a last time. Everything of the job is dead, and the warden has no other child.
    ///
    /// # Errors
    /// When there is no answer.
    pub(super) fn finish(&self, child_ended: &SignalFd) -> Result<(), String> {
        let child = self.start_for(true).map_err(|error| format!("no process to collect the files with: {error}"))?;
        match await_end(child, child_ended) {
            Ok(WaitStatus::Exited(_, 0)) => Ok(()),
            other => Err(format!("the job's files could not be collected: {other:?}")),
        }
    }

    fn start_for(&self, is_last: bool) -> nix::Result<Pid> {
        // SAFETY: the warden has one thread, so the child may do anything; it leaves by exit.
        match unsafe { fork()? } {
            ForkResult::Child => exit(if self.answer(is_last).is_ok() { 0 } else { 1 }),
            ForkResult::Parent { child } => Ok(child),
        }
    }

    /// In the child.
    fn answer(&self, is_last: bool) -> io::Result<()> {
        give_up_power(self.uid)?;
        // After the ids, whose change clears it.
        set_pdeathsig(Signal::SIGKILL)?;
        let changes = changes::since(self.originals, self.job, self.uid)?;
        let mut line = vec![b'\n'];
        serde_json::to_writer(&mut line, &Answer { is_last, changes })?;
        line.push(b'\n');
        (&self.answers).write_all(&line)
    }
}

/// Keeps the rights of `uid` alone.
fn give_up_power(uid: u32) -> io::Result<()> {
    if geteuid().is_root() {
        let own = Gid::from_raw(executioner_of(uid));
        setgroups(&[])?;
        setresgid(own, Gid::from_raw(uid), own)?;
        if !act_as(uid) {
            return Err(io::Error::other("the user id did not change"));
        }
    }
    privileges::drop_capabilities()?;
    Ok(())
}

/// Ends a collector that is not wanted any more. It is the warden's child and not yet reaped.
pub(super) fn end(collector: Pid) {
    // It may be a zombie already; then there is nothing to do.
    let _gone = kill(collector, Signal::SIGKILL);
}

fn await_end(child: Pid, child_ended: &SignalFd) -> nix::Result<WaitStatus> {
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        match waitpid(child, Some(WaitPidFlag::WNOHANG))? {
            WaitStatus::StillAlive => {}
            ended => return Ok(ended),
        }
        poll(&mut [PollFd::new(child_ended.as_fd(), PollFlags::POLLIN)], PollTimeout::from(LOOK_EVERY_MS))?;
        child_ended.read_signal()?;
    }
    end(child);
    waitpid(child, None)
}
