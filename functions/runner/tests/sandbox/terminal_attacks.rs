//! Attacks from a terminal and on terminals, each with a positive control: the same program as root, in a terminal
//! that the test has made, must succeed.

use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use runner::terminal::EndReason;

use crate::support::MODES;
use crate::talk::{PROMPT, Talk, file, processes_of, uid_of};

/// Runs a Python program that prints `got` if it gets what it wants: as root in a bare terminal, then in every mode.
async fn check(source: &str) {
    // script(1) makes a terminal and gives it to what it runs.
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let folder = format!("/var/tmp/tutti-control-{}-{number}", std::process::id());
    std::fs::create_dir_all(&folder).expect("made");
    std::fs::write(format!("{folder}/attack.py"), source).expect("written");
    let line = format!("/usr/bin/python3 {folder}/attack.py");
    let control = Command::new("/usr/bin/script").args(["-qec", &line, "/dev/null"]).stdin(Stdio::null()).output();
    std::fs::remove_dir_all(&folder).expect("removed");
    let control = String::from_utf8_lossy(&control.expect("script runs").stdout).into_owned();
    assert!(control.contains("got\r\n"), "the control must succeed: {control}");
    for mode in MODES {
        let mut talk = Talk::shell(mode, &[file("attack.py", source)]).await;
        talk.ask("/usr/bin/python3 attack.py; echo code=$?=", "\n").await;
        talk.until("code=").await;
        let code = talk.until("=").await;
        assert_eq!(code, "1=", "{mode:?}: it must fail, not hang or crash");
        talk.close().await;
    }
}

#[tokio::test]
async fn nobody_types_for_the_shell() {
    let source = "import fcntl\nfcntl.ioctl(0, 0x5412, b'x')\nprint('got')";
    check(source).await;
    let opened = "import fcntl\nfcntl.ioctl(open('/dev/tty', 'rb'), 0x5412, b'x')\nprint('got')";
    check(opened).await;
}

#[tokio::test]
async fn no_line_discipline_is_loaded() {
    // TIOCSETD with N_NULL, which every kernel has; then N_TTY again, or nothing would be shown any more.
    let source = "
import fcntl, struct
for discipline in (27, 0): fcntl.ioctl(0, 0x5423, struct.pack('i', discipline))
print('got')";
    check(source).await;
}

#[tokio::test]
async fn the_terminal_is_not_locked_or_given_away() {
    check("import fcntl\nfcntl.ioctl(0, 0x540c)\nprint('got')").await;
    // TIOCNOTTY: a shell whose terminal controls nobody cannot be interrupted.
    check("import fcntl, os\nif os.fork(): raise SystemExit(os.waitstatus_to_exitcode(os.wait()[1]))\nfcntl.ioctl(0, 0x5422)\nprint('got')").await;
}

#[tokio::test]
async fn nobody_makes_a_terminal() {
    check("import pty\npty.openpty()\nprint('got')").await;
}

/// A terminal that is somebody else's: another process of root's has it, and the names of all are tried.
#[tokio::test]
async fn the_terminals_of_others_cannot_be_opened() {
    let source = "
import os
own = os.fstat(0).st_rdev
def opens(name):
    path = f'/dev/pts/{name}'
    try:
        file = os.open(path, os.O_RDWR | os.O_NOCTTY)
        return os.fstat(file).st_rdev != own
    except OSError: return False
if not any(opens(number) for number in range(4096)): raise SystemExit(1)
print('got')";
    let command = ["-qec", "sleep 600", "/dev/null"];
    let other = Command::new("/usr/bin/script").args(command).stdin(Stdio::null()).stdout(Stdio::null()).spawn();
    let _other = Other(other.expect("script runs"));
    check(source).await;
}

/// Somebody else with a terminal, ended with the test.
struct Other(Child);

impl Drop for Other {
    fn drop(&mut self) {
        self.0.kill().and_then(|()| self.0.wait()).expect("it ends");
    }
}

