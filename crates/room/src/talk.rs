//! Events from people: chat, typing, starting and stopping runs.

use std::collections::BTreeMap;

use protocol::TimestampMs;
use protocol::envelope::{ErrorBody, ErrorCode, FieldError};
use protocol::event::{ChatMessage, ClientEvent, Participant, RoomEvent};
use protocol::ids::{ParticipantId, RunId};
use protocol::limits::{CHAT_MESSAGE_MAX_BYTES, RUN_STDIN_PART_MAX_BYTES};
use protocol::run::RoomRunRequest;
use protocol::runner::RoomFrame;

use crate::effect::{Caller, Effect};
use crate::limits::{CHAT_KEPT, TEXT_FRAME_MAX_BYTES};
use crate::mentions::mentions;
use crate::room::Room;
use crate::session::{Channel, Session, SocketId};
use crate::terminals::Typist;

/// `type` of a frame, which tells whether the document is needed and what an error regards.
pub(crate) fn type_of(text: &str) -> Option<String> {
    serde_json::from_str::<serde_json::Value>(text).ok()?.get("type")?.as_str().map(str::to_owned)
}

/// True if handling the frame takes the document.
pub(crate) fn text_needs_document(text: &str) -> bool {
    text.contains("run:start") || text.contains("terminal:open")
}

impl Room {
    pub(crate) fn on_event_text(&mut self, socket: SocketId, text: &str, now: TimestampMs, effects: &mut Vec<Effect>) {
        if text.len() > TEXT_FRAME_MAX_BYTES {
            let message = format!("an event has at most {TEXT_FRAME_MAX_BYTES} bytes");
            effects.push(complaint(socket, None, ErrorBody::new(ErrorCode::PayloadTooLarge, message)));
            return;
        }
        match serde_json::from_str(text) {
            Ok(event) => self.on_event(socket, event, now, effects),
            Err(error) => {
                let body = ErrorBody::new(ErrorCode::BadRequest, format!("the event cannot be read: {error}"));
                effects.push(complaint(socket, type_of(text), body));
            }
        }
    }

    fn on_event(&mut self, socket: SocketId, event: ClientEvent, now: TimestampMs, effects: &mut Vec<Effect>) {
        let Some(session) = self.sessions.get(&socket) else { return };
        let (Some(who), rights) = (session.participant.clone(), session.rights) else { return };
        let caller = Caller { token: session.token.clone().unwrap_or_default(), address: session.address.clone() };
        let denied = |regarding: &str| complaint(socket, Some(regarding.to_owned()), forbidden());
        match event {
            ClientEvent::Ping => effects.push(Self::event(vec![socket], &RoomEvent::Pong)),
            ClientEvent::Typing { typing } => {
                self.tell_others(&who.id, &RoomEvent::Typing { participant_id: who.id.clone(), typing }, effects);
            }
            ClientEvent::ChatSend { text } => self.on_chat(socket, who, text, now, effects),
            ClientEvent::RunStart { .. } if !rights.run => effects.push(denied("run:start")),
            ClientEvent::RunStart { request } => self.on_run_start(socket, caller, request, now, effects),
            ClientEvent::RunCancel { .. } if !rights.run => effects.push(denied("run:cancel")),
            ClientEvent::RunCancel { run_id } => effects.push(Effect::CancelRun { socket, caller, run: run_id }),
            ClientEvent::RunStdin { .. } if !rights.run => effects.push(denied("run:stdin")),
            ClientEvent::RunStdin { run_id, data, end } => {
                self.on_run_stdin(socket, &who, run_id, data, end, now, effects);
            }
            ClientEvent::TerminalOpen { .. }
            | ClientEvent::TerminalInput { .. }
            | ClientEvent::TerminalResize { .. }
            | ClientEvent::TerminalKeyboard { .. }
            | ClientEvent::TerminalChanges { .. }
            | ClientEvent::TerminalClose { .. } => {
                self.on_terminal_event(Typist { socket, who, rights, caller }, event, now, effects);
            }
        }
    }

