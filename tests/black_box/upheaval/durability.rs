//! Nothing that was reported saved is ever lost: the runtime is killed under load, again and again.
//!
//! Four people write through real sockets, one of them behind barriers, one in pastes; all of them chat, and somebody
//! reads the files from outside the whole time. At a moment that the seed chooses every process of the edge gets a
//! SIGKILL. What anybody was told to be durable has to be in the room that storage makes, before a client has
//! brought anything back; then everybody comes back, and all documents are the same.
//!
//! `KILLS` and `SEED` choose another length and other moments.

mod claims;
mod writer;

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use tests::environment::number;
use tests::{Stack, TestRoom};
use tokio::sync::watch;

use claims::{Claims, Watcher};
use writer::{Pace, Writer};

/// Kills in the suite; the long form has 100.
const KILLS: u64 = 3;

/// What each writer does. Together they stay under the rates that a deployed room allows.
const PACES: [Pace; 4] = [
    Pace { edit_ms: 15, padding: 0, is_behind_barriers: false },
    Pace { edit_ms: 20, padding: 0, is_behind_barriers: false },
    Pace { edit_ms: 25, padding: 0, is_behind_barriers: true },
    Pace { edit_ms: 60, padding: 4_000, is_behind_barriers: false },
];

#[tokio::test]
async fn what_was_reported_saved_survives_a_kill_at_any_moment() {
    let stack = Stack::alone_from_env().await;
    let (kills, seed) = (number("KILLS", KILLS), number("SEED", rand::random()));
    println!("KILLS={kills} SEED={seed}");
    let mut random = SmallRng::seed_from_u64(seed);
    let room = stack.guest_room("Durability").await;
    let (mut writers, mut claims) = (enter(&room, &mut random).await, Claims::default());
    for kill in 1..=kills {
        let watcher = Watcher::open(&room.owner).await;
        let (edits, mut made) = watch::channel(0_u64);
        let killing = async {
            let wanted = random.random_range(1..=300);
            made.wait_for(|made| *made >= wanted).await.expect("somebody types");
            // Rows wait for some 40 ms: the moment falls anywhere in between. This is no waiting for something.
            tokio::time::sleep(Duration::from_micros(random.random_range(0..60_000))).await;
            kill_the_runtime(&stack).await;
            // Some die again before anybody has come back.
            if random.random_ratio(1, 5) {
                kill_the_runtime(&stack).await;
            }
            wanted
        };
        let working = join_all(writers.into_iter().map(|writer| writer.work(&edits)));
        let (worked, watched, wanted) = tokio::join!(working, watcher.watch(), killing);
        writers = worked;
        claims.take(watched);
        writers.iter().for_each(|writer| claims.take(writer.claims.clone()));
        let reported: u64 = writers.iter().map(|writer| writer.saved).sum();
        let stored = claims::hold(&claims, &room, &writers).await;
        let brought = come_back(&mut writers).await;
        converge(&room, &mut writers, &mut claims).await;
        println!("kill {kill} after {wanted} edits: {reported} reported saved, {stored} stored, {brought} made");
    }
}

async fn enter(room: &TestRoom, random: &mut SmallRng) -> Vec<Writer> {
    let mut document = room.owner.document().await;
    for path in (0..PACES.len()).flat_map(writer::paths).chain([writer::SHARED.to_owned()]) {
        document.write(&path, "").await;
    }
    document.barrier().await;
    document.close().await;
    let mut writers = Vec::new();
    for (index, pace) in PACES.into_iter().enumerate() {
        let person = room.join_as(&format!("Writer {index}")).await;
        writers.push(Writer::open(person, index, pace, random.random()).await);
    }
    writers
}

/// SIGKILL to everything of the edge; returns when another one answers.
async fn kill_the_runtime(stack: &Stack) {
    let before = runtimes(stack).await;
    assert!(!before.is_empty(), "workerd is at work");
    stack.kill("edge").await;
    let after = runtimes(stack).await;
    assert!(before.is_disjoint(&after) && !after.is_empty(), "{before:?} became {after:?}");
}

/// The processes that run workerd.
async fn runtimes(stack: &Stack) -> BTreeSet<i32> {
    let edge = stack.processes().await.parts.remove("edge").expect("there is an edge");
    let is_workerd =
        |pid: &i32| std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "workerd");
    edge.into_iter().filter(is_workerd).collect()
}

/// Everybody comes back with what they have; gives the edits that they have made.
async fn come_back(writers: &mut Vec<Writer>) -> u64 {
    let back = std::mem::take(writers).into_iter().map(Writer::come_back);
    *writers = join_all(back).await;
    writers.iter().map(|writer| writer.made()).sum()
}

/// Everybody has everything, and so has the room.
async fn converge(room: &TestRoom, writers: &mut [Writer], claims: &mut Claims) {
    // All have brought what they had; one more question each, and all have all of it.
    join_all(writers.iter_mut().map(Writer::catch_up)).await;
    let files = room.owner.files().await;
    claims.see_position(files.position);
    for writer in writers.iter() {
        assert_eq!(writer.text(&writer.own()), writer.whole_story(), "nobody lost an edit of their own");
        for file in &files.items {
            assert_eq!(writer.text(&file.path), file.content, "{} of {}", file.path, writer.own());
        }
        assert_eq!(writer.state(), writers[0].state(), "{}", writer.own());
    }
}
