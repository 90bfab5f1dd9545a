//! What people do to a terminal: type, resize, ask for their files, close.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, mpsc, oneshot};
use tokio::time::timeout;

use crate::sandbox::{Changes, TerminalSize};

/// Longest input of one message: a pasted file of some hundred lines.
pub const INPUT_MAX_BYTES: usize = 16 * 1024;

/// Input that waits for a program that does not read: a few pasted files.
const INPUT_WAITING_MAX_BYTES: usize = 4 * INPUT_MAX_BYTES;

/// Commands that wait for the terminal's task, which takes each at once.
const COMMANDS_WAITING: usize = 64;

/// How long [`TerminalHandle::changes`] waits: looking takes some milliseconds, unless the job has the machine busy.
pub(super) const CHANGES_PATIENCE: Duration = Duration::from_secs(5);

/// Why input is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InputRefused {
    /// More than [`INPUT_MAX_BYTES`].
    #[error("an input has at most {INPUT_MAX_BYTES} bytes")]
    TooLong,
    /// The program does not read, and enough waits for it.
    #[error("the program does not read its input")]
    NotRead,
    /// The terminal has ended.
    #[error("the terminal has ended")]
    Ended,
}

/// Why there is no answer about the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChangesError {
    /// The terminal has ended; its end says what has become of the files.
    #[error("the terminal has ended")]
    Ended,
    /// It took too long.
    #[error("the files could not be looked at in time")]
    Late,
}

/// A hold on a terminal. When the last one is dropped, the terminal is closed.
#[derive(Debug, Clone)]
pub struct TerminalHandle {
    commands: mpsc::Sender<Command>,
    /// A permit for each byte of input that may still wait.
    input_room: Arc<Semaphore>,
    close: Arc<Notify>,
}

/// What the terminal's task gets of a handle.
#[derive(Debug)]
pub(super) struct Commands {
    pub(super) received: mpsc::Receiver<Command>,
    pub(super) input_room: Arc<Semaphore>,
    pub(super) close: Arc<Notify>,
}

#[derive(Debug)]
pub(super) enum Command {
    Input(String),
    Resize(TerminalSize),
    Changes(oneshot::Sender<Changes>),
}

pub(super) fn channel() -> (TerminalHandle, Commands) {
    let (commands, received) = mpsc::channel(COMMANDS_WAITING);
    let input_room = Arc::new(Semaphore::new(INPUT_WAITING_MAX_BYTES));
    let close = Arc::new(Notify::new());
    let handle = TerminalHandle { commands, input_room: input_room.clone(), close: close.clone() };
    (handle, Commands { received, input_room, close })
}

impl TerminalHandle {
    /// Types `text`. Never waits.
    ///
    /// # Errors
    /// [`InputRefused`] says why nothing of it is taken.
    pub fn input(&self, text: &str) -> Result<(), InputRefused> {
        if text.len() > INPUT_MAX_BYTES {
            return Err(InputRefused::TooLong);
        }
        let bytes = u32::try_from(text.len()).expect("16 KiB are a small number");
        let Ok(taken) = self.input_room.try_acquire_many(bytes) else { return Err(InputRefused::NotRead) };
        self.commands.try_send(Command::Input(text.to_owned())).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => InputRefused::NotRead,
            mpsc::error::TrySendError::Closed(_) => InputRefused::Ended,
        })?;
        // Given back by the task, byte by byte as the terminal takes them.
        taken.forget();
        Ok(())
    }

    /// Changes how much the terminal shows. One that has ended shows nothing.
    pub async fn resize(&self, size: TerminalSize) {
        let _ended = self.commands.send(Command::Resize(size)).await;
    }

    /// Looks at what has become of the files, while the program goes on.
    ///
    /// # Errors
    /// [`ChangesError`] says why there is no answer.
    pub async fn changes(&self) -> Result<Changes, ChangesError> {
        let (asked, answer) = oneshot::channel();
        let asking = async {
            self.commands.send(Command::Changes(asked)).await.ok()?;
            answer.await.ok()
        };
        match timeout(CHANGES_PATIENCE, asking).await {
            Ok(answer) => answer.ok_or(ChangesError::Ended),
            Err(_elapsed) => Err(ChangesError::Late),
        }
    }

    /// Ends everything that runs in the terminal; its end follows as an event.
    pub fn close(&self) {
        self.close.notify_one();
    }
}
