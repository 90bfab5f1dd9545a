//! A seeded mutator: frames of the Yjs protocol with flipped, cut, doubled and spliced bytes. Whatever comes in, the
//! room goes on, what it stored loads without a row left out, and what honest people wrote is still there.
//!
//! `SEED=n FRAMES=n cargo test -p room --test hostile` plays one seed, as long as one likes.

use std::panic;

#[expect(dead_code, reason = "the simulator uses the rest")]
mod store;

use protocol::ids::{ParticipantId, RoomId};
use protocol::rights::Role;
use protocol::token::RoomClaims;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use room::{Channel, Effect, Input, Room, Rules, Session, SocketId};
use store::Store;
use yrs::sync::{Message, SyncMessage};
use yrs::updates::encoder::Encode;
use yrs::{Doc, Map, ReadTxn, StateVector, Text, TextPrelim, Transact};

const FRAMES: u32 = 4_000;
const SEEDS: u64 = 3;

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
}

impl World {
    fn handle(&mut self, input: Input) -> Vec<Effect> {
        if self.room.needs_document(&input) {
            self.store.load_into(&mut self.room);
        }
        let effects = self.room.handle(input, self.now);
        effects.iter().for_each(|effect| self.store.carry_out(effect));
        effects
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

/// Lawful frames, to start from.
fn seeds_of_frames(random: &mut SmallRng) -> Vec<Vec<u8>> {
    let doc = Doc::with_client_id(random.random_range(1..1_000));
    let files = doc.get_or_insert_map("files");
    let text = doc.get_or_insert_text("text");
    let mut frames = Vec::new();
    for round in 0..12 {
        let mut transaction = doc.transact_mut();
        match round % 3 {
            0 => drop(files.insert(&mut transaction, format!("{round}.py"), TextPrelim::new("print(1)"))),
            1 => text.insert(&mut transaction, 0, "some text"),
            _ => text.remove_range(&mut transaction, 1, 3),
        }
        frames.push(Message::Sync(SyncMessage::Update(transaction.encode_update_v1())));
    }
    let whole = doc.transact().encode_state_as_update_v1(&StateVector::default());
    frames.push(Message::Sync(SyncMessage::SyncStep2(whole)));
    frames.push(Message::Sync(SyncMessage::SyncStep1(doc.transact().state_vector())));
    let mut bytes: Vec<_> = frames.into_iter().map(|frame| frame.encode_v1()).collect();
    bytes.push(vec![1, 12, 1, 5, 1, 8, b'{', b'"', b'a', b'"', b':', b'1', b'}', b' ']);
    bytes
}

fn mutate(random: &mut SmallRng, frames: &[Vec<u8>]) -> Vec<u8> {
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

#[expect(clippy::disallowed_methods, reason = "a seed is played again, or for longer, by naming it")]
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

fn attack(seed: u64, frames: u64) {
    let mut random = SmallRng::seed_from_u64(seed);
    // The limits on rates would keep most frames out.
    let store = Store::with_rules(Rules { is_unlimited: true, ..Rules::default() });
    let mut world = World { room: store.wake(), store, now: 1 };
    let (mut honest, mut attacker) = (world.open(1), world.open(2));
    let lawful = seeds_of_frames(&mut random);
    let diary = Doc::with_client_id(5_000);
    let text = diary.get_or_insert_text("diary");
    let mut refused = 0;
    for count in 0..frames {
        let bytes = mutate(&mut random, &lawful);
        refused += u32::from(world.send(&mut attacker, 2, bytes));
        if count % 100 == 0 {
            let update = {
                let mut transaction = diary.transact_mut();
                text.push(&mut transaction, "x");
                transaction.encode_update_v1()
            };
            let frame = Message::Sync(SyncMessage::Update(update)).encode_v1();
            assert!(!world.send(&mut honest, 1, frame), "seed {seed}: an honest frame was refused");
        }
    }
    world.now += 1_000;
    world.handle(Input::Woken { due: world.now });
    assert!(refused > 0, "seed {seed}: nothing was hostile");
    let mut reloaded = world.store.wake();
    world.store.load_into(&mut reloaded);
    let state = yrs::block::ClientID::new(5_000);
    let kept = reloaded.document().expect("loaded").state_vector().get(&state);
    assert_eq!(u64::from(kept), frames.div_ceil(100), "seed {seed}: what an honest person wrote is gone");
}

#[test]
fn hostile_frames_cost_nobody_else_anything() {
    // The panics that are caught here would fill the output.
    panic::set_hook(Box::new(|_| {}));
    let frames = number("FRAMES").unwrap_or(FRAMES.into());
    let seeds = number("SEED").map_or(0..SEEDS, |seed| seed..seed + 1);
    let outcome = seeds.map(|seed| panic::catch_unwind(|| attack(seed, frames)).map_err(|cause| (seed, cause)));
    let failed: Vec<_> = outcome.filter_map(Result::err).collect();
    drop(panic::take_hook());
    if let Some((seed, cause)) = failed.into_iter().next() {
        let words = cause.downcast_ref::<String>().map_or("a panic without words", String::as_str);
        panic!("seed {seed}: {words}");
    }
}
