//! Taking a run in: limit, bundle, record, message, and a runner to be awake.

use std::sync::Arc;
use std::time::Duration;

use lambda_http::tracing::{error, warn};
use protocol::TimestampMs;
use protocol::ids::{ParticipantId, RoomId, RunId};
use protocol::lease::{Dispatch, RequeueRequest};
use protocol::limits::{ATTEMPT_LEASE_MS, GUEST_RUNS_PER_MINUTE, GUEST_RUNS_PER_MINUTE_AND_ADDRESS};
use protocol::run::{Priority, Run, RunChange, RunReason, RunStatus};
use protocol::runner::QueueMessage;
use protocol::token::Signer;

use super::error::RunError;
use super::grant::{Bundle, grant, lease, ticket};
use super::ledger::Ledger;
use super::order::Order;
use super::outlook::Outlook;
use crate::ambient::entropy;
use crate::config::Switch;
use crate::log::chain;
use crate::ports::PortError;
use crate::ports::artifacts::Artifacts;
use crate::ports::launcher::Launcher;
use crate::ports::queue::RunQueue;
use crate::ports::runs::{IdempotencyKey, Program, RunRecord, RunStore, Starter, Submission, Turn};

/// Longest wait for the runners' service on a user's path. Runs are queued without it, and the service scales on
/// the queue's length as well.
const WAKE_TIMEOUT: Duration = Duration::from_secs(1);

/// Takes runs in.
pub struct Submitter<S, A, Q, L> {
    /// Records and bundles.
    pub ledger: Ledger<S, A>,
    /// To the runners.
    pub queue: Q,
    /// Who starts runners.
    pub launcher: L,
    /// How runs stand.
    pub outlook: Outlook,
    /// Signs claim tickets.
    pub signer: Arc<Signer>,
    /// Whether guests are limited.
    pub limits: Switch,
    /// Code of one run.
    pub source_max_bytes: usize,
}

/// A run that was taken in.
#[derive(Debug)]
pub struct Submitted {
    /// The run.
    pub run: RunRecord,
    /// For the room's own runner, if it was recorded as claimed by that.
    pub dispatch: Option<Dispatch>,
}

/// Which way a run takes to a runner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Through the queue, to any runner.
    Queue,
    /// Through its room, to the room's own.
    Room,
}

/// Who submits, and from where.
#[derive(Debug, Clone)]
pub struct Sender {
    /// Who.
    pub who: Who,
    /// The room, and the log position that its files were read at.
    pub room: Option<(RoomId, u64)>,
    /// The client's address.
    pub address: String,
    /// The client's idempotency key.
    pub key: Option<String>,
    /// The request's id.
    pub request_id: String,
}

/// Who starts a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// An account.
    Account {
        /// Its id as a participant.
        participant: ParticipantId,
        /// Its username.
        name: String,
    },
    /// A guest in a room.
    Guest {
        /// The guest.
        participant: ParticipantId,
        /// The display name.
        name: String,
    },
    /// Somebody without account and room.
    Anonymous,
}

impl Sender {
    fn starter(&self) -> Starter {
        match &self.who {
            Who::Account { participant, name } | Who::Guest { participant, name } => {
                Starter { participant: Some(participant.clone()), name: name.clone() }
            }
            Who::Anonymous => Starter { participant: None, name: "guest".to_owned() },
        }
    }

    /// Whose idempotency keys and whose turn in the queue.
    fn tenant(&self) -> String {
        match (&self.room, &self.who) {
            (Some((room, _)), _) => room.to_string(),
            (None, Who::Account { participant, .. } | Who::Guest { participant, .. }) => participant.to_string(),
            (None, Who::Anonymous) => self.address.clone(),
        }
    }

