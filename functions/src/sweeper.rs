//! Runs that nobody else brings to an end, looked for once a minute.
//!
//! A run that has waited too long fails as `expired`. A run whose runner has been silent for a minute past its lease,
//! so that its message is taken to be gone, is queued again as the next attempt, or fails as `lost` when it has had
//! its attempts.
//!
//! Safety: every decision is a change of the state machine, which says again whether the run is where the sweeper saw
//! it; of two sweepers one writes. Liveness: what fails is as it was a minute later, and so is a run that was queued
//! again and not claimed. A room that could not be told of an end is told by a later sweep.

use std::sync::Arc;

use lambda_http::tracing::{error, info};
use protocol::TimestampMs;
use protocol::ids::RunId;
use protocol::limits::{RUN_ATTEMPTS_MAX, RUN_OPEN_MAX_MS, RUN_SILENCE_MAX_MS};
use protocol::run::{RunChange, RunStatus, TransitionError};
use protocol::runner::QueueMessage;
use protocol::token::{CLAIM_LIFETIME_S, ClaimTicket, Signer};
use serde::Serialize;

use crate::aws;
use crate::aws::artifacts::S3Artifacts;
use crate::aws::queue::SqsRunQueue;
use crate::aws::runs::DynamoRuns;
use crate::config::SweeperConfig;
use crate::edge::EdgeClient;
use crate::log::chain;
use crate::ports::PortError;
use crate::ports::artifacts::Artifacts;
use crate::ports::edge::EdgeNotifier;
use crate::ports::queue::RunQueue;
use crate::ports::runs::{OPEN_PARTS, RunRecord, RunStore};
use crate::runs::error::RunError;
use crate::runs::ledger::Ledger;

/// Runs of one page: keys of 100 bytes, so that a page is far below DynamoDB's 1 MB.
const PAGE: u32 = 100;

/// Looks after runs that nobody looks after.
pub struct Sweeper<S, A, Q, E> {
    /// The records.
    pub ledger: Ledger<S, A>,
    /// Where a run is queued again.
    pub queue: Q,
    /// Who tells the rooms.
    pub edge: E,
    /// Signs claim tickets.
    pub signer: Arc<Signer>,
    /// Wait after which a run fails as `expired`.
    pub queued_max_ms: u64,
}

/// What a sweep came to: the function's answer, for the log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Swept {
    /// Runs that had waited too long.
    pub expired: u32,
    /// Runs that were queued again.
    pub requeued: u32,
    /// Runs that were given up.
    pub lost: u32,
    /// Runs that had ended before, of which only their rooms did not know.
    pub told: u32,
    /// Runs and pages of them that are left to the next sweep because something failed.
    pub failed: u32,
}

/// What became of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Done {
    Nothing,
    Expired,
    Requeued,
    Lost,
    Told,
}

impl Swept {
    fn count(&mut self, done: Done) {
        match done {
            Done::Nothing => {}
            Done::Expired => self.expired += 1,
            Done::Requeued => self.requeued += 1,
            Done::Lost => self.lost += 1,
            Done::Told => self.told += 1,
        }
    }
}

impl Sweeper<DynamoRuns, S3Artifacts, SqsRunQueue, EdgeClient> {
    /// Opens the clients.
    ///
    /// # Errors
    /// When a part that every sweep needs cannot be reached.
    pub async fn start(config: SweeperConfig) -> Result<Self, lambda_http::Error> {
        let aws = aws::connect().await;
        let signer = Arc::new(aws::secrets::signer(&aws, &config.trust.signing_key_secret_id).await?);
        let store = DynamoRuns::new(&aws, config.runs_table);
        store.reach().await?;
        Ok(Self {
            ledger: Ledger { store, artifacts: S3Artifacts::new(&aws, config.bundles_bucket) },
            queue: SqsRunQueue::new(&aws, config.queues),
            edge: EdgeClient::new(config.trust.edge_url, Arc::clone(&signer))?,
            signer,
            queued_max_ms: config.queued_max_ms,
        })
    }
}

