//! Awareness: who is at the document, with which cursor. Nothing here touches the document.
//!
//! A stock client announces its own entry first, then repeats every entry that it hears of. An entry belongs to
//! the socket that announced it first; the same entry from anybody else is dropped, also for a while after its
//! owner has gone, so that a late echo raises no ghost.

use std::collections::HashMap;
use std::sync::Arc;

use protocol::TimestampMs;
use protocol::ids::ParticipantId;
use serde::{Deserialize, Serialize};
use yrs::block::ClientID;
use yrs::sync::awareness::{AwarenessUpdate, AwarenessUpdateEntry};
use yrs::sync::{Message, SyncMessage};
use yrs::updates::decoder::Decode;
use yrs::updates::encoder::Encode;

use crate::document::{caught, read_varint};

/// How long a departed entry cannot be announced by others. Echoes arrive within a round trip; stock clients
/// repeat what they know every 15 s at most.
const DEPARTED_MS: u64 = 60_000;

/// JSON of an entry that is gone.
const GONE: &str = "null";

/// A socket's own entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnState {
    /// The Yjs client id.
    pub client: u64,
    /// Grows with each change.
    pub clock: u32,
    /// The state, as JSON.
    pub state: String,
}

/// Entries whose owners have gone.
#[derive(Debug, Default)]
pub(crate) struct Departed(HashMap<u64, (ParticipantId, TimestampMs)>);

impl Departed {
    /// Notes that an entry's owner has gone.
    pub(crate) fn note(&mut self, client: u64, owner: ParticipantId, now: TimestampMs) {
        self.0.retain(|_, (_, at)| now.saturating_sub(*at) < DEPARTED_MS);
        self.0.insert(client, (owner, now));
    }

    /// True if the entry was somebody else's a moment ago.
    pub(crate) fn bars(&self, client: u64, participant: &ParticipantId, now: TimestampMs) -> bool {
        self.0.get(&client).is_some_and(|(owner, at)| owner != participant && now.saturating_sub(*at) < DEPARTED_MS)
    }
}

/// The entries of a decoded awareness update, unless a client id is out of range.
pub(crate) fn entries(update: &AwarenessUpdate) -> Vec<OwnState> {
    update
        .clients
        .iter()
        .map(|(client, entry)| OwnState { client: client.get(), clock: entry.clock, state: entry.json.to_string() })
        .collect()
}

/// True if the state says that its client is gone.
pub(crate) fn is_gone(state: &str) -> bool {
    state.trim() == GONE
}

/// The entry that announces a departure.
pub(crate) fn departure(own: &OwnState) -> OwnState {
    OwnState { client: own.client, clock: own.clock.saturating_add(1), state: GONE.to_owned() }
}

/// An awareness message with these entries.
pub(crate) fn message<'a>(entries: impl IntoIterator<Item = &'a OwnState>) -> Vec<u8> {
    let clients = entries
        .into_iter()
        .map(|own| {
            (ClientID::new(own.client), AwarenessUpdateEntry { clock: own.clock, json: Arc::from(own.state.as_str()) })
        })
        .collect();
    Message::Awareness(AwarenessUpdate { clients }).encode_v1()
}

/// Decodes a message of the Yjs protocol, or nothing where the bytes are none.
pub(crate) fn decode_message(bytes: &[u8]) -> Option<Message> {
    if !is_bounded(bytes) {
        return None;
    }
    caught(|| Message::decode_v1(bytes).ok())
}

/// True unless an awareness message or a state vector promises more entries than its bytes can hold; the decoder
/// reserves memory by that count.
fn is_bounded(bytes: &[u8]) -> bool {
    const SYNC: u64 = yrs::sync::protocol::MSG_SYNC as u64;
    const AWARENESS: u64 = yrs::sync::protocol::MSG_AWARENESS as u64;
    let mut rest = bytes;
    match read_varint(&mut rest) {
        // The kind of sync message and the length of its payload come before the count.
        Some(SYNC) if rest.first() == Some(&yrs::sync::protocol::MSG_SYNC_STEP_1) => rest = &rest[1..],
        Some(AWARENESS) => {}
        Some(_) => return true,
        None => return false,
    }
    let count = read_varint(&mut rest).and_then(|_length| read_varint(&mut rest));
    count.is_some_and(|count| count <= rest.len() as u64)
}

/// A sync message as bytes.
pub(crate) fn sync_message(message: SyncMessage) -> Vec<u8> {
    Message::Sync(message).encode_v1()
}
