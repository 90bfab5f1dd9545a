//! Attacks, each with a positive control: the same program without the sandbox, as root, must succeed.

use std::process::{Child, Command, Stdio};

use nix::libc;
use protocol::language::Language;
use runner::sandbox::{Bound, Ended, Withheld};

use crate::support::{Case, MODES, gather, open};

/// Runs a Python program that prints `got` if it gets what it wants: bare, then in every mode.
async fn check(source: &str, args: &[&str]) {
    let bare = Command::new("/usr/bin/python3").arg("-c").arg(source).args(args).output().expect("python3 runs");
    let (out, err) = (String::from_utf8_lossy(&bare.stdout), String::from_utf8_lossy(&bare.stderr));
    assert_eq!(out, "got\n", "the control must succeed: {err}");
    for mode in MODES {
        let ran = Case::python(source).with_args(args).run(mode).await;
        assert_eq!(ran.stdout, "", "{mode:?}: {}", ran.stderr);
        assert_eq!(ran.last_step().ended, Ended::Exited(1), "it must fail, not hang or crash: {ran:?}");
    }
}

/// A process of root's with a secret, ended with the test.
struct Victim(Child);

impl Victim {
    fn start() -> Self {
        let mut command = Command::new("/bin/sleep");
        command.arg("60").env_clear().env("SECRET", "s3cret").stdin(Stdio::null());
        Self(command.spawn().expect("sleep runs"))
    }

    fn pid(&self) -> String {
        self.0.id().to_string()
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        self.0.kill().and_then(|()| self.0.wait()).expect("the victim ends");
    }
}

#[tokio::test]
async fn no_socket_of_any_family() {
    let source = "
import socket
families = [socket.AF_INET, socket.AF_INET6, socket.AF_UNIX, socket.AF_NETLINK, socket.AF_PACKET, socket.AF_ALG, socket.AF_VSOCK]
def opens(family):
    try: socket.socket(family, socket.SOCK_RAW if family in (16, 17) else socket.SOCK_SEQPACKET if family == 38 else socket.SOCK_STREAM); return True
    except OSError: return False
if not any(map(opens, families)): raise SystemExit(1)
print('got')";
    check(source, &[]).await;
}

#[tokio::test]
async fn no_datagram_pair_that_could_send_to_an_address() {
    check("import socket; socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM); print('got')", &[]).await;
}

#[tokio::test]
async fn the_environment_of_other_processes_is_hidden() {
    let victim = Victim::start();
    let source = "import sys\nif b's3cret' in open(f'/proc/{sys.argv[1]}/environ', 'rb').read(): print('got')";
    check(source, &[&victim.pid()]).await;
}

#[tokio::test]
async fn no_parent_process_shows_an_environment_or_its_memory() {
    let source = "
import os
found = []
for pid in {os.getppid(), 1}:
    for name in ('environ', 'mem', 'maps'):
        try: found.append(open(f'/proc/{pid}/{name}', 'rb').read(1) if name != 'mem' else open(f'/proc/{pid}/mem', 'rb'))
        except OSError: pass
if not found: raise SystemExit(1)
print('got')";
    check(source, &[]).await;
}

#[tokio::test]
async fn other_processes_cannot_be_signalled() {
    let victim = Victim::start();
    check("import os, sys; os.kill(int(sys.argv[1]), 0); print('got')", &[&victim.pid()]).await;
}

#[tokio::test]
async fn killing_everybody_kills_only_oneself() {
    for mode in MODES {
        let source = "import os\nos.fork(); os.fork()\nos.kill(-1, 9)\nos.kill(os.getpid(), 9)";
        let ran = Case::python(source).run(mode).await;
        assert_eq!(ran.last_step().ended, Ended::Signalled(libc::SIGKILL), "{mode:?}");
    }
}

