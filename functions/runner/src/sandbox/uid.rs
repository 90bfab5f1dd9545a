//! User ids for jobs. An id belongs to one run at a time on the whole machine, since what kills by id must never hit
//! somebody else's job; so the locks live in one place per machine, whatever the runner's own folders are.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::sync::atomic::{AtomicU32, Ordering};

use nix::sys::uio::{pread, pwrite};
use nix::unistd::ftruncate;

use super::{SandboxError, during};

/// First id: in the range that no distribution, container tool or directory service hands out
/// (1,879,048,192 to 2,147,483,647 in systemd's table of user ids).
const FIRST: u32 = 1_900_000_000;

/// How many ids: more than runs that one machine can hold at once, and enough that an id rests before its next use.
const COUNT: u32 = 10_000;

/// Where the locks are.
const LOCKS: &str = "/run/tutti-runner-uids";

/// An id held by this process and by every warden that inherits the lock.
#[derive(Debug)]
pub(super) struct UidLease {
    uid: u32,
    lock: File,
}

impl UidLease {
    /// Takes an id that nobody holds.
    pub(super) fn acquire() -> Result<Self, SandboxError> {
        /// Where this process looks next; starts apart from other runners' places.
        static NEXT: AtomicU32 = AtomicU32::new(0);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(LOCKS)
            .map_err(during("creating the folder of uid locks"))?;
        let start = std::process::id();
        for _ in 0..COUNT {
            let offset = start.wrapping_mul(61).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % COUNT;
            if let Some(lease) = Self::try_acquire(FIRST + offset)? {
                return Ok(lease);
            }
        }
        Err(SandboxError::NoFreeUid)
    }

    /// Takes the id `uid`, unless somebody holds it.
    pub(super) fn try_acquire(uid: u32) -> Result<Option<Self>, SandboxError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(LOCKS)
            .map_err(during("creating the folder of uid locks"))?;
        let path = format!("{LOCKS}/{uid}");
        let lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(during("opening a uid lock"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(Self { uid, lock })),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(cause)) => Err(SandboxError::Io { doing: "locking a uid", cause }),
        }
    }

    /// The id, for user and group alike.
    pub(super) fn uid(&self) -> u32 {
        self.uid
    }

    /// The lock, to be inherited by the warden: the id is free again only when both are gone.
    pub(super) fn lock(&self) -> BorrowedFd<'_> {
        self.lock.as_fd()
    }
}

/// Says in a lock that processes of its id may live from now on; answers whether they may have before: an id is clean that
/// nobody has had since the machine started, or whose last warden has ended everything.
pub(super) fn take(lock: BorrowedFd<'_>) -> nix::Result<bool> {
    let mut in_use = [0];
    let is_clean = pread(lock, &mut in_use, 0)? == 0;
    pwrite(lock, b"x", 0)?;
    Ok(is_clean)
}

/// Says in a lock that no process of its id lives.
pub(super) fn give_back(lock: BorrowedFd<'_>) -> nix::Result<()> {
    ftruncate(lock, 0)
}

/// The id under which a job of `uid` is killed: see [`super::kill`].
pub(super) fn executioner_of(uid: u32) -> u32 {
    uid + COUNT
}
