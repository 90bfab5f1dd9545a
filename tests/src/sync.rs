//! The document of a room, as one client holds it: the Yjs protocol frame by frame.

use std::time::Duration;

use yrs::sync::{Message, SyncMessage};
use yrs::updates::decoder::Decode as _;
use yrs::updates::encoder::Encode as _;
use yrs::{Doc, GetString as _, Map as _, OffsetKind, Options, Out, ReadTxn as _, StateVector, Text as _, TextPrelim};
use yrs::{Transact as _, TransactionMut, Update, WriteTxn as _};

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
}

impl SyncSocket {
    /// Opens the socket and reads the whole document.
    pub async fn open(url: &str) -> Self {
        let doc = Doc::with_options(Options { offset_kind: OffsetKind::Utf16, ..Options::default() });
        let mut this = Self { socket: Socket::open(url).await, doc, frames: 0 };
        this.barrier().await;
        this
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
        self.change(|transaction| {
            let files = transaction.get_or_insert_map(FILES);
            let Some(Out::YText(text)) = files.get(transaction, path) else { panic!("no file {path}") };
            text.insert(transaction, index, content);
        })
        .await;
    }

    async fn change(&mut self, change: impl FnOnce(&mut TransactionMut<'_>)) {
        let update = {
            let mut transaction = self.doc.transact_mut();
            change(&mut transaction);
            transaction.encode_update_v1()
        };
        self.frames += 1;
        self.send(Message::Sync(SyncMessage::Update(update))).await;
    }

    /// Sends any bytes.
    pub async fn send_bytes(&mut self, bytes: Vec<u8>) {
        self.socket.send_bytes(bytes).await;
    }

    /// Sends a text frame, which is not the protocol.
    pub async fn send_text(&mut self, text: &str) {
        self.socket.send_text(text).await;
    }

    async fn send(&mut self, message: Message) {
        self.socket.send_bytes(message.encode_v1()).await;
    }

    /// Asks for what is missing. The answer comes when everything sent before is durable.
    pub async fn barrier(&mut self) {
        let known: StateVector = self.doc.transact().state_vector();
        self.send(Message::Sync(SyncMessage::SyncStep1(known))).await;
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
        let frame = self.socket.next().await;
        let Frame::Binary(bytes) = &frame else { panic!("no binary frame but {frame:?}") };
        let message = Message::decode_v1(bytes).unwrap_or_else(|error| panic!("{error}: {bytes:02x?}"));
        match &message {
            Message::Sync(SyncMessage::SyncStep1(known)) => {
                let missing = self.doc.transact().encode_state_as_update_v1(known);
                self.send(Message::Sync(SyncMessage::SyncStep2(missing))).await;
            }
            Message::Sync(SyncMessage::SyncStep2(update) | SyncMessage::Update(update)) => self.apply(update),
            _ => {}
        }
        message
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
