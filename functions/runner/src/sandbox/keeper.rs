//! The keeper: `runner jail`, a process that forks a warden for each job and does nothing else.
//!
//! To start the runner's program anew for each job would take longer than most jobs do. The keeper has started once, is
//! small, and has the system-call filter ready. It gets a job's ends of the pipes in a message (`SCM_RIGHTS` of
//! unix(7)), forks, and closes them: no byte of a job ever comes by here, so a warden inherits nothing of another's.
//! It lives as long as the runner holds its socket; wardens outlive it and end with their own pipes.

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio, exit};
use std::sync::{Mutex, PoisonError};

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::signal::{SigHandler, Signal, signal};
use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockType, recvmsg, sendmsg, socketpair,
};
use nix::sys::stat::Mode;
use nix::unistd::{ForkResult, dup2_stdin, fork};

use super::seccomp::JobFilter;
use super::warden;

/// Most descriptors of one message: see [`Ends`].
const ENDS_MAX: usize = 6;

/// The warden's ends of a job's pipes.
#[derive(Debug)]
pub(super) struct Ends {
    /// The runner's orders.
    pub(super) orders: OwnedFd,
    /// For the report.
    pub(super) report: OwnedFd,
    /// The job's input, output, error output.
    pub(super) streams: [OwnedFd; 3],
    /// The lock of the job's user id, which is free only when warden and runner have both let go.
    pub(super) lock: Option<OwnedFd>,
}

/// The runner's hold on its keeper, which is started anew should it ever be gone.
#[derive(Debug)]
pub(super) struct Keeper {
    program: PathBuf,
    process: Mutex<Option<Process>>,
}

#[derive(Debug)]
struct Process {
    /// Closing it ends the keeper.
    socket: Option<OwnedFd>,
    child: Child,
}

impl Keeper {
    pub(super) fn new(program: &Path) -> Self {
        Self { program: program.to_owned(), process: Mutex::new(None) }
    }

    /// Has a warden made that works with `ends`: orders, report, three streams and, if there is one, the lock.
    pub(super) fn make_warden(&self, ends: &[BorrowedFd<'_>]) -> io::Result<()> {
        let ends: Vec<RawFd> = ends.iter().map(AsRawFd::as_raw_fd).collect();
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = &*process {
            match running.send(&ends) {
                Err(Errno::EPIPE | Errno::ECONNRESET | Errno::ENOTCONN) => {
                    tracing::warn!("the keeper of the jails is gone; starting another");
                }
                sent => return Ok(sent?),
            }
        }
        let started = process.insert(Process::start(&self.program)?);
        Ok(started.send(&ends)?)
    }
}

impl Process {
    fn start(program: &Path) -> io::Result<Self> {
        let (ours, theirs) = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)?;
        let mut command = Command::new(program);
        // A group of its own, or Ctrl-C in a terminal would end its wardens before they have cleaned up.
        command.arg0("runner").arg("jail").env_clear().process_group(0);
        let child = command.stdin(Stdio::from(theirs)).stdout(Stdio::null()).spawn()?;
        Ok(Self { socket: Some(ours), child })
    }

    fn send(&self, ends: &[RawFd]) -> nix::Result<()> {
        let socket = self.socket.as_ref().ok_or(Errno::ENOTCONN)?;
        // A message cannot be empty.
        let bytes = [IoSlice::new(&[0])];
        let flags = MsgFlags::MSG_NOSIGNAL | MsgFlags::MSG_DONTWAIT;
        sendmsg::<()>(socket.as_raw_fd(), &bytes, &[ControlMessage::ScmRights(ends)], flags, None).map(drop)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.socket = None;
        if let Err(error) = self.child.wait() {
            tracing::warn!(%error, "the keeper's end is unknown");
        }
    }
}

/// Runs `runner jail`, whose standard input is the runner's socket. Must be called before the process has a second
/// thread.
#[must_use]
pub fn main() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("jail: {why}");
            ExitCode::FAILURE
        }
    }
}

fn serve() -> Result<(), String> {
    let filter = JobFilter::compile();
    // Wardens report to the runner; here the kernel forgets them by itself.
    on_ended_child(SigHandler::SigIgn).map_err(|error| format!("ignoring ended wardens: {error}"))?;
    while let Some(ends) = receive().map_err(|error| format!("reading a message of the runner: {error}"))? {
        // SAFETY: the keeper has one thread, so the child may do anything; it leaves by exit.
        match unsafe { fork() } {
            Ok(ForkResult::Child) => become_warden(ends, &filter),
            Ok(ForkResult::Parent { .. }) => {}
            // The runner sees that its pipes have no other end.
            Err(error) => eprintln!("jail: no process for a warden: {error}"),
        }
    }
    Ok(())
}

fn become_warden(ends: Ends, filter: &JobFilter) -> ! {
    let result = on_ended_child(SigHandler::SigDfl)
        .and_then(|()| open("/dev/null", OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty()))
        // The keeper's socket is no business of a warden.
        .and_then(dup2_stdin);
    exit(match result {
        Ok(()) => warden::main(ends, filter),
        Err(error) => {
            eprintln!("jail: becoming a warden: {error}");
            1
        }
    })
}

fn on_ended_child(handler: SigHandler) -> nix::Result<()> {
    // SAFETY: neither ignoring nor the default runs code of ours.
    unsafe { signal(Signal::SIGCHLD, handler) }.map(drop)
}

/// The next message, unless the runner is gone.
fn receive() -> Result<Option<Ends>, String> {
    let stdin = io::stdin();
    let mut byte = [0];
    let mut bytes = [IoSliceMut::new(&mut byte)];
    let mut space = nix::cmsg_space!([RawFd; ENDS_MAX]);
    let socket = stdin.as_fd().as_raw_fd();
    let message = loop {
        match recvmsg::<()>(socket, &mut bytes, Some(&mut space), MsgFlags::MSG_CMSG_CLOEXEC) {
            Err(Errno::EINTR) => {}
            other => break other.map_err(|error| error.to_string())?,
        }
    };
    if message.bytes == 0 {
        return Ok(None);
    }
    let mut ends = Vec::new();
    for part in message.cmsgs().map_err(|error| error.to_string())? {
        if let ControlMessageOwned::ScmRights(received) = part {
            // SAFETY: the kernel has just made these descriptors for this process, which owns them by this alone.
            ends.extend(received.into_iter().map(|end| unsafe { OwnedFd::from_raw_fd(end) }));
        }
    }
    let mut ends = ends.into_iter();
    let mut next = || ends.next().ok_or_else(|| "a job has at least 5 pipes".to_owned());
    Ok(Some(Ends { orders: next()?, report: next()?, streams: [next()?, next()?, next()?], lock: next().ok() }))
}
