//! The document of a room, as one client holds it: the Yjs protocol frame by frame.

use std::collections::BTreeMap;
use std::time::Duration;

use yrs::sync::{Message, SyncMessage};
use yrs::updates::decoder::Decode as _;
use yrs::updates::encoder::Encode as _;
use yrs::{Doc, GetString as _, Map as _, OffsetKind, Options, Out, ReadTxn as _, StateVector, Text as _, TextPrelim};
use yrs::{Transact as _, TransactionMut, Update, WriteTxn as _};

use crate::awareness::Awareness;
use crate::socket::{Frame, Socket};
use crate::wait::{DEADLINE, within};

/// The map from paths to texts.
const FILES: &str = "files";

/// An open `/sync` socket and the replica behind it.
pub struct SyncSocket {
    socket: Socket,
    doc: Doc,
    /// The update frames that this socket has sent.
    pub frames: u64,
    /// Bytes of the largest frame that came.
    pub largest: usize,
    /// Who else is there.
    pub awareness: Awareness,
}

impl SyncSocket {
    /// Opens the socket and reads the whole document.
    pub async fn open(url: &str) -> Self {
        Self::over(Socket::open(url).await).await
    }

    /// Reads the whole document over a socket of any kind.
    pub async fn over(socket: Socket) -> Self {
        Self::resume(socket, empty()).await.unwrap_or_else(|code| panic!("refused with {code}"))
    }

    /// Goes on over a new socket with the replica from before: brings what the room lacks, and reads what the replica
    /// lacks.
    ///
    /// # Errors
    /// The code that the socket is closed with, where it is refused.
    pub async fn resume(socket: Socket, doc: Doc) -> Result<Self, u16> {
        let mut this = Self { socket, doc, frames: 0, largest: 0, awareness: Awareness::default() };
        // Answered on the way; the barrier then covers what was brought.
        loop {
            let frame = this.frame().await;
            if matches!(this.take(&frame).await?, Message::Sync(SyncMessage::SyncStep1(_))) {
                break;
            }
        }
        this.barrier().await;
        Ok(this)
    }

    /// The replica.
    #[must_use]
    pub fn doc(&self) -> &Doc {
        &self.doc
    }

    /// Makes or replaces a file, and sends the change.
    pub async fn write(&mut self, path: &str, content: &str) {
        self.change(|transaction| {
            let files = transaction.get_or_insert_map(FILES);
            files.insert(transaction, path, TextPrelim::new(content));
        })
        .await;
    }

    /// Inserts into a file, and sends the change.
    ///
    /// # Panics
    /// Without such a file.
    pub async fn insert(&mut self, path: &str, index: u32, content: &str) {
        assert!(self.try_insert(path, index, content).await, "the socket is gone");
    }

    /// The same; false where the socket is gone.
    ///
    /// # Panics
    /// Without such a file.
    pub async fn try_insert(&mut self, path: &str, index: u32, content: &str) -> bool {
        self.try_change(|transaction| {
            let files = transaction.get_or_insert_map(FILES);
            let Some(Out::YText(text)) = files.get(transaction, path) else { panic!("no file {path}") };
            text.insert(transaction, index, content);
        })
        .await
    }

