//! The system-call filters: what a job may call, and what the warden denies itself to imitate a lesser machine.

use std::collections::BTreeMap;

use nix::libc;
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter,
};

use super::decision::{self, Answer, Condition};
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

/// The compiled filter of a job, made before the fork and loaded after it.
#[derive(Debug)]
pub(super) struct JobFilter(BpfProgram);

impl JobFilter {
    /// Compiles it.
    pub(super) fn compile() -> Self {
        Self(decision::compile(&answers(), &Answer::Refuse(EPERM)))
    }

    /// Binds the calling thread and what it becomes to the filter, without return.
    pub(super) fn load(&self) -> Result<(), SeccompError> {
        Ok(apply_filter(&self.0)?)
    }
}

const EPERM: u16 = libc::EPERM as u16;

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

/// What a job's calls are answered.
fn answers() -> BTreeMap<u32, Answer> {
    let number = |call: libc::c_long| u32::try_from(call).expect("the numbers of calls are small");
    let mut answers: BTreeMap<u32, Answer> = BTreeMap::new();
    answers.extend(ALLOWED.iter().copied().flatten().map(|call| (number(*call), Answer::Allow)));
    answers.extend(ABSENT.iter().map(|call| (number(*call), Answer::Refuse(libc::ENOSYS as u16))));
    answers.extend(examined().into_iter().map(|(call, either)| (number(call), Answer::Examine(either, EPERM))));
    answers
}

/// Calls that are made for some arguments: where any of these holds, all of whose conditions do.
fn examined() -> Vec<(libc::c_long, Vec<Vec<Condition>>)> {
    let low = |argument, mask, value: u64| Condition::Low { argument, mask, value: value as u32 };
    let equal = |argument, value| low(argument, u32::MAX, value);
    let each = |argument, values: &[u64]| values.iter().map(|value| vec![equal(argument, *value)]).collect();
    // A datagram socket of a pair could still send to any address. A stream refuses one, and of one with packets, with
    // which Rust waits for its children, the kernel passes over it (`unix_seqpacket_sendmsg`).
    let pairs = [libc::SOCK_STREAM, libc::SOCK_SEQPACKET]
        .map(|kind| vec![equal(0, libc::AF_UNIX as u64), low(1, 0xf, kind as u64)]);
    // Others of this level attach filter programs to a socket.
    let options = [libc::SO_SNDBUF, libc::SO_RCVBUF, libc::SO_SNDTIMEO, libc::SO_RCVTIMEO]
        .map(|option| vec![equal(1, libc::SOL_SOCKET as u64), equal(2, option as u64)]);
    vec![
        (libc::SYS_clone, vec![vec![low(0, CLONE_NAMESPACES as u32, 0)]]),
        (libc::SYS_ioctl, each(1, IOCTLS)),
        (libc::SYS_prctl, each(0, PRCTLS)),
        // Only the question which personality it is: another one turns address randomisation off.
        (libc::SYS_personality, each(0, &[0, 0xffff_ffff])),
        (libc::SYS_socketpair, pairs.to_vec()),
        (libc::SYS_setsockopt, options.to_vec()),
        // Without an address to send to.
        (libc::SYS_sendto, vec![vec![Condition::Zero { argument: 4 }]]),
    ]
}

fn masked(argument: u8, mask: u64, value: u64) -> Result<SeccompCondition, BackendError> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(mask), value)
}

fn rule<const N: usize>(conditions: [SeccompCondition; N]) -> Result<SeccompRule, BackendError> {
    SeccompRule::new(conditions.into())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::decision::tests::ask;

    /// The same answers by seccompiler, as two filters, since each of its filters has one way to refuse.
    fn reference() -> [BpfProgram; 2] {
        let condition = |condition: Condition| match condition {
            Condition::Low { argument, mask, value } => masked(argument, u64::from(mask), u64::from(value)),
            Condition::Zero { argument } => {
                SeccompCondition::new(argument, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, 0)
            }
        };
        let absent: Rules = ABSENT.iter().map(|call| (*call, Vec::new())).collect();
        let mut allowed: Rules = ALLOWED.iter().copied().flatten().map(|call| (*call, Vec::new())).collect();
        allowed.extend(absent.clone());
        for (call, alternatives) in examined() {
            let rule = |conditions: Vec<Condition>| {
                let conditions: Result<Vec<_>, _> = conditions.into_iter().map(condition).collect();
                SeccompRule::new(conditions.expect("conditions")).expect("a rule")
            };
            allowed.insert(call, alternatives.into_iter().map(rule).collect());
        }
        let refuse = |error: i32| SeccompAction::Errno(error as u32);
        [
            compile(allowed, refuse(libc::EPERM), SeccompAction::Allow).expect("compiles"),
            compile(absent, SeccompAction::Allow, refuse(libc::ENOSYS)).expect("compiles"),
        ]
    }

    /// Arguments that the rules ask about, what is beside those, and what has them in its lower half alone.
    fn values() -> Vec<u64> {
        let own = [libc::SOL_SOCKET as u64, libc::SO_SNDTIMEO as u64, libc::SO_RCVTIMEO as u64, CLONE_NAMESPACES];
        let asked = [IOCTLS, PRCTLS, &own, &[0, 2, 5, 7, 8, 0xffff_ffff]].concat();
        let near = |value: u64| [value, value + 1, value | 1 << 32, value | 0x800];
        asked.into_iter().flat_map(near).chain((0..64).map(|bit| 1 << bit)).chain([u64::MAX]).collect()
    }

    #[test]
    fn the_tree_answers_every_call_as_the_lists_do() {
        let (ours, [allow_list, absent]) = (JobFilter::compile().0, reference());
        let check = |architecture, number, arguments| {
            let absent = ask(&absent, architecture, number, arguments);
            let is_absent = absent != libc::SECCOMP_RET_ALLOW;
            let expected = if is_absent { absent } else { ask(&allow_list, architecture, number, arguments) };
            let given = ask(&ours, architecture, number, arguments);
            assert_eq!(given, expected, "call {number} of {architecture:#x} with {arguments:x?}");
        };
        let own = decision::ARCHITECTURE;
        for number in (0..1_100).chain([0x4000_0000, 0x4000_0001, 0x4000_0038, u32::MAX]) {
            check(own, number, [0; 6]);
            check(own ^ 1, number, [0; 6]);
        }
        let values = values();
        for number in examined().iter().map(|(call, _)| u32::try_from(*call).expect("small")) {
            for first in &values {
                for second in &values {
                    check(own, number, [*first, *second, *first, 0, *second, 0]);
                    check(own, number, [*first, *first, *second, 0, *first, 0]);
                }
            }
        }
        assert!(ours.len() < allow_list.len() / 2, "{} {}", ours.len(), allow_list.len());
    }
}
