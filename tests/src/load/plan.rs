//! The scenarios that are played at every server, and what is wanted of Tutti in each.

use std::rc::Rc;

use tokio::task::spawn_local;

use super::crowd::{Outcome, Pace, Presence, Scenario, play};
use super::process::{Usage, usage};
use super::report::{Row, Want, median};
use super::server::{PEERS, Peer, Programs, Server};

/// A scenario with its name and what is wanted.
pub struct Case {
    /// For the tables.
    pub name: &'static str,
    /// What happens.
    pub scenario: Scenario,
    /// How often every server plays it; the median of each number counts.
    pub rounds: usize,
    /// Whether Tutti starts anew for it, as peers always do, so that nothing but this room is in its memory.
    pub from_nothing: bool,
    /// Which numbers are shown.
    pub numbers: &'static [Number],
}

/// A number of an outcome, with what is wanted of it.
pub struct Number {
    what: &'static str,
    unit: &'static str,
    of: fn(&Played) -> f64,
    wants: &'static [Want],
}

/// An outcome, with what it took.
pub struct Played {
    outcome: Outcome,
    /// Before anybody came.
    before: Usage,
    /// With everybody there, after the last keystroke.
    after: Usage,
}

const P50: fn(&Played) -> f64 = |played| played.outcome.books.latencies.percentile(0.5);
const P95: fn(&Played) -> f64 = |played| played.outcome.books.latencies.percentile(0.95);
const P99: fn(&Played) -> f64 = |played| played.outcome.books.latencies.percentile(0.99);
const RATE: fn(&Played) -> f64 = |played| played.outcome.deliveries_per_second();
const MEMORY: fn(&Played) -> f64 = |played| played.after.memory;
const GROWTH: fn(&Played) -> f64 = |played| played.after.memory - played.before.memory;

const fn ms(what: &'static str, of: fn(&Played) -> f64, wants: &'static [Want]) -> Number {
    Number { what, unit: "ms", of, wants }
}

/// Every case, in order.
pub const CASES: [Case; 7] = [
    Case {
        name: "quiet room, 5 clients, 1 types, 5/s",
        scenario: scenario(5, 1, Pace::PerSecond(5), 15),
        rounds: 3,
        from_nothing: false,
        numbers: &[ms("p50", P50, &[Want::AtMostTimes(1.25, Peer::YWebsocket)]), ms("p99", P99, &[])],
    },
    Case {
        name: "10 clients, 500/s",
        scenario: scenario(10, 10, Pace::PerSecond(500), 10),
        rounds: 3,
        from_nothing: false,
        numbers: &[
            ms("p50", P50, &[Want::AtMostTimes(2.0, Peer::YWebsocket)]),
            ms("p99", P99, &[Want::AtMostTimes(3.0, Peer::YWebsocket)]),
        ],
    },
    Case {
        name: "200 clients, 400/s",
        scenario: scenario(200, 200, Pace::PerSecond(400), 10),
        rounds: 3,
        from_nothing: false,
        numbers: &[
            ms("p50", P50, &[]),
            ms("p99", P99, &[Want::AtMostTimes(0.5, Peer::YWebsocket), Want::AtMostTimes(0.5, Peer::YSweet)]),
        ],
    },
    Case {
        name: "300 clients, 1,000/s",
        scenario: scenario(300, 300, Pace::PerSecond(1_000), 10),
        rounds: 1,
        from_nothing: true,
        numbers: &[
            ms("p50", P50, &[]),
            ms("p99", P99, &[Want::AtMostTimes(1.0, Peer::YSweet)]),
            Number { what: "deliveries", unit: "1/s", of: RATE, wants: &[] },
            Number { what: "memory of the server", unit: "MiB", of: MEMORY, wants: &[] },
            Number { what: "memory of the room", unit: "MiB", of: GROWTH, wants: &[] },
        ],
    },
    Case {
        name: "1,000 clients, 1,000/s",
        scenario: scenario(1_000, 1_000, Pace::PerSecond(1_000), 10),
        rounds: 1,
        from_nothing: false,
        numbers: &[
            ms("p50", P50, &[]),
            ms("p99", P99, &[Want::AtMost(200.0)]),
            Number { what: "deliveries", unit: "1/s", of: RATE, wants: &[] },
        ],
    },
    Case {
        name: "saturation, 100 clients",
        scenario: scenario(100, 100, Pace::OnTheWay(250), 8),
        rounds: 1,
        from_nothing: false,
        numbers: &[Number {
            what: "deliveries",
            unit: "1/s",
            of: RATE,
            wants: &[Want::AtLeastTimes(3.0, Peer::YWebsocket), Want::AtLeastTimes(1.5, Peer::YSweet)],
        }],
    },
    Case {
        name: "500 observers and 5 writers with cursors, 10/s",
        scenario: Scenario { presence: Presence::WithCursor, ..scenario(505, 5, Pace::PerSecond(10), 15) },
        rounds: 1,
        from_nothing: false,
        numbers: &[ms("p50", P50, &[]), ms("p95", P95, &[Want::AtMost(250.0)])],
    },
];

