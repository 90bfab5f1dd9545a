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
use yrs::sync::protocol::{
    MSG_AUTH, MSG_AWARENESS, MSG_QUERY_AWARENESS, MSG_SYNC, MSG_SYNC_STEP_1, MSG_SYNC_STEP_2, MSG_SYNC_UPDATE,
    PERMISSION_DENIED, PERMISSION_GRANTED,
};
use yrs::sync::{Message, SyncMessage};
use yrs::updates::decoder::Decode;
use yrs::updates::encoder::Encode;

use crate::document::{caught, read_varint};
use crate::update::check_state_vector;

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

/// Decodes a message of the Yjs protocol, or nothing where the bytes are none. An update within is not read yet.
pub(crate) fn decode_message(bytes: &[u8]) -> Option<Message> {
    if !is_sound(bytes) {
        return None;
    }
    caught(|| Message::decode_v1(bytes).ok())
}

/// True for a message of a kind that there is, with a payload as long as it says and a state vector that is one. `yrs`
/// adds lengths up unchecked, which overflows where addresses have 32 bits.
fn is_sound(bytes: &[u8]) -> bool {
    match bytes {
        [MSG_SYNC, MSG_SYNC_STEP_1, rest @ ..] => payload(rest).is_some_and(|rest| check_state_vector(rest).is_ok()),
        [MSG_SYNC, MSG_SYNC_STEP_2 | MSG_SYNC_UPDATE, rest @ ..] => payload(rest).is_some(),
        [MSG_AUTH, PERMISSION_DENIED, rest @ ..] => payload(rest).is_some(),
        [MSG_AUTH, PERMISSION_GRANTED, ..] | [MSG_QUERY_AWARENESS, ..] => true,
        // A number of several bytes could be a kind that was spelled longer than it is. Nobody does.
        _ => false,
    }
}

/// The awareness update in a message, if it is one of awareness.
pub(crate) fn awareness_in(bytes: &[u8]) -> Option<Option<&[u8]>> {
    match bytes {
        [MSG_AWARENESS, rest @ ..] => Some(payload(rest)),
        _ => None,
    }
}

/// The bytes behind their own length.
fn payload(mut bytes: &[u8]) -> Option<&[u8]> {
    let length = usize::try_from(read_varint(&mut bytes)?).ok()?;
    bytes.get(..length)
}

/// A sync message as bytes.
pub(crate) fn sync_message(message: SyncMessage) -> Vec<u8> {
    Message::Sync(message).encode_v1()
}
