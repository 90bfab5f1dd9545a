//! A WebSocket, frame by frame.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::wait::{DEADLINE, within, within_time};

/// How soon a socket closes after the right behind it was withdrawn.
pub const REVOCATION_DEADLINE: Duration = Duration::from_secs(10);

/// An open socket.
pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

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
        Self(socket)
    }

    /// Sends a text frame.
    pub async fn send_text(&mut self, text: &str) {
        self.send(Message::text(text)).await;
    }

    /// Sends a binary frame.
    pub async fn send_bytes(&mut self, bytes: Vec<u8>) {
        self.send(Message::binary(bytes)).await;
    }

    async fn send(&mut self, message: Message) {
        let sent = within("a frame to be sent", self.0.send(message)).await;
        sent.unwrap_or_else(|error| panic!("the socket is gone: {error}"));
    }

    /// The next frame.
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
        loop {
            match within_time(patience, "a frame", self.0.next()).await {
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
    pub async fn close(mut self) {
        // It may be closed already.
        let _gone = self.0.close(None).await;
        self.close_code_within(DEADLINE).await;
    }
}

/// Opens a socket that is refused, and gives the code.
pub async fn refusal_of(url: &str) -> u16 {
    Socket::open(url).await.close_code_within(DEADLINE).await
}
