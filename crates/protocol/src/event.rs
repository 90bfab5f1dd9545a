//! Events of a room: the JSON text frames of `/events/{roomId}`.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::TimestampMs;
use crate::envelope::ErrorBody;
use crate::history::Snapshot;
use crate::ids::{ParticipantId, RoomId, RunId, SnapshotId, TerminalId};
use crate::rights::{Rights, Role};
use crate::run::{RoomRunRequest, Run, RunReason, RunState};
use crate::runner::OutputStream;
use crate::terminal::{Terminal, TerminalChange, TerminalEnd, TerminalProgram, TerminalSize, TerminalWithOutput};

/// Somebody in the room, with one socket or several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Participant {
    /// Who.
    pub id: ParticipantId,
    /// Display name.
    pub name: String,
    /// Role.
    pub role: Role,
    /// True without an account.
    pub guest: bool,
}

/// A chat message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ChatMessage {
    /// Place in the chat, from 1.
    #[ts(type = "number")]
    pub id: u64,
    /// When it was received.
    #[ts(type = "number")]
    pub at: TimestampMs,
    /// Who wrote it.
    pub author_id: ParticipantId,
    /// Their name at that time.
    pub author_name: String,
    /// What.
    pub text: String,
    /// Who is mentioned in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<ParticipantId>>")]
    pub mentions: Vec<ParticipantId>,
}

/// A piece of a run's output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OutputChunk {
    /// Place in the attempt's output, from 1.
    #[ts(type = "number")]
    pub seq: u64,
    /// Which stream.
    pub stream: OutputStream,
    /// Whole characters.
    pub data: String,
}

/// A run with the output that the room has seen of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RunWithOutput {
    /// The run. Its `stdout` and `stderr` are empty: `output` has both, in order.
    pub run: Run,
    /// The current attempt's output so far.
    pub output: Vec<OutputChunk>,
}

