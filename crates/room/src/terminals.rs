//! Terminals as the room sees them: who opened one, who may type into it, what is on its screen.
//!
//! A terminal lives in the sandbox of the room's runner. Whoever has the right opens one; where no runner serves the
//! room yet, one is asked for, and the terminal waits for it until [`TERMINAL_WAIT_MS`] have passed. One person at a
//! time holds the keyboard. Everything is in the log, so the replay shows it and a room that wakes knows it.

mod people;
mod screen;

use std::collections::{BTreeMap, BTreeSet};

use protocol::TimestampMs;
use protocol::event::RoomEvent;
use protocol::ids::{LeaseId, TerminalId};
use protocol::lease::LeaseOrder;
use protocol::limits::{TERMINAL_RECORDED_BYTES, TERMINAL_WAIT_MS};
use protocol::terminal::{Terminal, TerminalEnd, TerminalFrame, TerminalOrder, TerminalWithOutput};

use crate::effect::Effect;
use crate::room::Room;
use crate::session::{Channel, Session, SocketId};

pub(crate) use people::Typist;

/// A terminal.
#[derive(Debug)]
struct Held {
    terminal: Terminal,
    /// The end of its output.
    output: String,
    /// Until when a runner is waited for, unless one has it.
    waits_until: Option<TimestampMs>,
    /// Who asked for the files that differ.
    asked: Vec<SocketId>,
    /// Bytes of its output that are in the log.
    recorded_bytes: usize,
}

/// The terminals that are not closed.
#[derive(Debug, Default)]
pub(crate) struct Terminals(BTreeMap<TerminalId, Held>);

impl Terminals {
    /// As the log has them. Those that no runner has wait, for one to open them or for theirs to come back.
    pub(crate) fn restore<'a>(
        terminals: Vec<TerminalWithOutput>,
        sessions: impl Iterator<Item = &'a Session>,
        last_at: TimestampMs,
    ) -> Self {
        let serving = sessions.filter_map(|session| session.serving.as_ref());
        let at_runners: BTreeSet<_> = serving.flat_map(|serving| &serving.terminals).collect();
        let held = |TerminalWithOutput { terminal, output }: TerminalWithOutput| {
            let waits_until = (!at_runners.contains(&terminal.id)).then(|| patience(last_at));
            (terminal.id.clone(), Held { terminal, output, waits_until, asked: Vec::new(), recorded_bytes: 0 })
        };
        Self(terminals.into_iter().map(held).collect())
    }

    /// All of them, with what is on their screens.
    pub(crate) fn list(&self) -> Vec<TerminalWithOutput> {
        let shown = |held: &Held| TerminalWithOutput { terminal: held.terminal.clone(), output: held.output.clone() };
        self.0.values().map(shown).collect()
    }

    /// True if one waits for a runner.
    fn has_waiting(&self) -> bool {
        self.0.values().any(|held| held.waits_until.is_some())
    }
}

impl Room {
    /// True if a runner's greeting makes it open terminals, which takes the files.
    pub(crate) fn greeting_needs_document(&self, text: &str) -> bool {
        self.terminals.has_waiting() && text.contains("hello")
    }

    /// A runner has said what it has: terminals that it should have and has not are gone, and those that wait open.
    pub(crate) fn on_runner_ready(
        &mut self,
        socket: SocketId,
        has: &[TerminalId],
        now: TimestampMs,
        effects: &mut Vec<Effect>,
    ) {
        self.change_serving(socket, effects, |serving| serving.terminals = has.to_vec());
        for id in has {
            match self.terminals.0.get_mut(id) {
                Some(held) => held.waits_until = None,
                None => effects.push(Self::to_terminal(socket, id, TerminalOrder::Close)),
            }
        }
        // One that was open is its own runner's alone.
        let is_waiting = |held: &Held| held.waits_until.is_some() && !held.terminal.is_open;
        let waiting: Vec<_> =
            self.terminals.0.iter().filter(|(_, held)| is_waiting(held)).map(|(id, _)| id.clone()).collect();
        for id in waiting {
            self.open_on(socket, &id, now, effects);
        }
    }

    /// Has a runner open a terminal over the room's files as they are now.
    fn open_on(&mut self, socket: SocketId, id: &TerminalId, now: TimestampMs, effects: &mut Vec<Effect>) {
        self.write(now, effects);
        let Some(document) = &self.document else { return };
        let files = document.source_files();
        let Some(held) = self.terminals.0.get_mut(id) else { return };
        held.waits_until = None;
        let order = TerminalOrder::Open { program: held.terminal.program, size: held.terminal.size, files };
        self.change_serving(socket, effects, |serving| serving.terminals.push(id.clone()));
        effects.push(Self::to_terminal(socket, id, order));
    }

