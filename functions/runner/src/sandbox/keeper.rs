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
const ENDS_MAX: usize = 7;

/// What a warden works with: borrowed by the runner that sends it, owned by the keeper that gets it.
#[derive(Debug)]
pub(super) struct Ends<End> {
    /// The runner's orders.
    pub(super) orders: End,
    /// For the report.
    pub(super) report: End,
    /// The job's input, output, error output.
    pub(super) streams: [End; 3],
    /// Where to say what has become of the files of a job with a terminal.
    pub(super) changes: Option<End>,
    /// The lock of the job's user id, which is free only when warden and runner have both let go.
    pub(super) lock: Option<End>,
}

/// In the byte of a message: the ends hold [`Ends::changes`].
const HAS_CHANGES: u8 = 1;
/// Likewise [`Ends::lock`].
const HAS_LOCK: u8 = 2;

impl Ends<BorrowedFd<'_>> {
    /// As a message: a byte that says which of the last two there are, and all that there are in the fields' order.
    fn pack(&self) -> (u8, Vec<RawFd>) {
        let changes = self.changes.map_or(0, |_| HAS_CHANGES);
        let lock = self.lock.map_or(0, |_| HAS_LOCK);
        let ends = [self.orders, self.report].into_iter().chain(self.streams).chain(self.changes).chain(self.lock);
        (changes | lock, ends.map(|end| end.as_raw_fd()).collect())
    }
}

impl Ends<OwnedFd> {
    /// From a message, which must hold what its byte says and nothing else.
    fn unpack(byte: u8, ends: Vec<OwnedFd>) -> Result<Self, String> {
        let has = |kind| byte & kind != 0;
        let expected = 5 + usize::from(has(HAS_CHANGES)) + usize::from(has(HAS_LOCK));
        if ends.len() != expected {
            return Err(format!("{} descriptors in place of {expected}", ends.len()));
        }
        let mut ends = ends.into_iter();
        let mut next = || ends.next().ok_or_else(|| "a descriptor is missing".to_owned());
        Ok(Self {
            orders: next()?,
            report: next()?,
            streams: [next()?, next()?, next()?],
            changes: has(HAS_CHANGES).then(&mut next).transpose()?,
            lock: has(HAS_LOCK).then(&mut next).transpose()?,
        })
    }
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

    /// Has a warden made that works with `ends`.
    pub(super) fn make_warden(&self, ends: &Ends<BorrowedFd<'_>>) -> io::Result<()> {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = &*process {
            match running.send(ends) {
                Err(Errno::EPIPE | Errno::ECONNRESET | Errno::ENOTCONN) => {
                    tracing::warn!("the keeper of the jails is gone; starting another");
                }
                sent => return Ok(sent?),
            }
        }
        let started = process.insert(Process::start(&self.program)?);
        Ok(started.send(ends)?)
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

    fn send(&self, ends: &Ends<BorrowedFd<'_>>) -> nix::Result<()> {
        let socket = self.socket.as_ref().ok_or(Errno::ENOTCONN)?;
        let (byte, ends) = ends.pack();
        let byte = [byte];
        let bytes = [IoSlice::new(&byte)];
        let flags = MsgFlags::MSG_NOSIGNAL | MsgFlags::MSG_DONTWAIT;
        sendmsg::<()>(socket.as_raw_fd(), &bytes, &[ControlMessage::ScmRights(&ends)], flags, None).map(drop)
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

fn become_warden(ends: Ends<OwnedFd>, filter: &JobFilter) -> ! {
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
fn receive() -> Result<Option<Ends<OwnedFd>>, String> {
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
    Ends::unpack(byte[0], ends).map(Some)
}
