//! The runner's WebSocket to the room that it serves: what it says goes out, what the room wants comes in.
//!
//! Safety: a run's frame is forgotten only when the room has acknowledged it, and frames go out in the order of their
//! numbers; after a reconnect all that are not acknowledged go again. What a terminal wrote is not acknowledged: of
//! that, what was under way when a connection broke is lost. Liveness: it reconnects until the owner drops it or the
//! room closes for good.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use protocol::ids::TerminalId;
use protocol::lease::{LeaseFrame, LeaseOrder};
use protocol::terminal::TerminalFrame;
use reqwest::Url;
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use super::runs::{Begun, Runs};
use protocol::ids::RunId;
use protocol::runner::RunnerFrame;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Pauses between attempts to connect: quick at first, for a room that has just restarted.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Longest wait for the handshake.
const HANDSHAKE: Duration = Duration::from_secs(5);

/// How often the connection is tried. The runtime answers without waking the room.
const PING_EVERY: Duration = Duration::from_secs(20);
const PING: &str = r#"{"type":"ping"}"#;
const PONG: &str = r#"{"type":"pong"}"#;

/// Close codes that say: do not come back.
const FINAL_CLOSE_CODES: std::ops::Range<u16> = 4_400..4_500;

/// Frames of terminals that wait for a connection. A terminal writes some dozen a second at most.
const WAITING_MAX: usize = 256;

/// What the runner says.
#[derive(Debug)]
pub(super) enum Said {
    /// It works on an attempt.
    Begin(Begun),
    /// The attempt says something.
    Run(RunId, RunnerFrame),
    /// The attempt ended without having said its end.
    Abandon(RunId),
    /// A terminal says something.
    Terminal(TerminalId, TerminalFrame),
    /// It would like to go.
    Leave,
}

/// What the room wants.
#[derive(Debug)]
pub(super) enum Heard {
    /// An order that is not about a run in hand.
    Order(Box<LeaseOrder>),
    /// The room does not want this runner.
    Refused,
}

/// The connection.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) url: Url,
    pub(super) credential: String,
    pub(super) slots: u32,
    pub(super) said: UnboundedReceiver<Said>,
    pub(super) heard: UnboundedSender<Heard>,
    pub(super) runs: Runs,
    pub(super) terminals: BTreeSet<TerminalId>,
    /// What terminals said while there was no connection.
    pub(super) waiting: VecDeque<LeaseFrame>,
}

/// Why a connection was left.
enum Left {
    ForGood,
    ToReconnect,
}

