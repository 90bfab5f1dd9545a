//! Somebody in a room.

use protocol::event::ClientEvent;
use protocol::ids::{ParticipantId, RoomId, RunId};
use protocol::language::Language;
use protocol::rights::{Rights, Role};
use protocol::room::{RoomFiles, RoomToken};
use protocol::run::{RoomRunRequest, Run, RunAnswer};
use yrs::Doc;

use crate::api::Call;
use crate::events::EventsSocket;
use crate::socket::Socket;
use crate::stack::Stack;
use crate::sync::SyncSocket;

/// Somebody with a token of a room.
pub struct Person {
    stack: Stack,
    room: RoomId,
    token: RoomToken,
}

impl Person {
    pub(crate) fn new(stack: Stack, room: RoomId, token: RoomToken) -> Self {
        Self { stack, room, token }
    }

    /// Who they are in the room.
    #[must_use]
    pub fn id(&self) -> &ParticipantId {
        &self.token.participant_id
    }

    /// The room token.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token.token
    }

    /// Their role.
    #[must_use]
    pub fn role(&self) -> Role {
        self.token.role
    }

    /// Their rights.
    #[must_use]
    pub fn rights(&self) -> Rights {
        self.token.rights
    }

    /// The addresses of both sockets, with the token.
    #[must_use]
    pub fn socket_urls(&self) -> [String; 2] {
        [&self.token.sync_url, &self.token.events_url].map(|url| format!("{url}?token={}", self.token.token))
    }

    /// Opens the events.
    pub async fn events(&self) -> EventsSocket {
        let [_, url] = self.socket_urls();
        EventsSocket::open(&url).await
    }

    /// Opens the document and waits until all of it is there.
    pub async fn document(&self) -> SyncSocket {
        let [url, _] = self.socket_urls();
        SyncSocket::open(&url).await
    }

    /// Opens the document with a replica from before: see [`SyncSocket::resume`].
    ///
    /// # Panics
    /// When it is refused.
    pub async fn document_with(&self, doc: Doc) -> SyncSocket {
        let [url, _] = self.socket_urls();
        let resumed = SyncSocket::resume(Socket::open(&url).await, doc).await;
        resumed.unwrap_or_else(|code| panic!("refused with {code}"))
    }

    /// Opens the events over HTTP.
    pub async fn events_over_http(&self) -> EventsSocket {
        let [_, url] = self.socket_urls();
        EventsSocket::over(Socket::open_over_http(&url).await).await
    }

    /// Opens the document over HTTP and waits until all of it is there.
    pub async fn document_over_http(&self) -> SyncSocket {
        let [url, _] = self.socket_urls();
        SyncSocket::over(Socket::open_over_http(&url).await).await
    }

    /// A `POST` under the room in their name: `ada.post("/runs")`.
    #[must_use]
    pub fn post(&self, rest: &str) -> Call {
        self.call(reqwest::Method::POST, rest)
    }

    /// A `GET` under the room in their name.
    #[must_use]
    pub fn get(&self, rest: &str) -> Call {
        self.call(reqwest::Method::GET, rest)
    }

    /// Any call under the room in their name.
    #[must_use]
    pub fn call(&self, method: reqwest::Method, rest: &str) -> Call {
        self.stack.call(method, &format!("/api/v1/rooms/{}{rest}", self.room)).bearer(self.token())
    }

    /// The files of the room, from outside the editor.
    pub async fn files(&self) -> RoomFiles {
        self.get("/files").send().await.data()
    }

    /// Submits a run of the room's files.
    pub async fn run(&self, language: Language) -> Run {
        let answer = self.post("/runs").json(&request(language)).send().await;
        assert_eq!(answer.status, 202, "{answer}");
        answer.data::<RunAnswer>().run
    }

    /// A run as its record stands.
    pub async fn look_at(&self, run: &RunId) -> Run {
        let answer = self.stack.get(&format!("/api/v1/runs/{run}")).bearer(self.token()).send().await;
        answer.data::<RunAnswer>().run
    }
}

/// `run:start` for a language's own entry, without input.
#[must_use]
pub fn start(language: Language) -> ClientEvent {
    ClientEvent::RunStart { request: request(language) }
}

fn request(language: Language) -> RoomRunRequest {
    RoomRunRequest { language, entry: None, stdin: None, args: None, flags: None, cases: None, interactive: None }
}