/// A frame from the room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
pub enum RoomEvent {
    /// The first frame: who you are and how the room stands.
    #[serde(rename = "room:welcome")]
    Welcome {
        /// Who you are.
        you: Participant,
        /// Your role.
        role: Role,
        /// Your rights.
        rights: Rights,
        /// Who is there, you included.
        participants: Vec<Participant>,
        /// The latest messages, oldest first.
        chat: Vec<ChatMessage>,
        /// The latest runs, oldest first.
        runs: Vec<RunWithOutput>,
        /// The terminals.
        terminals: Vec<TerminalWithOutput>,
        /// The server's clock.
        #[ts(type = "number")]
        server_time: TimestampMs,
        /// The log is durable up to here.
        #[ts(type = "number")]
        position: u64,
    },
    /// Somebody came.
    #[serde(rename = "participant:joined")]
    ParticipantJoined {
        /// Who.
        participant: Participant,
    },
    /// Somebody's last socket is gone.
    #[serde(rename = "participant:left")]
    ParticipantLeft {
        /// Who.
        participant: Participant,
    },
    /// Somebody's name or role changed.
    #[serde(rename = "participant:updated")]
    ParticipantUpdated {
        /// As they are now.
        participant: Participant,
    },
    /// A chat message.
    #[serde(rename = "chat:message")]
    Chat {
        /// The message.
        message: ChatMessage,
    },
    /// Somebody is typing in the chat, or stopped.
    #[serde(rename = "typing")]
    Typing {
        /// Who.
        participant_id: ParticipantId,
        /// Whether they still are.
        typing: bool,
    },
    /// A run was submitted.
    #[serde(rename = "run:queued")]
    RunQueued {
        /// Which.
        run_id: RunId,
        /// The run.
        run: Run,
    },
    /// A runner took it. With `attempt` over 1 an earlier runner was lost: its output is void.
    #[serde(rename = "run:started")]
    RunStarted {
        /// Which.
        run_id: RunId,
        /// Which attempt.
        attempt: u32,
    },
    /// It wrote something.
    #[serde(rename = "run:output")]
    RunOutput {
        /// Which.
        run_id: RunId,
        /// Place in the attempt's output, from 1.
        #[ts(type = "number")]
        seq: u64,
        /// Which stream.
        stream: OutputStream,
        /// Whole characters.
        data: String,
    },
    /// Somebody typed into it.
    #[serde(rename = "run:stdin")]
    RunStdin {
        /// Which.
        run_id: RunId,
        /// Who.
        participant_id: ParticipantId,
        /// What.
        data: String,
        /// True if that was the end of its input.
        end: bool,
    },
    /// It ended, or could not be executed.
    #[serde(rename = "run:finished")]
    RunFinished {
        /// Which.
        run_id: RunId,
        /// `finished` or `failed`.
        state: RunState,
        /// The exit code, unless a signal ended it.
        exit_code: Option<i32>,
        /// The signal's name.
        signal: Option<String>,
        /// Why, unless by its own exit.
        reason: Option<RunReason>,
        /// Wall-clock time.
        #[ts(type = "number | null")]
        wall_ms: Option<u64>,
        /// Processor time.
        #[ts(type = "number | null")]
        cpu_ms: Option<u64>,
        /// Largest resident size.
        #[ts(type = "number | null")]
        memory_bytes: Option<u64>,
        /// True if more was written than is kept.
        truncated: bool,
    },
    /// A person stopped it.
    #[serde(rename = "run:cancelled")]
    RunCancelled {
        /// Which.
        run_id: RunId,
    },
    /// Somebody opened a terminal. It can be typed into once `terminal.isOpen`; until then a runner is waited for.
    #[serde(rename = "terminal:opened")]
    TerminalOpened {
        /// Which.
        terminal_id: TerminalId,
        /// The terminal.
        terminal: Terminal,
    },
    /// A terminal wrote something.
    #[serde(rename = "terminal:output")]
    TerminalOutput {
        /// Which.
        terminal_id: TerminalId,
        /// Whole characters, control sequences included.
        data: String,
    },
    /// A terminal's size or keyboard changed.
    #[serde(rename = "terminal:updated")]
    TerminalUpdated {
        /// Which.
        terminal_id: TerminalId,
        /// As it is now.
        terminal: Terminal,
    },
    /// The files that differ after work in a terminal. Only to the one who asked.
    #[serde(rename = "terminal:changes")]
    TerminalChanges {
        /// Which.
        terminal_id: TerminalId,
        /// What differs from the files that were put in.
        changes: Vec<TerminalChange>,
        /// Files that are not offered, each with the reason.
        left_out: Vec<String>,
    },
    /// A terminal is gone.
    #[serde(rename = "terminal:closed")]
    TerminalClosed {
        /// Which.
        terminal_id: TerminalId,
        /// Why.
        reason: TerminalEnd,
        /// The exit code, if its program ended by itself.
        exit_code: Option<i32>,
    },
    /// The log is durable.
    #[serde(rename = "room:saved")]
    Saved {
        /// Up to this position.
        #[ts(type = "number")]
        position: u64,
        /// And so many update frames of this token's sync socket are in it.
        #[ts(type = "number")]
        frames: u64,
    },
    /// You were mentioned in the chat. Only to the one who was.
    #[serde(rename = "chat:mention")]
    Mention {
        /// The message.
        message: ChatMessage,
    },
    /// Somebody took a snapshot.
    #[serde(rename = "room:snapshot")]
    SnapshotTaken {
        /// The snapshot.
        snapshot: Snapshot,
    },
    /// Somebody deleted a snapshot.
    #[serde(rename = "room:snapshot-deleted")]
    SnapshotDeleted {
        /// Which.
        snapshot_id: SnapshotId,
    },
    /// Somebody brought back the files of an earlier moment.
    #[serde(rename = "room:restored")]
    Restored {
        /// Who.
        author_id: ParticipantId,
        /// The moment whose files came back.
        #[ts(type = "number")]
        to: u64,
    },
    /// Somebody merged another room's changes.
    #[serde(rename = "room:merged")]
    Merged {
        /// Who.
        author_id: ParticipantId,
        /// The other room.
        from: RoomId,
    },
    /// An author's name was erased from the room.
    #[serde(rename = "room:erased")]
    Erased {
        /// Whose.
        author_id: ParticipantId,
        /// What stands there now.
        name: String,
    },
    /// The answer to `ping`.
    #[serde(rename = "pong")]
    Pong,
    /// Something that this client sent was refused.
    #[serde(rename = "error")]
    Error {
        /// `type` of what was refused, where it could be read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        regarding: Option<String>,
        /// Why.
        error: ErrorBody,
    },
}