impl Link {
    /// Serves until the owner drops the other ends, or the room refuses.
    pub(super) async fn serve(mut self) {
        let mut pause = FIRST_PAUSE;
        loop {
            match self.connect().await {
                Ok(socket) => {
                    pause = FIRST_PAUSE;
                    if let Left::ForGood = self.converse(socket).await {
                        break;
                    }
                }
                Err(error) if is_final(&error) => {
                    tracing::warn!(%error, "the room does not let this runner in");
                    break;
                }
                Err(error) => tracing::warn!(%error, "the room is not reached; trying again"),
            }
            if !self.listen_for(pause).await {
                break;
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        self.runs.refuse();
        // An owner that has gone does not need to hear it.
        let _gone = self.heard.send(Heard::Refused);
    }

    async fn connect(&self) -> Result<Socket, Error> {
        let mut request = self.url.as_str().into_client_request()?;
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", self.credential))?;
        bearer.set_sensitive(true);
        request.headers_mut().insert("authorization", bearer);
        // Frames are small and follow each other: gathered by TCP (Nagle), each would wait for the 40 ms after which the
        // other side acknowledges the one before.
        let is_gathering_off = true;
        let connected = timeout(HANDSHAKE, connect_async_with_config(request, None, is_gathering_off)).await;
        connected.map_err(|elapsed| Error::Io(std::io::Error::from(elapsed)))?.map(|(socket, _)| socket)
    }

    /// Takes in what the runner says while there is no connection; false if the runner has gone.
    async fn listen_for(&mut self, pause: Duration) -> bool {
        let until = sleep(pause);
        tokio::pin!(until);
        loop {
            tokio::select! {
                () = &mut until => return true,
                said = self.said.recv() => match said {
                    Some(said) => {
                        if let Some(frame) = self.take(said) {
                            self.put_aside(frame);
                        }
                    }
                    None => return false,
                },
            }
        }
    }

    /// Runs' frames are kept until they are acknowledged anyway, and a wish to leave is said again.
    fn put_aside(&mut self, frame: LeaseFrame) {
        if matches!(frame, LeaseFrame::Terminal { .. }) {
            self.waiting.push_back(frame);
            if self.waiting.len() > WAITING_MAX {
                self.waiting.pop_front();
            }
        }
    }

    async fn converse(&mut self, mut socket: Socket) -> Left {
        // What was begun while the connection was made is named in the greeting.
        while let Ok(said) = self.said.try_recv() {
            if let Some(frame) = self.take(said) {
                self.put_aside(frame);
            }
        }
        let terminals = self.terminals.iter().cloned().collect();
        let hello = LeaseFrame::Hello { slots: self.slots, runs: self.runs.in_hand(), terminals };
        let waiting = std::mem::take(&mut self.waiting);
        let again = std::iter::once(hello).chain(self.runs.unacknowledged()).chain(waiting).collect::<Vec<_>>();
        for frame in &again {
            if send(&mut socket, frame).await.is_err() {
                return Left::ToReconnect;
            }
        }
        let (mut ping_at, mut is_answered) = (Instant::now() + PING_EVERY, true);
        loop {
            tokio::select! {
                said = self.said.recv() => {
                    let Some(said) = said else {
                        let _closed = socket.close(None).await;
                        return Left::ForGood;
                    };
                    if let Some(frame) = self.take(said)
                        && send(&mut socket, &frame).await.is_err()
                    {
                        self.put_aside(frame);
                        return Left::ToReconnect;
                    }
                }
                message = socket.next() => {
                    is_answered = true;
                    if let Some(left) = self.hear(message) {
                        return left;
                    }
                }
                () = sleep_until(ping_at) => {
                    if !is_answered || socket.send(Message::text(PING)).await.is_err() {
                        return Left::ToReconnect;
                    }
                    (ping_at, is_answered) = (Instant::now() + PING_EVERY, false);
                }
            }
        }
    }

    /// Notes what the runner says; gives the frame that tells the room.
    fn take(&mut self, said: Said) -> Option<LeaseFrame> {
        match said {
            Said::Begin(begun) => Some(LeaseFrame::Begin { run: self.runs.begin(begun) }),
            Said::Run(run, frame) => self.runs.say(&run, frame),
            Said::Abandon(run) => {
                self.runs.forget(&run);
                None
            }
            Said::Terminal(terminal_id, frame) => {
                match frame {
                    TerminalFrame::Opened => drop(self.terminals.insert(terminal_id.clone())),
                    TerminalFrame::Closed { .. } => drop(self.terminals.remove(&terminal_id)),
                    TerminalFrame::Output { .. } | TerminalFrame::Changes { .. } => {}
                }
                Some(LeaseFrame::Terminal { terminal_id, frame })
            }
            Said::Leave => Some(LeaseFrame::Leave),
        }
    }

    /// Takes a message of the room; answers if the connection is to be left.
    fn hear(&mut self, message: Option<Result<Message, Error>>) -> Option<Left> {
        let text = match message {
            Some(Ok(Message::Text(text))) if text.as_str() == PONG => return None,
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Close(frame))) => {
                let is_final = frame.is_some_and(|frame| FINAL_CLOSE_CODES.contains(&u16::from(frame.code)));
                return Some(if is_final { Left::ForGood } else { Left::ToReconnect });
            }
            Some(Ok(_)) => return None,
            Some(Err(_)) | None => return Some(Left::ToReconnect),
        };
        match serde_json::from_str(&text) {
            Ok(LeaseOrder::Run { run_id, frame }) => self.runs.hear(&run_id, frame),
            // An owner that has gone is found gone at the next turn.
            Ok(order) => drop(self.heard.send(Heard::Order(Box::new(order)))),
            Err(error) => tracing::warn!(line = error.line(), "the room said something unknown"),
        }
        None
    }
}

async fn send(socket: &mut Socket, frame: &LeaseFrame) -> Result<(), Error> {
    let text = serde_json::to_string(frame).map_err(|error| Error::Io(error.into()))?;
    socket.send(Message::text(text)).await
}

/// A handshake that was answered with a client error will be answered so again.
fn is_final(error: &Error) -> bool {
    matches!(error, Error::Http(response) if response.status().is_client_error())
}
