//! One message of the queue from its claim to its end.
//!
//! Safety: a message is deleted only when its run is over or its result is recorded. Liveness: while the attempt goes
//! on, lease and visibility are renewed; when this process dies both run out, and the message comes to another.

use std::time::Duration;

use protocol::limits::{ATTEMPT_HEARTBEAT_MS, ATTEMPT_LEASE_MS, ROOMLESS_HEARTBEAT_MS, RUN_MESSAGE_VISIBILITY_S};
use protocol::runner::ClaimGranted;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, timeout};

use crate::edge::{Edge, EdgeError, Standing};
use crate::execute::{Executed, Wish, execute};
use crate::queue::{Delivery, Queue};
use crate::sandbox::Sandbox;
use crate::stream::{self, Stream};

/// How long the result waits for the room to have all of the output. It holds what is kept anyway.
const DELIVERY_GRACE: Duration = Duration::from_secs(5);

/// The same for a run that was stopped: nobody waits for a result.
const STOPPED_DELIVERY_GRACE: Duration = Duration::from_millis(500);

/// How often a message's run is claimed: with pauses that double from 100 ms, over 3 s.
const CLAIMS_MAX: u32 = 6;

/// How often a result is offered before its message is left to another attempt: with pauses that double from 100 ms,
/// about 50 s.
const REPORTS_MAX: u32 = 9;

/// First pause between two tries.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// What an attempt works with.
#[derive(Debug)]
pub struct Tools {
    /// Where claims and results go.
    pub edge: Edge,
    /// Where the message is from.
    pub queue: Queue,
    /// Where code runs.
    pub sandbox: Sandbox,
}

/// What is to become of this runner after an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum After {
    /// The next message.
    GoOn,
    /// Its replacement, for this reason.
    Replace(String),
}

/// What is to become of the message.
enum Fate {
    Delete,
    /// It comes again when its visibility ends.
    Leave,
    /// It comes again when the attempt's lease has run out.
    GiveBack,
}

impl Tools {
    /// Works on a message. `give_up` turns to [`Wish::Stop`] when the runner has to go before the attempt has ended.
    pub async fn attempt(&self, delivery: &Delivery, give_up: watch::Receiver<Wish>) -> After {
        let ticket = standing(delivery, &delivery.message.ticket);
        let (fate, after) = match self.claim(&ticket).await {
            Ok(claim) => {
                tracing::info!(attempt = claim.attempt, language = ?claim.language, "claimed");
                self.work(&claim, delivery, give_up).await
            }
            Err(EdgeError::Refused { over: true }) => (Fate::Delete, After::GoOn),
            Err(error) => {
                tracing::warn!(error = crate::chain(&error), "not claimed");
                (Fate::Leave, After::GoOn)
            }
        };
        let done = match fate {
            Fate::Delete => self.queue.delete(delivery).await,
            Fate::GiveBack => self.queue.hide(delivery, Duration::from_millis(ATTEMPT_LEASE_MS + 1_000)).await,
            Fate::Leave => Ok(()),
        };
        if let Err(error) = done {
            tracing::warn!(%error, "the message comes again");
        }
        after
    }

    /// Claims, and tries again while the edge is away: otherwise the message would stay invisible for 30 s. When only
    /// an answer was lost the lease stands in the way, and the message comes again.
    async fn claim(&self, ticket: &Standing) -> Result<ClaimGranted, EdgeError> {
        let mut pause = FIRST_PAUSE;
        for _ in 1..CLAIMS_MAX {
            match self.edge.claim(ticket).await {
                Err(error) if error.is_passing() => {
                    tracing::warn!(error = crate::chain(&error), "the claim was not answered; trying again");
                    sleep(pause).await;
                    pause *= 2;
                }
                other => return other,
            }
        }
        self.edge.claim(ticket).await
    }

    async fn work(&self, claim: &ClaimGranted, delivery: &Delivery, give_up: watch::Receiver<Wish>) -> (Fate, After) {
        let attempt = standing(delivery, &claim.credential);
        let (wishes, wished) = watch::channel(Wish::Finish);
        let run = async {
            let executed = self.execute_and_deliver(claim, &attempt, &wishes, wished).await;
            let fate = self.conclude(&executed, &attempt, *give_up.borrow() == Wish::Stop).await;
            (fate, executed.anomaly.map_or(After::GoOn, After::Replace))
        };
        tokio::select! {
            ended = run => ended,
            never = self.keep_alive(claim, delivery, &attempt, &wishes) => never,
            never = forward(give_up.clone(), &wishes) => never,
        }
    }

