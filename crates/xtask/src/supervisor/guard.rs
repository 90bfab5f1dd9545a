//! `xtask guard`: the process between the supervisor and one program, which makes sure that nothing of the program
//! outlives the supervisor.
//!
//! **Safety: no descendant survives.** The guard is the reaper of every orphan below it, so programs that daemonise
//! or whose parent dies stay findable, and it returns only when none is left.
//! **Liveness: the program ends when the supervisor does.** The guard's standard input is a pipe that the supervisor
//! holds; its end, however the supervisor ended, begins the orderly stop. A line `kill` on it kills at once.
//!
//! The guard also writes the program's output to its log file, so that a program never writes to a broken pipe.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufRead as _, BufReader, PipeReader, Write as _},
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Command, ExitCode, Stdio},
    sync::mpsc::{self, RecvTimeoutError, Sender},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use nix::{
    errno::Errno,
    sys::{
        prctl,
        signal::{Signal, kill},
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::{Pid, getpid},
};

use super::processes;
use crate::cli::GuardOptions;

/// How long descendants may take to follow after the program itself has ended.
const STRAGGLERS_GRACE: Duration = Duration::from_secs(2);
/// A killed process is gone at once, unless its user namespace has another owner.
const KILL_PATIENCE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(20);

/// What the supervisor asks for over standard input.
enum Order {
    Stop,
    Kill,
}

/// Runs the program until it ends or the supervisor says or implies that it should.
pub(crate) fn run(options: &GuardOptions) -> ExitCode {
    match guard(options) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            // The supervisor may be gone, and with it the reader of this pipe.
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::from(127)
        }
    }
}

fn guard(options: &GuardOptions) -> Result<u8> {
    prctl::set_child_subreaper(true).context("cannot become the reaper of orphans")?;
    let log = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&options.log)
        .with_context(|| format!("cannot open {}", options.log.display()))?;
    let (program, output) = start(&options.command)?;
    let copying = copy_output(output, log);
    let (sender, orders) = mpsc::channel();
    thread::spawn(move || read_orders(&sender));

    let code = supervise(program, &orders, Duration::from_secs(options.grace_s))?;
    end_all(Signal::SIGTERM, STRAGGLERS_GRACE)?;
    end_all(Signal::SIGKILL, KILL_PATIENCE)?;
    // Every writer of the pipe is gone, so the copy ends by itself.
    let _ = copying.join();
    Ok(code)
}

fn start(command: &[String]) -> Result<(Pid, PipeReader)> {
    let (program, args) = command.split_first().context("no program given")?;
    let (output, input) = io::pipe().context("cannot make a pipe")?;
    let child = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stdout(input.try_clone().context("cannot share the pipe")?)
        .stderr(input)
        // Away from the terminal's process group: Ctrl-C reaches the supervisor, which ends the parts in order.
        .process_group(0)
        .spawn()
        .with_context(|| format!("cannot start {}", Path::new(program).display()))?;
    Ok((Pid::from_raw(child.id().cast_signed()), output))
}

fn copy_output(output: PipeReader, mut log: File) -> JoinHandle<()> {
    thread::spawn(move || {
        let mut reader = BufReader::new(output);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            // A full disk or a dead supervisor must not stop the program.
            let _ = log.write_all(&line);
            let _ = io::stdout().write_all(&line).and_then(|()| io::stdout().flush());
            line.clear();
        }
    })
}

fn read_orders(orders: &Sender<Order>) {
    for line in io::stdin().lines().map_while(Result::ok) {
        if line == "kill" {
            let _ = orders.send(Order::Kill);
        }
    }
    let _ = orders.send(Order::Stop);
}

/// Waits for the program, obeying orders, and gives its exit code.
fn supervise(program: Pid, orders: &mpsc::Receiver<Order>, grace: Duration) -> Result<u8> {
    let mut kill_at = None;
    loop {
        if let Some(code) = reap(program)? {
            return Ok(code);
        }
        match orders.recv_timeout(POLL) {
            Ok(Order::Stop) => {
                kill_at = Some(Instant::now() + grace);
                // The program ends its own children; a signal to all of them would disturb that.
                signal(program, Signal::SIGTERM)?;
            }
            Ok(Order::Kill) => end_all(Signal::SIGKILL, KILL_PATIENCE)?,
            // After the end of input the orders end too, and only the deadline is left.
            Err(RecvTimeoutError::Disconnected) => thread::sleep(POLL),
            Err(RecvTimeoutError::Timeout) => {}
        }
        if kill_at.is_some_and(|deadline| Instant::now() >= deadline) {
            signal(program, Signal::SIGKILL)?;
        }
    }
}

/// Collects every child that has ended; the program's exit code if it is among them or was collected before.
fn reap(program: Pid) -> Result<Option<u8>> {
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) => return Ok(None),
            Ok(WaitStatus::Exited(pid, code)) if pid == program => return Ok(Some(code.to_le_bytes()[0])),
            Ok(WaitStatus::Signaled(pid, signal, _)) if pid == program => {
                return Ok(Some(128 + (signal as i32).to_le_bytes()[0]));
            }
            Ok(_other) => {}
            // No child at all: the program was collected while everything was being killed.
            Err(Errno::ECHILD) => return Ok(Some(128 + 9)),
            Err(error) => return Err(error).context("cannot wait for children"),
        }
    }
}

/// Signals all descendants until none is left or the time is up.
fn end_all(with: Signal, patience: Duration) -> Result<()> {
    let start = Instant::now();
    loop {
        let living = processes::descendants(getpid().as_raw());
        for pid in &living {
            signal(Pid::from_raw(*pid), with)?;
        }
        while matches!(waitpid(None, Some(WaitPidFlag::WNOHANG)), Ok(status) if status != WaitStatus::StillAlive) {}
        if living.is_empty() || start.elapsed() >= patience {
            return Ok(());
        }
        thread::sleep(POLL);
    }
}

fn signal(pid: Pid, signal: Signal) -> Result<()> {
    match kill(pid, signal) {
        // A process of another user is inside a sandbox, whose owner ends it.
        Ok(()) | Err(Errno::ESRCH | Errno::EPERM) => Ok(()),
        Err(error) => Err(error).with_context(|| format!("cannot signal {pid}")),
    }
}
