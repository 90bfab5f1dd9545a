//! What an hour of a room costs: operations counted here, times the public prices.
//!
//! Ten people are there. In the idle hour nobody types; in the busy one all do, without a pause, 50 keystrokes a
//! second together. The flat price of the plan and what it includes are left out, and so are the functions and the
//! pages, which a room does not touch while it is open.

use super::crowd::{Outcome, Pace, Presence, Scenario, play};
use super::message::RENEWAL_S;
use super::report::Row;
use super::server::Server;
use crate::room::TestRoom;

/// Dollars for a million requests to Durable Objects, and for a million rows that they write. These prices and those
/// below: <https://developers.cloudflare.com/durable-objects/platform/pricing/>, the paid plan, read in 2026.
const REQUESTS: f64 = 0.15;
const ROWS_WRITTEN: f64 = 1.00;
/// Dollars for a million gigabyte-seconds of an object that runs, or waits and cannot hibernate.
const GIGABYTE_SECONDS: f64 = 12.50;
/// An object is billed for so many gigabytes, whatever it uses.
const BILLED_GIGABYTES: f64 = 0.128;
/// Dollars for a gigabyte stored for a month.
const STORED: f64 = 0.20;
/// So many incoming messages of WebSockets are billed as one request. Outgoing ones are free.
const MESSAGES_PER_REQUEST: f64 = 20.0;

const MILLION: f64 = 1e6;
const SECONDS_PER_HOUR: f64 = 3600.0;

/// An alarm looks for people who vanished while several are there; setting it writes a row, and it is a request.
const ALARM_EVERY_S: f64 = 25.0;

/// A room that has heard something writes down within a second what changed, and may hibernate then.
const AWAKE_AFTER_MESSAGE_S: f64 = 1.0;

/// People in the room.
const PEOPLE: usize = 10;

/// Keystrokes in a second, of all of them.
const BUSY: u32 = 50;

/// How long each kind of hour is sampled.
const SAMPLE_S: u64 = 30;

/// The sampled rooms.
pub struct Sampled {
    busy: Hour,
    idle: Hour,
    room: TestRoom,
    /// Before anybody typed.
    untouched: TestRoom,
    keystrokes: f64,
    rows: f64,
}

/// What is counted of an hour.
struct Hour {
    messages: f64,
    rows: f64,
    awake_seconds: f64,
}

impl Hour {
    fn dollars(&self) -> f64 {
        let alarms = SECONDS_PER_HOUR / ALARM_EVERY_S;
        let requests = self.messages / MESSAGES_PER_REQUEST + alarms;
        let gigabyte_seconds = self.awake_seconds * BILLED_GIGABYTES;
        (requests * REQUESTS + (self.rows + alarms) * ROWS_WRITTEN + gigabyte_seconds * GIGABYTE_SECONDS) / MILLION
    }
}

/// Plays a bit of both hours.
///
/// # Panics
/// When something is lost.
pub async fn sample(server: &Server) -> Sampled {
    let (idle, _, untouched, _) = sample_one(server, Pace::Never).await;
    let (busy, outcome, room, rows) = sample_one(server, Pace::PerSecond(BUSY)).await;
    Sampled { busy, idle, room, untouched, keystrokes: outcome.books.keystrokes as f64, rows }
}

async fn sample_one(server: &Server, pace: Pace) -> (Hour, Outcome, TestRoom, f64) {
    let place = server.place("hour", PEOPLE + 1).await;
    let room = place.room.expect("only Tutti bills");
    let scenario = Scenario { clients: PEOPLE, writers: PEOPLE, pace, seconds: SAMPLE_S, presence: Presence::Renewed };
    let before = room.owner.files().await.position;
    let outcome = play(&scenario, &place.urls, || ()).await;
    assert!(outcome.lost_nothing(), "keystrokes were lost");
    let rows = (room.owner.files().await.position - before) as f64;
    let is_busy = outcome.books.keystrokes > 0;
    let renewals = PEOPLE as f64 * SECONDS_PER_HOUR / RENEWAL_S as f64;
    let hour = Hour {
        messages: outcome.books.sent_frames as f64 * SECONDS_PER_HOUR / SAMPLE_S as f64,
        rows: if is_busy { rows * f64::from(BUSY) * SECONDS_PER_HOUR / outcome.books.keystrokes as f64 } else { 0.0 },
        awake_seconds: if is_busy {
            SECONDS_PER_HOUR
        } else {
            (renewals * AWAKE_AFTER_MESSAGE_S).min(SECONDS_PER_HOUR)
        },
    };
    (hour, outcome, room, rows)
}

/// The rows of the table, once the runtime has started again and put everything into the databases.
#[must_use]
pub fn rows(sampled: &Sampled, server: &Server) -> Vec<Row> {
    let Server::Tutti(tutti) = server else { return Vec::new() };
    let Sampled { busy, idle, room, untouched, keystrokes, rows } = sampled;
    let bytes = tutti.stored_bytes(room) - tutti.stored_bytes(untouched);
    let thousands = keystrokes / 1000.0;
    let stored = bytes / keystrokes * f64::from(BUSY) * SECONDS_PER_HOUR;
    vec![
        Row::new("10 people type 50/s: rows written for 1,000 edits", rows / thousands, "rows"),
        Row::new("10 people type 50/s: stored for 1,000 edits", bytes / thousands / 1024.0, "KiB"),
        Row::new("an hour of 10 people, idle: messages in", idle.messages, "messages"),
        Row::new("an hour of 10 people, idle", idle.dollars() * 100.0, "US cents"),
        Row::new("an hour of 10 people, 50/s: messages in", busy.messages, "messages"),
        Row::new("an hour of 10 people, 50/s: rows written", busy.rows, "rows"),
        Row::new("an hour of 10 people, 50/s", busy.dollars() * 100.0, "US cents"),
        Row::new("what that hour wrote, kept for a month", stored / 1e9 * STORED * 100.0, "US cents"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_awake_costs_the_gigabyte_seconds_and_the_alarms_at_least() {
        let hour = Hour { messages: 20.0 * 1e6, rows: 1e6, awake_seconds: SECONDS_PER_HOUR };
        let awake = 3600.0 * 0.128 * 12.5 / 1e6;
        let alarms = 144.0 * (0.15 + 1.0) / 1e6;
        assert!((hour.dollars() - awake - alarms - 0.15 - 1.0).abs() < 1e-9);
    }
}