    /// What a runner says of a terminal.
    pub(crate) fn on_terminal_frame(
        &mut self,
        socket: SocketId,
        id: &TerminalId,
        frame: TerminalFrame,
        now: TimestampMs,
        effects: &mut Vec<Effect>,
    ) {
        let Some(held) = self.terminals.0.get_mut(id) else {
            if !matches!(frame, TerminalFrame::Closed { .. }) {
                effects.push(Self::to_terminal(socket, id, TerminalOrder::Close));
            }
            return;
        };
        match frame {
            TerminalFrame::Opened => {
                held.terminal.is_open = true;
                self.tell_terminal(id, now, effects);
            }
            TerminalFrame::Output { data } => {
                screen::add(&mut held.output, &data);
                held.recorded_bytes += data.len();
                let is_recorded = held.recorded_bytes <= TERMINAL_RECORDED_BYTES;
                let event = RoomEvent::TerminalOutput { terminal_id: id.clone(), data };
                if is_recorded {
                    self.log_event(None, event, now, effects);
                } else {
                    self.tell_all(&[event], effects);
                }
            }
            TerminalFrame::Changes { changes, left_out } => {
                let mut to = std::mem::take(&mut held.asked);
                if to.is_empty() {
                    // Nobody asked: it ends, and what it leaves is offered to whoever typed last.
                    let keyboard = held.terminal.keyboard.clone();
                    let is_theirs = |session: &Session| {
                        session.channel == Channel::Events
                            && session.participant.as_ref().is_some_and(|there| there.id == keyboard)
                    };
                    let theirs = self.sessions.iter().filter(|(_, session)| is_theirs(session));
                    to.extend(theirs.map(|(socket, _)| *socket));
                }
                let event = RoomEvent::TerminalChanges { terminal_id: id.clone(), changes, left_out };
                effects.push(Self::event(to, &event));
            }
            TerminalFrame::Closed { reason, exit_code } => self.end_terminal(id, reason, exit_code, now, effects),
        }
    }

    /// Tells everybody how a terminal stands.
    fn tell_terminal(&mut self, id: &TerminalId, now: TimestampMs, effects: &mut Vec<Effect>) {
        let Some(held) = self.terminals.0.get(id) else { return };
        let event = RoomEvent::TerminalUpdated { terminal_id: id.clone(), terminal: held.terminal.clone() };
        self.log_event(None, event, now, effects);
    }

    fn end_terminal(
        &mut self,
        id: &TerminalId,
        reason: TerminalEnd,
        exit_code: Option<i32>,
        now: TimestampMs,
        effects: &mut Vec<Effect>,
    ) {
        if self.terminals.0.remove(id).is_none() {
            return;
        }
        if let Some(socket) = self.runner_of_terminal(id) {
            self.change_serving(socket, effects, |serving| serving.terminals.retain(|other| other != id));
        }
        let event = RoomEvent::TerminalClosed { terminal_id: id.clone(), reason, exit_code };
        self.log_event(None, event, now, effects);
    }

    /// The runner of a lease is lost, and its terminals with it.
    pub(crate) fn lose_terminals(&mut self, lease: &LeaseId, now: TimestampMs, effects: &mut Vec<Effect>) {
        let is_back = self.sessions.values().any(|it| it.serving.as_ref().is_some_and(|it| it.lease == *lease));
        if is_back {
            return;
        }
        let kept: Vec<_> = self.sessions.values().filter_map(|session| session.serving.as_ref()).collect();
        let is_lost = |id: &TerminalId, held: &Held| {
            held.waits_until.is_none() && !kept.iter().any(|serving| serving.terminals.contains(id))
        };
        let lost: Vec<_> =
            self.terminals.0.iter().filter(|(id, held)| is_lost(id, held)).map(|(id, _)| id.clone()).collect();
        for id in lost {
            self.end_terminal(&id, TerminalEnd::Lost, None, now, effects);
        }
    }

    /// Ends terminals for which no runner came.
    pub(crate) fn look_after_terminals(&mut self, now: TimestampMs, effects: &mut Vec<Effect>) {
        let is_due = |held: &Held| held.waits_until.is_some_and(|until| until <= now);
        let due: Vec<_> = self.terminals.0.iter().filter(|(_, held)| is_due(held)).map(|(id, _)| id.clone()).collect();
        for id in due {
            self.end_terminal(&id, TerminalEnd::Lost, None, now, effects);
        }
    }

    /// When [`Room::look_after_terminals`] has something to do next.
    pub(crate) fn terminals_due_at(&self) -> Option<TimestampMs> {
        self.terminals.0.values().filter_map(|held| held.waits_until).min()
    }

    /// True if a runner has terminals.
    pub(crate) fn has_terminals(&self, socket: SocketId) -> bool {
        self.serving(socket).is_some_and(|serving| !serving.terminals.is_empty())
    }

    fn runner_of_terminal(&self, id: &TerminalId) -> Option<SocketId> {
        let mut serving =
            self.sessions.iter().filter_map(|(socket, session)| Some((socket, session.serving.as_ref()?)));
        serving.find(|(_, serving)| serving.terminals.contains(id)).map(|(socket, _)| *socket)
    }

    fn to_terminal(socket: SocketId, id: &TerminalId, order: TerminalOrder) -> Effect {
        Self::to_lease(socket, &LeaseOrder::Terminal { terminal_id: id.clone(), order })
    }
}

/// When a terminal that is opened now stops waiting for a runner.
fn patience(now: TimestampMs) -> TimestampMs {
    now + TERMINAL_WAIT_MS
}
