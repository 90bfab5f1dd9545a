//! The runner's side of a job with a terminal: starts it, and reads what the warden says of the job's files.

use std::io;

use nix::fcntl::OFlag;
use nix::unistd::{geteuid, pipe2};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;

use super::changes::Changes;
use super::collect::Answer;
use super::launch::{Control, Job, Sandbox};
use super::pty::{Master, TerminalSize};
use super::streams::Streams;
use super::uid::UidLease;
use super::{SandboxError, during};

/// Longest answer that is read: what may be collected, with every byte escaped in JSON (`\u0001` is 6 bytes), and the
/// names of what was left out.
const ANSWER_MAX_BYTES: usize = 8 << 20;

/// A job with a terminal under way. Dropping it kills the job.
#[derive(Debug)]
pub struct RunningTerminal {
    /// The runner's end of the terminal.
    pub master: Master,
    /// What the warden says of the job's files: when it is asked ([`Control::ask_changes`]), and at the end.
    pub changes: ChangesReader,
    /// The half that stops and waits.
    pub control: Control,
}

/// Answers of the warden about the job's files. The last one comes when everything of the job is dead.
#[derive(Debug)]
pub struct ChangesReader {
    pipe: pipe::Receiver,
    /// What has come of answers that are not yet whole.
    begun: Vec<u8>,
}

impl Sandbox {
    /// Starts a job whose standard streams are a terminal of this size. Its home is the folder of its files.
    ///
    /// # Errors
    /// When the machine gives no process, terminal or user id.
    pub async fn start_terminal(&self, job: Job, size: TerminalSize) -> Result<RunningTerminal, SandboxError> {
        let lease = if geteuid().is_root() { Some(UidLease::acquire()?) } else { None };
        let (master, changes, streams) = open(size).map_err(during("making a terminal"))?;
        let control = self.confine(lease, self.tier(), job, streams).await?;
        Ok(RunningTerminal { master, changes, control })
    }
}

fn open(size: TerminalSize) -> io::Result<(Master, ChangesReader, Streams)> {
    let (master, peer) = Master::open(size)?;
    let (read, write) = pipe2(OFlag::O_CLOEXEC)?;
    let changes = ChangesReader { pipe: pipe::Receiver::from_owned_fd(read)?, begun: Vec::new() };
    Ok((master, changes, Streams::Terminal { peer, changes: write }))
}

impl ChangesReader {
    /// Waits for an answer; the flag says that it is the last one. `None` when the warden has closed its end. Safe to
    /// cancel.
    ///
    /// # Errors
    /// When the pipe fails, or says more than there can be to say.
    pub async fn next(&mut self) -> io::Result<Option<(bool, Changes)>> {
        loop {
            if let Some(Answer { is_last, changes }) = self.take_whole() {
                return Ok(Some((is_last, changes)));
            }
            if self.begun.len() > ANSWER_MAX_BYTES {
                return Err(io::Error::other("an endless answer about the job's files"));
            }
            if self.pipe.read_buf(&mut self.begun).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// An answer is a line. Lines that are none are left of a collector that was killed, or empty.
    fn take_whole(&mut self) -> Option<Answer> {
        while let Some(end) = self.begun.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.begun.drain(..=end).collect();
            if let Ok(answer) = serde_json::from_slice(&line) {
                return Some(answer);
            }
        }
        None
    }
}
