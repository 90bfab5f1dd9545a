//! The messages of the Yjs protocol that a stock client sends and gets, in bytes.

use serde_json::json;

use super::update::client_id;
use crate::encoding::{number, put, put_bytes};

/// A stock client renews its presence after this many seconds, changed or not.
pub const RENEWAL_S: u64 = 15;

/// What a message is about.
#[derive(Debug, PartialEq, Eq)]
pub enum Message<'bytes> {
    /// The server asks what it lacks.
    Step1,
    /// The answer to the client's question: the state.
    Step2(&'bytes [u8]),
    /// An update.
    Update(&'bytes [u8]),
    /// Who is there, and where: entries for [`entries`].
    Awareness(&'bytes [u8]),
    /// Something else.
    Other,
}

/// Reads a message.
#[must_use]
pub fn read(bytes: &[u8]) -> Message<'_> {
    match bytes {
        [0, 0, ..] => Message::Step1,
        [0, 1, rest @ ..] => content(rest).map_or(Message::Other, Message::Step2),
        [0, 2, rest @ ..] => content(rest).map_or(Message::Other, Message::Update),
        [1, rest @ ..] => content(rest).map_or(Message::Other, Message::Awareness),
        _ => Message::Other,
    }
}

/// Bytes with their length before them.
fn content(mut bytes: &[u8]) -> Option<&[u8]> {
    let length = usize::try_from(number(&mut bytes)?).ok()?;
    bytes.get(..length)
}

/// Shows the client and the clock of each entry of an awareness message.
pub fn entries(mut bytes: &[u8], mut show: impl FnMut(u64, u64)) {
    let count = number(&mut bytes).unwrap_or(0);
    for _entry in 0..count {
        let (Some(client), Some(clock)) = (number(&mut bytes), number(&mut bytes)) else { return };
        let state = number(&mut bytes).and_then(|length| bytes.split_at_checked(usize::try_from(length).ok()?));
        let Some((_state, rest)) = state else { return };
        bytes = rest;
        show(client, clock);
    }
}

/// The question of a client that has nothing yet.
#[must_use]
pub fn step_1() -> Vec<u8> {
    vec![0, 0, 1, 0]
}

/// The question of a client that has something.
#[must_use]
pub fn step_1_knowing(state_vector: &[u8]) -> Vec<u8> {
    let mut message = vec![0, 0];
    put_bytes(&mut message, state_vector);
    message
}

/// The answer of a client that has nothing which the server lacks.
#[must_use]
pub fn empty_step_2() -> Vec<u8> {
    vec![0, 1, 2, 0, 0]
}

/// An update, as it is sent on.
#[must_use]
pub fn update(update: &[u8]) -> Vec<u8> {
    let mut message = vec![0, 2];
    put_bytes(&mut message, update);
    message
}

/// The presence of a client: name, colour and cursor, as the usual editor bindings write them.
#[must_use]
pub fn awareness(client: usize, clock: u64, typed: u64) -> Vec<u8> {
    let place = json!({
        "type": null,
        "tname": format!("writer-{client}"),
        "item": {"client": client_id(client), "clock": typed},
        "assoc": 0,
    });
    let state = json!({
        "user": {"name": format!("Client {client}"), "color": "#30bced", "colorLight": "#30bced33"},
        "cursor": {"anchor": place, "head": place},
    });
    let mut entry = vec![1];
    put(&mut entry, client_id(client));
    put(&mut entry, clock);
    put_bytes(&mut entry, state.to_string().as_bytes());
    let mut message = vec![1];
    put_bytes(&mut message, &entry);
    message
}

#[cfg(test)]
mod tests {
    use yrs::sync::{Message as Theirs, SyncMessage};
    use yrs::updates::decoder::Decode as _;
    use yrs::updates::encoder::Encode as _;
    use yrs::{StateVector, Update};

    use super::*;
    use crate::load::update::keystroke;

    #[test]
    fn messages_are_those_of_the_protocol() {
        let step_1 = Theirs::Sync(SyncMessage::SyncStep1(StateVector::default()));
        assert_eq!(super::step_1(), step_1.encode_v1());
        let step_2 = Theirs::Sync(SyncMessage::SyncStep2(Update::default().encode_v1()));
        assert_eq!(empty_step_2(), step_2.encode_v1());
        assert_eq!(update(&keystroke(1, 5)), Theirs::Sync(SyncMessage::Update(keystroke(1, 5))).encode_v1());
        let Ok(Theirs::Awareness(state)) = Theirs::decode_v1(&awareness(7, 2, 9)) else { panic!("no awareness") };
        let (client, entry) = state.clients.into_iter().next().expect("one entry");
        assert_eq!((client.get(), entry.clock), (client_id(7), 2));
    }

    #[test]
    fn messages_are_read_back() {
        let long = vec![9; 300];
        assert_eq!(read(&update(&long)), Message::Update(&long));
        assert_eq!(read(&empty_step_2()), Message::Step2(&[0, 0]));
        assert_eq!(read(&step_1()), Message::Step1);
        let presence = awareness(6, 300, 1);
        let Message::Awareness(found) = read(&presence) else { panic!("no awareness") };
        let mut seen = Vec::new();
        entries(found, |client, clock| seen.push((client, clock)));
        assert_eq!(seen, [(client_id(6), 300)]);
        assert_eq!(read(&[0, 2, 5, 1]), Message::Other);
    }
}
