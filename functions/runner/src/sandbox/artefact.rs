//! What one job makes and others run: copied out of a dead job's place, shown to later jobs, changed by none.
//!
//! The copy is the runner's own: its folder and files belong to the runner's user, and the folder above lets nobody else
//! in. A job gets to see it as its folder `out`, by a read-only mount where it has namespaces; without them by second
//! names of the same files, which it may read and run. Only plain files of one name are copied, each opened below the
//! handle of its folder without following links: a link would make the warden read for the job what the job may not.

use std::ffi::CString;
use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, lchown};
use std::path::{Path, PathBuf};

use nix::fcntl::{AtFlags, OFlag, OpenHow, ResolveFlag, openat, openat2};
use nix::sys::stat::{FileStat, Mode, SFlag, fchmod, fstat, fstatat, mkdirat};
use nix::unistd::{geteuid, linkat};

use super::files::{DEPTH_MAX, FOLDER, Held, OUT, is_folder, names, open, remove};
use super::launch::unique_name;
use super::spec::StepLimits;
use super::uid::UidLease;
use super::{SandboxError, during};

/// Begins the name of an artefact's folder; the rest is that of a user id, which it keeps from other uses.
const PREFIX: &str = "made-";

/// A folder for what one job makes and others use. It goes when this is dropped.
#[derive(Debug)]
pub struct Artefact {
    folder: PathBuf,
    /// Nobody is this user: the id is the folder's name, and says at the next start whether anybody still uses it.
    _lease: Option<UidLease>,
}

impl Artefact {
    /// Makes an empty one.
    pub(super) fn create(work_dir: &Path) -> Result<Self, SandboxError> {
        let lease = if geteuid().is_root() { Some(UidLease::acquire()?) } else { None };
        let name = lease.as_ref().map_or_else(unique_name, |lease| lease.uid().to_string());
        let artefact = Self { folder: work_dir.join(format!("{PREFIX}{name}")), _lease: lease };
        // Of a runner that was killed.
        remove(&artefact.folder).map_err(during("removing an old artefact"))?;
        DirBuilder::new().mode(0o700).create(&artefact.folder).map_err(during("creating an artefact's folder"))?;
        let product = artefact.product();
        DirBuilder::new().create(&product).map_err(during("creating an artefact's folder"))?;
        fs::set_permissions(&product, Permissions::from_mode(0o755)).map_err(during("opening an artefact's folder"))?;
        Ok(artefact)
    }

    /// The artefact of a runner that is gone, if a name in the work folder is that of one.
    pub(super) fn left_over(work_dir: &Path, name: &str) -> Result<Option<Self>, SandboxError> {
        let Some(uid) = name.strip_prefix(PREFIX).and_then(|uid| uid.parse().ok()) else { return Ok(None) };
        if !geteuid().is_root() {
            return Ok(None);
        }
        let lease = UidLease::try_acquire(uid)?;
        Ok(lease.map(|lease| Self { folder: work_dir.join(name), _lease: Some(lease) }))
    }

    /// Where a job's product goes to and comes from.
    #[must_use]
    pub fn product(&self) -> PathBuf {
        self.folder.join(OUT)
    }
}

impl Drop for Artefact {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.folder) {
            tracing::error!(%error, folder = %self.folder.display(), "an artefact was not removed");
        }
    }
}

/// Copies the plain files below `from` to the folder `to`. Answers `false`, with a part of them copied, where there is
/// more than the step that made them may have.
pub(super) fn keep(from: &OwnedFd, to: &Path, limits: &StepLimits) -> io::Result<bool> {
    let mut held = Held::default();
    copy_below(from, &open(to)?, 0, limits, &mut held)
}

fn copy_below(from: &OwnedFd, to: &OwnedFd, depth: usize, limits: &StepLimits, held: &mut Held) -> io::Result<bool> {
    for name in names(from)? {
        held.inodes += 1;
        if held.inodes > limits.inodes || depth > DEPTH_MAX {
            return Ok(false);
        }
        let stat = fstatat(from, name.as_c_str(), AtFlags::AT_SYMLINK_NOFOLLOW)?;
        let fits = if is_folder(&stat) {
            let below = openat(from, name.as_c_str(), FOLDER, Mode::empty())?;
            copy_below(&below, &make_folder(to, &name)?, depth + 1, limits, held)?
        } else if is_plain(&stat) {
            copy(from, to, &name, limits.disk_bytes, held)?
        } else {
            true
        };
        if !fits {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A file, and not one that has another name elsewhere.
fn is_plain(stat: &FileStat) -> bool {
    SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT == SFlag::S_IFREG && stat.st_nlink == 1
}

fn copy(from: &OwnedFd, to: &OwnedFd, name: &CString, most_bytes: u64, held: &mut Held) -> io::Result<bool> {
    let beneath = ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS | ResolveFlag::RESOLVE_NO_XDEV;
    let how = OpenHow::new().flags(OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC).resolve(beneath);
    let file = openat2(from, name.as_c_str(), how)?;
    let stat = fstat(&file)?;
    if !is_plain(&stat) {
        return Ok(true);
    }
    let left = most_bytes.saturating_sub(held.bytes);
    let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_CLOEXEC;
    let mut copy = File::from(openat(to, name.as_c_str(), flags, Mode::S_IRUSR)?);
    let bytes = io::copy(&mut File::from(file).take(left.saturating_add(1)), &mut copy)?;
    held.bytes += bytes;
    // Readable for every job, and runnable if its owner could run it.
    let runs = stat.st_mode & 0o100 != 0;
    fchmod(&copy, Mode::from_bits_truncate(if runs { 0o555 } else { 0o444 }))?;
    Ok(bytes <= left)
}

fn make_folder(parent: &OwnedFd, name: &CString) -> nix::Result<OwnedFd> {
    mkdirat(parent, name.as_c_str(), Mode::S_IRWXU)?;
    let folder = openat(parent, name.as_c_str(), FOLDER, Mode::empty())?;
    fchmod(&folder, Mode::from_bits_truncate(0o755))?;
    Ok(folder)
}

/// Gives what was kept a second name in a job's folder, which stops being the job's. For a place without mounts of its
/// own, which only a runner of root's makes: the files are root's, so the job cannot change them.
pub(super) fn give(product: &Path, out: &Path) -> io::Result<()> {
    lchown(out, Some(0), Some(0))?;
    link_below(&open(product)?, &open(out)?)
}

fn link_below(from: &OwnedFd, to: &OwnedFd) -> io::Result<()> {
    for name in names(from)? {
        if is_folder(&fstatat(from, name.as_c_str(), AtFlags::AT_SYMLINK_NOFOLLOW)?) {
            link_below(&openat(from, name.as_c_str(), FOLDER, Mode::empty())?, &make_folder(to, &name)?)?;
        } else {
            linkat(from, name.as_c_str(), to, name.as_c_str(), AtFlags::empty())?;
        }
    }
    Ok(())
}
