//! The file rules: what a job may read and run, and the folders in which it may write.

use std::os::fd::BorrowedFd;
use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, PathBeneath, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetError, RulesetStatus, Scope, path_beneath_rules,
};

use super::place::SHARED_MEMORY;
use super::spec::Tier;

/// Programs and libraries. In a minimal root there is little else; on a whole machine this hides everything else.
const PROGRAMS: &[&str] = &["/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32"];

/// What programs read at their start: the linker's cache, time zone, names of users, Debian's alternatives.
const SETTINGS: &[&str] = &[
    "/etc/alternatives",
    "/etc/group",
    "/etc/java-17-openjdk",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/locale.alias",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/etc/python3",
    "/etc/python3.11",
    "/etc/ssl/openssl.cnf",
    "/etc/timezone",
];

/// A namespace's own processes, or on a whole machine the job's first process alone.
fn processes(tier: Tier) -> &'static str {
    if tier == Tier::Namespaces { "/proc" } else { "/proc/self" }
}

/// Facts about the machine that runtimes look at.
const KERNEL: &[&str] = &[
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/sys/vm/overcommit_memory",
    "/proc/version",
    "/sys/devices/system/cpu",
    "/sys/kernel/mm/transparent_hugepage",
];

/// Devices that hold no state.
const DEVICES: &[&str] = &["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

/// The name of whatever terminal controls the process that opens it.
const OWN_TERMINAL: &str = "/dev/tty";

/// The newest interface these rules know; older kernels enforce what they have.
const NEWEST: ABI = ABI::V6;

/// Binds the calling thread to the lists above, a folder of `caches` to read, one `writable` folder, shared memory, and
/// its terminal if it has one. Returns whether the kernel enforces any of it.
pub(super) fn restrict(
    writable: &Path,
    caches: Option<&Path>,
    tier: Tier,
    terminal: Option<BorrowedFd<'_>>,
) -> Result<bool, RulesetError> {
    let read_only = AccessFs::from_read(NEWEST);
    let read_no_run = read_only & !AccessFs::Execute;
    let devices = AccessFs::MakeBlock | AccessFs::MakeChar;
    let device = AccessFs::ReadFile | AccessFs::WriteFile;
    // Which modes it may be asked to change is the business of the system-call filter.
    let talked_to = device | AccessFs::IoctlDev;
    let own_terminal = terminal.map(|_| OWN_TERMINAL);
    // By the descriptor in hand: no rule names a folder in which the terminals of others are.
    let terminal = terminal.map(|terminal| PathBeneath::new(terminal, talked_to));
    let status = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(AccessNet::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?
        .create()?
        .add_rules(path_beneath_rules(PROGRAMS, read_only))?
        .add_rules(path_beneath_rules(SETTINGS.iter().chain(KERNEL).chain([&processes(tier)]), read_no_run))?
        .add_rules(path_beneath_rules(caches, read_no_run))?
        .add_rules(path_beneath_rules(DEVICES, device))?
        .add_rules(path_beneath_rules([writable, Path::new(SHARED_MEMORY)], AccessFs::from_all(NEWEST) & !devices))?
        .add_rules(path_beneath_rules(own_terminal, talked_to))?
        .add_rules(terminal.map(Ok::<_, RulesetError>))?
        .restrict_self()?;
    Ok(status.ruleset != RulesetStatus::NotEnforced)
}
