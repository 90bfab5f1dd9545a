//! Where a job lives: a folder on disk, or a root of its own in memory.

use std::fs::DirBuilder;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use nix::fcntl::openat;
use nix::sys::stat::Mode;
use nix::sys::statfs::fstatfs;

use super::files::OUT;
use super::spec::{JailSpec, Product, StepLimits, Tier};
use super::{artefact, files, namespaces};

/// Folders of a machine that everybody may write to. Landlock leaves a job the first, where the C library keeps
/// semaphores; without Landlock it has them all, so they are counted with its own and swept after it.
const SHARED: [&str; 5] = [SHARED_MEMORY, "/tmp", "/var/tmp", "/run/lock", "/dev/mqueue"];

/// Where POSIX semaphores and shared memory live.
pub(super) const SHARED_MEMORY: &str = "/dev/shm";

/// A prepared place.
#[derive(Debug)]
pub(super) struct Place {
    /// The folder, or the mount point of the root.
    directory: PathBuf,
    /// The folder that holds the job's folders, for measuring.
    job: OwnedFd,
    /// How it was made.
    tier: Tier,
    /// Whose it is.
    uid: u32,
}

impl Place {
    /// Makes the place and puts the job's files there.
    pub(super) fn prepare(spec: &JailSpec) -> io::Result<Self> {
        // A user id has one job at a time, so what is there is left from a runner that was killed.
        files::remove(&spec.directory)?;
        DirBuilder::new().mode(0o711).create(&spec.directory)?;
        match Self::fill(spec) {
            Ok(job) => Ok(Self { directory: spec.directory.clone(), job, tier: spec.tier, uid: spec.uid }),
            Err(error) => {
                clear(spec.tier, &spec.directory)?;
                Err(error)
            }
        }
    }

    fn fill(spec: &JailSpec) -> io::Result<OwnedFd> {
        let home = match spec.tier {
            Tier::Process => spec.directory.clone(),
            Tier::Namespaces => {
                let limits = spec.steps.iter().map(|step| step.limits);
                namespaces::build(spec, limits.reduce(larger))?
            }
        };
        files::write(&home, &spec.files, spec.uid)?;
        match (&spec.product, spec.tier) {
            (Product::Use(product), Tier::Namespaces) => namespaces::show(product, &home.join(OUT))?,
            (Product::Use(product), Tier::Process) => artefact::give(product, &home.join(OUT))?,
            (Product::Own | Product::Keep(_), _) => {}
        }
        Ok(files::open(&home)?)
    }

    /// Copies what the dead job has made to a folder of the runner's. Answers whether it was no more than it may be.
    pub(super) fn keep(&self, to: &Path, limits: &StepLimits) -> io::Result<bool> {
        artefact::keep(&openat(&self.job, OUT, files::FOLDER, Mode::empty())?, to, limits)
    }

    /// The mount point to make the root of, if the job has a root of its own.
    pub(super) fn root(&self) -> Option<&Path> {
        (self.tier == Tier::Namespaces).then_some(self.directory.as_path())
    }

    /// The folder of the job's folders, as the job names it.
    pub(super) fn home(&self) -> &Path {
        if self.tier == Tier::Namespaces { Path::new(namespaces::HOME) } else { &self.directory }
    }

    /// A handle on the folder of the job's folders.
    pub(super) fn job(&self) -> &OwnedFd {
        &self.job
    }

    /// Whether the job has filled what it may.
    pub(super) fn is_full(&self, limits: &StepLimits) -> bool {
        if self.tier == Tier::Process {
            let mut held = files::measure(&self.job);
            for shared in SHARED {
                files::measure_owned(Path::new(shared), self.uid, &mut held);
            }
            return held.bytes >= limits.disk_bytes || held.inodes >= limits.inodes;
        }
        fstatfs(&self.job).is_ok_and(|file_system| file_system.blocks_available() == 0 || file_system.files_free() == 0)
    }

    /// Deletes it. A root's memory goes with the warden's mount namespace, and only the mount point is left.
    pub(super) fn remove(self) -> io::Result<()> {
        drop(self.job);
        if self.tier == Tier::Process {
            for shared in SHARED {
                files::remove_owned(Path::new(shared), self.uid)?;
            }
        }
        clear(self.tier, &self.directory)
    }
}

fn clear(tier: Tier, directory: &Path) -> io::Result<()> {
    match tier {
        Tier::Process => files::remove(directory),
        Tier::Namespaces => namespaces::demolish(directory),
    }
}

/// The root is sized for the step that may write most.
fn larger(one: StepLimits, other: StepLimits) -> StepLimits {
    if one.disk_bytes >= other.disk_bytes { one } else { other }
}
