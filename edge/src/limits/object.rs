//! What is counted for one address, one account or one credential: a Durable Object each, so that counts are exact
//! wherever the calls come in.
//!
//! Buckets are kept in memory: they are full again after ten seconds without a call (a test of `protocol::tier` says
//! so), and an object that is in use for longer stays in memory. A deploy in between gives one burst back. Ledgers are
//! stored, since theirs is a quarter of an hour.
//!
//! Storage: `ledger(state)` with at most one row, a [`Ledger`] as JSON; schema version 1.

use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;

use protocol::TimestampMs;
use protocol::tier::Quota;
use serde::{Deserialize, Serialize};
use worker::{DurableObject, Env, Request, Response, Result, SqlStorage, State, Stub, WebSocket, wasm_bindgen};
use worker::{WebSocketIncomingMessage, durable_object};

use super::bucket::Bucket;
use super::ledger::{Ledger, Outcome, Rule};
use crate::answer::Failure;
use crate::clock;
use crate::object_call;
use crate::request_context::RequestContext;

/// The binding's name in wrangler.toml.
const BINDING: &str = "COUNTERS";

/// Buckets of one object above which those that are full are dropped: guests come and go.
const BUCKETS_KEPT: usize = 1_000;

#[derive(Debug, Serialize, Deserialize)]
enum LimitMessage {
    /// One call out of each of these buckets, or out of none.
    Take(Vec<(String, Quota)>),
    /// An attempt is about to be made.
    Begin { rule: Rule, other: String },
    /// What became of it.
    Settle { rule: Rule, number: u64, other: String, outcome: Outcome },
}

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Taken {
    /// Which of the buckets leaves least.
    pub(super) bucket: usize,
    /// Calls that it leaves.
    pub(super) remaining: u32,
    /// Until it is full again.
    pub(super) full_in_ms: u64,
    /// How long to wait, if the call was not let in.
    pub(super) wait_ms: Option<u64>,
}

/// The way to an object.
pub(super) struct LimitStub(Stub);

impl LimitStub {
    /// The object of a name, such as `address:192.0.2.1`.
    ///
    /// # Errors
    /// [`Failure::Runtime`] without the binding.
    pub(super) fn of(context: &RequestContext, name: &str) -> Result<Self, Failure> {
        Ok(Self(context.env.durable_object(BINDING)?.get_by_name(name)?))
    }

    /// Takes a call out of each bucket, or out of none where one is empty.
    ///
    /// # Errors
    /// [`Failure::Unreachable`] where the object fails.
    pub(super) async fn take(&self, buckets: Vec<(String, Quota)>) -> Result<Taken, Failure> {
        object_call::ask(&self.0, "limit", &LimitMessage::Take(buckets)).await
    }

    /// Notes an attempt and gives its number, or says how long to wait.
    ///
    /// # Errors
    /// [`Failure::Unreachable`] where the object fails.
    pub(super) async fn begin(&self, rule: Rule, other: &str) -> Result<Result<u64, u64>, Failure> {
        object_call::ask(&self.0, "limit", &LimitMessage::Begin { rule, other: other.to_owned() }).await
    }

    /// Says what became of an attempt.
    ///
    /// # Errors
    /// [`Failure::Unreachable`] where the object fails.
    pub(super) async fn settle(&self, rule: Rule, number: u64, other: &str, outcome: Outcome) -> Result<(), Failure> {
        let message = LimitMessage::Settle { rule, number, other: other.to_owned(), outcome };
        object_call::ask(&self.0, "limit", &message).await
    }
}

/// Takes a call out of each bucket, or out of none.
fn take(buckets: &mut HashMap<String, Bucket>, wanted: &[(String, Quota)], now: TimestampMs) -> Taken {
    if buckets.len() >= BUCKETS_KEPT {
        buckets.retain(|_, bucket| !bucket.is_full(now));
    }
    let level = |buckets: &HashMap<String, Bucket>, (name, quota): &(String, Quota)| {
        buckets.get(name).copied().unwrap_or_default().level(*quota, now)
    };
    let is_admitted = wanted.iter().all(|one| level(buckets, one).remaining > 0);
    if is_admitted {
        for (name, quota) in wanted {
            buckets.entry(name.clone()).or_default().take(*quota, now);
        }
    }
    let levels = wanted.iter().map(|one| level(buckets, one)).enumerate();
    let Some((bucket, scarcest)) = levels.min_by_key(|(_, level)| (level.remaining, u64::MAX - level.next_in_ms))
    else {
        return Taken { bucket: 0, remaining: u32::MAX, full_in_ms: 0, wait_ms: None };
    };
    let wait_ms = (!is_admitted).then_some(scarcest.next_in_ms);
    Taken { bucket, remaining: scarcest.remaining, full_in_ms: scarcest.full_in_ms, wait_ms }
}

