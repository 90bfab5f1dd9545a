//! What ended processes have used, gathered while reaping them.

use std::mem::MaybeUninit;

use nix::errno::Errno;
use nix::libc;
use nix::unistd::Pid;

/// An ended child and its wait status.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reaped {
    pub(super) pid: Pid,
    pub(super) status: i32,
}

/// Sums over every process that was reaped, their own children included.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Usage {
    /// User and system time.
    pub(super) cpu_ms: u64,
    /// Largest resident size of any one of them.
    pub(super) peak_bytes: u64,
}

impl Usage {
    /// Waits for a child to end.
    pub(super) fn reap_one(&mut self) -> nix::Result<Reaped> {
        self.wait(0).map(|reaped| reaped.expect("a blocking wait returns a child"))
    }

    /// Takes a child that has ended, if one has.
    pub(super) fn reap_ended(&mut self) -> nix::Result<Option<Reaped>> {
        match self.wait(libc::WNOHANG) {
            Err(Errno::ECHILD) => Ok(None),
            other => other,
        }
    }

    /// Takes every child that has ended; answers whether others live.
    pub(super) fn has_children(&mut self) -> nix::Result<bool> {
        loop {
            match self.wait(libc::WNOHANG) {
                Ok(Some(_)) => {}
                Ok(None) => return Ok(true),
                Err(Errno::ECHILD) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
    }

    fn wait(&mut self, options: i32) -> nix::Result<Option<Reaped>> {
        let mut status = 0;
        let mut used = MaybeUninit::<libc::rusage>::zeroed();
        let pid = loop {
            // SAFETY: both pointers are to live values of the types that wait4 writes.
            match Errno::result(unsafe { libc::wait4(-1, &raw mut status, options, used.as_mut_ptr()) }) {
                Err(Errno::EINTR) => {}
                other => break other?,
            }
        };
        if pid == 0 {
            return Ok(None);
        }
        // SAFETY: wait4 returned a child, so it has written the structure, which was zeroed before.
        let used = unsafe { used.assume_init() };
        self.cpu_ms += milliseconds(used.ru_utime) + milliseconds(used.ru_stime);
        // Kilobytes on Linux.
        self.peak_bytes = self.peak_bytes.max(used.ru_maxrss.unsigned_abs() * 1024);
        Ok(Some(Reaped { pid: Pid::from_raw(pid), status }))
    }
}

fn milliseconds(time: libc::timeval) -> u64 {
    time.tv_sec.unsigned_abs() * 1_000 + time.tv_usec.unsigned_abs() / 1_000
}
