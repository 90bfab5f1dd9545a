//! Hostile frames, a seed of them at a time. Whatever comes in, the room goes on, what it stored loads without a row
//! left out, from the state as from the log, and shows the same to the last character as it does to somebody who only
//! listened. What honest people wrote is there in its order.
//!
//! `SEED=n SEEDS=n FRAMES=n cargo test -p room --test hostile` plays other seeds, as long as one likes.

use std::panic;

mod contents;
#[expect(dead_code, reason = "the simulator uses the rest")]
mod store;

use protocol::ids::{ParticipantId, RoomId};
use protocol::rights::Role;
use protocol::token::RoomClaims;
use room::{Channel, Document, Effect, Frame, Input, Room, Rules, Session, SocketId};
use store::Store;
use tests::hostile::{Hostile, ROOTS};
use yrs::block::ClientID;
use yrs::sync::{Message, SyncMessage};
use yrs::updates::decoder::Decode;
use yrs::updates::encoder::Encode;
use yrs::{Doc, GetString, OffsetKind, Options, ReadTxn, Text, Transact, Update};

const FRAMES: u64 = 4_000;
const SEEDS: u64 = 3;

/// Frames between two looks at everything.
const EVERY: u64 = 1_000;

/// The honest words: Cyrillic letters, which no hostile frame has, one after the other.
const LETTERS: std::ops::RangeInclusive<char> = 'а'..='я';

/// The client id of whoever writes honestly.
const DIARIST: u64 = 5_000;

fn session(number: u8) -> Session {
    let claims = RoomClaims {
        sub: ParticipantId::from_entropy(&[number; 32]),
        room: RoomId::from_entropy(&[1; 32]),
        role: Role::Editor,
        rights: Role::Editor.rights(),
        name: format!("person {number}"),
        user: None,
        sid: None,
        link: None,
        tier: protocol::tier::Tier::Anonymous,
        scopes: None,
        generation: 0,
        iat: 0,
        exp: u64::from(u32::MAX),
        jti: number.to_string(),
    };
    Session::of_person(Channel::Sync, &claims, "token", "127.0.0.1".to_owned())
}

/// A room whose log is kept as the shell keeps it.
struct World {
    room: Room,
    store: Store,
    now: u64,
    listener: Listener,
}

/// Somebody who only listens, with a stock document.
struct Listener {
    socket: Option<SocketId>,
    doc: Doc,
}

impl Listener {
    fn hear(&self, effect: &Effect) {
        let Effect::Send { to, frame: Frame::Binary(bytes) } = effect else { return };
        if !self.socket.is_some_and(|socket| to.contains(&socket)) {
            return;
        }
        if let Ok(Message::Sync(SyncMessage::Update(update) | SyncMessage::SyncStep2(update))) =
            Message::decode_v1(bytes)
        {
            let update = Update::decode_v1(&update).expect("a listener reads what it gets");
            self.doc.transact_mut().apply_update(update).expect("it applies");
        }
    }
}

impl World {
    fn handle(&mut self, input: Input) -> Vec<Effect> {
        if self.room.needs_document(&input) {
            self.store.load_into(&mut self.room);
        }
        let effects = self.room.handle(input, self.now);
        for effect in &effects {
            self.store.carry_out(effect);
            self.listener.hear(effect);
        }
        effects
    }

    /// Time passes, until everything has gone out and is stored.
    fn flush(&mut self) {
        self.now += 1_000;
        self.handle(Input::Woken { due: self.now });
    }

    fn document(&mut self) -> &Document {
        if self.room.document().is_none() {
            self.store.load_into(&mut self.room);
        }
        self.room.document().expect("loaded")
    }

    /// What is in memory, what is stored and what was told are the same document, and no honest word is missing.
    fn check(&mut self, honest_words: u64) {
        let mut reloaded = self.store.wake();
        self.store.load_into(&mut reloaded);
        let reloaded = stock(reloaded.document().expect("loaded"));
        let replayed = stock(&self.store.document_at(u64::MAX));
        let (live, heard) = (stock(self.document()), &self.listener.doc);
        let expected = contents::of(&live, &ROOTS);
        for (who, doc) in [("stored", &reloaded), ("replayed", &replayed), ("heard", heard)] {
            let told = contents::of(doc, &ROOTS);
            assert!(told == expected, "{who}, another document:\n{told}\nthan what is live:\n{expected}");
        }
        let texts = [("live", &live), ("stored", &reloaded), ("heard", heard)];
        let [live, reloaded, heard] = [&live, &reloaded, heard].map(|doc| doc.transact().snapshot());
        assert!(live == reloaded, "what is stored is another document than what is live");
        assert!(live == heard, "who listened has another document: {heard:?} and not {live:?}");
        assert_eq!(u64::from(live.state_map.get(&ClientID::new(DIARIST))), honest_words, "an honest word is gone");
        let story: String = (0..honest_words).map(word).collect();
        for (who, doc) in texts {
            let told: String = diary_of(doc).chars().filter(|letter| LETTERS.contains(letter)).collect();
            assert_eq!(told, story, "{who}: honest words are out of order");
        }
    }

