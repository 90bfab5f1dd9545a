//! A machine of its own for a job: a minimal root in memory, and namespaces in which nothing else exists.
//!
//! The warden moves itself into a mount namespace and builds the root there, once for all steps. Each step then gets
//! fresh pid, net, ipc, uts, cgroup and mount namespaces, whose first process is ours, makes that root its own, and
//! does nothing but wait: when it ends, the kernel kills everything in them.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::libc;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{ForkResult, Pid, chdir, geteuid, getgid, getuid, pivot_root, sethostname};

use super::spec::{Attached, JailSpec, StepLimits};

/// The job's folders in its root.
pub(super) const HOME: &str = "/job";

/// Trees that are the same inside, read-only. On Debian all but the first are links into it.
const TREES: [&str; 5] = ["usr", "bin", "sbin", "lib", "lib64"];

/// Settings that programs read at their start: names only, since nothing secret may be here.
const SETTINGS: [&str; 6] =
    ["alternatives", "java-17-openjdk", "ld.so.cache", "localtime", "python3.11", "ssl/openssl.cnf"];

/// Devices that hold no state.
const DEVICES: [&str; 5] = ["null", "zero", "full", "random", "urandom"];

/// Whatever terminal controls the process that opens it: for jobs that have one.
const OWN_TERMINAL: &str = "tty";

/// Links that programs expect.
const LINKS: [(&str, &str); 7] = [
    ("job/tmp", "tmp"),
    ("../job/tmp", "var/tmp"),
    ("../job/shm", "dev/shm"),
    ("/proc/self/fd", "dev/fd"),
    ("/proc/self/fd/0", "dev/stdin"),
    ("/proc/self/fd/1", "dev/stdout"),
    ("/proc/self/fd/2", "dev/stderr"),
];

const SEALED: MsFlags = MsFlags::MS_NOSUID.union(MsFlags::MS_NODEV);

/// Moves the warden into a mount namespace and builds the job's root there, with room for `limits`; returns the folder
/// of the job's folders.
pub(super) fn build(spec: &JailSpec, limits: Option<StepLimits>) -> io::Result<PathBuf> {
    let root = spec.directory.as_path();
    enter_mount_namespace()?;
    mount_memory(root, "size=1m,nr_inodes=256,mode=755", SEALED)?;
    for folder in ["etc", "etc/ssl", "dev", "proc", "var", "job"] {
        DirBuilder::new().mode(0o755).create(root.join(folder))?;
    }
    for tree in TREES {
        share_tree(root, tree)?;
    }
    for setting in SETTINGS {
        let path = format!("etc/{setting}");
        bind(&Path::new("/").join(&path), &root.join(&path), SEALED | MsFlags::MS_RDONLY)?;
    }
    let own_terminal = (spec.attached == Attached::Terminal).then_some(OWN_TERMINAL);
    for device in DEVICES.into_iter().chain(own_terminal) {
        let path = format!("dev/{device}");
        bind(&Path::new("/").join(&path), &root.join(&path), MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC)?;
    }
    if let Some(caches) = spec.caches.as_deref() {
        let at = root.join(caches.strip_prefix("/").map_err(io::Error::other)?);
        DirBuilder::new().recursive(true).mode(0o755).create(&at)?;
        cover(caches, &at, SEALED | MsFlags::MS_NOEXEC | MsFlags::MS_RDONLY)?;
    }
    for (target, link) in LINKS {
        symlink(target, root.join(link))?;
    }
    let uid = spec.uid;
    fs::write(root.join("etc/passwd"), format!("root:x:0:0::/:/bin/false\ncoder:x:{uid}:{uid}::/job/work:/bin/sh\n"))?;
    fs::write(root.join("etc/group"), format!("root:x:0:\ncoder:x:{uid}:\n"))?;
    let home = root.join("job");
    let (bytes, inodes) = limits.map_or((0, 0), |limits| (limits.disk_bytes, limits.inodes));
    mount_memory(&home, &format!("size={bytes},nr_inodes={inodes},mode=755"), SEALED)?;
    let read_only = SEALED | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY;
    mount(None::<&str>, root, None::<&str>, read_only, None::<&str>)?;
    Ok(home)
}

