//! What people ask of terminals.

use protocol::TimestampMs;
use protocol::envelope::{ErrorBody, ErrorCode, FieldError};
use protocol::event::{ClientEvent, Participant, RoomEvent};
use protocol::ids::{ParticipantId, TerminalId};
use protocol::limits::{TERMINAL_INPUT_MAX_BYTES, TERMINALS_MAX};
use protocol::rights::Rights;
use protocol::secret;
use protocol::terminal::{TERMINAL_SIDE_MAX, Terminal, TerminalEnd, TerminalOrder, TerminalProgram, TerminalSize};

use super::{Held, patience};
use crate::effect::{Caller, Effect};
use crate::room::Room;
use crate::session::SocketId;
use crate::talk::complaint;

/// Who asks.
#[derive(Debug)]
pub(crate) struct Typist {
    pub(crate) socket: SocketId,
    pub(crate) who: Participant,
    pub(crate) rights: Rights,
    pub(crate) caller: Caller,
}

const RIGHT: &str = "your link does not let you use terminals; ask the owner for one that does";
const KEYBOARD: &str = "somebody else holds the keyboard of this terminal; ask for it, or take it";

impl Room {
    /// An event about a terminal.
    pub(crate) fn on_terminal_event(
        &mut self,
        typist: Typist,
        event: ClientEvent,
        now: TimestampMs,
        effects: &mut Vec<Effect>,
    ) {
        let socket = typist.socket;
        let (regarding, outcome) = match event {
            ClientEvent::TerminalOpen { program, size } => {
                ("terminal:open", self.open_terminal(typist, program, size, now, effects))
            }
            ClientEvent::TerminalInput { terminal_id, data } => {
                ("terminal:input", self.type_into(&typist.who, &terminal_id, data, effects))
            }
            ClientEvent::TerminalResize { terminal_id, size } => {
                ("terminal:resize", self.resize_terminal(&typist.who, &terminal_id, size, now, effects))
            }
            ClientEvent::TerminalKeyboard { terminal_id, to } => {
                ("terminal:keyboard", self.hand_keyboard(&typist, &terminal_id, to, now, effects))
            }
            ClientEvent::TerminalChanges { terminal_id } => {
                ("terminal:changes", self.ask_for_changes(&typist, &terminal_id, effects))
            }
            ClientEvent::TerminalClose { terminal_id } => {
                ("terminal:close", self.close_terminal(&typist, &terminal_id, now, effects))
            }
            _ => return,
        };
        if let Err(error) = outcome {
            effects.push(complaint(socket, Some(regarding.to_owned()), error));
        }
    }

    fn open_terminal(
        &mut self,
        typist: Typist,
        program: TerminalProgram,
        size: TerminalSize,
        now: TimestampMs,
        effects: &mut Vec<Effect>,
    ) -> Result<(), ErrorBody> {
        let Typist { socket, who, rights, caller } = typist;
        if !rights.terminal {
            return Err(ErrorBody::new(ErrorCode::Forbidden, RIGHT));
        }
        check_size(size)?;
        if self.terminals.0.len() >= TERMINALS_MAX {
            let message = format!("the room has {TERMINALS_MAX} terminals already; close one");
            return Err(ErrorBody::new(ErrorCode::Conflict, message));
        }
        let id = self.name_terminal(socket, now);
        let (opened_by, keyboard) = (who.id.clone(), who.id.clone());
        let terminal = Terminal { id: id.clone(), program, size, opened_by, keyboard, is_open: false };
        let waits_until = Some(patience(now));
        let (output, asked) = (String::new(), Vec::new());
        let held = Held { terminal: terminal.clone(), output, waits_until, asked, recorded_bytes: 0 };
        self.terminals.0.insert(id.clone(), held);
        let event = RoomEvent::TerminalOpened { terminal_id: id.clone(), terminal };
        self.log_event(Some(&who), event, now, effects);
        match self.runner_for_terminals() {
            Some(runner) => self.open_on(runner, &id, now, effects),
            None => effects.push(Effect::RequestLease { socket, caller }),
        }
        Ok(())
    }

    /// Any runner of the room will do: a terminal takes none of its slots.
    fn runner_for_terminals(&self) -> Option<SocketId> {
        let serving = self.sessions.iter().filter_map(|(socket, session)| Some((*socket, session.serving.as_ref()?)));
        serving.filter(|(_, serving)| serving.slots > 0 && !serving.is_leaving).map(|(socket, _)| socket).next()
    }

    /// A name that no other terminal of this room has: places of the log are given once.
    fn name_terminal(&self, socket: SocketId, now: TimestampMs) -> TerminalId {
        let digest = secret::fingerprint(&format!("terminal {} {} {now}", self.position, socket.0));
        let mut entropy = [0; 32];
        entropy.iter_mut().zip(digest.bytes()).for_each(|(byte, digit)| *byte = digit);
        TerminalId::from_entropy(&entropy)
    }

