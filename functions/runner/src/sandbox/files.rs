//! The job's folders: written before it starts, measured while it runs, deleted after it is dead.
//!
//! Between the first and the last step everything in them is the job's. So nothing here follows a link, nothing
//! reads a file, and nothing uses a path of more than one part below a handle.

use std::ffi::CString;
use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, lchown};
use std::path::Path;

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag, openat, renameat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstatat};
use nix::unistd::{UnlinkatFlags, unlinkat};
use protocol::run::SourceFile;

/// The folders of a job: its files and current folder, what compilers make, temporary files, `/dev/shm`.
const FOLDERS: [&str; 4] = ["work", OUT, "tmp", "shm"];

/// Where compilers leave their product.
pub(super) const OUT: &str = "out";

/// A handle on a folder, and never on what a link points to.
pub(super) const FOLDER: OFlag =
    OFlag::O_DIRECTORY.union(OFlag::O_NOFOLLOW).union(OFlag::O_CLOEXEC).union(OFlag::O_RDONLY);

/// Deepest nesting that is measured; what goes deeper is only there to defeat the measuring.
pub(super) const DEPTH_MAX: usize = 64;

/// Fills an empty folder for a job of `uid`, which may pass through it; other jobs may not.
pub(super) fn write(job: &Path, files: &[SourceFile], uid: u32) -> io::Result<()> {
    fs::set_permissions(job, Permissions::from_mode(0o710))?;
    lchown(job, None, Some(uid))?;
    for folder in FOLDERS {
        make_folder(&job.join(folder), uid)?;
    }
    let work = job.join("work");
    for file in files {
        let mut folder = work.clone();
        for part in Path::new(file.path.as_str()).parent().into_iter().flat_map(Path::iter) {
            folder.push(part);
            if !folder.is_dir() {
                make_folder(&folder, uid)?;
            }
        }
        let path = work.join(file.path.as_str());
        let mut created = OpenOptions::new().write(true).create_new(true).mode(0o644).open(&path)?;
        created.write_all(file.content.as_bytes())?;
        lchown(&path, Some(uid), Some(uid))?;
    }
    Ok(())
}

fn make_folder(path: &Path, uid: u32) -> io::Result<()> {
    DirBuilder::new().mode(0o755).create(path)?;
    lchown(path, Some(uid), Some(uid))
}

/// What a folder holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) bytes: u64,
    pub(super) inodes: u64,
}

impl Held {
    fn add(&mut self, stat: &FileStat) {
        self.inodes = self.inodes.saturating_add(1);
        // Blocks are of 512 bytes, whatever the file system's own are.
        self.bytes = self.bytes.saturating_add(stat.st_blocks.unsigned_abs() * 512);
    }
}

/// Adds up a folder while its owner may be changing it: what vanishes in between counts as nothing.
pub(super) fn measure(job: &OwnedFd) -> Held {
    let mut held = Held::default();
    measure_below(job, 0, &mut held);
    held
}

fn measure_below(folder: &OwnedFd, depth: usize, held: &mut Held) {
    if depth > DEPTH_MAX {
        held.inodes = u64::MAX;
        return;
    }
    for name in names(folder).unwrap_or_default() {
        let Ok(stat) = fstatat(folder, name.as_c_str(), AtFlags::AT_SYMLINK_NOFOLLOW) else { continue };
        held.add(&stat);
        if is_folder(&stat)
            && let Ok(below) = openat(folder, name.as_c_str(), FOLDER, Mode::empty())
        {
            measure_below(&below, depth + 1, held);
        }
    }
}

pub(super) fn is_folder(stat: &FileStat) -> bool {
    SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT == SFlag::S_IFDIR
}

/// The names in a folder, in no order.
pub(super) fn names(folder: &OwnedFd) -> nix::Result<Vec<CString>> {
    let mut listing = Dir::openat(folder, ".", FOLDER, Mode::empty())?;
    let names = listing.iter().filter_map(Result::ok).map(|entry| entry.file_name().to_owned());
    Ok(names.filter(|name| !matches!(name.to_bytes(), b"." | b"..")).collect())
}