    fn on_chat(
        &mut self,
        socket: SocketId,
        who: Participant,
        text: String,
        now: TimestampMs,
        effects: &mut Vec<Effect>,
    ) {
        if text.trim().is_empty() || text.len() > CHAT_MESSAGE_MAX_BYTES {
            let message = format!("must have 1 to {CHAT_MESSAGE_MAX_BYTES} bytes");
            let body = ErrorBody::validation(&[FieldError { field: "text".to_owned(), message }]);
            effects.push(complaint(socket, Some("chat:send".to_owned()), body));
            return;
        }
        let id = self.chat.last().map_or(1, |last| last.id + 1);
        let mentions = mentions(&text, &self.people());
        let message =
            ChatMessage { id, at: now, author_id: who.id.clone(), author_name: who.name.clone(), text, mentions };
        self.chat.push(message.clone());
        if self.chat.len() > CHAT_KEPT {
            self.chat.remove(0);
        }
        self.log_event(Some(&who), RoomEvent::Chat { message: message.clone() }, now, effects);
        self.tell_mentioned(message, effects);
    }

    /// Whoever can be mentioned: who is there, and who wrote lately.
    fn people(&self) -> Vec<(ParticipantId, String)> {
        let there = self.participants().into_iter().map(|participant| (participant.id, participant.name));
        let wrote = self.chat.iter().map(|message| (message.author_id.clone(), message.author_name.clone()));
        let people: BTreeMap<_, _> = wrote.chain(there).collect();
        people.into_iter().collect()
    }

    fn tell_mentioned(&self, message: ChatMessage, effects: &mut Vec<Effect>) {
        let is_mentioned = |session: &Session| {
            session.channel == Channel::Events
                && session.participant.as_ref().is_some_and(|there| message.mentions.contains(&there.id))
        };
        let to: Vec<_> =
            self.sessions.iter().filter(|(_, session)| is_mentioned(session)).map(|(socket, _)| *socket).collect();
        if !to.is_empty() {
            effects.push(Self::event(to, &RoomEvent::Mention { message }));
        }
    }

    /// Passes input on to a running program. Everybody sees what was typed, as on a shared screen.
    #[expect(clippy::too_many_arguments, reason = "the parts of one event")]
    fn on_run_stdin(
        &mut self,
        socket: SocketId,
        who: &Participant,
        run_id: RunId,
        data: String,
        end: bool,
        now: TimestampMs,
        effects: &mut Vec<Effect>,
    ) {
        let regarding = || Some("run:stdin".to_owned());
        if data.len() > RUN_STDIN_PART_MAX_BYTES {
            let message = format!("must have at most {RUN_STDIN_PART_MAX_BYTES} bytes");
            let body = ErrorBody::validation(&[FieldError { field: "data".to_owned(), message }]);
            effects.push(complaint(socket, regarding(), body));
            return;
        }
        match self.takes_input(&run_id) {
            Ok(runner) => {
                effects.push(Self::to_runner(runner, &run_id, RoomFrame::Stdin { data: data.clone(), end }));
                let event = RoomEvent::RunStdin { run_id, participant_id: who.id.clone(), data, end };
                self.log_event(Some(who), event, now, effects);
            }
            Err(message) => effects.push(complaint(socket, regarding(), ErrorBody::new(ErrorCode::Conflict, message))),
        }
    }

    /// Freezes the files at the log's position. The rows up to there stand before this effect.
    fn on_run_start(
        &mut self,
        socket: SocketId,
        caller: Caller,
        request: RoomRunRequest,
        now: TimestampMs,
        effects: &mut Vec<Effect>,
    ) {
        self.write(now, effects);
        let Some(document) = &self.document else { return };
        let (files, position) = (document.source_files(), self.edited_at);
        let dispatch = self.free_runner().is_some();
        effects.push(Effect::SubmitRun { socket, caller, request, files, position, dispatch });
    }
}

fn forbidden() -> ErrorBody {
    ErrorBody::new(ErrorCode::Forbidden, "your link does not let you run code; ask the owner for one that does")
}

/// An `error` event.
pub(crate) fn complaint(socket: SocketId, regarding: Option<String>, error: ErrorBody) -> Effect {
    Room::event(vec![socket], &RoomEvent::Error { regarding, error })
}