#[tokio::test]
async fn other_processes_cannot_be_traced() {
    let victim = Victim::start();
    let source = "
import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
if libc.ptrace(16, int(sys.argv[1]), 0, 0) != 0: raise SystemExit(1)
print('got')";
    check(source, &[&victim.pid()]).await;
}

#[tokio::test]
async fn secret_and_foreign_files_cannot_be_read() {
    check("open('/etc/shadow').read(); print('got')", &[]).await;
    check("import os; os.listdir('/root'); print('got')", &[]).await;
}

#[tokio::test]
async fn the_machines_files_cannot_be_written() {
    let source = "
import os
def writes(folder):
    path = f'{folder}/tutti-attack-{os.getpid()}'
    try: open(path, 'w').close()
    except OSError: return False
    os.unlink(path); return True
if not any(map(writes, ['/', '/etc', '/usr', '/usr/bin', '/usr/lib', '/home', '/var', '/var/lib', '/run', '/dev', '/opt'])): raise SystemExit(1)
print('got')";
    check(source, &[]).await;
}

#[tokio::test]
async fn another_jobs_files_cannot_be_read() {
    for mode in MODES {
        let sandbox = open(mode).await;
        let mut other = Case::python("print('up'); input()").job();
        other.steps[0].env.push(("SECRET".to_owned(), "s3cret".to_owned()));
        let mut other = sandbox.start(other).await.expect("starts");
        let mut line = [0; 3];
        tokio::io::AsyncReadExt::read_exact(&mut other.stdout, &mut line).await.expect("it is up");
        let source = "
import glob
for pattern in ('/var/tmp/tutti-runner-tests/*/work/main.py', '/proc/[0-9]*/root/*/work/main.py', '/proc/[0-9]*/cwd/main.py', '/proc/[0-9]*/environ'):
    for path in glob.glob(pattern):
        try: text = open(path).read()
        except OSError: continue
        if 's3' + 'cret' in text or text.startswith('print'): print('got', path)";
        let ran = Case::python(source).run_in(&sandbox).await;
        assert_eq!(ran.stdout, "", "{mode:?}");
        gather(other).await;
    }
}

#[tokio::test]
async fn privileges_do_not_come_back() {
    check("import os; os.setuid(0); print('got')", &[]).await;
    check("import os; os.setgroups([0]); print('got')", &[]).await;
    let status =
        "print([line for line in open('/proc/self/status') if line.startswith(('Cap', 'NoNewPrivs', 'Seccomp:'))])";
    for mode in MODES {
        let ran = Case::python(status).run(mode).await;
        let zero = "\\t0000000000000000\\n";
        let sets = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"].map(|set| format!("'{set}:{zero}'")).join(", ");
        assert_eq!(ran.stdout, format!("[{sets}, 'NoNewPrivs:\\t1\\n', 'Seccomp:\\t2\\n']\n"), "{mode:?}");
    }
}

#[tokio::test]
async fn no_core_is_dumped() {
    check("import resource; resource.setrlimit(resource.RLIMIT_CORE, (1, 1)); print('got')", &[]).await;
}

#[tokio::test]
async fn compilers_do_not_read_for_a_program_what_it_may_not() {
    let c = "#include \"/etc/shadow\"\nint main(void) {}";
    let rust = "fn main() { print!(\"{}\", include_str!(\"/etc/shadow\")); }";
    let secret = std::fs::read_to_string("/etc/shadow").expect("root reads it");
    let line = secret.lines().next().expect("a line");
    // The control: for root, a compiler shows the line.
    let bare = std::env::temp_dir().join(format!("tutti-attack-{}.c", std::process::id()));
    std::fs::write(&bare, c).expect("written");
    let shown = Command::new("/usr/bin/gcc").arg("-fsyntax-only").arg(&bare).output().expect("gcc runs").stderr;
    std::fs::remove_file(&bare).expect("removed");
    assert!(String::from_utf8_lossy(&shown).contains(line), "the control must succeed");
    for mode in MODES {
        let sandbox = open(mode).await;
        for (language, source) in [(Language::C, c), (Language::Rust, rust)] {
            let ran = Case::new(language, source).run_in(&sandbox).await;
            assert_eq!(ran.outcome.steps.len(), 1, "{mode:?} {language:?} must not compile: {ran:?}");
            assert!(!ran.stderr.contains(line) && !ran.stdout.contains(line), "{mode:?} {language:?}: {ran:?}");
        }
    }
}

