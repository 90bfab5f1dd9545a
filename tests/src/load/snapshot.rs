//! Somebody who comes late: how long it takes until the whole state is there.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::client::connect;
use super::frame::{Kind, Reader, binary};
use super::message::{Message, read, step_1};

/// The state of a room as it came.
#[derive(Debug)]
pub struct State {
    /// In one update or several, of which the last is the answer to the question.
    pub updates: Vec<Vec<u8>>,
    /// From the attempt to connect to the last byte.
    pub took: Duration,
    /// The longest time without any byte: stock clients give up after 30 s.
    pub longest_silence: Duration,
}

/// Opens a socket with nothing in hand and reads until the state is there.
///
/// # Panics
/// When the server ends the connection first.
pub async fn state_of(url: &str) -> State {
    let start = Instant::now();
    let (mut incoming, mut outgoing) = connect(url).await;
    outgoing.write_all(&binary(&step_1())).await.expect("the question is sent");
    let mut state = State { updates: Vec::new(), took: Duration::ZERO, longest_silence: Duration::ZERO };
    let (mut reader, mut buffer, mut heard) = (Reader::default(), vec![0; 256 * 1024], Instant::now());
    while state.took.is_zero() {
        let count = incoming.read(&mut buffer).await.expect("the socket lives");
        assert!(count > 0, "{url} ended before the state was there");
        state.longest_silence = state.longest_silence.max(heard.elapsed());
        heard = Instant::now();
        reader.read(&buffer[..count], |kind, payload| match (kind, read(payload)) {
            (Kind::Binary, Message::Update(update)) => state.updates.push(update.to_vec()),
            (Kind::Binary, Message::Step2(update)) => {
                state.updates.push(update.to_vec());
                state.took = start.elapsed();
            }
            _ => {}
        });
    }
    state
}
