//! The task of one terminal: moves bytes both ways, asks for files, and knows when it is over.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};

use super::handle::{CHANGES_PATIENCE, Command, Commands};
use super::outbox::{FRAME_BYTES, Outbox};
use super::{EndReason, TerminalBounds, TerminalEnd, TerminalEvent};
use crate::sandbox::{
    Bound, Changes, ChangesReader, Control, Ended, Master, Outcome, RunningTerminal, SandboxError, Stop,
};

/// How long after a job's end, its bounds or an order the jail may take to say so.
const JAIL_GRACE: Duration = Duration::from_secs(10);

/// What the task of a terminal holds.
#[derive(Debug)]
pub(super) struct Session {
    master: Master,
    changes: ChangesReader,
    control: Control,
    events: mpsc::Sender<TerminalEvent>,
    outbox: Outbox,
    /// Input that the terminal has not taken yet.
    input: VecDeque<u8>,
    /// Whether the job's end of the terminal is open.
    is_shown: bool,
    /// Whether the warden may still say something of the files.
    is_told: bool,
    askers: Askers,
    last_changes: Option<Changes>,
    /// Why the job was told to end.
    ending: Option<EndReason>,
    idle: Duration,
    /// When it ends for want of input.
    idle_at: Instant,
    /// When a jail that has not ended by then is given up.
    given_up_at: Instant,
}

/// Who waits for an answer about the files. One question is open at a time.
#[derive(Debug, Default)]
struct Askers {
    /// They get the answer to the open question.
    open: Vec<oneshot::Sender<Changes>>,
    /// They asked later: the open question may have been answered before what they want to see had happened.
    next: Vec<oneshot::Sender<Changes>>,
    /// When the open question is given up.
    late_at: Option<Instant>,
}

impl Session {
    pub(super) fn new(running: RunningTerminal, bounds: &TerminalBounds, events: mpsc::Sender<TerminalEvent>) -> Self {
        let RunningTerminal { master, changes, control } = running;
        let now = Instant::now();
        Self {
            master,
            changes,
            control,
            events,
            outbox: Outbox::new(now),
            input: VecDeque::new(),
            is_shown: true,
            is_told: true,
            askers: Askers::default(),
            last_changes: None,
            ending: None,
            idle: bounds.idle,
            idle_at: now + bounds.idle,
            given_up_at: now + bounds.wall + JAIL_GRACE,
        }
    }

    /// Lasts until the job is dead and everything that it showed has been taken.
    pub(super) async fn run(mut self, mut commands: Commands) {
        let mut bytes = vec![0; FRAME_BYTES];
        while (self.is_shown || self.is_told || !self.outbox.is_empty()) && Instant::now() < self.given_up_at {
            self.step(&mut commands, &mut bytes).await;
        }
        // Askers hear that it is over before the events say so.
        drop((commands, self.askers));
        let outcome = timeout(JAIL_GRACE, self.control.finish()).await;
        let outcome = outcome.unwrap_or(Err(SandboxError::NoReport));
        let end = end(outcome, self.ending, self.last_changes);
        let _unheard = self.events.send(TerminalEvent::Ended(end)).await;
    }

    /// Does the next thing that there is to do.
    async fn step(&mut self, commands: &mut Commands, bytes: &mut [u8]) {
        let due = self.outbox.due();
        let is_due = due.is_some_and(|due| due <= Instant::now());
        let is_running = self.ending.is_none();
        let wake_at = [due.filter(|_| !is_due), self.askers.late_at, is_running.then_some(self.idle_at)];
        let wake_at = wake_at.into_iter().flatten().fold(self.given_up_at, Instant::min);
        tokio::select! {
            has_room = has_room(&self.events), if is_due => {
                let piece = self.outbox.give(Instant::now());
                if has_room {
                    self.events.try_send(TerminalEvent::Output(piece)).expect("nobody else sends");
                }
            }
            () = self.events.closed(), if is_running => self.end(EndReason::Closed).await,
            read = self.master.read(bytes), if self.is_shown && !self.outbox.is_full() => {
                self.show(read.map(|length| &bytes[..length]));
            }
            written = self.master.write(self.input.as_slices().0), if self.is_shown && !self.input.is_empty() => {
                self.typed(written, commands);
            }
            answer = self.changes.next(), if self.is_told => self.hear(answer).await,
            command = commands.received.recv(), if is_running => match command {
                Some(command) => self.obey(command).await,
                None => self.end(EndReason::Closed).await,
            },
            () = commands.close.notified(), if is_running => self.end(EndReason::Closed).await,
            () = sleep_until(wake_at) => self.look_at_clock().await,
        }
    }

