//! A stock client: a document, a socket, the handshake, marks of what was saved.

use rand::Rng;
use rand::rngs::SmallRng;
use room::{Input, SocketId};
use yrs::sync::{Message, SyncMessage};
use yrs::updates::decoder::Decode;
use yrs::updates::encoder::Encode;
use yrs::{Doc, GetString, Map, Options, Out, ReadTxn, Text, TextPrelim, TextRef, Transact, Update};

use super::host::Host;

pub(crate) struct Client {
    pub(crate) number: u64,
    doc: Doc,
    socket: Option<SocketId>,
    /// Frames on their way to the room.
    in_flight: Vec<Vec<u8>>,
    /// Marks typed, and those that a barrier has confirmed.
    typed: Vec<String>,
    saved: usize,
    /// Typed before the barrier that is on its way.
    at_barrier: Option<usize>,
}

impl Client {
    pub(crate) fn new(number: u64) -> Self {
        let mut options = Options::with_client_id(yrs::block::ClientID::new(number + 100));
        options.offset_kind = yrs::OffsetKind::Utf16;
        let doc = Doc::with_options(options);
        Self { number, doc, socket: None, in_flight: Vec::new(), typed: Vec::new(), saved: 0, at_barrier: None }
    }

    fn file(&self) -> Option<TextRef> {
        let transaction = self.doc.transact();
        match transaction.get_map("files")?.get(&transaction, "main.py")? {
            Out::YText(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn text(&self) -> String {
        self.file().map(|text| text.get_string(&self.doc.transact())).unwrap_or_default()
    }

    pub(crate) fn saved_marks(&self) -> impl Iterator<Item = &String> {
        self.typed[..self.saved].iter()
    }

    /// Types a mark of its own somewhere. Only the first client makes the file, so that no text is replaced.
    pub(crate) fn edit(&mut self, random: &mut SmallRng, host: &mut Host) {
        let file = self.file();
        if file.is_none() && self.number != 1 {
            return;
        }
        let mark = format!("[{}.{}]", self.number, self.typed.len());
        let update = {
            let files = self.doc.get_or_insert_map("files");
            let mut transaction = self.doc.transact_mut();
            match file {
                Some(text) => {
                    // Between marks, never inside one.
                    let content = text.get_string(&transaction);
                    let ends: Vec<_> = content.match_indices(']').map(|(at, _)| at + 1).collect();
                    let at = if ends.is_empty() { 0 } else { ends[random.random_range(0..ends.len())] };
                    text.insert(&mut transaction, u32::try_from(at).expect("short"), &mark);
                }
                None => {
                    files.insert(&mut transaction, "main.py", TextPrelim::new(mark.as_str()));
                }
            }
            transaction.encode_update_v1()
        };
        self.typed.push(mark);
        self.send(Message::Sync(SyncMessage::Update(update)), host);
    }

    fn send(&mut self, message: Message, host: &Host) {
        if self.socket.is_some_and(|socket| host.is_open(socket)) {
            self.in_flight.push(message.encode_v1());
        }
    }

    /// Delivers what is on its way in both directions, then sends a barrier.
    pub(crate) fn exchange(&mut self, host: &mut Host) {
        let Some(socket) = self.socket else { return };
        for bytes in std::mem::take(&mut self.in_flight) {
            if host.is_open(socket) {
                host.handle(Input::Frame { socket, bytes });
            }
        }
        while let Some(bytes) = host.outbox.get_mut(&socket).and_then(std::collections::VecDeque::pop_front) {
            self.receive(&bytes, host);
        }
        let state = self.doc.transact().state_vector();
        self.at_barrier.get_or_insert(self.typed.len());
        self.send(Message::Sync(SyncMessage::SyncStep1(state)), host);
    }

    fn receive(&mut self, bytes: &[u8], host: &Host) {
        match Message::decode_v1(bytes).expect("the room speaks the protocol") {
            Message::Sync(SyncMessage::SyncStep1(known)) => {
                let update = self.doc.transact().encode_state_as_update_v1(&known);
                self.send(Message::Sync(SyncMessage::SyncStep2(update)), host);
            }
            Message::Sync(SyncMessage::SyncStep2(update)) => {
                self.apply(&update);
                // Only a barrier that was sent after the handshake confirms; the first one is the handshake itself.
                if let Some(typed) = self.at_barrier.take() {
                    self.saved = self.saved.max(typed);
                }
            }
            Message::Sync(SyncMessage::Update(update)) => self.apply(&update),
            _ => {}
        }
    }

    fn apply(&self, update: &[u8]) {
        let update = Update::decode_v1(update).expect("the room sends updates");
        self.doc.transact_mut().apply_update(update).expect("the room's updates apply");
    }

    /// The socket is gone, and with it every frame in flight.
    pub(crate) fn lose_connection(&mut self, host: &mut Host) {
        self.in_flight.clear();
        self.at_barrier = None;
        if let Some(socket) = self.socket.take().filter(|socket| host.is_open(*socket)) {
            host.close(socket);
        }
    }

    pub(crate) fn reconnect(&mut self, host: &mut Host) {
        self.lose_connection(host);
        self.socket = Some(host.open(self.number));
    }
}
