//! Messages that three deliveries did not settle: their runs are lost, and their rooms hear so.
//!
//! A message whose handling fails is reported back by itself, so that it comes again and the others do not.

use lambda_http::tracing::{error, info};
use protocol::TimestampMs;
use protocol::ids::RunId;
use protocol::run::{RunChange, RunReason, RunStatus, TransitionError};
use protocol::runner::QueueMessage;
use serde::Deserialize;

use crate::aws;
use crate::aws::artifacts::S3Artifacts;
use crate::aws::runs::DynamoRuns;
use crate::batch::{BatchAnswer, ItemFailure};
use crate::config::AttemptsConfig;
use crate::edge::EdgeClient;
use crate::log::chain;
use crate::ports::artifacts::Artifacts;
use crate::ports::edge::EdgeNotifier;
use crate::ports::runs::{RunRecord, RunStore};
use crate::runs::error::RunError;
use crate::runs::ledger::Ledger;

/// What SQS hands to the function: the part of it that matters here.
#[derive(Debug, Deserialize)]
pub struct Batch {
    /// The messages.
    #[serde(rename = "Records")]
    pub records: Vec<Letter>,
}

/// One message.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Letter {
    /// Names it in the answer.
    pub message_id: String,
    /// A [`QueueMessage`].
    pub body: String,
}

/// Marks runs as lost.
pub struct DeadLetters<S, A, E> {
    /// The records.
    pub ledger: Ledger<S, A>,
    /// Who tells the rooms.
    pub edge: E,
}

impl DeadLetters<DynamoRuns, S3Artifacts, EdgeClient> {
    /// Opens the clients.
    ///
    /// # Errors
    /// When a part that every message needs cannot be reached.
    pub async fn start(config: AttemptsConfig) -> Result<Self, lambda_http::Error> {
        let aws = aws::connect().await;
        let signer = aws::secrets::signer(&aws, &config.trust.signing_key_secret_id).await?;
        let store = DynamoRuns::new(&aws, config.runs_table);
        store.reach().await?;
        let artifacts = S3Artifacts::new(&aws, config.bundles_bucket);
        let edge = EdgeClient::new(config.trust.edge_url, signer.into())?;
        Ok(Self { ledger: Ledger { store, artifacts }, edge })
    }
}

impl<S: RunStore, A: Artifacts, E: EdgeNotifier> DeadLetters<S, A, E> {
    /// Handles every message; those that failed are named.
    pub async fn handle(&self, batch: Batch, now: TimestampMs) -> BatchAnswer {
        let mut answer = BatchAnswer::default();
        for letter in batch.records {
            if !self.is_settled(&letter, now).await {
                answer.batch_item_failures.push(ItemFailure { item_identifier: letter.message_id });
            }
        }
        answer
    }

    async fn is_settled(&self, letter: &Letter, now: TimestampMs) -> bool {
        let message: QueueMessage = match serde_json::from_str(&letter.body) {
            Ok(message) => message,
            Err(cause) => {
                // It would be as unreadable the next time.
                error!(message.id = letter.message_id, error = %cause, "a dead letter is no run's message");
                return true;
            }
        };
        let (run_id, request_id) = match message {
            QueueMessage::Run { run_id, request_id, .. } => (run_id, request_id),
            QueueMessage::Lease { room_id, request_id, .. } => {
                // The room itself stops waiting for a runner, and says so.
                info!(room.id = %room_id, request.id = request_id, "no runner could be won for a room");
                return true;
            }
        };
        match self.lose(&run_id, now).await {
            Ok(()) => {
                info!(run.id = %run_id, request.id = request_id, "a dead letter is settled");
                true
            }
            Err(cause) => {
                error!(run.id = %run_id, request.id = request_id, error = chain(&cause), "a dead letter stays");
                false
            }
        }
    }

    /// Marks the run as lost unless it ended otherwise, and tells its room. Each step may be repeated.
    async fn lose(&self, id: &RunId, now: TimestampMs) -> Result<(), RunError> {
        let run = match self.ledger.record(id).await {
            Ok(run) => run,
            // Its record has expired: nobody asks for it any more.
            Err(RunError::NoRun) => return Ok(()),
            Err(error) => return Err(error),
        };
        if is_at_work(&run, now) {
            return Err(TransitionError::Leased.into());
        }
        let run = match self.ledger.change(id, RunChange::Fail { reason: RunReason::Lost }, now).await {
            Ok(run) => run,
            Err(RunError::Transition(TransitionError::Over)) => return Ok(()),
            Err(error) => return Err(error),
        };
        if let Some((room, _)) = &run.room {
            self.edge.run_changed(room, &self.ledger.view(&run).await?).await?;
        }
        Ok(())
    }
}

/// True while an attempt renews its lease: the message was given up too early, and comes again.
fn is_at_work(run: &RunRecord, now: TimestampMs) -> bool {
    matches!(run.status, RunStatus::Running { lease_until, .. } if lease_until > now)
}