    async fn execute_and_deliver(
        &self,
        claim: &ClaimGranted,
        attempt: &Standing,
        wishes: &watch::Sender<Wish>,
        wished: watch::Receiver<Wish>,
    ) -> Executed {
        let (frames, outgoing) = mpsc::unbounded_channel();
        let stream = claim.room_id.as_ref().and_then(|_| match self.edge.stream_url(&claim.run_id) {
            Ok(url) => Some(tokio::spawn(Stream::new(url, attempt.clone(), outgoing, wishes.clone()).deliver())),
            Err(error) => {
                tracing::error!(%error, "no stream to the room");
                None
            }
        });
        let executed = execute(&self.sandbox, claim, &frames, wished).await;
        // An attempt that could not be executed has said no end.
        drop(frames);
        if let Some(stream) = stream {
            let abort = stream.abort_handle();
            let grace = if executed.was_stopped { STOPPED_DELIVERY_GRACE } else { DELIVERY_GRACE };
            match timeout(grace, stream).await {
                Ok(Ok(stream::Delivery::Complete | stream::Delivery::Abandoned)) => {}
                Ok(other) => tracing::warn!(?other, "the room did not take all of the output"),
                Err(_elapsed) => tracing::warn!("the room has not acknowledged all of the output"),
            }
            abort.abort();
        }
        executed
    }

    /// Records the result; decides over the message.
    async fn conclude(&self, executed: &Executed, attempt: &Standing, is_given_up: bool) -> Fate {
        let result = &executed.result;
        if executed.was_stopped {
            tracing::info!(is_given_up, "stopped");
            // What stopped it has recorded so; its message is deleted when the next claim says that the run is over.
            return if is_given_up { Fate::GiveBack } else { Fate::Leave };
        }
        tracing::info!(
            reason = ?result.reason,
            exit_code = result.exit_code,
            signal = result.signal,
            wall_ms = result.wall_ms,
            cpu_ms = result.cpu_ms,
            memory_bytes = result.memory_bytes,
            tier = result.sandbox,
            "ended"
        );
        let mut pause = FIRST_PAUSE;
        for _ in 0..REPORTS_MAX {
            match self.edge.report(attempt, result).await {
                Ok(()) | Err(EdgeError::Refused { over: true }) => return Fate::Delete,
                Err(error) if error.is_passing() => {
                    tracing::warn!(error = crate::chain(&error), "the result was not taken; trying again");
                    sleep(pause).await;
                    pause *= 2;
                }
                Err(error) => {
                    tracing::error!(error = crate::chain(&error), "the result was not taken");
                    return Fate::Leave;
                }
            }
        }
        Fate::Leave
    }

    /// Renews lease and visibility for as long as it is polled.
    async fn keep_alive<T>(
        &self,
        claim: &ClaimGranted,
        delivery: &Delivery,
        attempt: &Standing,
        wishes: &watch::Sender<Wish>,
    ) -> T {
        // A room's stream brings a cancellation at once; without one the heartbeat has to.
        let period = if claim.room_id.is_some() { ATTEMPT_HEARTBEAT_MS } else { ROOMLESS_HEARTBEAT_MS };
        let (mut heartbeat, mut visibility) = (ticks(period), ticks(ATTEMPT_HEARTBEAT_MS));
        loop {
            tokio::select! {
                _ = heartbeat.tick() => match self.edge.heartbeat(attempt).await {
                    Ok(heartbeat) if heartbeat.wanted => {}
                    Ok(_) | Err(EdgeError::Refused { .. }) => {
                        wishes.send_replace(Wish::Stop);
                    }
                    Err(error) => tracing::warn!(error = crate::chain(&error), "a heartbeat was lost"),
                },
                _ = visibility.tick() => {
                    let hidden = self.queue.hide(delivery, Duration::from_secs(RUN_MESSAGE_VISIBILITY_S)).await;
                    if let Err(error) = hidden {
                        tracing::warn!(%error, "the message may come to another runner");
                    }
                }
            }
        }
    }
}

fn standing(delivery: &Delivery, bearer: &str) -> Standing {
    let message = &delivery.message;
    Standing { run_id: message.run_id.clone(), bearer: bearer.to_owned(), request_id: message.request_id.clone() }
}

/// Ticks from one period on: the claim was the first heartbeat.
fn ticks(period_ms: u64) -> tokio::time::Interval {
    let period = Duration::from_millis(period_ms);
    let mut ticks = interval_at(Instant::now() + period, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// Hands the runner's own end on to the attempt.
async fn forward<T>(mut give_up: watch::Receiver<Wish>, wishes: &watch::Sender<Wish>) -> T {
    if give_up.wait_for(|wish| *wish == Wish::Stop).await.is_ok() {
        wishes.send_replace(Wish::Stop);
    }
    std::future::pending().await
}