#[tokio::test]
async fn no_descriptor_and_no_variable_is_inherited() {
    let source = "import os; print(sorted(os.listdir('/proc/self/fd'))[:4], sorted(os.environ))";
    for mode in MODES {
        let ran = Case::python(source).run(mode).await;
        // The fourth is the listing's own.
        assert_eq!(ran.stdout, "['0', '1', '2', '3'] ['HOME', 'LANG', 'PATH', 'TMPDIR']\n", "{mode:?}");
    }
}

/// System calls that must not get past the filter, with arguments that make them fail or do nothing beyond it.
const REFUSED: &[(&str, libc::c_long, &[i64])] = &[
    // First what asks for power over the machine, which the control gives up with its user namespace.
    ("clock_settime", libc::SYS_clock_settime, &[0, 0]),
    ("clock_adjtime", libc::SYS_clock_adjtime, &[0, 0]),
    ("settimeofday", libc::SYS_settimeofday, &[0, 0]),
    ("sethostname", libc::SYS_sethostname, &[0, -1]),
    ("reboot", libc::SYS_reboot, &[0, 0, 0, 0]),
    ("memfd_create", libc::SYS_memfd_create, &[0, 0]),
    ("unshare user", libc::SYS_unshare, &[libc::CLONE_NEWUSER as i64]),
    ("unshare mount", libc::SYS_unshare, &[libc::CLONE_NEWNS as i64]),
    ("setns", libc::SYS_setns, &[-1, 0]),
    ("clone3", libc::SYS_clone3, &[0, 0]),
    ("io_uring_setup", libc::SYS_io_uring_setup, &[1, 0]),
    ("userfaultfd", libc::SYS_userfaultfd, &[1]),
    ("bpf", libc::SYS_bpf, &[0, 0, 0]),
    ("perf_event_open", libc::SYS_perf_event_open, &[0, 0, -1, -1, 0]),
    ("keyctl", libc::SYS_keyctl, &[0, -3, 0]),
    ("add_key", libc::SYS_add_key, &[0, 0, 0, 0, -3]),
    ("mount", libc::SYS_mount, &[0, 0, 0, 0, 0]),
    ("chroot", libc::SYS_chroot, &[0]),
    ("shmget", libc::SYS_shmget, &[0, 4096, 0o1600]),
    ("msgget", libc::SYS_msgget, &[-2, 0]),
    ("semget", libc::SYS_semget, &[-2, 0, 0]),
    ("mq_open", libc::SYS_mq_open, &[0, 0, 0, 0]),
    ("process_vm_readv", libc::SYS_process_vm_readv, &[1, 0, 0, 0, 0, 0]),
    ("pidfd_getfd", libc::SYS_pidfd_getfd, &[-1, 0, 0]),
    ("personality", libc::SYS_personality, &[0x0004_0000]),
    ("PR_SET_DUMPABLE", libc::SYS_prctl, &[4, 1, 0, 0, 0]),
    ("TIOCSTI", libc::SYS_ioctl, &[0, 0x5412, 0]),
    ("TIOCLINUX", libc::SYS_ioctl, &[0, 0x541c, 0]),
    ("io_setup", libc::SYS_io_setup, &[0, 0]),
    ("open_by_handle_at", libc::SYS_open_by_handle_at, &[-1, 0, 0]),
    ("fanotify_mark", libc::SYS_fanotify_mark, &[-1, 0, 0, 0, 0]),
    ("quotactl", libc::SYS_quotactl, &[0, 0, 0, 0]),
    ("name_to_handle_at", libc::SYS_name_to_handle_at, &[-1, 0, 0, 0, 0]),
    ("SO_ATTACH_FILTER", libc::SYS_setsockopt, &[0, 1, 26, 0, 0]),
    ("seccomp", libc::SYS_seccomp, &[9, 0, 0]),
];