    fn open(&mut self, number: u8) -> SocketId {
        let socket = self.room.next_socket(self.now);
        self.handle(Input::Opened { socket, session: Box::new(session(number)) });
        socket
    }

    /// Sends a frame from a socket, which is replaced if the room closes it.
    fn send(&mut self, socket: &mut SocketId, number: u8, bytes: Vec<u8>) -> bool {
        self.now += 1;
        let effects = self.handle(Input::Frame { socket: *socket, bytes });
        let is_closed = effects.iter().any(|effect| matches!(effect, Effect::Close { .. }));
        if is_closed {
            self.handle(Input::Closed { socket: *socket });
            *socket = self.open(number);
        }
        is_closed
    }
}

fn word(number: u64) -> String {
    LETTERS.clone().nth(number as usize % 32).expect("32 letters").to_string()
}

fn diary_of(doc: &Doc) -> String {
    let text = doc.get_or_insert_text("diary");
    text.get_string(&doc.transact())
}

/// An empty document that counts as Yjs does.
fn reader() -> Doc {
    Doc::with_options(Options { offset_kind: OffsetKind::Utf16, ..Options::default() })
}

/// The document as somebody who comes now gets it.
fn stock(document: &Document) -> Doc {
    let doc = reader();
    let state = Update::decode_v1(&document.state().expect("it can be encoded")).expect("it can be decoded");
    doc.transact_mut().apply_update(state).expect("it applies");
    doc
}

#[expect(clippy::disallowed_methods, reason = "a seed is played again, or for longer, by naming it")]
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

fn attack(seed: u64, frames: u64) -> Tally {
    let mut hostile = Hostile::of_seed(seed);
    // The limits on rates would keep most frames out.
    let store = Store::with_rules(Rules { is_unlimited: true, ..Rules::default() });
    let mut world = World { room: store.wake(), store, now: 1, listener: Listener { socket: None, doc: reader() } };
    let (mut honest, mut attacker) = (world.open(1), world.open(2));
    world.listener.socket = Some(world.open(3));
    let diary = Doc::with_client_id(DIARIST);
    let text = diary.get_or_insert_text("diary");
    let mut tally = Tally::default();
    for count in 0..frames {
        tally.refused += u64::from(world.send(&mut attacker, 2, hostile.next_frame()));
        if count % 20 == 0 {
            let before = world.store.log.len();
            world.flush();
            tally.written += u64::from(world.store.log.len() > before);
            hostile.look_at(&world.document().state_vector());
        }
        if count % 100 == 0 {
            let update = {
                let mut transaction = diary.transact_mut();
                text.push(&mut transaction, &word(count / 100));
                transaction.encode_update_v1()
            };
            let frame = Message::Sync(SyncMessage::Update(update)).encode_v1();
            assert!(!world.send(&mut honest, 1, frame), "an honest frame was refused");
        }
        if (count + 1) % EVERY == 0 || count + 1 == frames {
            world.flush();
            world.check(count / 100 + 1);
        }
    }
    tally
}

/// What became of the frames of a seed.
#[derive(Debug, Default)]
struct Tally {
    /// Frames for which the socket was closed.
    refused: u64,
    /// Times, out of one in twenty frames, that something of them was written.
    written: u64,
}

#[test]
fn hostile_frames_cost_nobody_else_anything() {
    // The panics that are caught would fill the output; whoever names a seed wants to see them.
    if number("SEED").is_none() {
        panic::set_hook(Box::new(|_| {}));
    }
    let (first, seeds) = (number("SEED").unwrap_or(0), number("SEEDS").unwrap_or(SEEDS));
    let frames = number("FRAMES").unwrap_or(FRAMES);
    let outcome = (first..first + seeds).map(|seed| (seed, panic::catch_unwind(|| attack(seed, frames))));
    let failed = outcome.map(|(seed, outcome)| match outcome {
        Ok(Tally { refused, written }) => {
            println!("seed {seed}: {frames} frames, {refused} refused, {written} times written");
            (refused < frames / 10 || written < frames / 200).then(|| (seed, "it was not hostile".to_owned()))
        }
        Err(cause) => {
            let words = cause.downcast_ref::<String>().map(String::as_str).or(cause.downcast_ref::<&str>().copied());
            Some((seed, words.unwrap_or("a panic without words").to_owned()))
        }
    });
    let failed: Vec<_> = failed.flatten().collect();
    drop(panic::take_hook());
    assert!(failed.is_empty(), "by seed: {failed:?}");
}