    /// Changes the replica in one transaction, and sends it.
    ///
    /// # Panics
    /// When the socket is gone.
    pub async fn change(&mut self, change: impl FnOnce(&mut TransactionMut<'_>)) {
        assert!(self.try_change(change).await, "the socket is gone");
    }

    /// The same; false where the socket is gone, and then only the replica has changed.
    pub async fn try_change(&mut self, change: impl FnOnce(&mut TransactionMut<'_>)) -> bool {
        let update = {
            let mut transaction = self.doc.transact_mut();
            change(&mut transaction);
            transaction.encode_update_v1()
        };
        self.frames += 1;
        self.try_send(Message::Sync(SyncMessage::Update(update))).await
    }

    /// Announces a state of awareness, as JSON.
    pub async fn announce(&mut self, state: &str) {
        let message = self.awareness.announcement(self.doc.client_id(), state);
        assert!(self.try_send(message).await, "the socket is gone");
    }

    /// Sends any bytes.
    pub async fn send_bytes(&mut self, bytes: Vec<u8>) {
        self.socket.send_bytes(bytes).await;
    }

    /// Sends a text frame, which is not the protocol.
    pub async fn send_text(&mut self, text: &str) {
        self.socket.send_text(text).await;
    }

    async fn try_send(&mut self, message: Message) -> bool {
        self.socket.try_send(Frame::Binary(message.encode_v1())).await
    }

    /// Asks for what is missing; false where the socket is gone.
    pub async fn ask(&mut self) -> bool {
        let known: StateVector = self.doc.transact().state_vector();
        self.try_send(Message::Sync(SyncMessage::SyncStep1(known))).await
    }

    /// Asks for what is missing. The answer comes when everything sent before is durable.
    ///
    /// # Panics
    /// When the socket is gone.
    pub async fn barrier(&mut self) {
        assert!(self.ask().await, "the socket is gone");
        within("the answer to a SyncStep1", async {
            while !matches!(self.step().await, Message::Sync(SyncMessage::SyncStep2(_))) {}
        })
        .await;
    }

    /// Reads one message and does what a stock client does with it.
    ///
    /// # Panics
    /// When the socket closes.
    pub async fn step(&mut self) -> Message {
        let frame = self.frame().await;
        self.take(&frame).await.unwrap_or_else(|code| panic!("closed with {code}"))
    }

    /// Reads one frame, for [`SyncSocket::take`]. Nothing is lost where the future is dropped.
    pub async fn frame(&mut self) -> Frame {
        self.socket.next().await
    }

    /// Does with a frame what a stock client does with it.
    ///
    /// # Errors
    /// The code, when the socket is closed.
    ///
    /// # Panics
    /// For what is no message of the protocol.
    pub async fn take(&mut self, frame: &Frame) -> Result<Message, u16> {
        let bytes = match frame {
            Frame::Binary(bytes) => bytes,
            Frame::Closed(code) => return Err(*code),
            Frame::Text(text) => panic!("no binary frame but {text:?}"),
        };
        self.largest = self.largest.max(bytes.len());
        let message = Message::decode_v1(bytes).unwrap_or_else(|error| panic!("{error}: {bytes:02x?}"));
        match &message {
            Message::Sync(SyncMessage::SyncStep1(known)) => {
                let missing = self.doc.transact().encode_state_as_update_v1(known);
                // Where the socket is gone, reading on tells with which code.
                self.try_send(Message::Sync(SyncMessage::SyncStep2(missing))).await;
            }
            Message::Sync(SyncMessage::SyncStep2(update) | SyncMessage::Update(update)) => self.apply(update),
            Message::Awareness(update) => self.awareness.hear(update),
            _ => {}
        }
        Ok(message)
    }

    fn apply(&self, update: &[u8]) {
        let update = Update::decode_v1(update).unwrap_or_else(|error| panic!("{error}: {update:02x?}"));
        self.doc.transact_mut().apply_update(update).expect("the server's updates apply");
    }

    /// Reads on until a message fits.
    pub async fn until<T>(&mut self, what: &str, mut pick: impl FnMut(&Message) -> Option<T>) -> T {
        within(what, async {
            loop {
                if let Some(picked) = pick(&self.step().await) {
                    return picked;
                }
            }
        })
        .await
    }

    /// Reads on until a file holds this text.
    pub async fn until_text(&mut self, path: &str, wanted: &str) {
        within(&format!("{path} to hold {wanted:?}"), async {
            while self.text(path).as_deref() != Some(wanted) {
                self.step().await;
            }
        })
        .await;
    }

    /// Reads on until awareness is as wanted.
    pub async fn until_states(&mut self, what: &str, mut is_wanted: impl FnMut(&BTreeMap<u64, &str>) -> bool) {
        within(what, async {
            while !is_wanted(&self.awareness.states()) {
                self.step().await;
            }
        })
        .await;
    }

    /// The id of this client.
    #[must_use]
    pub fn client(&self) -> u64 {
        self.doc.client_id().get()
    }

    /// The paths of all files in this replica.
    #[must_use]
    pub fn paths(&self) -> Vec<String> {
        let transaction = self.doc.transact();
        let files = transaction.get_map(FILES);
        files.iter().flat_map(|files| files.keys(&transaction)).map(str::to_owned).collect()
    }

    /// A file's text in this replica.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<String> {
        let transaction = self.doc.transact();
        match transaction.get_map(FILES)?.get(&transaction, path)? {
            Out::YText(text) => Some(text.get_string(&transaction)),
            _ => None,
        }
    }

    /// Reads on until the server closes, and gives the code.
    pub async fn close_code_within(&mut self, patience: Duration) -> u16 {
        self.socket.close_code_within(patience).await
    }

    /// The same within [`DEADLINE`].
    pub async fn close_code(&mut self) -> u16 {
        self.close_code_within(DEADLINE).await
    }

    /// Leaves.
    pub async fn close(self) {
        self.socket.close().await;
    }
}

/// A replica that knows nothing yet, and counts as every Yjs client counts.
#[must_use]
pub fn empty() -> Doc {
    Doc::with_options(Options { offset_kind: OffsetKind::Utf16, ..Options::default() })
}