/// The Durable Object.
#[durable_object]
pub struct LimitObject {
    // A bucket is one number and a ledger is stored in one step, so a caught panic leaves nothing half done.
    inner: AssertUnwindSafe<Inner>,
}

struct Inner {
    state: State,
    buckets: RefCell<HashMap<String, Bucket>>,
}

impl Inner {
    fn sql(&self) -> SqlStorage {
        self.state.storage().sql()
    }

    /// Changes the ledger. There is no await between reading and writing, so nobody comes in between.
    async fn on_ledger<T>(&self, change: impl FnOnce(&mut Ledger, TimestampMs) -> T) -> Result<T> {
        #[derive(Deserialize)]
        struct Row {
            state: String,
        }
        self.sql().exec("CREATE TABLE IF NOT EXISTS ledger (state TEXT NOT NULL)", None)?;
        let row = self.sql().exec("SELECT state FROM ledger", None)?.to_array::<Row>()?.pop();
        let mut ledger = match row {
            Some(row) => serde_json::from_str(&row.state)?,
            None => Ledger::default(),
        };
        let changed = change(&mut ledger, clock::now());
        self.sql().exec("DELETE FROM ledger", None)?;
        if let Some(at) = ledger.expires_at() {
            self.sql().exec("INSERT INTO ledger (state) VALUES (?)", vec![serde_json::to_string(&ledger)?.into()])?;
            let in_ms = i64::try_from(at.saturating_sub(clock::now())).unwrap_or(i64::MAX);
            self.state.storage().set_alarm(in_ms).await?;
        }
        Ok(changed)
    }
}

impl DurableObject for LimitObject {
    fn new(state: State, _env: Env) -> Self {
        Self { inner: AssertUnwindSafe(Inner { state, buckets: RefCell::default() }) }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        match request.json().await? {
            LimitMessage::Take(wanted) => {
                Response::from_json(&take(&mut self.inner.buckets.borrow_mut(), &wanted, clock::now()))
            }
            LimitMessage::Begin { rule, other } => {
                Response::from_json(&self.inner.on_ledger(|ledger, now| ledger.begin(rule, &other, now)).await?)
            }
            LimitMessage::Settle { rule, number, other, outcome } => {
                let settle = |ledger: &mut Ledger, now| ledger.settle(rule, number, &other, outcome, now);
                Response::from_json(&self.inner.on_ledger(settle).await?)
            }
        }
    }

    /// Forgets what has lost its meaning, so that an object that nobody asks again keeps nothing.
    async fn alarm(&self) -> Result<Response> {
        self.inner.state.storage().delete_all().await?;
        Response::empty()
    }

    async fn websocket_message(&self, socket: WebSocket, _message: WebSocketIncomingMessage) -> Result<()> {
        socket.close(Some(1008), Some("a limit has no sockets"))
    }

    async fn websocket_close(&self, _socket: WebSocket, _code: usize, _reason: String, _was_clean: bool) -> Result<()> {
        Ok(())
    }

    async fn websocket_error(&self, _socket: WebSocket, _error: worker::Error) -> Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: TimestampMs = 1_800_000_000_000;
    const SMALL: Quota = Quota { per_minute: 60, burst: 2 };
    const LARGE: Quota = Quota { per_minute: 60, burst: 5 };

    fn guest(name: &str) -> [(String, Quota); 2] {
        [(name.to_owned(), SMALL), (String::new(), LARGE)]
    }

    #[test]
    fn a_call_is_taken_out_of_every_bucket_or_out_of_none() {
        let mut buckets = HashMap::new();
        let mut call = |name: &str| take(&mut buckets, &guest(name), NOW);
        assert_eq!(call("ada"), Taken { bucket: 0, remaining: 1, full_in_ms: 1_000, wait_ms: None });
        assert_eq!(call("ada"), Taken { bucket: 0, remaining: 0, full_in_ms: 2_000, wait_ms: None });
        for _refused in 0..100 {
            assert_eq!(call("ada").wait_ms, Some(1_000));
        }
        // What was refused cost the others behind the address nothing.
        assert_eq!([call("bob"), call("bob"), call("eve")].map(|taken| taken.wait_ms), [None; 3]);
        assert_eq!(call("eve"), Taken { bucket: 1, remaining: 0, full_in_ms: 5_000, wait_ms: Some(1_000) });
    }

    #[test]
    fn guests_that_are_gone_take_no_memory() {
        let mut buckets = HashMap::new();
        for (second, name) in (0..10 * BUCKETS_KEPT as u64).zip(1..) {
            take(&mut buckets, &[(format!("guest {name}"), SMALL)], NOW + second * 1000);
        }
        assert!(buckets.len() <= BUCKETS_KEPT, "{}", buckets.len());
    }
}
