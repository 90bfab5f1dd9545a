//! A terminal for a job: a pair of devices, of which the runner keeps one end and the job gets the other.
//!
//! Neither end is ever opened by a path, and both close on exec: the runner's end is in no other process, and the
//! job's end is handed to the warden like the pipes of a run.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::libc;
use nix::pty::{posix_openpt, unlockpt};
use nix::sys::termios::{InputFlags, SetArg, tcgetattr, tcsetattr};
use nix::unistd::{read, write};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Most rows and most columns: a wall of screens has fewer, and programs allocate for each cell.
pub const SIDE_MAX: u16 = 500;

/// A size that no terminal has here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a terminal has 1 to {SIDE_MAX} rows and columns")]
pub struct InvalidSize;

/// How much a terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TerminalSize {
    rows: u16,
    cols: u16,
}

impl TerminalSize {
    /// Accepts a size from 1 to [`SIDE_MAX`] in both directions.
    ///
    /// # Errors
    /// [`InvalidSize`] when it is out of this range.
    pub fn new(rows: u16, cols: u16) -> Result<Self, InvalidSize> {
        let is_valid = |side| (1..=SIDE_MAX).contains(&side);
        if is_valid(rows) && is_valid(cols) { Ok(Self { rows, cols }) } else { Err(InvalidSize) }
    }
}

/// The runner's end of a terminal.
#[derive(Debug)]
pub struct Master(AsyncFd<OwnedFd>);

impl Master {
    /// Makes a terminal; the second value is the job's end.
    pub(super) fn open(size: TerminalSize) -> io::Result<(Self, OwnedFd)> {
        let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK;
        let master = posix_openpt(flags)?;
        unlockpt(&master)?;
        let peer = peer(&master)?;
        let mut modes = tcgetattr(&peer)?;
        // Backspace takes a whole character away, not its last byte.
        modes.input_flags.insert(InputFlags::IUTF8);
        tcsetattr(&peer, SetArg::TCSANOW, &modes)?;
        // SAFETY: an owned descriptor keeps its number until it is dropped, with what has registered it.
        let master = Self(unsafe { AsyncFd::register(OwnedFd::from(master))? });
        master.resize(size)?;
        Ok((master, peer))
    }

    /// Changes the size; the kernel tells the program in the foreground.
    ///
    /// # Errors
    /// When the kernel refuses, which it does not for a terminal that is open.
    pub fn resize(&self, size: TerminalSize) -> io::Result<()> {
        let size = libc::winsize { ws_row: size.rows, ws_col: size.cols, ws_xpixel: 0, ws_ypixel: 0 };
        // SAFETY: TIOCSWINSZ reads one such structure, which lives longer than the call.
        Errno::result(unsafe { libc::ioctl(self.0.as_raw_fd(), libc::TIOCSWINSZ, &raw const size) })?;
        Ok(())
    }

    /// Waits for output. Nothing at all means that the job's end is closed. Safe to cancel.
    ///
    /// # Errors
    /// When the terminal cannot be read.
    pub async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.async_io(Interest::READABLE, |master| Ok(read(master, buffer)?)).await {
            Err(error) if error.raw_os_error() == Some(libc::EIO) => Ok(0),
            other => other,
        }
    }

    /// Types, as much as the job's side takes. Safe to cancel.
    ///
    /// # Errors
    /// When nobody can read it any more.
    pub async fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.0.async_io(Interest::WRITABLE, |master| Ok(write(master, bytes)?)).await
    }
}

/// Opens the other end by the end in hand: a path below `/dev/pts` would depend on what is mounted there.
fn peer(master: &impl AsRawFd) -> nix::Result<OwnedFd> {
    let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    // SAFETY: TIOCGPTPEER takes flags by value.
    let peer = Errno::result(unsafe { libc::ioctl(master.as_raw_fd(), libc::TIOCGPTPEER, flags.bits()) })?;
    // SAFETY: the kernel has just made this descriptor for nobody else.
    Ok(unsafe { OwnedFd::from_raw_fd(peer) })
}

/// Makes a terminal the controlling one of the calling process, which has to lead a session without one.
pub(super) fn take_control(terminal: BorrowedFd<'_>) -> nix::Result<()> {
    // SAFETY: TIOCSCTTY takes a number by value; 0 is not to steal it from another session.
    Errno::result(unsafe { libc::ioctl(terminal.as_raw_fd(), libc::TIOCSCTTY, 0) }).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_held_to_their_bounds() {
        let is_size = |rows, cols| TerminalSize::new(rows, cols).is_ok();
        assert!(is_size(1, 1) && is_size(SIDE_MAX, SIDE_MAX));
        assert!(!is_size(0, 80) && !is_size(24, 0) && !is_size(24, SIDE_MAX + 1) && !is_size(SIDE_MAX + 1, 80));
    }
}
