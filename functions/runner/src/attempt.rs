//! One run from its claim to its end.
//!
//! Safety: a result is recorded before its message is deleted. Liveness: while the attempt goes on, lease and visibility
//! are renewed; when this process dies both run out, and the run comes to another.

use std::time::Duration;

use protocol::limits::{ATTEMPT_HEARTBEAT_MS, ROOMLESS_HEARTBEAT_MS, RUN_MESSAGE_VISIBILITY_S};
use protocol::runner::ClaimGranted;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, timeout};

use crate::edge::{Edge, EdgeError, Standing};
use crate::execute::{Executed, Wires, Wish, execute};
use crate::lease::{self, Line};
use crate::message::Fate;
use crate::queue::{Delivery, Queue};
use crate::sandbox::Sandbox;

/// How long the result waits for the room to have all of the output. It holds what is kept anyway.
const DELIVERY_GRACE: Duration = Duration::from_secs(5);

/// The same for a run that was stopped: nobody waits for a result.
const STOPPED_DELIVERY_GRACE: Duration = Duration::from_millis(500);

/// How often a result is offered before its message is left to another attempt: with pauses that double from 100 ms,
/// about 50 s.
const REPORTS_MAX: u32 = 9;

/// First pause between two tries.
pub(crate) const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// What an attempt works with.
#[derive(Debug)]
pub struct Tools {
    /// Where claims and results go.
    pub edge: Edge,
    /// Where the message is from.
    pub queue: Queue,
    /// Where code runs.
    pub sandbox: Sandbox,
    /// How long to stay with a room that has nothing.
    pub idle: Duration,
}

/// A run in hand.
#[derive(Debug)]
pub struct Attempt {
    pub(crate) claim: ClaimGranted,
    /// The message that it came by, unless its room gave it.
    pub(crate) delivery: Option<Delivery>,
    /// The request that submitted it, for the logs of every part.
    pub(crate) request_id: String,
}

impl Attempt {
    /// One that its room gave.
    #[must_use]
    pub fn of(claim: ClaimGranted) -> Self {
        Self { request_id: claim.run_id.to_string(), claim, delivery: None }
    }
}

impl Tools {
    /// Works on a run; gives what is odd about the machine then, if anything is. `give_up` turns to [`Wish::Stop`]
    /// when the runner has to go before the attempt has ended.
    #[tracing::instrument(skip_all, level = "error", name = "run", fields(run_id = %attempt.claim.run_id, request_id = attempt.request_id))]
    pub async fn work(&self, attempt: Attempt, line: Option<Line>, give_up: watch::Receiver<Wish>) -> Option<String> {
        let Attempt { claim, delivery, request_id } = attempt;
        let standing = Standing { run_id: claim.run_id.clone(), bearer: claim.credential.clone(), request_id };
        let (wishes, wished) = watch::channel(Wish::Finish);
        let run = async {
            let executed = self.execute_and_deliver(&claim, line.as_ref(), &wishes, wished).await;
            let is_given_up = *give_up.borrow() == Wish::Stop;
            let fate = self.conclude(&executed, &standing, is_given_up).await;
            (fate, executed.anomaly)
        };
        let (fate, anomaly) = tokio::select! {
            ended = run => ended,
            never = self.keep_alive(&claim, delivery.as_ref(), &standing, &wishes) => never,
            never = forward(give_up.clone(), &wishes) => never,
        };
        if let Some(line) = line {
            line.abandon(&claim.run_id);
        }
        if let Some(delivery) = delivery {
            self.settle(&delivery, fate).await;
        }
        anomaly
    }

    async fn execute_and_deliver(
        &self,
        claim: &ClaimGranted,
        line: Option<&Line>,
        wishes: &watch::Sender<Wish>,
        wished: watch::Receiver<Wish>,
    ) -> Executed {
        let (frames, outgoing) = mpsc::unbounded_channel();
        let (typing, input) = mpsc::unbounded_channel();
        let delivery = async {
            match line {
                Some(line) => Some(line.deliver(claim, outgoing, wishes.clone(), typing).await),
                None => None,
            }
        };
        tokio::pin!(delivery);
        // The frames end with it: an attempt that could not be executed has said no end.
        let execution = async move {
            let wires = Wires { frames: &frames, wishes: wished, input };
            execute(&self.sandbox, claim, wires).await
        };
        tokio::pin!(execution);
        let mut delivered = None;
        let executed = loop {
            tokio::select! {
                executed = &mut execution => break executed,
                ended = &mut delivery, if delivered.is_none() => delivered = Some(ended),
            }
        };
        if delivered.is_none() {
            let grace = if executed.was_stopped { STOPPED_DELIVERY_GRACE } else { DELIVERY_GRACE };
            match timeout(grace, delivery).await {
                Ok(None | Some(lease::Delivery::Complete | lease::Delivery::Abandoned)) => {}
                Ok(Some(lease::Delivery::Refused)) => tracing::warn!("the room did not take all of the output"),
                Err(_elapsed) => tracing::warn!("the room has not acknowledged all of the output"),
            }
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
        delivery: Option<&Delivery>,
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
                    let Some(delivery) = delivery else { continue };
                    let hidden = self.queue.hide(delivery, Duration::from_secs(RUN_MESSAGE_VISIBILITY_S)).await;
                    if let Err(error) = hidden {
                        tracing::warn!(%error, "the message may come to another runner");
                    }
                }
            }
        }
    }
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