#[tokio::test]
async fn dangerous_system_calls_are_refused() {
    let source = "
import ctypes, sys, json
libc = ctypes.CDLL(None, use_errno=True)
for number, arguments in json.loads(sys.argv[1]):
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, arguments))
    print(ctypes.get_errno() if result == -1 else 0)";
    let numbers: Vec<_> = REFUSED.iter().map(|(_, number, args)| (number, args)).collect();
    let argument = serde_json::to_string(&numbers).expect("serialises");
    let refused = |output: &str| -> Vec<bool> { output.lines().map(|errno| ["1", "38"].contains(&errno)).collect() };
    let bare = Command::new("/usr/bin/python3").args(["-c", source, &argument]).stdin(Stdio::null()).output();
    let bare = String::from_utf8(bare.expect("python3 runs").stdout).expect("text");
    for ((name, ..), errno) in REFUSED.iter().zip(bare.lines()) {
        // 38: this kernel was built without it.
        assert!(errno == "38" || !refused(errno)[0], "the control must get past the gate: {name}");
    }
    for mode in MODES {
        let ran = Case::python(source).with_args(&[&argument]).run(mode).await;
        let answers = refused(&ran.stdout);
        assert_eq!(answers.len(), REFUSED.len(), "{mode:?}: {ran:?}");
        for ((name, ..), refused) in REFUSED.iter().zip(answers) {
            assert!(refused, "{mode:?}: {name} got past the filter: {}", ran.stdout);
        }
    }
}

#[tokio::test]
async fn the_namespaces_hold_nothing_of_the_machine() {
    let source = "
import os
print([path for path in ('/root', '/home', '/opt', '/run', '/var/lib', '/etc/shadow', '/proc/2', '/sys/kernel') if os.path.exists(path)])
print([pid for pid in os.listdir('/proc') if pid.isdigit()] == [str(os.getpid())], os.uname().nodename)
print(open('/etc/passwd').read().count('coder'), open('/proc/net/dev').read().count(':'))";
    let ran = Case::python(source).run(Withheld::Nothing).await;
    assert_eq!(ran.stdout, "['/proc/2']\nTrue tutti\n1 1\n", "{}", ran.stderr);
}

#[tokio::test]
async fn the_jobs_own_folders_cannot_be_exchanged() {
    let source = "
import os
def works(act):
    try: act()
    except OSError: return False
    return True
acts = [lambda: os.rename('../work', '../elsewhere'), lambda: os.symlink('/', '../link'), lambda: os.chmod('..', 0o777)]
print([works(act) for act in acts])";
    for mode in MODES {
        let ran = Case::python(source).run(mode).await;
        assert_eq!(ran.stdout, "[False, False, False]\n", "{mode:?}: {}", ran.stderr);
    }
}

#[tokio::test]
async fn kernel_settings_cannot_be_written() {
    let source = "open('/proc/sys/kernel/hostname', 'r+'); print('got')";
    check(source, &[]).await;
    check("open('/proc/sys/vm/overcommit_memory', 'r+'); print('got')", &[]).await;
}

#[tokio::test]
async fn a_program_that_stops_itself_is_ended() {
    let source = "import os; os.fork(); os.kill(0, 19)";
    for mode in MODES {
        let ran = Case::python(source).with_limits(|limits| limits.wall_ms = 300).run(mode).await;
        assert_eq!(ran.last_step().bound, Some(Bound::Time), "{mode:?}: {ran:?}");
    }
}
