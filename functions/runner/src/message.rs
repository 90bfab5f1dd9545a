//! One message of the queue, and what it wins: a run, a room, or nothing.
//!
//! Safety: a message is deleted only when its run is over, when its result is recorded, or when its room has been
//! reached. Whoever won something serves that tenant alone, and ends.

use std::sync::Arc;
use std::time::Duration;

use protocol::limits::ATTEMPT_LEASE_MS;
use protocol::runner::{ClaimGranted, QueueMessage};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::attempt::{Attempt, FIRST_PAUSE, Tools};
use crate::edge::{EdgeError, Standing};
use crate::execute::Wish;
use crate::lease::{self, Won};
use crate::queue::Delivery;
use crate::serve::Leaving;

/// How often a message's run is claimed: with pauses that double from 100 ms, over 3 s.
const CLAIMS_MAX: u32 = 6;

/// What is to become of this runner after a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum After {
    /// The next message: this one won nothing.
    GoOn,
    /// Its end: it has served somebody, and serves nobody else.
    Done,
    /// Its replacement, for this reason.
    Replace(String),
}

/// What is to become of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It goes.
    Delete,
    /// It comes again when its visibility ends.
    Leave,
    /// It comes again when the attempt's lease has run out.
    GiveBack,
}

impl Tools {
    /// Works on a message, and on everything that it wins.
    pub async fn take(self: &Arc<Self>, delivery: Delivery, leaving: watch::Receiver<Leaving>) -> After {
        match delivery.message.clone() {
            QueueMessage::Run { run_id, ticket, request_id } => {
                self.take_run(delivery, Standing { run_id, bearer: ticket, request_id }, leaving).await
            }
            QueueMessage::Lease { room_id, credential, request_id } => {
                let credential = match self.edge.claim_lease(&credential, &request_id).await {
                    Ok(credential) => credential,
                    Err(error) => {
                        tracing::warn!(
                            error = crate::chain(&error),
                            "the lease was not granted; its message comes again"
                        );
                        return After::GoOn;
                    }
                };
                // Whatever becomes of the lease, the room knows whether it still waits for a runner.
                self.settle(&delivery, Fate::Delete).await;
                let won = Won { url: self.edge.lease_url(&room_id), credential, first: None };
                lease::serve(self, won, leaving).await
            }
        }
    }

    async fn take_run(
        self: &Arc<Self>,
        delivery: Delivery,
        ticket: Standing,
        leaving: watch::Receiver<Leaving>,
    ) -> After {
        let claim = match self.claim(&ticket).await {
            Ok(claim) => claim,
            Err(EdgeError::Refused { over: true }) => {
                self.settle(&delivery, Fate::Delete).await;
                return After::GoOn;
            }
            Err(error) => {
                tracing::warn!(error = crate::chain(&error), "not claimed");
                return After::GoOn;
            }
        };
        tracing::info!(attempt = claim.attempt, language = ?claim.language, "claimed");
        let room = claim.room_id.clone().zip(claim.lease.clone());
        let attempt = Attempt { claim, delivery: Some(delivery), request_id: ticket.request_id };
        match room {
            Some((room_id, credential)) => {
                let won = Won { url: self.edge.lease_url(&room_id), credential, first: Some(attempt) };
                lease::serve(self, won, leaving).await
            }
            None => {
                let credential = attempt.claim.credential.clone();
                let (stop, stopped) = watch::channel(Wish::Finish);
                let after = tokio::select! {
                    anomaly = self.work(attempt, None, stopped) => anomaly.map_or(After::Done, After::Replace),
                    never = give_up_in_time(leaving, &stop) => never,
                };
                self.leave(&credential).await;
                after
            }
        }
    }

    /// Tells the pool that this task has served its tenant. Not heard, it counts as busy for a while longer.
    pub async fn leave(&self, credential: &str) {
        if let Err(error) = self.edge.tell_pool(credential, "leave").await {
            tracing::warn!(error = crate::chain(&error), "the pool could not be told that this runner leaves");
        }
    }

    /// Does with a message what is to be done.
    pub(crate) async fn settle(&self, delivery: &Delivery, fate: Fate) {
        let done = match fate {
            Fate::Delete => self.queue.delete(delivery).await,
            Fate::GiveBack => self.queue.hide(delivery, Duration::from_millis(ATTEMPT_LEASE_MS + 1_000)).await,
            Fate::Leave => Ok(()),
        };
        if let Err(error) = done {
            tracing::warn!(%error, "the message comes again");
        }
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
}

/// Stops a run without a room when its runner has to go at once.
async fn give_up_in_time<T>(mut leaving: watch::Receiver<Leaving>, stop: &watch::Sender<Wish>) -> T {
    if leaving.wait_for(|leaving| *leaving == Leaving::Now).await.is_ok() {
        stop.send_replace(Wish::Stop);
    }
    std::future::pending().await
}
