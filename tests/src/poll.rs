//! A socket over HTTP, call by call, for networks that let no WebSocket through.
//!
//! Dropping it without [`PollSocket::leave`] is vanishing: the room hears nothing.

use std::collections::VecDeque;
use std::time::Duration;

use protocol::poll::{POLL_WAIT_MAX_MS, PollSession, Record, records};
use reqwest::Method;

use crate::api::{Answer, Call};
use crate::socket::Frame;

/// How long a call may take that waits for frames: the server's wait, and some for two busy cores.
const PATIENCE: Duration = Duration::from_millis(POLL_WAIT_MAX_MS + 10_000);

/// An open session.
pub struct PollSocket {
    http: reqwest::Client,
    /// `http://host/sync/{room}/poll`.
    address: String,
    token: String,
    /// The session's secret.
    pub session: String,
    /// What was fetched and not read yet.
    fetched: VecDeque<Frame>,
    pulls: u64,
    pushes: u64,
}

impl PollSocket {
    /// Opens a session at the address of a WebSocket, `ws://host/sync/{room}?token=…`.
    ///
    /// # Errors
    /// The close code, when it is refused.
    pub async fn open(url: &str) -> Result<Self, u16> {
        let (address, token) = url.split_once("?token=").expect("the address of a socket carries its token");
        let address = format!("{}/poll", address.replacen("ws", "http", 1));
        let mut this = Self {
            http: reqwest::Client::new(),
            address,
            token: token.to_owned(),
            session: String::new(),
            fetched: VecDeque::new(),
            pulls: 0,
            pushes: 0,
        };
        let answer = this.call(Method::POST, &this.address, Vec::new()).send().await;
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer}");
        if answer.status == 201 {
            this.session = answer.data::<PollSession>().session;
            return Ok(this);
        }
        match frames_of(&answer).as_slice() {
            [Frame::Closed(code)] => Err(*code),
            other => panic!("neither a session nor a refusal but {other:?}"),
        }
    }

    /// A call of this session's address by any token.
    #[must_use]
    pub fn call_as(&self, token: &str, method: Method, body: Vec<u8>) -> Call {
        let request = self.http.request(method, format!("{}/{}", self.address, self.session));
        Call::new(request.bearer_auth(token).timeout(PATIENCE).body(body))
    }

    fn call(&self, method: Method, address: &str, body: Vec<u8>) -> Call {
        Call::new(self.http.request(method, address).bearer_auth(&self.token).timeout(PATIENCE).body(body))
    }

    fn turn(&self, turn: u64) -> String {
        format!("{}/{}?turn={turn}", self.address, self.session)
    }

    /// Brings bytes that need not be records, as the next call.
    pub async fn push(&mut self, body: Vec<u8>) -> Answer {
        self.pushes += 1;
        self.push_as(self.pushes, body).await
    }

    /// The same as a call of any turn.
    pub async fn push_as(&self, turn: u64, body: Vec<u8>) -> Answer {
        self.call(Method::POST, &self.turn(turn), body).send().await
    }

    /// Brings one frame.
    pub async fn send(&mut self, frame: Record<'_>) {
        let answer = self.push(frame.encode()).await;
        assert_eq!(answer.status, 200, "{answer}");
    }

    /// The same; false where it was not taken.
    pub async fn try_send(&mut self, frame: Record<'_>) -> bool {
        self.push(frame.encode()).await.status == 200
    }

    /// Fetches once, and gives what came: nothing after a long silence.
    pub async fn pull(&mut self) -> Vec<Frame> {
        self.pulls += 1;
        self.pull_as(self.pulls).await
    }

    /// The same as a call of any turn.
    pub async fn pull_as(&self, turn: u64) -> Vec<Frame> {
        frames_of(&self.call(Method::GET, &self.turn(turn), Vec::new()).send().await)
    }

    /// The next frame.
    pub async fn next(&mut self) -> Frame {
        while self.fetched.is_empty() {
            let frames = self.pull().await;
            self.fetched.extend(frames);
        }
        self.fetched.pop_front().expect("just looked")
    }

    /// Says goodbye.
    pub async fn leave(self) {
        let answer = self.call_as(&self.token, Method::DELETE, Vec::new()).send().await;
        assert_eq!(answer.status, 200, "{answer}");
    }
}

/// The frames of an answer.
///
/// # Panics
/// When it is no answer of records.
#[must_use]
pub fn frames_of(answer: &Answer) -> Vec<Frame> {
    assert_eq!(answer.status, 200, "{answer}");
    assert_eq!(answer.header("content-type"), Some("application/octet-stream"), "{answer}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer}");
    let read = records(&answer.body).map(|record| match record.expect("the server's records are whole") {
        Record::Binary(bytes) => Frame::Binary(bytes.to_vec()),
        Record::Text(text) => Frame::Text(text.to_owned()),
        Record::Close { code, .. } => Frame::Closed(code),
    });
    read.collect()
}
