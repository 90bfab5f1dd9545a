//! The system-call filters: what a job may call, and what the warden denies itself to imitate a lesser machine.

use std::collections::BTreeMap;

use nix::libc;
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter,
};

use super::spec::Withheld;
use super::syscalls::ALLOWED;

/// A filter could not be made or loaded, so the job must not start.
#[derive(Debug, thiserror::Error)]
pub(super) enum SeccompError {
    /// The rules do not compile.
    #[error("compiling the system-call filter")]
    Compile(#[from] BackendError),
    /// The kernel refused.
    #[error("loading the system-call filter")]
    Load(#[from] seccompiler::Error),
}

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// The compiled filters of a job, made before the fork and loaded after it.
#[derive(Debug)]
pub(super) struct JobFilters([BpfProgram; 2]);

impl JobFilters {
    /// Two filters, since one has a single answer for what it refuses.
    pub(super) fn compile() -> Result<Self, SeccompError> {
        let mut allowed = allowed()?;
        let absent: Rules = ABSENT.iter().map(|call| (*call, Vec::new())).collect();
        allowed.extend(absent.clone());
        Ok(Self([
            compile(allowed, SeccompAction::Errno(libc::EPERM as u32), SeccompAction::Allow)?,
            compile(absent, SeccompAction::Allow, SeccompAction::Errno(libc::ENOSYS as u32))?,
        ]))
    }

    /// Binds the calling thread and what it becomes to the filters, without return.
    pub(super) fn load(&self) -> Result<(), SeccompError> {
        // The one with ENOSYS first: the second would refuse the loading of another.
        let [allow_list, absent] = &self.0;
        apply_filter(absent)?;
        apply_filter(allow_list)?;
        Ok(())
    }
}

/// Calls that a program does without when the kernel lacks them; with EPERM it would give up.
const ABSENT: &[i64] = &[
    // Its flags are behind a pointer, where no filter can look: the C library falls back to clone.
    libc::SYS_clone3,
    // Does other calls behind the filter's back.
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_memfd_create,
    libc::SYS_userfaultfd,
];

/// `CLONE_NEW…` of cgroup, uts, ipc, user, pid, net and mount namespaces.
const CLONE_NAMESPACES: u64 = (libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET
    | libc::CLONE_NEWNS) as u64;

/// Terminal size and modes, who is in its foreground, waiting for and dropping what it holds; pending bytes,
/// close-on-exec. Not TIOCSTI and TIOCLINUX, which type for somebody else, not TIOCSETD, which loads line disciplines,
/// and not TIOCSPTLCK, without which nobody makes a terminal of their own.
const IOCTLS: &[u64] = &[
    libc::TCGETS,
    libc::TCSETS,
    libc::TCSETSW,
    libc::TCSETSF,
    libc::TCGETS2,
    libc::TCSETS2,
    libc::TCSETSW2,
    libc::TCSETSF2,
    libc::TCSBRK,
    libc::TCFLSH,
    libc::TCXONC,
    libc::TIOCOUTQ,
    libc::TIOCGSID,
    libc::TIOCGPGRP,
    libc::TIOCSPGRP,
    libc::TIOCGWINSZ,
    libc::TIOCSWINSZ,
    libc::FIONREAD,
    libc::FIONBIO,
    libc::FIOCLEX,
    libc::FIONCLEX,
];

/// Names of threads and mappings, and questions. Not PR_SET_DUMPABLE, which would hide memory from the warden.
const PRCTLS: &[u64] = &[
    libc::PR_SET_NAME as u64,
    libc::PR_GET_NAME as u64,
    libc::PR_SET_PDEATHSIG as u64,
    libc::PR_GET_PDEATHSIG as u64,
    libc::PR_GET_DUMPABLE as u64,
    libc::PR_CAPBSET_READ as u64,
    libc::PR_GET_NO_NEW_PRIVS as u64,
    libc::PR_SET_NO_NEW_PRIVS as u64,
    libc::PR_GET_SECCOMP as u64,
    libc::PR_SET_VMA as u64,
];

fn allowed() -> Result<Rules, SeccompError> {
    let mut rules: Rules = ALLOWED.iter().copied().flatten().map(|call| (*call, Vec::new())).collect();
    rules.insert(libc::SYS_clone, vec![rule([masked(0, CLONE_NAMESPACES, 0)?])?]);
    rules.insert(libc::SYS_ioctl, each(1, IOCTLS)?);
    rules.insert(libc::SYS_prctl, each(0, PRCTLS)?);
    // Only the question which personality it is: another one turns address randomisation off.
    rules.insert(libc::SYS_personality, each(0, &[0, 0xffff_ffff])?);
    // A datagram socket of a pair could still send to any address. A stream refuses one, and of one with packets, with
    // which Rust waits for its children, the kernel passes over it (`unix_seqpacket_sendmsg`).
    let pairs = [libc::SOCK_STREAM, libc::SOCK_SEQPACKET]
        .map(|kind| rule([equal(0, libc::AF_UNIX as u64)?, masked(1, 0xf, kind as u64)?]));
    rules.insert(libc::SYS_socketpair, pairs.into_iter().collect::<Result<_, _>>()?);
    let buffer_sizes_and_timeouts = [libc::SO_SNDBUF, libc::SO_RCVBUF, libc::SO_SNDTIMEO, libc::SO_RCVTIMEO];
    let options = buffer_sizes_and_timeouts.map(|option| {
        // Others of this level attach filter programs to a socket.
        rule([equal(1, libc::SOL_SOCKET as u64)?, equal(2, option as u64)?])
    });
    rules.insert(libc::SYS_setsockopt, options.into_iter().collect::<Result<_, _>>()?);
    let no_address = SeccompCondition::new(4, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, 0)?;
    rules.insert(libc::SYS_sendto, vec![rule([no_address])?]);
    Ok(rules)
}

fn equal(argument: u8, value: u64) -> Result<SeccompCondition, BackendError> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value)
}