    fn idempotency_key(&self, order: &Order) -> Option<IdempotencyKey> {
        let owner = match self.starter().participant {
            Some(participant) => participant.to_string(),
            None => self.address.clone(),
        };
        // The same key in two rooms means two runs.
        let owner = self.room.as_ref().map_or(owner.clone(), |(room, _)| format!("{room}.{owner}"));
        let (key, fingerprint) = (self.key.clone()?, order.fingerprint.clone());
        Some(IdempotencyKey { owner, key, fingerprint })
    }
}

impl<S: RunStore, A: Artifacts, Q: RunQueue, L: Launcher> Submitter<S, A, Q, L> {
    /// Records a run and sends it on its way; with a key that was used before, answers the run of then.
    ///
    /// # Errors
    /// [`RunError::Invalid`], [`RunError::NoCapacity`], [`RunError::TooMany`], [`RunError::KeyReused`], or a failure of
    /// a part: then no run goes on from this request, unless the key is sent again.
    pub async fn submit(
        &self,
        order: Order,
        sender: &Sender,
        way: Way,
        now: TimestampMs,
    ) -> Result<Submitted, RunError> {
        let entry = order.checked(self.source_max_bytes)?;
        if way == Way::Queue {
            self.outlook.admit(&self.queue, &self.launcher, order.priority).await?;
        }
        self.count(sender, now).await?;
        let key = sender.idempotency_key(&order);
        let id = RunId::from_entropy(&entropy());
        let Order { language, stdin, args, interactive, flags, files, cases, priority, .. } = order;
        let bundle = (way == Way::Room).then(|| Bundle { files: files.clone(), cases: cases.clone() });
        let source = self.ledger.keep_files(&id, files).await?;
        let cases = self.ledger.keep_cases(&id, cases).await?;
        let status = if way == Way::Room { RunStatus::Queued.after(claim_at(now))? } else { RunStatus::Queued };
        let run = RunRecord {
            id,
            room: sender.room.clone(),
            starter: sender.starter(),
            program: Program { language, entry, stdin, args, interactive, flags, source, cases },
            turn: Turn { priority, tenant: sender.tenant() },
            status,
            output_key: None,
            created_at: now,
            ended_at: None,
            is_untold: false,
        };
        let run = match self.ledger.store.create(&run, key.as_ref()).await? {
            Submission::Stored => {
                let dispatch = bundle.map(|bundle| self.dispatch(&run, bundle, now)).transpose()?;
                if dispatch.is_some() {
                    return Ok(Submitted { run, dispatch });
                }
                run
            }
            Submission::KeyTaken { fingerprint, .. }
                if Some(&fingerprint) != key.as_ref().map(|key| &key.fingerprint) =>
            {
                return Err(RunError::KeyReused);
            }
            Submission::KeyTaken { run, .. } => self.ledger.record(&run).await?,
        };
        // A run of before that still waits may never have reached the queue, or the room that was to dispatch it. A
        // second message does no harm.
        if run.status.after(claim_at(now)).is_ok() {
            self.enqueue(&run, sender, now).await?;
        }
        wake(&self.launcher).await;
        Ok(Submitted { run, dispatch: None })
    }

    fn dispatch(&self, run: &RunRecord, bundle: Bundle, now: TimestampMs) -> Result<Dispatch, RunError> {
        let claim = grant(run, bundle, None, None, &self.signer, now)?;
        Ok(Dispatch { claim, ticket: ticket(run, &self.signer, now)? })
    }