const fn scenario(clients: usize, writers: usize, pace: Pace, seconds: u64) -> Scenario {
    Scenario { clients, writers, pace, seconds, presence: Presence::Renewed }
}

/// Plays a case at Tutti and at fresh peers, in turn. Gives the rows, and whether Tutti lost nothing.
pub async fn measure(case: &Case, tutti: &Rc<Server>, programs: &Programs) -> (Vec<Row>, bool) {
    let mut ours = Vec::new();
    let mut theirs: [Vec<Played>; PEERS.len()] = Default::default();
    for _round in 0..case.rounds {
        for (peer, played) in PEERS.into_iter().zip(&mut theirs).filter(|(peer, _)| programs.peers.contains(peer)) {
            let server = Rc::new(Server::start(peer, programs).await);
            // A server that breaks down does so by a panic of the clients.
            played.extend(spawn_local(once(case, server)).await.ok());
        }
        tutti.be_ready(case.from_nothing).await;
        ours.extend(spawn_local(once(case, Rc::clone(tutti))).await.ok());
    }
    let held = ours.len() == case.rounds && ours.iter().all(|played| played.outcome.lost_nothing());
    let rows = case.numbers.iter().map(|number| {
        let row = Row::new(format!("{}: {}", case.name, number.what), of_rounds(&ours, number), number.unit);
        let beside = |row: Row, (peer, played): (Peer, &Vec<Played>)| {
            let held = played.len() == case.rounds && played.iter().all(|one| one.outcome.missing == 0);
            row.beside(peer, held.then(|| of_rounds(played, number)))
        };
        PEERS.into_iter().zip(&theirs).fold(row, beside).wanted(number.wants)
    });
    (rows.collect(), held)
}

fn of_rounds(played: &[Played], number: &Number) -> f64 {
    median(played.iter().map(number.of).collect())
}

fn once(case: &Case, server: Rc<Server>) -> impl Future<Output = Played> + use<> {
    let (name, scenario) = (case.name, case.scenario.clone());
    async move {
        let place = server.place(&format!("bench-{}", rand::random::<u32>()), scenario.clients + 1).await;
        let before = usage(&[place.pid]);
        let mut after = before;
        let outcome = play(&scenario, &place.urls, || after = usage(&[place.pid])).await;
        let played = Played { outcome, before, after };
        say(name, server.name(), &played);
        played
    }
}

/// One line for whoever waits for the table.
fn say(case: &str, server: &str, played: &Played) {
    let Played { outcome, before, after } = played;
    let [p50, p95, p99] = [0.5, 0.95, 0.99].map(|part| outcome.books.latencies.percentile(part));
    println!(
        "{case:<48} {server:<12} p50 {p50:>8.2}  p95 {p95:>8.2}  p99 {p99:>8.2} ms  {:>9.0} deliveries/s  \
         {:>4.1} keystrokes/frame  {:>5.0} frames/s in  {:>5.1} s of processor  {:>4.0} MiB{}",
        outcome.deliveries_per_second(),
        outcome.books.delivered as f64 / outcome.books.update_frames.max(1) as f64,
        outcome.books.sent_frames as f64 / outcome.seconds,
        after.processor - before.processor,
        after.memory,
        if outcome.lost_nothing() { String::new() } else { losses(outcome) },
    );
}

fn losses(outcome: &Outcome) -> String {
    format!(
        "  LOST: {} deliveries of {} missing, {} keystrokes not kept, {} after a gap, closed: {:?}",
        outcome.missing,
        outcome.books.expected(),
        outcome.not_kept,
        outcome.books.gaps,
        outcome.books.closed.values().collect::<std::collections::BTreeSet<_>>(),
    )
}