fn masked(argument: u8, mask: u64, value: u64) -> Result<SeccompCondition, BackendError> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(mask), value)
}

fn rule<const N: usize>(conditions: [SeccompCondition; N]) -> Result<SeccompRule, BackendError> {
    SeccompRule::new(conditions.into())
}

/// One rule for each value that the argument may have.
fn each(argument: u8, values: &[u64]) -> Result<Vec<SeccompRule>, BackendError> {
    values.iter().map(|value| rule([equal(argument, *value)?])).collect()
}

#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: TargetArch = TargetArch::x86_64;
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: TargetArch = TargetArch::aarch64;

fn compile(rules: Rules, unmatched: SeccompAction, matched: SeccompAction) -> Result<BpfProgram, SeccompError> {
    let filter = SeccompFilter::new(rules, unmatched, matched, ARCHITECTURE)?;
    Ok(BpfProgram::try_from(filter)?)
}

/// Makes the calling process and its children behave as on a machine without these features.
pub(super) fn withhold(withheld: Withheld) -> Result<(), SeccompError> {
    if withheld == Withheld::Nothing {
        return Ok(());
    }
    let denied = [libc::SYS_unshare, libc::SYS_setns, libc::SYS_mount, libc::SYS_umount2, libc::SYS_pivot_root];
    let mut rules: Rules = denied.iter().map(|call| (*call, Vec::new())).collect();
    let mut makes_namespaces = Vec::new();
    for bit in (0..32).map(|shift| 1 << shift).filter(|bit| CLONE_NAMESPACES & bit != 0) {
        makes_namespaces.push(rule([masked(0, bit, bit)?])?);
    }
    rules.insert(libc::SYS_clone, makes_namespaces);
    if withheld == Withheld::Landlock {
        rules.insert(libc::SYS_landlock_create_ruleset, Vec::new());
    }
    let filter = compile(rules, SeccompAction::Allow, SeccompAction::Errno(libc::EPERM as u32))?;
    apply_filter(&filter)?;
    Ok(())
}
