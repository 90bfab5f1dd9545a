//! A program under a guard, seen from the supervisor's side.

use std::{
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::Notify,
};

use super::log_lines;
use crate::workspace::cargo_leftovers;

/// What to run and how.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// Shown before its lines and naming its log file.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) args: Vec<String>,
    /// Added to the supervisor's own environment.
    pub(crate) env: Vec<(String, String)>,
    pub(crate) dir: PathBuf,
    /// How long it may take to end when asked to.
    pub(crate) grace: Duration,
    /// Whether a log line says that the program has lost a piece of itself for good.
    pub(crate) is_fatal: fn(&str) -> bool,
    /// A process below it that explains why it does not answer for a while: a build.
    pub(crate) busy_with: Option<&'static str>,
}

/// Where the lines of programs go.
#[derive(Clone, Debug)]
pub(crate) struct Logs {
    pub(crate) dir: PathBuf,
    /// Whether every line is shown, or only warnings and errors.
    pub(crate) verbose: bool,
}

impl Logs {
    /// The log file of a program.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.log"))
    }
}

/// A running program. Dropping it stops the program in order, but does not wait for that.
pub(crate) struct Guarded {
    guard: Child,
    orders: Option<ChildStdin>,
    /// Rung by a fatal log line.
    alarm: Arc<Notify>,
    /// Set when the program is asked to end: what it complains about then helps nobody.
    ending: Arc<AtomicBool>,
}

impl Guarded {
    /// Starts the program; its lines go to its log file, and the important ones to the terminal.
    pub(crate) fn start(program: &Program, logs: &Logs) -> Result<Self> {
        // The path stays valid when cargo replaces the binary while it runs.
        let mut command = Command::new("/proc/self/exe");
        command
            .arg("guard")
            .arg("--log")
            .arg(logs.file(&program.name))
            .args(["--grace-s", &program.grace.as_secs().to_string(), "--"])
            .arg(&program.path)
            .args(&program.args)
            .envs(program.env.iter().map(|(name, value)| (name, value)))
            .current_dir(&program.dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0);
        for name in cargo_leftovers() {
            command.env_remove(name);
        }
        let mut guard = command.spawn().with_context(|| format!("cannot start {}", program.path.display()))?;
        let alarm = Arc::<Notify>::default();
        let ending = Arc::<AtomicBool>::default();
        if let Some(output) = guard.stdout.take() {
            let (alarm, ending) = (Arc::clone(&alarm), Arc::clone(&ending));
            tokio::spawn(show_lines(program.clone(), output, logs.verbose, alarm, ending));
        }
        let orders = guard.stdin.take();
        Ok(Self { guard, orders, alarm, ending })
    }

    /// The process that guards the program, while there is one.
    pub(crate) fn guard_pid(&self) -> Option<i32> {
        self.guard.id().map(u32::cast_signed)
    }

    /// Asks the program to end; it is killed when its grace is over.
    pub(crate) fn stop(&mut self) {
        self.ending.store(true, Ordering::Relaxed);
        self.orders = None;
    }

    /// Kills the program and everything that it started.
    pub(crate) async fn kill(&mut self) {
        if let Some(orders) = &mut self.orders {
            // A failed write means that the guard, and so the program, has ended.
            let _ = orders.write_all(b"kill\n").await;
        }
    }

    /// Rung when the program says that it has lost a piece of itself for good.
    pub(crate) fn alarm(&self) -> Arc<Notify> {
        Arc::clone(&self.alarm)
    }

    /// Waits until the program and everything that it started is gone.
    pub(crate) async fn ended(&mut self) -> Result<ExitStatus> {
        self.guard.wait().await.context("cannot wait for a guard")
    }
}

async fn show_lines(program: Program, output: ChildStdout, verbose: bool, alarm: Arc<Notify>, ending: Arc<AtomicBool>) {
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let important = log_lines::is_important(&line) && !ending.load(Ordering::Relaxed);
        if verbose || important {
            println!("{:>12} | {line}", program.name);
        }
        if (program.is_fatal)(&line) {
            alarm.notify_one();
        }
    }
}

/// The last lines of a log, for an error message.
pub(crate) fn log_tail(file: &Path) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(25)..].join("\n")
}
