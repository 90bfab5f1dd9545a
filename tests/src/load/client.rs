//! One stock client as the server sees it: it opens a socket, asks for the state, says that it is there, answers the
//! server's question and its pings, listens, and repeats what it hears of the presence of others. npm's y-websocket
//! does the last as well, on purpose or not: each change of somebody's presence comes back from everybody.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_local};

use super::books::Books;
use super::frame::{Kind, Reader, binary, masked};
use super::message::{Message, awareness, empty_step_2, step_1};

/// How much is read at once, whatever the number of sockets: they share the buffer.
const BUFFER_BYTES: usize = 256 * 1024;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; BUFFER_BYTES]);
}

/// A client whose socket is open.
pub struct Client {
    number: usize,
    outgoing: mpsc::UnboundedSender<Vec<u8>>,
    /// How often its presence has changed or been renewed.
    presence: u64,
    reading: JoinHandle<()>,
    writing: JoinHandle<()>,
}

impl Client {
    /// Opens a socket and speaks first, as stock clients do.
    pub async fn open(url: &str, number: usize, books: Rc<RefCell<Books>>) -> Self {
        let (read, write) = connect(url).await;
        let (outgoing, queue) = mpsc::unbounded_channel();
        let answers = outgoing.clone();
        let reading = Reading { number, socket: read, reader: Reader::default(), books, answers };
        let mut client = Self {
            number,
            outgoing,
            presence: 0,
            reading: spawn_local(reading.run()),
            writing: spawn_local(write_all(write, queue)),
        };
        client.send(&step_1());
        client.be_present(0);
        client
    }

    /// Sends a message.
    pub fn send(&self, message: &[u8]) {
        // A socket that is closed is in the books already.
        let _closed = self.outgoing.send(binary(message));
    }

    /// Says that it is there, with its cursor behind the last keystroke.
    pub fn be_present(&mut self, typed: u64) {
        self.send(&awareness(self.number, self.presence, typed));
        self.presence += 1;
    }

    /// Leaves with a farewell.
    pub async fn leave(self) {
        self.reading.abort();
        let _closed = self.outgoing.send(masked(8, &1000_u16.to_be_bytes()));
        drop(self.outgoing);
        // It holds the other end of the queue until it is dropped.
        let _aborted = self.reading.await;
        let _ended = self.writing.await;
    }
}

/// Makes a WebSocket of a connection.
///
/// # Panics
/// When the server does not agree.
pub async fn connect(url: &str) -> (OwnedReadHalf, OwnedWriteHalf) {
    let (host, path) = url.strip_prefix("ws://").and_then(|rest| rest.split_once('/')).expect("a ws:// URL");
    let mut stream = TcpStream::connect(host).await.unwrap_or_else(|error| panic!("{host}: {error}"));
    stream.set_nodelay(true).expect("a socket takes its options");
    // The key is there to unmask servers that do not know WebSockets; those here do.
    let request = format!(
        "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.expect("the request is sent");
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await.unwrap_or_else(|error| panic!("no answer to the upgrade: {error}")));
    }
    assert!(answer.starts_with(b"HTTP/1.1 101"), "no upgrade: {}", String::from_utf8_lossy(&answer));
    stream.into_split()
}

async fn write_all(mut socket: OwnedWriteHalf, mut queue: mpsc::UnboundedReceiver<Vec<u8>>) {
    while let Some(frame) = queue.recv().await {
        if socket.write_all(&frame).await.is_err() {
            return;
        }
    }
}

/// The listening half of a client.
struct Reading {
    number: usize,
    socket: OwnedReadHalf,
    reader: Reader,
    books: Rc<RefCell<Books>>,
    answers: mpsc::UnboundedSender<Vec<u8>>,
}

impl Reading {
    async fn run(mut self) {
        std::future::poll_fn(|context| self.poll(context)).await;
    }

    /// Reads until nothing more is there; ready at the end of the connection.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        BUFFER.with_borrow_mut(|buffer| {
            loop {
                let mut buffer = ReadBuf::new(buffer);
                let result = ready!(Pin::new(&mut self.socket).poll_read(context, &mut buffer));
                if result.is_err() || buffer.filled().is_empty() {
                    self.books.borrow_mut().closed.entry(self.number).or_insert(1006);
                    return Poll::Ready(());
                }
                self.take_in(buffer.filled());
            }
        })
    }

    fn take_in(&mut self, bytes: &[u8]) {
        let mut books = self.books.borrow_mut();
        let now = books.now();
        let number = self.number;
        self.reader.read(bytes, |kind, payload| match kind {
            Kind::Binary => match books.received(number, payload, now) {
                Message::Step1 => drop(self.answers.send(binary(&empty_step_2()))),
                Message::Step2(_) => books.synced += 1,
                Message::Awareness(presence) if books.heard(number, presence) => {
                    books.sent_frames += 1;
                    drop(self.answers.send(binary(payload)));
                }
                _ => {}
            },
            Kind::Ping => drop(self.answers.send(masked(10, payload))),
            Kind::Close => {
                let code = payload.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code));
                books.closed.entry(number).or_insert(code);
            }
            Kind::Other => {}
        });
    }
}
