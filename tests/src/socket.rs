//! A socket, frame by frame: a WebSocket, or what stands for one over HTTP.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use protocol::poll::Record;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::poll::PollSocket;
use crate::wait::{DEADLINE, within, within_time};

/// How soon a socket closes after the right behind it was withdrawn.
pub const REVOCATION_DEADLINE: Duration = Duration::from_secs(10);

type WebSocket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// An open socket.
pub struct Socket(Line);

enum Line {
    Web(Box<WebSocket>),
    Poll(PollSocket),
}

/// What came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// A text frame.
    Text(String),
    /// A binary frame.
    Binary(Vec<u8>),
    /// The end, with its code; 1006 where the connection broke.
    Closed(u16),
}

impl Socket {
    /// Opens a socket.
    ///
    /// # Panics
    /// When the handshake fails: even a refused socket is accepted first.
    pub async fn open(url: &str) -> Self {
        let opened = within("a handshake", connect_async(url)).await;
        let (socket, _response) = opened.unwrap_or_else(|error| panic!("the handshake failed: {error}"));
        Self(Line::Web(Box::new(socket)))
    }

    /// Opens a session over HTTP at the address of a WebSocket.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn open_over_http(url: &str) -> Self {
        let opened = PollSocket::open(url).await;
        Self(Line::Poll(opened.unwrap_or_else(|code| panic!("the session was refused with {code}"))))
    }

    /// Sends a text frame.
    pub async fn send_text(&mut self, text: &str) {
        match &mut self.0 {
            Line::Web(socket) => send(socket, Message::text(text)).await,
            Line::Poll(socket) => socket.send(Record::Text(text)).await,
        }
    }

    /// Sends a binary frame.
    pub async fn send_bytes(&mut self, bytes: Vec<u8>) {
        match &mut self.0 {
            Line::Web(socket) => send(socket, Message::binary(bytes)).await,
            Line::Poll(socket) => socket.send(Record::Binary(&bytes)).await,
        }
    }

    /// Sends a frame, unless the socket is gone: false then.
    pub async fn try_send(&mut self, frame: Frame) -> bool {
        match (&mut self.0, frame) {
            (_, Frame::Closed(_)) => false,
            (Line::Web(socket), Frame::Text(text)) => try_send(socket, Message::text(text)).await,
            (Line::Web(socket), Frame::Binary(bytes)) => try_send(socket, Message::binary(bytes)).await,
            (Line::Poll(socket), Frame::Text(text)) => socket.try_send(Record::Text(&text)).await,
            (Line::Poll(socket), Frame::Binary(bytes)) => socket.try_send(Record::Binary(&bytes)).await,
        }
    }

    /// The next frame. Nothing is lost where the future is dropped.
    ///
    /// # Panics
    /// When none comes within [`DEADLINE`].
    pub async fn next(&mut self) -> Frame {
        self.next_within(DEADLINE).await
    }

    /// The next frame within a time.
    ///
    /// # Panics
    /// When none comes.
    pub async fn next_within(&mut self, patience: Duration) -> Frame {
        match &mut self.0 {
            Line::Web(socket) => within_time(patience, "a frame", next(socket)).await,
            Line::Poll(socket) => within_time(patience, "a frame", socket.next()).await,
        }
    }

    /// Reads on until the server closes, and gives the code.
    ///
    /// # Panics
    /// When it does not within `patience`.
    pub async fn close_code_within(&mut self, patience: Duration) -> u16 {
        within_time(patience, "the socket to be closed", async {
            loop {
                if let Frame::Closed(code) = self.next().await {
                    return code;
                }
            }
        })
        .await
    }

    /// Says goodbye and waits for the answer.
    pub async fn close(self) {
        match self.0 {
            Line::Web(mut socket) => {
                // It may be closed already.
                let _gone = WebSocket::close(&mut socket, None).await;
                Self(Line::Web(socket)).close_code_within(DEADLINE).await;
            }
            Line::Poll(socket) => socket.leave().await,
        }
    }
}

async fn send(socket: &mut WebSocket, message: Message) {
    let sent = within("a frame to be sent", socket.send(message)).await;
    sent.unwrap_or_else(|error| panic!("the socket is gone: {error}"));
}

async fn try_send(socket: &mut WebSocket, message: Message) -> bool {
    within("a frame to be sent", socket.send(message)).await.is_ok()
}

async fn next(socket: &mut WebSocket) -> Frame {
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => return Frame::Text(text.to_string()),
            Some(Ok(Message::Binary(bytes))) => return Frame::Binary(bytes.to_vec()),
            Some(Ok(Message::Close(frame))) => return Frame::Closed(frame.map_or(1005, |frame| frame.code.into())),
            Some(Ok(_)) => {}
            None | Some(Err(Error::ConnectionClosed | Error::Protocol(_) | Error::Io(_))) => {
                return Frame::Closed(1006);
            }
            Some(Err(error)) => panic!("the socket failed: {error}"),
        }
    }
}

/// Opens a socket that is refused, and gives the code.
pub async fn refusal_of(url: &str) -> u16 {
    Socket::open(url).await.close_code_within(DEADLINE).await
}
