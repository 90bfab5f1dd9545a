//! A seeded simulator: clients with real Yjs documents, sockets that drop and lose frames in flight, evictions that
//! throw the memory away, writes that fail before or after they were made. At the end everybody reconnects, and all
//! documents and the log must agree, with every edit that was reported saved. On the way storage is compacted and folded,
//! and people go back to earlier moments; every moment of the kept history must stay what it was.
//!
//! A failing seed is printed; `SEED=n cargo test -p room --test simulator` plays it again.

mod store;
mod support;

use support::{Plan, Simulation};

const PLANS: u64 = 60;

#[expect(clippy::disallowed_methods, reason = "a failing seed is played again by naming it")]
fn seeds() -> Vec<u64> {
    match std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()) {
        Some(seed) => vec![seed],
        None => (0..PLANS).collect(),
    }
}

#[test]
fn everybody_converges_and_nothing_saved_is_lost() {
    for seed in seeds() {
        Simulation::new(Plan {
            seed,
            clients: 2 + seed % 5,
            steps: 300,
            failing_writes: seed % 3 == 0,
            small_storage: seed % 2 == 0,
            restores: seed % 5 == 4,
        })
        .run();
    }
}
