//! Giving up power for good: resource limits, user and group ids, capabilities.

use std::io;

use nix::errno::Errno;
use nix::libc;
use nix::sys::resource::{Resource, rlim_t, setrlimit};
use nix::unistd::{Gid, Uid, getgroups, getresgid, getresuid, setgroups, setresgid, setresuid};

use super::spec::StepLimits;

/// Open files of one process: Node holds about 25 and a compiler about 10.
const OPEN_FILES: rlim_t = 256;

/// Stack of the main thread, and what each other gets by default: the usual. 64 threads with it stay below the bound
/// on mapped memory.
const STACK_BYTES: rlim_t = 8 << 20;

/// How much private memory a process may map for each byte that it may touch. Runtimes map far more than they use
/// (Node hangs when it gets no more than it touches), and a refused allocation tells a program's author less than a
/// stop with a reason; so this only bounds what can be touched between two measurements.
const MAPPED_PER_TOUCHED: u64 = 4;

/// Sets the kernel's own bounds, which hold where the warden's measuring would come late.
pub(super) fn limit(limits: &StepLimits) -> nix::Result<()> {
    let cpu_s = limits.cpu_ms.div_ceil(1_000);
    // One more than allowed: who reaches the kernel's bound has broken the warden's.
    let processes = u64::from(limits.processes) + 1;
    let both = |resource, value| setrlimit(resource, value, value);
    setrlimit(Resource::RLIMIT_CPU, cpu_s, cpu_s + 1)?;
    both(Resource::RLIMIT_DATA, limits.memory_bytes.saturating_mul(MAPPED_PER_TOUCHED))?;
    both(Resource::RLIMIT_NPROC, processes)?;
    both(Resource::RLIMIT_FSIZE, limits.disk_bytes)?;
    both(Resource::RLIMIT_NOFILE, OPEN_FILES)?;
    both(Resource::RLIMIT_STACK, STACK_BYTES)?;
    both(Resource::RLIMIT_CORE, 0)?;
    both(Resource::RLIMIT_MEMLOCK, 0)?;
    both(Resource::RLIMIT_MSGQUEUE, 0)?;
    both(Resource::RLIMIT_SIGPENDING, 1_024)?;
    both(Resource::RLIMIT_NICE, 0)?;
    both(Resource::RLIMIT_RTPRIO, 0)
}

/// Becomes `uid` with no other group and no way back. In a user namespace of a runner that is not root the id is its
/// own already, and only the capabilities go.
pub(super) fn drop_to(uid: u32) -> io::Result<()> {
    drop_bounding_set()?;
    let (user, group) = (Uid::from_raw(uid), Gid::from_raw(uid));
    if getresuid()?.effective == Uid::from_raw(0) {
        setgroups(&[])?;
        setresgid(group, group, group)?;
        setresuid(user, user, user)?;
        if !getgroups()?.is_empty() {
            return Err(io::Error::other("supplementary groups remain"));
        }
        let groups = getresgid()?;
        if [groups.real, groups.effective, groups.saved] != [group; 3] {
            return Err(io::Error::other("the group id did not change"));
        }
    }
    drop_capabilities()?;
    let users = getresuid()?;
    if [users.real, users.effective, users.saved] != [user; 3] {
        return Err(io::Error::other("the user id did not change"));
    }
    Ok(())
}

/// Takes every capability out of the bounding set, so that no program can give one back.
fn drop_bounding_set() -> nix::Result<()> {
    for capability in 0..=63 {
        // SAFETY: prctl with PR_CAPBSET_DROP reads its arguments and no memory.
        let result = unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) };
        match Errno::result(result) {
            Ok(_) => {}
            // The kernel has no more capabilities than these.
            Err(Errno::EINVAL) => break,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// `struct __user_cap_header_struct` of linux/capability.h.
#[repr(C)]
struct CapabilityHeader {
    version: u32,
    pid: i32,
}

/// `_LINUX_CAPABILITY_VERSION_3`, whose data are two of `struct __user_cap_data_struct`.
const CAPABILITY_VERSION_3: u32 = 0x2008_0522;

/// Empties the effective, permitted and inheritable sets; the ambient set follows them.
pub(super) fn drop_capabilities() -> nix::Result<()> {
    let header = CapabilityHeader { version: CAPABILITY_VERSION_3, pid: 0 };
    let none = [0_u32; 6];
    // SAFETY: both pointers are to live values of the layout that the system call reads.
    let result = unsafe { libc::syscall(libc::SYS_capset, &raw const header, none.as_ptr()) };
    Errno::result(result).map(drop)
}
