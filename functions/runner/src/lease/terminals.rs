//! The terminals of the room: what people ask of them goes to the sandbox, what they show goes to the room.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use protocol::ids::TerminalId;
use protocol::run::SourceFile;
use protocol::terminal::{TerminalChange, TerminalEnd, TerminalFrame, TerminalOrder, TerminalProgram, TerminalSize};
use tokio::sync::mpsc::Receiver;
use tokio::time::sleep;

use super::Line;
use super::link::Said;
use crate::attempt::Tools;
use crate::sandbox::{self, Changes, SandboxError, WhyLeftOut};
use crate::terminal::{self, EndReason, Terminal, TerminalBounds, TerminalEvent, TerminalHandle};

/// Pause after a piece of output: each is a row of the room's log and a frame to everybody. Somebody who types does
/// not notice, and a flood waits in the kernel.
const OUTPUT_PAUSE: Duration = Duration::from_millis(30);

/// The terminals that are open.
#[derive(Debug, Default)]
pub(super) struct Terminals(BTreeMap<TerminalId, TerminalHandle>);

/// What goes on in one until its end; gives what is odd about the machine then.
pub(super) struct Shown {
    id: TerminalId,
    line: Line,
    events: Receiver<TerminalEvent>,
}

impl Terminals {
    /// Does what the room wants of a terminal. One that was opened has to be shown.
    pub(super) async fn obey(
        &mut self,
        tools: &Arc<Tools>,
        line: &Line,
        id: TerminalId,
        order: TerminalOrder,
    ) -> Option<Shown> {
        match order {
            TerminalOrder::Open { program, size, files } => self.open(tools, line, id, (program, size), files).await,
            TerminalOrder::Input { data } => {
                if let Some(handle) = self.0.get(&id)
                    && let Err(refused) = handle.input(&data)
                {
                    let data = format!("\r\n[not typed: {refused}]\r\n");
                    line.say(Said::Terminal(id, TerminalFrame::Output { data }));
                }
                None
            }
            TerminalOrder::Resize { size } => {
                if let (Some(handle), Some(size)) = (self.0.get(&id), sized(size)) {
                    handle.resize(size).await;
                }
                None
            }
            TerminalOrder::Changes => {
                if let Some(handle) = self.0.get(&id).cloned() {
                    let line = line.clone();
                    tokio::spawn(async move {
                        let frame = match handle.changes().await {
                            Ok(changes) => offered(changes),
                            Err(error) => {
                                TerminalFrame::Changes { changes: Vec::new(), left_out: vec![error.to_string()] }
                            }
                        };
                        line.say(Said::Terminal(id, frame));
                    });
                }
                None
            }
            TerminalOrder::Close => {
                if let Some(handle) = self.0.get(&id) {
                    handle.close();
                }
                None
            }
        }
    }

    async fn open(
        &mut self,
        tools: &Arc<Tools>,
        line: &Line,
        id: TerminalId,
        (program, size): (TerminalProgram, TerminalSize),
        files: Vec<SourceFile>,
    ) -> Option<Shown> {
        let program = match program {
            TerminalProgram::Shell => terminal::TerminalProgram::Shell,
            TerminalProgram::Repl { language } => terminal::TerminalProgram::Repl(language),
        };
        let opened = match sized(size) {
            Some(size) => {
                let order = terminal::TerminalOrder { program, files, size, bounds: TerminalBounds::default() };
                Terminal::open(&tools.sandbox, order).await
            }
            None => Err(SandboxError::Refused("a size that no terminal has".to_owned())),
        };
        match opened {
            Ok((handle, events)) => {
                self.0.insert(id.clone(), handle);
                line.say(Said::Terminal(id.clone(), TerminalFrame::Opened));
                Some(Shown { id, line: line.clone(), events })
            }
            Err(error) => {
                tracing::error!(error = crate::chain(&error), "a terminal could not be opened");
                let frame = TerminalFrame::Closed { reason: TerminalEnd::Internal, exit_code: None };
                line.say(Said::Terminal(id, frame));
                None
            }
        }
    }

    /// One has ended.
    pub(super) fn forget(&mut self, id: &TerminalId) {
        self.0.remove(id);
    }

    /// Ends all of them.
    pub(super) fn close(&self) {
        self.0.values().for_each(TerminalHandle::close);
    }
}

impl Shown {
    /// Tells the room what the terminal shows, to its end. Gives what is odd about the machine then.
    pub(super) async fn tell(mut self) -> (TerminalId, Option<String>) {
        let mut anomaly = None;
        while let Some(event) = self.events.recv().await {
            match event {
                TerminalEvent::Output(data) => {
                    self.line.say(Said::Terminal(self.id.clone(), TerminalFrame::Output { data }));
                    sleep(OUTPUT_PAUSE).await;
                }
                TerminalEvent::Ended(end) => {
                    if let Some(changes) = end.changes.filter(|changes| *changes != Changes::default()) {
                        self.line.say(Said::Terminal(self.id.clone(), offered(changes)));
                    }
                    let frame = TerminalFrame::Closed { reason: reason(end.reason), exit_code: end.exit_code };
                    self.line.say(Said::Terminal(self.id.clone(), frame));
                    anomaly = end.anomaly;
                }
            }
        }
        (self.id, anomaly)
    }
}

fn sized(size: TerminalSize) -> Option<sandbox::TerminalSize> {
    sandbox::TerminalSize::new(size.rows, size.cols).ok()
}

fn reason(reason: EndReason) -> TerminalEnd {
    match reason {
        EndReason::Exited => TerminalEnd::Exited,
        EndReason::Closed => TerminalEnd::Closed,
        EndReason::Idle => TerminalEnd::Idle,
        EndReason::TimeLimit => TerminalEnd::TimeLimit,
        EndReason::MemoryLimit => TerminalEnd::MemoryLimit,
        EndReason::ProcessLimit => TerminalEnd::ProcessLimit,
        EndReason::DiskLimit => TerminalEnd::DiskLimit,
        EndReason::Internal => TerminalEnd::Internal,
    }
}

fn offered(changes: Changes) -> TerminalFrame {
    let Changes { created, changed, deleted, left_out, more_left_out } = changes;
    let written = |file: SourceFile| TerminalChange { path: file.path, content: Some(file.content) };
    let written = created.into_iter().chain(changed).map(written);
    let deleted = deleted.into_iter().map(|path| TerminalChange { path, content: None });
    let more = (more_left_out > 0).then(|| format!("and {more_left_out} more"));
    let left_out = left_out.into_iter().map(|file| format!("{}: {}", file.path, why(file.why)));
    TerminalFrame::Changes { changes: written.chain(deleted).collect(), left_out: left_out.chain(more).collect() }
}

fn why(why: WhyLeftOut) -> &'static str {
    match why {
        WhyLeftOut::NotText => "it is no text",
        WhyLeftOut::TooLarge => "it is too large",
        WhyLeftOut::TooMany => "there are too many files",
        WhyLeftOut::TooDeep => "it lies in too many folders",
        WhyLeftOut::Link => "it is a link, or somebody else's",
        WhyLeftOut::NotAFile => "it is no file",
        WhyLeftOut::Unreadable => "it cannot be read",
        WhyLeftOut::BadName => "a room cannot have a file of that name",
    }
}