    fn held(&mut self, id: &TerminalId) -> Result<&mut Held, ErrorBody> {
        self.terminals.0.get_mut(id).ok_or_else(|| ErrorBody::new(ErrorCode::NotFound, "there is no such terminal"))
    }

    fn held_by(&mut self, who: &Participant, id: &TerminalId) -> Result<&mut Held, ErrorBody> {
        let held = self.held(id)?;
        if held.terminal.keyboard == who.id { Ok(held) } else { Err(ErrorBody::new(ErrorCode::Forbidden, KEYBOARD)) }
    }

    fn type_into(
        &mut self,
        who: &Participant,
        id: &TerminalId,
        data: String,
        effects: &mut Vec<Effect>,
    ) -> Result<(), ErrorBody> {
        if data.len() > TERMINAL_INPUT_MAX_BYTES {
            return Err(invalid("data", format!("must have at most {TERMINAL_INPUT_MAX_BYTES} bytes")));
        }
        self.held_by(who, id)?;
        self.order(id, TerminalOrder::Input { data }, effects)
    }

    fn resize_terminal(
        &mut self,
        who: &Participant,
        id: &TerminalId,
        size: TerminalSize,
        now: TimestampMs,
        effects: &mut Vec<Effect>,
    ) -> Result<(), ErrorBody> {
        check_size(size)?;
        let held = self.held_by(who, id)?;
        if held.terminal.size == size {
            return Ok(());
        }
        held.terminal.size = size;
        let is_open = held.terminal.is_open;
        self.tell_terminal(id, now, effects);
        if is_open { self.order(id, TerminalOrder::Resize { size }, effects) } else { Ok(()) }
    }

    /// Whoever holds it gives it to anybody who may run code; whoever may use terminals takes it.
    fn hand_keyboard(
        &mut self,
        typist: &Typist,
        id: &TerminalId,
        to: ParticipantId,
        now: TimestampMs,
        effects: &mut Vec<Effect>,
    ) -> Result<(), ErrorBody> {
        let taker = self.sessions.values().find(|it| it.participant.as_ref().is_some_and(|there| there.id == to));
        let may_run = taker.is_some_and(|session| session.rights.run);
        let held = self.held(id)?;
        let gives = held.terminal.keyboard == typist.who.id;
        let takes = typist.rights.terminal && to == typist.who.id;
        if !gives && !takes {
            return Err(ErrorBody::new(ErrorCode::Forbidden, KEYBOARD));
        }
        if !may_run {
            return Err(invalid("to", "must be somebody in the room who may run code".to_owned()));
        }
        held.terminal.keyboard = to;
        self.tell_terminal(id, now, effects);
        Ok(())
    }

    fn ask_for_changes(
        &mut self,
        typist: &Typist,
        id: &TerminalId,
        effects: &mut Vec<Effect>,
    ) -> Result<(), ErrorBody> {
        if !typist.rights.edit {
            let message = "your link does not let you change files; ask the owner for one that does";
            return Err(ErrorBody::new(ErrorCode::Forbidden, message));
        }
        let held = self.held(id)?;
        if !held.asked.contains(&typist.socket) {
            held.asked.push(typist.socket);
        }
        self.order(id, TerminalOrder::Changes, effects)
    }

    fn close_terminal(
        &mut self,
        typist: &Typist,
        id: &TerminalId,
        now: TimestampMs,
        effects: &mut Vec<Effect>,
    ) -> Result<(), ErrorBody> {
        let held = self.held(id)?;
        if !typist.rights.terminal && held.terminal.keyboard != typist.who.id {
            return Err(ErrorBody::new(ErrorCode::Forbidden, RIGHT));
        }
        if let Some(runner) = self.runner_of_terminal(id) {
            effects.push(Self::to_terminal(runner, id, TerminalOrder::Close));
        }
        self.end_terminal(id, TerminalEnd::Closed, None, now, effects);
        Ok(())
    }

    /// Passes an order on to the terminal's runner.
    fn order(&self, id: &TerminalId, order: TerminalOrder, effects: &mut Vec<Effect>) -> Result<(), ErrorBody> {
        let away =
            || ErrorBody::new(ErrorCode::Conflict, "the terminal's machine is not connected; try again in a moment");
        let runner = self.runner_of_terminal(id).ok_or_else(away)?;
        effects.push(Self::to_terminal(runner, id, order));
        Ok(())
    }
}

fn check_size(size: TerminalSize) -> Result<(), ErrorBody> {
    if size.is_sound() {
        return Ok(());
    }
    Err(invalid("size", format!("must have 1 to {TERMINAL_SIDE_MAX} rows and columns")))
}

fn invalid(field: &str, message: String) -> ErrorBody {
    ErrorBody::validation(&[FieldError { field: field.to_owned(), message }])
}