impl<S: RunStore, A: Artifacts, Q: RunQueue, E: EdgeNotifier> Sweeper<S, A, Q, E> {
    /// Looks at every open run that is old enough to be in need. What fails is left to the next sweep.
    pub async fn sweep(&self, now: TimestampMs) -> Swept {
        let mut swept = Swept::default();
        // Another part begins each minute, so that one which takes all the time takes none of the others' for good.
        let first = u8::try_from(now / 60_000 % u64::from(OPEN_PARTS)).unwrap_or_default();
        for part in (0..OPEN_PARTS).map(|part| (part + first) % OPEN_PARTS) {
            if let Err(failure) = self.sweep_part(part, now, &mut swept).await {
                error!(part, error = chain(&failure), "a part of the open runs could not be listed");
                swept.failed += 1;
            }
        }
        info!(?swept, "swept");
        swept
    }

    async fn sweep_part(&self, part: u8, now: TimestampMs, swept: &mut Swept) -> Result<(), PortError> {
        // A younger run has neither waited long enough nor been silent long enough.
        let before = now.saturating_sub(self.queued_max_ms.min(RUN_SILENCE_MAX_MS));
        let mut after = None;
        loop {
            let page = self.ledger.store.open_runs(part, before, PAGE, after.as_ref()).await?;
            for run in &page.items {
                match self.look_after(run, now).await {
                    Ok(done) => swept.count(done),
                    Err(failure) => {
                        error!(run.id = %run, error = chain(&failure), "a run is left to the next sweep");
                        swept.failed += 1;
                    }
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    async fn look_after(&self, id: &RunId, now: TimestampMs) -> Result<Done, RunError> {
        let run = match self.ledger.record(id).await {
            // The index lags behind.
            Err(RunError::NoRun) => return Ok(Done::Nothing),
            other => other?,
        };
        let silent_since = now.saturating_sub(RUN_SILENCE_MAX_MS);
        let (change, done) = match &run.status {
            RunStatus::Queued if run.created_at + self.queued_max_ms <= now => (RunChange::Expire, Done::Expired),
            RunStatus::Running { lease_until, .. } if *lease_until > silent_since => return Ok(Done::Nothing),
            RunStatus::Running { attempt, .. }
                if *attempt >= RUN_ATTEMPTS_MAX || run.created_at + RUN_OPEN_MAX_MS <= now =>
            {
                (RunChange::Lose { silent_since }, Done::Lost)
            }
            RunStatus::Running { .. } => (RunChange::Requeue { silent_since, now }, Done::Requeued),
            _ if run.is_untold => {
                self.tell(&run).await?;
                return Ok(Done::Told);
            }
            _ => return Ok(Done::Nothing),
        };
        let run = match self.ledger.change(id, change, now).await {
            Ok(run) => run,
            // Somebody was faster: a runner, a person, another sweeper.
            Err(RunError::Transition(TransitionError::Leased | TransitionError::Over)) => return Ok(Done::Nothing),
            Err(error) => return Err(error),
        };
        if done == Done::Requeued {
            self.enqueue(&run, now).await?;
        } else {
            self.tell(&run).await?;
        }
        info!(run.id = %id, ?done, "a run was looked after");
        Ok(done)
    }

    async fn enqueue(&self, run: &RunRecord, now: TimestampMs) -> Result<(), RunError> {
        let iat = now / 1000;
        let ticket = self.signer.sign(&ClaimTicket { run: run.id.clone(), iat, exp: iat + CLAIM_LIFETIME_S })?;
        let message = QueueMessage::Run { run_id: run.id.clone(), ticket, request_id: format!("sweep-{}", run.id) };
        Ok(self.queue.send(&message, &run.turn).await?)
    }

    async fn tell(&self, run: &RunRecord) -> Result<(), RunError> {
        if let Some((room, _)) = &run.room {
            self.edge.run_changed(room, &self.ledger.view(run).await?).await?;
            self.ledger.store.told(&run.id).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use protocol::ids::{ParticipantId, RoomId};
    use protocol::language::Language;
    use protocol::path::FilePath;
    use protocol::run::{Priority, RunReason, RunState};

    use super::*;
    use crate::fakes::{Break, MemoryArtifacts, MemoryEdge, MemoryQueue, MemoryRuns, signer};
    use crate::ports::runs::{Program, Source, Starter, Turn};

    const NOW: u64 = 1_800_000_000_000;
    const WAIT: u64 = 5 * 60_000;

    type TestSweeper = Sweeper<MemoryRuns, MemoryArtifacts, MemoryQueue, MemoryEdge>;

    fn sweeper() -> TestSweeper {
        Sweeper {
            ledger: Ledger { store: MemoryRuns::default(), artifacts: MemoryArtifacts::default() },
            queue: MemoryQueue::default(),
            edge: MemoryEdge::default(),
            signer: Arc::new(signer()),
            queued_max_ms: WAIT,
        }
    }

    async fn store(sweeper: &TestSweeper, seed: u8, created_at: u64, status: RunStatus) -> RunId {
        // In two of the parts.
        let mut entropy = [0; 32];
        (entropy[0], entropy[1], entropy[2]) = (seed % 2, seed / 36, seed % 36);
        let id = RunId::from_entropy(&entropy);
        let run = RunRecord {
            id: id.clone(),
            room: Some((RoomId::from_entropy(&[2; 32]), 7)),
            starter: Starter { participant: Some(ParticipantId::from_entropy(&[3; 32])), name: "Ada".to_owned() },
            program: Program {
                language: Language::Python,
                entry: FilePath::parse("main.py").expect("a path"),
                stdin: String::new(),
                args: Vec::new(),
                interactive: false,
                flags: Vec::new(),
                source: Source::Inline(Vec::new()),
                cases: Source::Inline(Vec::new()),
            },
            turn: Turn { priority: Priority::Background, tenant: "t".to_owned() },
            status,
            output_key: None,
            created_at,
            ended_at: None,
            is_untold: false,
        };
        sweeper.ledger.store.create(&run, None).await.expect("stored");
        id
    }

    fn running(attempt: u32, lease_until: u64) -> RunStatus {
        RunStatus::Running { attempt, lease_until }
    }

    async fn state(sweeper: &TestSweeper, id: &RunId) -> (RunState, u32, Option<RunReason>) {
        let run = sweeper.ledger.record(id).await.expect("a run");
        let view = crate::runs::view::view(&run);
        (view.state, view.attempt, view.reason)
    }

    fn told(sweeper: &TestSweeper) -> usize {
        sweeper.edge.runs.lock().expect("no panic").len()
    }

    fn queued(sweeper: &TestSweeper) -> Vec<(RunId, Priority)> {
        let messages = sweeper.queue.messages.lock().expect("no panic");
        let turns = sweeper.queue.turns.lock().expect("no panic");
        let run_of = |message: &QueueMessage| match message {
            QueueMessage::Run { run_id, .. } => run_id.clone(),
            QueueMessage::Lease { .. } => panic!("nobody asked for a runner"),
        };
        messages.iter().zip(turns.iter()).map(|(message, turn)| (run_of(message), turn.priority)).collect()
    }

    #[tokio::test]
    async fn a_run_that_waited_too_long_expires_and_its_room_hears_it_once() {
        let sweeper = sweeper();
        let old = store(&sweeper, 1, NOW - WAIT, RunStatus::Queued).await;
        let young = store(&sweeper, 2, NOW - WAIT + 1, RunStatus::Queued).await;
        assert_eq!(sweeper.sweep(NOW).await, Swept { expired: 1, ..Swept::default() });
        assert_eq!(state(&sweeper, &old).await, (RunState::Failed, 0, Some(RunReason::Expired)));
        assert_eq!(state(&sweeper, &young).await, (RunState::Queued, 0, None));
        assert_eq!(sweeper.sweep(NOW).await, Swept::default());
        assert_eq!(told(&sweeper), 1);
    }

    #[tokio::test]
    async fn a_silent_run_is_queued_again_and_given_up_after_three_attempts() {
        let sweeper = sweeper();
        let silent = NOW - RUN_SILENCE_MAX_MS;
        let second = store(&sweeper, 1, NOW - 200_000, running(2, silent)).await;
        let third = store(&sweeper, 2, NOW - 200_000, running(3, silent)).await;
        let alive = store(&sweeper, 3, NOW - 200_000, running(1, silent + 1)).await;
        let ancient = store(&sweeper, 4, NOW - RUN_OPEN_MAX_MS, running(1, silent)).await;
        assert_eq!(sweeper.sweep(NOW).await, Swept { requeued: 1, lost: 2, ..Swept::default() });
        assert_eq!(state(&sweeper, &second).await, (RunState::Running, 2, None));
        assert_eq!(state(&sweeper, &third).await, (RunState::Failed, 3, Some(RunReason::Lost)));
        assert_eq!(state(&sweeper, &ancient).await, (RunState::Failed, 1, Some(RunReason::Lost)));
        assert_eq!(state(&sweeper, &alive).await, (RunState::Running, 1, None));
        assert_eq!(queued(&sweeper), [(second.clone(), Priority::Background)], "in the queue that it came from");
        // The next minute finds nothing to do: the message has its time to be taken.
        let soon = NOW + RUN_SILENCE_MAX_MS - 1;
        assert_eq!(sweeper.sweep(soon).await.requeued, 1, "only the run that has become silent since");
        assert_eq!(queued(&sweeper).len(), 2);
        assert_eq!(told(&sweeper), 2);
        let QueueMessage::Run { ticket, .. } = sweeper.queue.messages.lock().expect("no panic")[0].clone() else {
            panic!("nobody asked for a runner")
        };
        let claims: ClaimTicket = sweeper.signer.key_set().verify(&ticket, NOW).expect("a ticket");
        assert_eq!(claims.run, second);
    }

    #[tokio::test]
    async fn two_sweepers_at_once_do_everything_once() {
        let one = Arc::new(sweeper());
        for seed in 0..20 {
            store(&one, seed, NOW - WAIT, RunStatus::Queued).await;
        }
        for seed in 20..30 {
            store(&one, seed, NOW - 200_000, running(1, NOW - RUN_SILENCE_MAX_MS)).await;
        }
        let (left, right) = tokio::join!(one.sweep(NOW), one.sweep(NOW));
        assert_eq!((left.expired + right.expired, left.requeued + right.requeued), (20, 10));
        let messages: BTreeSet<_> = queued(&one).into_iter().map(|(run, _)| run).collect();
        assert_eq!((messages.len(), queued(&one).len(), told(&one)), (10, 10, 20));
    }

    #[tokio::test]
    async fn a_room_that_could_not_be_told_is_told_by_the_next_sweep() {
        for kind in [Break::Before, Break::After] {
            let sweeper = sweeper();
            let run = store(&sweeper, 1, NOW - WAIT, RunStatus::Queued).await;
            sweeper.edge.breaks.next(kind);
            assert_eq!(sweeper.sweep(NOW).await, Swept { failed: 1, ..Swept::default() });
            assert_eq!(state(&sweeper, &run).await.0, RunState::Failed);
            assert_eq!(sweeper.sweep(NOW + 60_000).await, Swept { told: 1, ..Swept::default() });
            assert_eq!(sweeper.sweep(NOW + 120_000).await, Swept::default());
        }
    }

    #[tokio::test]
    async fn a_failure_leaves_the_others_alone_and_is_made_good_a_minute_later() {
        let sweeper = sweeper();
        for seed in 0..3 {
            store(&sweeper, seed, NOW - 200_000, running(1, NOW - RUN_SILENCE_MAX_MS)).await;
        }
        sweeper.queue.breaks.next(Break::Before);
        assert_eq!(sweeper.sweep(NOW).await, Swept { requeued: 2, failed: 1, ..Swept::default() });
        let later = sweeper.sweep(NOW + RUN_SILENCE_MAX_MS).await;
        assert_eq!((later.requeued, later.failed), (3, 0), "whose messages nobody has taken by then");
        assert_eq!(queued(&sweeper).len(), 5);
    }

    #[tokio::test]
    async fn more_runs_than_a_page_holds_are_all_looked_after() {
        let sweeper = sweeper();
        for seed in 0..250 {
            store(&sweeper, seed, NOW - WAIT, RunStatus::Queued).await;
        }
        assert_eq!(sweeper.sweep(NOW).await.expired, 250);
    }
}