    fn show(&mut self, read: io::Result<&[u8]>) {
        match read {
            Ok([]) => {
                self.is_shown = false;
                self.outbox.take_end();
            }
            Ok(bytes) => self.outbox.take(bytes),
            Err(error) => {
                tracing::error!(%error, "reading a terminal");
                self.is_shown = false;
                self.outbox.take_end();
            }
        }
    }

    fn typed(&mut self, written: io::Result<usize>, commands: &Commands) {
        // A terminal that takes nothing any more is about to end.
        let taken = written.unwrap_or(self.input.len());
        self.input.drain(..taken);
        commands.input_room.add_permits(taken);
    }

    async fn obey(&mut self, command: Command) {
        match command {
            Command::Input(text) => {
                self.idle_at = Instant::now() + self.idle;
                self.input.extend(text.as_bytes());
            }
            Command::Resize(size) => {
                if let Err(error) = self.master.resize(size) {
                    tracing::warn!(%error, "resizing a terminal");
                }
            }
            Command::Changes(asker) => {
                self.askers.next.push(asker);
                self.ask().await;
            }
        }
    }

    /// Asks the warden for those who wait, unless a question is open.
    async fn ask(&mut self) {
        if self.askers.late_at.is_none() && !self.askers.next.is_empty() {
            self.askers.open = std::mem::take(&mut self.askers.next);
            self.askers.late_at = Some(Instant::now() + CHANGES_PATIENCE);
            self.control.ask_changes().await;
        }
    }

    /// Takes what the warden says of the files.
    async fn hear(&mut self, answer: io::Result<Option<(bool, Changes)>>) {
        match answer {
            Ok(Some((is_last, changes))) => {
                self.askers.late_at = None;
                let later = if is_last { std::mem::take(&mut self.askers.next) } else { Vec::new() };
                for asker in self.askers.open.drain(..).chain(later) {
                    // Who has given up waiting does not need it.
                    let _unheard = asker.send(changes.clone());
                }
                if is_last {
                    self.last_changes = Some(changes);
                }
                self.ask().await;
            }
            Ok(None) => self.stop_hearing(),
            Err(error) => {
                tracing::error!(%error, "reading what has become of a job's files");
                self.stop_hearing();
            }
        }
    }

    /// The warden has closed its end, and with it the terminal's, so what was shown is in the kernel's buffer.
    fn stop_hearing(&mut self) {
        self.is_told = false;
        self.given_up_at = self.given_up_at.min(Instant::now() + JAIL_GRACE);
    }

    async fn look_at_clock(&mut self) {
        let now = Instant::now();
        if self.askers.late_at.is_some_and(|late_at| late_at <= now) {
            self.askers.late_at = None;
            self.askers.open.clear();
            self.ask().await;
        }
        if self.ending.is_none() && self.idle_at <= now {
            self.end(EndReason::Idle).await;
        }
    }

    async fn end(&mut self, reason: EndReason) {
        self.ending = Some(reason);
        self.given_up_at = self.given_up_at.min(Instant::now() + JAIL_GRACE);
        self.control.stop(Stop::Cancel).await;
    }
}

/// Waits until an event can be sent; answers `false` when nobody takes events any more.
async fn has_room(events: &mpsc::Sender<TerminalEvent>) -> bool {
    events.reserve().await.is_ok()
}

/// How a terminal ended, from what its job came to.
fn end(outcome: Result<Outcome, SandboxError>, ending: Option<EndReason>, changes: Option<Changes>) -> TerminalEnd {
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(error) => {
            tracing::error!(error = crate::chain(&error), "the sandbox failed");
            let anomaly = (!matches!(error, SandboxError::Refused(_))).then(|| crate::chain(&error));
            return TerminalEnd { reason: EndReason::Internal, exit_code: None, changes, anomaly };
        }
    };
    let (reason, exit_code) = match outcome.steps.last() {
        None => (EndReason::Internal, None),
        Some(step) => match (step.stopped, step.bound, step.ended) {
            (Some(_), ..) => (ending.unwrap_or(EndReason::Closed), None),
            (None, Some(bound), _) => (reason(bound), None),
            (None, None, Ended::Exited(code)) => (EndReason::Exited, Some(code)),
            (None, None, Ended::Signalled(_)) => (EndReason::Exited, None),
        },
    };
    TerminalEnd { reason, exit_code, changes, anomaly: outcome.anomaly }
}

fn reason(bound: Bound) -> EndReason {
    match bound {
        Bound::Time => EndReason::TimeLimit,
        Bound::Memory => EndReason::MemoryLimit,
        Bound::Processes => EndReason::ProcessLimit,
        Bound::Disk => EndReason::DiskLimit,
    }
}