#[tokio::test]
async fn an_orphan_that_holds_the_terminal_does_not_hold_its_end() {
    let source = "
import os, signal, time
for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT, signal.SIGTTOU): signal.signal(number, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        print('holding', flush=True)
        while True:
            try: os.write(1, b'.')
            except OSError: pass
            time.sleep(0.01)
    os._exit(0)";
    for mode in MODES {
        let mut talk = Talk::shell(mode, &[file("hold.py", source)]).await;
        let uid = uid_of(&mut talk).await;
        talk.ask("python3 hold.py", "holding").await;
        talk.say("exit 0");
        let (_, end) = talk.end().await;
        assert_eq!((end.reason, end.exit_code), (EndReason::Exited, Some(0)), "{mode:?}");
        assert_eq!(processes_of(&uid), "", "{mode:?}");
    }
}

#[tokio::test]
async fn a_flood_cannot_keep_a_terminal_from_closing() {
    for mode in MODES {
        let mut talk = Talk::shell(mode, &[]).await;
        let uid = uid_of(&mut talk).await;
        talk.ask("trap '' HUP TERM INT; yes & yes & yes", "y\r\ny\r\n").await;
        talk.close().await;
        assert_eq!(processes_of(&uid), "", "{mode:?}");
    }
}

#[tokio::test]
async fn a_terminal_that_holds_its_output_back_can_be_closed() {
    for mode in MODES {
        let mut talk = Talk::shell(mode, &[]).await;
        let uid = uid_of(&mut talk).await;
        talk.ask("echo rea''dy; python3 -c 'import termios; termios.tcflow(0, termios.TCOOFF)'; yes", "ready").await;
        talk.close().await;
        assert_eq!(processes_of(&uid), "", "{mode:?}");
    }
}

#[tokio::test]
async fn killing_everybody_ends_the_shell_and_nothing_else() {
    for mode in MODES {
        let mut talk = Talk::shell(mode, &[file("kept.txt", "kept")]).await;
        talk.say("echo made > made.txt; kill -9 -1; kill -9 $$");
        let (_, end) = talk.end().await;
        assert_eq!((end.reason, end.exit_code), (EndReason::Exited, None), "{mode:?}");
        assert_eq!(end.changes.expect("collected").created, [file("made.txt", "made\n")], "{mode:?}");
    }
}

/// Whoever looks at the files cannot be reached by the job that they belong to.
#[tokio::test]
async fn who_looks_at_the_files_cannot_be_stopped() {
    for mode in MODES {
        let mut talk = Talk::shell(mode, &[]).await;
        let line = "(trap '' TERM; echo rea''dy; while :; do kill -TERM -1; kill -STOP -1; done) 2> errors &";
        // Job control is over with all stopped but the one who stops; the terminal and its files are not.
        talk.ask(line, "ready").await;
        for _ in 0..20 {
            talk.handle.changes().await.expect("collected");
        }
        talk.close().await;
    }
}

#[tokio::test]
async fn no_descriptor_of_the_runners_and_no_other_variable_is_inherited() {
    let source = "
import os
def is_open(number):
    try: os.fstat(number)
    except OSError: return False
    return True
print([number for number in range(256) if is_open(number)], *sorted(os.environ), 'end')";
    let expected = "[0, 1, 2] CGO_ENABLED GOMAXPROCS GOPROXY HISTFILE HOME LANG LESSHISTFILE NODE_REPL_HISTORY \
                    OPENSSL_CONF PATH";
    for mode in MODES {
        let mut talk = Talk::shell(mode, &[file("list.py", source)]).await;
        let shown = talk.ask("stty cols 500; exec 2>&1; python3 list.py", "end\r\n").await;
        // The shell adds its own.
        assert!(shown.contains(expected), "{mode:?}: {shown}");
        talk.until(PROMPT).await;
        talk.close().await;
    }
}