/// Without root, a user namespace comes first: in it the warden may mount, and its one id stays what it is.
fn enter_mount_namespace() -> io::Result<()> {
    if geteuid().is_root() {
        unshare(CloneFlags::CLONE_NEWNS)?;
    } else {
        let (user, group) = (getuid(), getgid());
        unshare(CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWUSER)?;
        fs::write("/proc/self/setgroups", "deny")?;
        fs::write("/proc/self/uid_map", format!("{user} {user} 1"))?;
        fs::write("/proc/self/gid_map", format!("{group} {group} 1"))?;
    }
    mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>)?;
    Ok(())
}

fn mount_memory(at: &Path, options: &str, flags: MsFlags) -> nix::Result<()> {
    mount(Some("tmpfs"), at, Some("tmpfs"), flags, Some(options))
}

/// A link stays a link, a folder is bound, what is missing is left out.
fn share_tree(root: &Path, tree: &str) -> io::Result<()> {
    let outside = Path::new("/").join(tree);
    match fs::read_link(&outside) {
        Ok(target) => symlink(target, root.join(tree)),
        Err(_) => bind(&outside, &root.join(tree), SEALED | MsFlags::MS_RDONLY),
    }
}

/// Makes something of the machine visible at `at`, with `flags`. What is missing outside is left out.
fn bind(outside: &Path, at: &Path, flags: MsFlags) -> io::Result<()> {
    let Ok(metadata) = fs::metadata(outside) else { return Ok(()) };
    if metadata.is_dir() {
        DirBuilder::new().mode(0o755).create(at)?;
    } else {
        File::create(at)?;
    }
    cover(outside, at, flags)?;
    Ok(())
}

/// Puts something of the machine over what is at `at`, with `flags`.
fn cover(outside: &Path, at: &Path, flags: MsFlags) -> nix::Result<()> {
    mount(Some(outside), at, None::<&str>, MsFlags::MS_BIND, None::<&str>)?;
    // The kernel ignores flags on the bind itself.
    mount(None::<&str>, at, None::<&str>, MsFlags::MS_BIND | MsFlags::MS_REMOUNT | flags, None::<&str>)
}

/// Shows a folder of the machine read-only in place of one of the job's, before the job starts.
pub(super) fn show(outside: &Path, at: &Path) -> nix::Result<()> {
    cover(outside, at, SEALED | MsFlags::MS_RDONLY)
}

/// Takes the root down, however far it was built.
pub(super) fn demolish(root: &Path) -> io::Result<()> {
    match umount2(root, MntFlags::MNT_DETACH) {
        // Nothing is mounted there, or nothing may be.
        Ok(()) | Err(Errno::EINVAL | Errno::EPERM) => fs::remove_dir(root),
        Err(error) => Err(error.into()),
    }
}

/// Forks into fresh namespaces. The child is their first process.
pub(super) fn fork_first_process() -> nix::Result<ForkResult> {
    let flags = libc::CLONE_NEWPID
        | libc::CLONE_NEWNET
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWUTS
        | libc::CLONE_NEWCGROUP
        | libc::CLONE_NEWNS
        | libc::SIGCHLD;
    // SAFETY: without a stack and without sharing memory this is a fork; the warden has one thread.
    match Errno::result(unsafe { libc::syscall(libc::SYS_clone, i64::from(flags), 0, 0, 0, 0) })? {
        0 => Ok(ForkResult::Child),
        child => Ok(ForkResult::Parent { child: Pid::from_raw(child as i32) }),
    }
}

/// In the first process: makes `root` the only root there is.
pub(super) fn enter(root: &Path) -> nix::Result<()> {
    sethostname("tutti")?;
    let flags = SEALED | MsFlags::MS_NOEXEC;
    mount(Some("proc"), &root.join("proc"), Some("proc"), flags, Some("hidepid=invisible"))?;
    chdir(root)?;
    // Stacks the old root on the new one, from where it is taken off, without a folder for it.
    pivot_root(".", ".")?;
    umount2(".", MntFlags::MNT_DETACH)?;
    chdir("/")
}
