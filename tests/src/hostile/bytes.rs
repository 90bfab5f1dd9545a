//! Lawful frames, and what becomes of them when bytes are changed with no knowledge of what they mean.

use rand::Rng as _;
use rand::rngs::SmallRng;
use yrs::sync::{Message, SyncMessage};
use yrs::updates::encoder::Encode as _;
use yrs::{Doc, Map as _, ReadTxn as _, StateVector, Text as _, TextPrelim, Transact as _};

/// Frames of an honest client.
pub(super) fn lawful_frames(random: &mut SmallRng) -> Vec<Vec<u8>> {
    let doc = Doc::with_client_id(random.random_range(1..1_000));
    let files = doc.get_or_insert_map("files");
    let text = doc.get_or_insert_text("text");
    let mut messages = Vec::new();
    for round in 0..12 {
        let mut transaction = doc.transact_mut();
        match round % 3 {
            0 => drop(files.insert(&mut transaction, format!("{round}.py"), TextPrelim::new("print(1)"))),
            1 => text.insert(&mut transaction, 0, "some text"),
            _ => text.remove_range(&mut transaction, 1, 3),
        }
        messages.push(Message::Sync(SyncMessage::Update(transaction.encode_update_v1())));
    }
    let whole = doc.transact().encode_state_as_update_v1(&StateVector::default());
    messages.push(Message::Sync(SyncMessage::SyncStep2(whole)));
    messages.push(Message::Sync(SyncMessage::SyncStep1(doc.transact().state_vector())));
    let mut frames: Vec<_> = messages.into_iter().map(|message| message.encode_v1()).collect();
    // Presence of client 5.
    frames.push(vec![1, 12, 1, 5, 1, 8, b'{', b'"', b'a', b'"', b':', b'1', b'}', b' ']);
    frames
}

/// One of some frames, after up to five changes.
pub(super) fn mutate(random: &mut SmallRng, frames: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = frames[random.random_range(0..frames.len())].clone();
    for _ in 0..random.random_range(1..6) {
        let at = random.random_range(0..=bytes.len());
        match random.random_range(0..6) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, random.random()),
            2 => bytes.splice(at..at, [0xff, 0xff, 0xff, 0x7f]).for_each(drop),
            3 => bytes.extend_from_within(at..),
            4 => {
                let other = &frames[random.random_range(0..frames.len())];
                bytes.extend_from_slice(&other[random.random_range(0..other.len())..]);
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = random.random();
                }
            }
        }
    }
    bytes
}
