//! What a job is attached to: three pipes, or a terminal with a pipe for what becomes of its files.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::fcntl::OFlag;
use nix::unistd::pipe2;

use super::spec::Attached;

/// The job's ends, which its warden inherits.
#[derive(Debug)]
pub(super) enum Streams {
    /// Standard input, output, error.
    Pipes([OwnedFd; 3]),
    /// A terminal in place of all three.
    Terminal {
        /// The job's end of it.
        peer: OwnedFd,
        /// Where the warden says what has become of the job's files. The job never gets it.
        changes: OwnedFd,
    },
}

impl Streams {
    /// Makes pipes; the second value is the runner's ends in the same order.
    pub(super) fn pipes() -> io::Result<(Self, [OwnedFd; 3])> {
        let (stdin, stdin_write) = pipe2(OFlag::O_CLOEXEC)?;
        let (stdout_read, stdout) = pipe2(OFlag::O_CLOEXEC)?;
        let (stderr_read, stderr) = pipe2(OFlag::O_CLOEXEC)?;
        Ok((Self::Pipes([stdin, stdout, stderr]), [stdin_write, stdout_read, stderr_read]))
    }

    /// Which kind it is, for the warden's orders.
    pub(super) fn attached(&self) -> Attached {
        match self {
            Self::Pipes(_) => Attached::Pipes,
            Self::Terminal { .. } => Attached::Terminal,
        }
    }

    /// Standard input, output, error.
    pub(super) fn standard(&self) -> [BorrowedFd<'_>; 3] {
        match self {
            Self::Pipes(pipes) => pipes.each_ref().map(AsFd::as_fd),
            Self::Terminal { peer, .. } => [peer.as_fd(); 3],
        }
    }

    /// What goes with a terminal alone.
    pub(super) fn changes(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Pipes(_) => None,
            Self::Terminal { changes, .. } => Some(changes.as_fd()),
        }
    }
}
