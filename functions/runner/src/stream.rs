//! The attempt's WebSocket to its room: output goes out, orders come in.
//!
//! Safety: a frame is forgotten only when the room has acknowledged it, and frames go out in the order of their
//! numbers; after a reconnect all that are not acknowledged go again. Liveness: while frames wait, it reconnects,
//! until the owner drops the stream or the room closes for good.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use protocol::runner::{RoomFrame, RunnerFrame};
use reqwest::Url;
use tokio::net::TcpStream;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::edge::Standing;
use crate::execute::Wish;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Pauses between attempts to connect: quick at first, for a room that has just restarted.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Longest wait for the handshake.
const HANDSHAKE: Duration = Duration::from_secs(5);

/// Close codes that say: do not come back.
const FINAL_CLOSE_CODES: std::ops::Range<u16> = 4_400..4_500;

/// How a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// Everything is with the room.
    Complete,
    /// The room does not want this attempt.
    Refused,
    /// The attempt was given up before its end.
    Abandoned,
}

/// One attempt's stream.
#[derive(Debug)]
pub struct Stream {
    url: Url,
    standing: Standing,
    frames: UnboundedReceiver<RunnerFrame>,
    wishes: watch::Sender<Wish>,
    unacknowledged: VecDeque<RunnerFrame>,
    /// The last output's number, once the end was said.
    end: Option<u64>,
    /// Up to where the room has everything.
    acknowledged: u64,
}

/// Why a connection was left.
enum Left {
    For(Delivery),
    ToReconnect,
}

impl Stream {
    /// Prepares a stream of `frames`; what the room orders becomes a wish.
    #[must_use]
    pub fn new(
        url: Url,
        standing: Standing,
        frames: UnboundedReceiver<RunnerFrame>,
        wishes: watch::Sender<Wish>,
    ) -> Self {
        Self { url, standing, frames, wishes, unacknowledged: VecDeque::new(), end: None, acknowledged: 0 }
    }

    /// Delivers until the end is acknowledged.
    pub async fn deliver(mut self) -> Delivery {
        let mut pause = FIRST_PAUSE;
        loop {
            match self.connect().await {
                Ok(socket) => {
                    pause = FIRST_PAUSE;
                    if let Left::For(delivery) = self.converse(socket).await {
                        return delivery;
                    }
                }
                Err(error) if is_final(&error) => {
                    tracing::warn!(%error, "the room refuses the stream");
                    return Delivery::Refused;
                }
                Err(error) => tracing::warn!(%error, "no stream to the room; trying again"),
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn connect(&self) -> Result<Socket, Error> {
        let mut request = self.url.as_str().into_client_request()?;
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", self.standing.bearer))?;
        bearer.set_sensitive(true);
        request.headers_mut().insert("authorization", bearer);
        request.headers_mut().insert("x-request-id", HeaderValue::from_str(&self.standing.request_id)?);
        let connected = timeout(HANDSHAKE, connect_async(request)).await;
        connected.map_err(|elapsed| Error::Io(std::io::Error::from(elapsed)))?.map(|(socket, _)| socket)
    }

    async fn converse(&mut self, mut socket: Socket) -> Left {
        for frame in self.unacknowledged.iter().chain(self.end_frame().as_ref()) {
            if send(&mut socket, frame).await.is_err() {
                return Left::ToReconnect;
            }
        }
        loop {
            tokio::select! {
                frame = self.frames.recv(), if self.end.is_none() => {
                    let Some(frame) = frame else { return Left::For(Delivery::Abandoned) };
                    let sent = send(&mut socket, &frame).await;
                    self.remember(frame);
                    if sent.is_err() {
                        return Left::ToReconnect;
                    }
                }
                message = socket.next() => match self.heard(message) {
                    Some(Left::For(Delivery::Complete)) => {
                        let _closed = socket.close(None).await;
                        return Left::For(Delivery::Complete);
                    }
                    Some(left) => return left,
                    None => {}
                },
            }
        }
    }

    fn end_frame(&self) -> Option<RunnerFrame> {
        self.end.map(|last_seq| RunnerFrame::End { last_seq })
    }

    fn remember(&mut self, frame: RunnerFrame) {
        match frame {
            RunnerFrame::End { last_seq } => self.end = Some(last_seq),
            RunnerFrame::Output { .. } => self.unacknowledged.push_back(frame),
        }
    }

    /// Takes a message of the room; answers if the connection is to be left.
    fn heard(&mut self, message: Option<Result<Message, Error>>) -> Option<Left> {
        let text = match message {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Close(frame))) => {
                let is_final = frame.is_some_and(|frame| FINAL_CLOSE_CODES.contains(&u16::from(frame.code)));
                return Some(if is_final { Left::For(Delivery::Refused) } else { Left::ToReconnect });
            }
            Some(Ok(_)) => return None,
            Some(Err(_)) | None => return Some(Left::ToReconnect),
        };
        match serde_json::from_str(&text) {
            Ok(RoomFrame::Ack { seq }) => return self.acknowledge(seq),
            Ok(RoomFrame::Cancel) => {
                self.wishes.send_replace(Wish::Stop);
            }
            Err(error) => tracing::warn!(%error, "the room said something unknown"),
        }
        None
    }

    fn acknowledge(&mut self, up_to: u64) -> Option<Left> {
        self.acknowledged = self.acknowledged.max(up_to);
        let known = |frame: &RunnerFrame| matches!(frame, RunnerFrame::Output { seq, .. } if *seq <= up_to);
        while self.unacknowledged.front().is_some_and(known) {
            self.unacknowledged.pop_front();
        }
        self.end.filter(|last| self.acknowledged >= *last).map(|_| Left::For(Delivery::Complete))
    }
}

async fn send(socket: &mut Socket, frame: &RunnerFrame) -> Result<(), Error> {
    let text = serde_json::to_string(frame).map_err(|error| Error::Io(error.into()))?;
    socket.send(Message::text(text)).await
}

/// A handshake that was answered with a client error will be answered so again.
fn is_final(error: &Error) -> bool {
    matches!(error, Error::Http(response) if response.status().is_client_error())
}
