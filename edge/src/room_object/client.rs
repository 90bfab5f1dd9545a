//! The way to a room's object: its binding, its name and its messages in one place.

use protocol::ids::{RoomId, RunId};
use protocol::internal::PrincipalKind;
use protocol::room::RoomFiles;
use protocol::run::{RoomRunRequest, Run};
use room::Session;
use serde::{Deserialize, Serialize};
use worker::{Env, Headers, Method, Request, RequestInit, Response, Stub};

use super::history::HistoryMessage;
use crate::answer::Failure;
use crate::object_call::{self, OBJECT_URL};

/// The binding's name in wrangler.toml.
const BINDING: &str = "ROOMS";

/// Carries the session of an upgrade request, as JSON. Only the worker reaches the object, so it is believed.
pub(crate) const SESSION_HEADER: &str = "x-tutti-session";

/// What the worker says to a room.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum RoomMessage {
    /// Is the storage there?
    Ping,
    /// The files, please.
    Files,
    /// Freeze the files and submit a run of them. Answered with the function's own answer.
    SubmitRun(Box<SubmitRun>),
    /// A runner has claimed a run.
    Claimed {
        /// The run.
        run: RunId,
        /// The attempt.
        attempt: u32,
    },
    /// A run's record has changed.
    Changed {
        /// As it is now.
        run: Box<Run>,
    },
    /// About the room's past.
    History(HistoryMessage),
    /// A login or link was revoked.
    Revoked {
        /// Which of the two.
        kind: PrincipalKind,
        /// Its id.
        id: String,
    },
}

/// A run asked for over HTTP.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SubmitRun {
    /// The caller's room token.
    pub(crate) token: String,
    /// The caller's address.
    pub(crate) address: String,
    /// Names the request in the log of every part.
    pub(crate) request_id: String,
    /// The caller's `Idempotency-Key`.
    pub(crate) idempotency_key: Option<String>,
    /// What to run.
    pub(crate) request: RoomRunRequest,
}

/// A room's object.
pub(crate) struct RoomStub(pub(super) Stub);

impl RoomStub {
    /// The object of a room.
    ///
    /// # Errors
    /// [`Failure::Runtime`] without the binding.
    pub(crate) fn of(env: &Env, room: &RoomId) -> Result<Self, Failure> {
        Ok(Self(env.durable_object(BINDING)?.get_by_name(room.as_str())?))
    }

    /// An object that is no room's, for the health page.
    pub(crate) fn for_health(env: &Env) -> Result<Self, Failure> {
        Ok(Self(env.durable_object(BINDING)?.get_by_name("health")?))
    }

    /// Hands a socket to the room.
    pub(crate) async fn open_socket(&self, session: &Session) -> Result<Response, Failure> {
        let headers = Headers::new();
        headers.set("upgrade", "websocket")?;
        let session =
            serde_json::to_string(session).map_err(|source| Failure::Unreadable { part: "session", source })?;
        // A header is ASCII, a name is not.
        headers.set(SESSION_HEADER, &escape(&session))?;
        let mut init = RequestInit::new();
        init.with_method(Method::Get).with_headers(headers);
        let request = Request::new_with_init(OBJECT_URL, &init)?;
        self.0.fetch_with_request(request).await.map_err(|source| Failure::Unreachable { part: "room", source })
    }

    /// Answers whether the object and its storage work.
    pub(crate) async fn ping(&self) -> Result<(), Failure> {
        self.tell(&RoomMessage::Ping).await
    }

    /// The room's files.
    pub(crate) async fn files(&self) -> Result<RoomFiles, Failure> {
        object_call::ask(&self.0, "room", &RoomMessage::Files).await
    }

    /// Freezes the files and submits a run of them.
    pub(crate) async fn submit_run(&self, submission: SubmitRun) -> Result<Response, Failure> {
        object_call::send(&self.0, "room", &RoomMessage::SubmitRun(Box::new(submission))).await
    }

    /// Tells that a runner has claimed a run.
    pub(crate) async fn claimed(&self, run: RunId, attempt: u32) -> Result<(), Failure> {
        self.tell(&RoomMessage::Claimed { run, attempt }).await
    }

    /// Tells that a run's record has changed.
    pub(crate) async fn changed(&self, run: Run) -> Result<(), Failure> {
        self.tell(&RoomMessage::Changed { run: Box::new(run) }).await
    }

    /// Tells that a login or link was revoked.
    pub(crate) async fn revoked(&self, kind: PrincipalKind, id: &str) -> Result<(), Failure> {
        self.tell(&RoomMessage::Revoked { kind, id: id.to_owned() }).await
    }

    async fn tell(&self, message: &RoomMessage) -> Result<(), Failure> {
        object_call::ask::<_, ()>(&self.0, "room", message).await
    }
}

/// JSON with everything outside ASCII escaped.
pub(super) fn escape(json: &str) -> String {
    let mut units = [0; 2];
    json.chars().fold(String::with_capacity(json.len()), |mut escaped, character| {
        if character.is_ascii() {
            escaped.push(character);
        } else {
            for unit in character.encode_utf16(&mut units) {
                escaped.push_str(&format!("\\u{unit:04x}"));
            }
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_outside_ascii_survive_a_header() {
        let name = "Zoë 🎼".to_owned();
        let escaped = escape(&serde_json::to_string(&name).expect("serialises"));
        assert!(escaped.is_ascii());
        assert_eq!(serde_json::from_str::<String>(&escaped).expect("parses"), name);
    }
}
