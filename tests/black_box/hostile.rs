//! Hostile frames through the running product: each costs its sender the socket or nothing, and nobody else anything.
//!
//! `FRAMES` and `SEED` choose another length and other frames.

use std::collections::BTreeMap;

use rand::random;
use tests::environment::number;
use tests::hostile::Hostile;
use tests::socket::{Frame, Socket};
use tests::wait::within;
use tests::{Person, Stack, SyncSocket};
use yrs::{ReadTxn as _, Transact as _};

/// Frames in the suite; the long form has 100,000.
const FRAMES: u64 = 1_000;

/// Frames between two words of an honest person.
const EVERY: u64 = 25;

/// A question for everybody's presence, which the room answers at once if there is any.
const QUESTION: [u8; 1] = [3];

/// What frames that nobody can read close a socket with, and what floods do.
const CODES: [u16; 3] = [4422, 4413, 1013];

/// What the honest person writes, and where: a file and a word of which the hostile frames know nothing. They may write
/// beside them, as an editor may.
const FILE: &str = "honest.txt";
const WORD: &str = "#";

#[tokio::test]
async fn hostile_frames_cost_their_sender_a_socket_and_nobody_else_anything() {
    let stack = Stack::from_env().await;
    let (frames, seed) = (number("FRAMES", FRAMES), number("SEED", random()));
    println!("FRAMES={frames} SEED={seed}");
    let room = stack.guest_room("Hostile").await;
    let (mut honest, mallory) = (room.owner.document().await, room.join_as("Mallory").await);
    let mut listener = room.join_as("Listener").await.document().await;
    // Without anybody's presence the question has no answer.
    honest.announce("{}").await;
    honest.write(FILE, "").await;
    honest.barrier().await;
    let mut hostile = Hostile::of_seed(seed);
    let (mut attack, mut words) = (Attack::open(mallory).await, 0);
    for count in 0..frames {
        attack.send(hostile.next_frame()).await;
        if count % EVERY == 0 {
            honest.insert(FILE, 0, WORD).await;
            words += 1;
            honest.barrier().await;
            // Who says nothing for two minutes is sent away.
            listener.barrier().await;
            hostile.look_at(&honest.doc().transact().state_vector());
        }
    }
    println!("closed: {:?}", attack.closed);
    assert!(attack.closed.keys().all(|code| CODES.contains(code)), "{:?}", attack.closed);
    assert!(attack.closed.values().sum::<u64>() > frames / 10, "it was hostile: {:?}", attack.closed);
    honest.barrier().await;
    listener.barrier().await;
    let late = room.join_as("Late").await.document().await;
    for (who, document) in [("the writer", &honest), ("a listener", &listener), ("who comes late", &late)] {
        let text = document.text(FILE).expect("the file is there");
        assert_eq!(text.matches(WORD).count(), words as usize, "{who} has {text:?}");
        assert_eq!(snapshot(document), snapshot(&honest), "{who}");
    }
}

fn snapshot(document: &SyncSocket) -> yrs::Snapshot {
    document.doc().transact().snapshot()
}

/// Somebody who sends hostile frames, and comes back whenever that ends the socket.
struct Attack {
    person: Person,
    socket: Socket,
    /// How often the socket was closed with which code.
    closed: BTreeMap<u16, u64>,
}

impl Attack {
    async fn open(person: Person) -> Self {
        let socket = Socket::open(&person.socket_urls()[0]).await;
        Self { person, socket, closed: BTreeMap::new() }
    }

    /// Sends a frame, and learns what became of it.
    async fn send(&mut self, frame: Vec<u8>) {
        let is_sent = self.socket.try_send(Frame::Binary(frame)).await;
        let is_asked = is_sent && self.socket.try_send(Frame::Binary(QUESTION.to_vec())).await;
        let closed = within("an answer or the end", async {
            loop {
                match self.socket.next().await {
                    Frame::Closed(code) => return Some(code),
                    Frame::Binary(bytes) if is_asked && bytes.first() == Some(&1) => return None,
                    _ => {}
                }
            }
        });
        if let Some(code) = closed.await {
            *self.closed.entry(code).or_default() += 1;
            self.socket = Socket::open(&self.person.socket_urls()[0]).await;
        }
    }
}
