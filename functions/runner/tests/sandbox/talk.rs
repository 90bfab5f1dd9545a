//! Talks to a program in a terminal, as a person does: types, and waits until something is shown.

use std::process::Command;
use std::time::Duration;

use protocol::path::FilePath;
use protocol::run::SourceFile;
use runner::sandbox::{Sandbox, TerminalSize, Withheld};
use runner::terminal::{
    EndReason, Terminal, TerminalBounds, TerminalEnd, TerminalEvent, TerminalHandle, TerminalOrder, TerminalProgram,
};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::support::open;

/// Longest wait for something to be shown: a JVM on a machine that compiles beside it.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the shell shows when it waits.
pub(crate) const PROMPT: &str = "~ $ ";

/// A terminal and what it has shown that nobody has waited for yet.
#[derive(Debug)]
pub(crate) struct Talk {
    pub(crate) handle: TerminalHandle,
    pub(crate) events: mpsc::Receiver<TerminalEvent>,
    shown: String,
    end: Option<TerminalEnd>,
}

pub(crate) fn file(path: &str, content: &str) -> SourceFile {
    SourceFile { path: FilePath::parse(path).expect("a path"), content: content.to_owned() }
}

pub(crate) fn size(rows: u16, cols: u16) -> TerminalSize {
    TerminalSize::new(rows, cols).expect("a size")
}

pub(crate) fn order(program: TerminalProgram, files: &[SourceFile]) -> TerminalOrder {
    TerminalOrder { program, files: files.to_vec(), size: size(24, 80), bounds: TerminalBounds::default() }
}

impl Talk {
    pub(crate) async fn open(sandbox: &Sandbox, order: TerminalOrder) -> Self {
        let (handle, events) = Terminal::open(sandbox, order).await.expect("the terminal opens");
        Self { handle, events, shown: String::new(), end: None }
    }

    /// A shell at its first prompt.
    pub(crate) async fn shell(mode: Withheld, files: &[SourceFile]) -> Self {
        let mut talk = Self::open(&open(mode).await, order(TerminalProgram::Shell, files)).await;
        talk.until(PROMPT).await;
        talk
    }

    /// Types a line.
    pub(crate) fn say(&self, line: &str) {
        self.handle.input(&format!("{line}\r")).expect("the program reads");
    }

    /// Types a line and waits for what it has to show.
    pub(crate) async fn ask(&mut self, line: &str, expected: &str) -> String {
        self.say(line);
        self.until(expected).await
    }

    /// Waits until `expected` is shown; returns what was shown since the last time, with it.
    pub(crate) async fn until(&mut self, expected: &str) -> String {
        loop {
            if let Some(at) = self.shown.find(expected) {
                let rest = self.shown.split_off(at + expected.len());
                return std::mem::replace(&mut self.shown, rest);
            }
            assert!(self.end.is_none(), "it ended without {expected:?}: {:?} {:?}", self.shown, self.end);
            self.next_event(expected).await;
        }
    }

    /// Waits for the end; returns it with what was shown before. Nothing odd may be left.
    pub(crate) async fn end(&mut self) -> (String, TerminalEnd) {
        while self.end.is_none() {
            self.next_event("the end").await;
        }
        assert_eq!(timeout(PATIENCE, self.events.recv()).await, Ok(None), "the end is the last event");
        let end = self.end.take().expect("waited for");
        assert_eq!(end.anomaly, None);
        (std::mem::take(&mut self.shown), end)
    }

    /// Closes it and waits for the end.
    pub(crate) async fn close(&mut self) -> TerminalEnd {
        self.handle.close();
        let (_, end) = self.end().await;
        assert_eq!((end.reason, end.exit_code), (EndReason::Closed, None));
        end
    }

    async fn next_event(&mut self, awaited: &str) {
        match timeout(PATIENCE, self.events.recv()).await {
            Ok(Some(TerminalEvent::Output(text))) => self.shown.push_str(&text),
            Ok(Some(TerminalEvent::Ended(end))) => self.end = Some(end),
            Ok(None) => panic!("no event and no end before {awaited:?}: {:?}", self.shown),
            Err(_elapsed) => panic!("waited too long for {awaited:?}: {:?}", self.shown),
        }
    }
}

/// Processes of a user, one id on each line.
pub(crate) fn processes_of(uid: &str) -> String {
    assert!(!uid.is_empty() && uid != "0", "the user id of a job");
    let alive = Command::new("/usr/bin/pgrep").args(["-U", uid]).output().expect("pgrep runs");
    String::from_utf8_lossy(&alive.stdout).into_owned()
}

/// Asks a shell for its user id.
pub(crate) async fn uid_of(talk: &mut Talk) -> String {
    talk.ask("echo uid=$(id -u)=", "\n").await;
    talk.until("uid=").await;
    let uid = talk.until("=").await;
    uid.trim_end_matches('=').to_owned()
}