/// Opens a folder by its path, of which the job controls no part.
pub(super) fn open(path: &Path) -> nix::Result<OwnedFd> {
    openat(AT_FDCWD, path, FOLDER, Mode::empty())
}

/// Adds up what a user has put into a folder that everybody may write to.
pub(super) fn measure_owned(shared: &Path, uid: u32, held: &mut Held) {
    let Ok(shared) = open(shared) else { return };
    for (name, stat) in owned_by(&shared, uid) {
        held.add(&stat);
        if is_folder(&stat)
            && let Ok(below) = openat(&shared, name.as_c_str(), FOLDER, Mode::empty())
        {
            measure_below(&below, 1, held);
        }
    }
}

/// Deletes what a dead user has left in a folder that everybody may write to.
pub(super) fn remove_owned(shared: &Path, uid: u32) -> io::Result<()> {
    let shared = match open(shared) {
        Err(Errno::ENOENT) => return Ok(()),
        other => other?,
    };
    owned_by(&shared, uid).iter().try_for_each(|(name, _)| remove_at(&shared, name))
}

fn owned_by(shared: &OwnedFd, uid: u32) -> Vec<(CString, FileStat)> {
    let stat = |name: CString| {
        let stat = fstatat(shared, name.as_c_str(), AtFlags::AT_SYMLINK_NOFOLLOW).ok()?;
        (stat.st_uid == uid).then_some((name, stat))
    };
    names(shared).unwrap_or_default().into_iter().filter_map(stat).collect()
}

/// Deletes a dead job's folder.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match open(path) {
        Err(Errno::ENOENT) => return Ok(()),
        other => empty(&other?)?,
    }
    fs::remove_dir(path)
}

/// Deletes one name, with everything below it if it is a folder.
fn remove_at(parent: &OwnedFd, name: &CString) -> io::Result<()> {
    if unlink_unless_folder(parent, name)? {
        empty(&openat(parent, name.as_c_str(), FOLDER, Mode::empty())?)?;
        unlinkat(parent.as_fd(), name.as_c_str(), UnlinkatFlags::RemoveDir)?;
    }
    Ok(())
}

/// Deletes everything in a folder. Nested folders are first moved to its top, so that neither the depth of the tree
/// nor a path's length can make it fail.
fn empty(top: &OwnedFd) -> io::Result<()> {
    let mut moved = 0_u64;
    loop {
        let names = names(top)?;
        if names.is_empty() {
            return Ok(());
        }
        for name in names {
            if !unlink_unless_folder(top, &name)? {
                continue;
            }
            let below = openat(top, name.as_c_str(), FOLDER, Mode::empty())?;
            for inner in self::names(&below)? {
                if unlink_unless_folder(&below, &inner)? {
                    renameat(&below, inner.as_c_str(), top, unused_name(top, &mut moved).as_c_str())?;
                }
            }
            unlinkat(top.as_fd(), name.as_c_str(), UnlinkatFlags::RemoveDir)?;
        }
    }
}

/// A name that is free: the job may have chosen any that could be foreseen.
fn unused_name(top: &OwnedFd, moved: &mut u64) -> CString {
    loop {
        *moved += 1;
        let name = CString::new(format!("moved-{moved}")).expect("digits hold no zero byte");
        if fstatat(top, name.as_c_str(), AtFlags::AT_SYMLINK_NOFOLLOW).is_err() {
            return name;
        }
    }
}

/// Unlinks a name, or answers `true` when it is a folder's.
fn unlink_unless_folder(folder: &OwnedFd, name: &CString) -> nix::Result<bool> {
    match unlinkat(folder, name.as_c_str(), UnlinkatFlags::NoRemoveDir) {
        Err(Errno::EISDIR) => Ok(true),
        other => other.map(|()| false),
    }
}