/// A frame to the room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum ClientEvent {
    /// Says something to everybody.
    #[serde(rename = "chat:send")]
    ChatSend {
        /// What.
        text: String,
    },
    /// Is typing in the chat, or stopped.
    #[serde(rename = "typing")]
    Typing {
        /// Whether.
        typing: bool,
    },
    /// Runs the room's files as they are now.
    #[serde(rename = "run:start")]
    RunStart {
        /// What to run.
        #[serde(flatten)]
        request: RoomRunRequest,
    },
    /// Stops a run.
    #[serde(rename = "run:cancel")]
    RunCancel {
        /// Which.
        run_id: RunId,
    },
    /// Types into a running program. Refused with `CONFLICT` unless the run was started as `interactive` and runs.
    #[serde(rename = "run:stdin")]
    RunStdin {
        /// Which.
        run_id: RunId,
        /// What.
        data: String,
        /// True to end the program's input.
        #[serde(default)]
        #[ts(optional, as = "Option<bool>")]
        end: bool,
    },
    /// Opens a terminal over the room's files as they are now.
    #[serde(rename = "terminal:open")]
    TerminalOpen {
        /// What runs in it.
        program: TerminalProgram,
        /// Its size.
        size: TerminalSize,
    },
    /// Types into a terminal. Only whoever holds its keyboard may.
    #[serde(rename = "terminal:input")]
    TerminalInput {
        /// Which.
        terminal_id: TerminalId,
        /// What, control characters included.
        data: String,
    },
    /// Changes a terminal's size. Only whoever holds its keyboard may.
    #[serde(rename = "terminal:resize")]
    TerminalResize {
        /// Which.
        terminal_id: TerminalId,
        /// Its size.
        size: TerminalSize,
    },
    /// Hands a terminal's keyboard to somebody, or takes it: whoever may open terminals may take it.
    #[serde(rename = "terminal:keyboard")]
    TerminalKeyboard {
        /// Which.
        terminal_id: TerminalId,
        /// To whom.
        to: ParticipantId,
    },
    /// Asks which files differ after work in a terminal; answered with `terminal:changes`.
    #[serde(rename = "terminal:changes")]
    TerminalChanges {
        /// Which.
        terminal_id: TerminalId,
    },
    /// Closes a terminal.
    #[serde(rename = "terminal:close")]
    TerminalClose {
        /// Which.
        terminal_id: TerminalId,
    },
    /// Asks for a `pong`.
    #[serde(rename = "ping")]
    Ping,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_started_with_its_fields_beside_the_type() {
        let frame = r#"{"type":"run:start","language":"python","stdin":"1\n"}"#;
        let event: ClientEvent = serde_json::from_str(frame).expect("parses");
        let ClientEvent::RunStart { request } = event else { panic!("{event:?}") };
        assert_eq!((request.stdin.as_deref(), request.entry), (Some("1\n"), None));
    }

    #[test]
    fn events_keep_their_shape() {
        let run_id = RunId::from_entropy(&[7; 32]);
        let events = [
            RoomEvent::RunOutput { run_id: run_id.clone(), seq: 1, stream: OutputStream::Stderr, data: "é\n".into() },
            RoomEvent::RunStarted { run_id, attempt: 2 },
            RoomEvent::Saved { position: 3, frames: 2 },
            RoomEvent::Pong,
        ];
        insta::assert_json_snapshot!(events);
    }
}