    /// Queues a run whose runner makes no progress, for the next attempt; says whether it did. A run that is over, or
    /// whose attempt goes on, stays as it is.
    ///
    /// # Errors
    /// A failure of a part.
    pub async fn requeue(
        &self,
        id: &RunId,
        request: &RequeueRequest,
        request_id: &str,
        now: TimestampMs,
    ) -> Result<(RunRecord, bool), RunError> {
        if request.is_lost {
            match self.ledger.change(id, RunChange::Release { attempt: request.attempt, now }, now).await {
                Ok(_) | Err(RunError::Transition(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let run = self.ledger.record(id).await?;
        let is_free = run.status.attempt() == request.attempt && run.status.after(claim_at(now)).is_ok();
        if is_free {
            self.send(&run, request_id, now).await?;
            wake(&self.launcher).await;
        }
        Ok((run, is_free))
    }

    /// Asks for a runner that serves a room without having a run of it.
    ///
    /// # Errors
    /// A failure of a part.
    pub async fn request_lease(&self, room: RoomId, request_id: String, now: TimestampMs) -> Result<(), RunError> {
        let turn = Turn { priority: Priority::Critical, tenant: room.to_string() };
        let credential = lease(&room, None, &self.signer, now)?;
        self.queue.send(&QueueMessage::Lease { room_id: room, credential, request_id }, &turn).await?;
        wake(&self.launcher).await;
        Ok(())
    }

    /// The run as the one who submitted it sees it: while it is queued, with what it waits for.
    ///
    /// # Errors
    /// A failure of the artifacts.
    pub async fn view(&self, run: &RunRecord) -> Result<Run, PortError> {
        let mut view = self.ledger.view(run).await?;
        if run.status == RunStatus::Queued {
            view.waiting = Some(self.outlook.waiting(&self.queue, &self.launcher, run.turn.priority).await);
        }
        Ok(view)
    }

    /// Counts a guest's run: for the guest, and for all behind one address.
    async fn count(&self, sender: &Sender, now: TimestampMs) -> Result<(), RunError> {
        let participant = match &sender.who {
            Who::Account { .. } => return Ok(()),
            Who::Guest { participant, .. } => Some(participant),
            Who::Anonymous => None,
        };
        if self.limits == Switch::Off {
            return Ok(());
        }
        let address = (format!("ADDRESS#{}", sender.address), GUEST_RUNS_PER_MINUTE_AND_ADDRESS);
        let guest = participant.map(|participant| (format!("GUEST#{participant}"), GUEST_RUNS_PER_MINUTE));
        for (key, most) in guest.into_iter().chain([address]) {
            if !self.ledger.store.count(&key, most, now).await? {
                return Err(RunError::TooMany { retry_after_s: 60 - now / 1000 % 60 });
            }
        }
        Ok(())
    }

    async fn enqueue(&self, run: &RunRecord, sender: &Sender, now: TimestampMs) -> Result<(), RunError> {
        let Err(failure) = self.send(run, &sender.request_id, now).await else { return Ok(()) };
        // Without a key nobody can send it again, so it must not wait for ever. With one it may.
        if sender.key.is_none() {
            let change = RunChange::Fail { reason: RunReason::Internal };
            if let Err(second) = self.ledger.change(&run.id, change, now).await {
                error!(run.id = %run.id, error = chain(&second), "a run that was not queued could not be marked as failed");
            }
        }
        Err(failure)
    }

    async fn send(&self, run: &RunRecord, request_id: &str, now: TimestampMs) -> Result<(), RunError> {
        let ticket = ticket(run, &self.signer, now)?;
        let message = QueueMessage::Run { run_id: run.id.clone(), ticket, request_id: request_id.to_owned() };
        Ok(self.queue.send(&message, &run.turn).await?)
    }
}

/// What a runner would do to a run now.
fn claim_at(now: TimestampMs) -> RunChange {
    RunChange::Claim { now, lease_until: now + ATTEMPT_LEASE_MS }
}

/// Makes sure that a runner is wanted. A failure is logged and goes no further: the queue keeps the run.
pub async fn wake(launcher: &impl Launcher) {
    match tokio::time::timeout(WAKE_TIMEOUT, launcher.ensure_running()).await {
        Ok(Ok(())) => {}
        Ok(Err(failure)) => warn!(error = chain(&failure), "the runners' service could not be asked for a runner"),
        Err(_) => warn!("the runners' service did not answer in time"),
    }
}
