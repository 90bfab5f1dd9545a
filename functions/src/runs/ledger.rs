//! Changing runs. The record is read, the change applied by the state machine, and the result written over exactly
//! what was read; where somebody else was faster, all of it happens again.
//!
//! Safety: a status is written only as the lawful successor of the stored one, so a result is recorded once.
//! Liveness: a try fails only because another one succeeded, and a run has few changes in its life.

use protocol::TimestampMs;
use protocol::ids::RunId;
use protocol::run::{CaseVerdict, Run, RunCase, RunChange, RunResult, RunStatus, SourceFile, TransitionError};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::error::RunError;
use super::view::view;
use crate::ports::PortError;
use crate::ports::artifacts::Artifacts;
use crate::ports::runs::{RunRecord, RunStore, Source};

/// Tries of a change. Runner, room and dead letters are the only ones who change a run.
const CHANGE_TRIES: usize = 5;

/// Files, cases or a result of more bytes than this, as they are stored, go to the artifacts. All three inline take three
/// quarters of DynamoDB's 400 KB item.
pub const INLINE_MAX_BYTES: usize = 100 * 1024;

/// The store of runs, and that of what is too large for it.
pub struct Ledger<S, A> {
    /// The records.
    pub store: S,
    /// Bundles and outputs.
    pub artifacts: A,
}

/// Output among the artifacts.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Output {
    stdout: String,
    stderr: String,
    #[serde(default)]
    verdicts: Option<Vec<CaseVerdict>>,
}

impl<S: RunStore, A: Artifacts> Ledger<S, A> {
    /// The run's record.
    ///
    /// # Errors
    /// [`RunError::NoRun`], or a failure of the store.
    pub async fn record(&self, id: &RunId) -> Result<RunRecord, RunError> {
        self.store.run(id).await?.ok_or(RunError::NoRun)
    }

    /// Changes a run as the state machine allows, and answers it as it is then.
    ///
    /// # Errors
    /// [`RunError::NoRun`], [`RunError::Transition`], [`RunError::Contended`], or a failure of a part.
    pub async fn change(&self, id: &RunId, change: RunChange, now: TimestampMs) -> Result<RunRecord, RunError> {
        for _ in 0..CHANGE_TRIES {
            let mut run = self.record(id).await?;
            let from = run.status.clone();
            run.status = match from.after(change.clone()) {
                Ok(status) => status,
                // The answer to the same change was lost: it is given again.
                Err(TransitionError::Over) if is_done(&from, &change) => return Ok(run),
                Err(error) => return Err(error.into()),
            };
            run.ended_at = run.status.is_over().then_some(now);
            run.is_untold = run.room.is_some() && is_unseen(&change);
            self.move_output(&mut run).await?;
            if self.store.replace_status(&run, &from).await? {
                return Ok(run);
            }
        }
        Err(RunError::Contended)
    }

    /// Moves an output that the record could not hold to the artifacts.
    async fn move_output(&self, run: &mut RunRecord) -> Result<(), PortError> {
        let RunStatus::Finished { attempt, result } = &mut run.status else { return Ok(()) };
        // What counts is the size as it is stored: a control character takes six bytes there.
        if encode(result).len() <= INLINE_MAX_BYTES {
            return Ok(());
        }
        let key = format!("outputs/{}/{attempt}.json", run.id);
        let RunResult { stdout, stderr, verdicts, .. } = result.as_mut();
        let bare = verdicts.as_ref().map(|verdicts| verdicts.iter().map(CaseVerdict::without_texts).collect());
        let output = Output {
            stdout: std::mem::take(stdout),
            stderr: std::mem::take(stderr),
            verdicts: std::mem::replace(verdicts, bare),
        };
        self.artifacts.put(&key, encode(&output)).await?;
        run.output_key = Some(key);
        Ok(())
    }

    /// The run as those see it who may, with its whole output.
    ///
    /// # Errors
    /// A failure of the artifacts.
    pub async fn view(&self, run: &RunRecord) -> Result<Run, PortError> {
        let mut view = view(run);
        if let Some(key) = &run.output_key {
            let output: Output = decode(key, &self.artifacts.get(key).await?)?;
            view.stdout = output.stdout;
            view.stderr = output.stderr;
            view.verdicts = output.verdicts;
        }
        Ok(view)
    }

    /// Puts the run's files where they fit.
    ///
    /// # Errors
    /// A failure of the artifacts.
    pub async fn keep_files(&self, run: &RunId, files: Vec<SourceFile>) -> Result<Source<Vec<SourceFile>>, PortError> {
        self.keep(format!("bundles/{run}.json"), files).await
    }

    /// Puts the run's cases where they fit.
    ///
    /// # Errors
    /// A failure of the artifacts.
    pub async fn keep_cases(&self, run: &RunId, cases: Vec<RunCase>) -> Result<Source<Vec<RunCase>>, PortError> {
        self.keep(format!("bundles/{run}.cases.json"), cases).await
    }

    async fn keep<T: Serialize>(&self, key: String, part: T) -> Result<Source<T>, PortError> {
        let encoded = encode(&part);
        if encoded.len() <= INLINE_MAX_BYTES {
            return Ok(Source::Inline(part));
        }
        self.artifacts.put(&key, encoded).await?;
        Ok(Source::Stored(key))
    }

    /// A part of a run, from where it is.
    ///
    /// # Errors
    /// A failure of the artifacts.
    pub async fn read<T: Clone + DeserializeOwned>(&self, part: &Source<T>) -> Result<T, PortError> {
        match part {
            Source::Inline(part) => Ok(part.clone()),
            Source::Stored(key) => decode(key, &self.artifacts.get(key).await?),
        }
    }
}

/// True for a change by which a run ends without a runner or a person who would tell its room.
fn is_unseen(change: &RunChange) -> bool {
    matches!(change, RunChange::Expire | RunChange::Lose { .. })
}

/// True if the run is where the change would have led it.
fn is_done(status: &RunStatus, change: &RunChange) -> bool {
    match (status, change) {
        (RunStatus::Finished { attempt, .. }, RunChange::Finish { attempt: of, .. }) => attempt == of,
        (RunStatus::Failed { reason, .. }, RunChange::Fail { reason: of }) => reason == of,
        (RunStatus::Cancelled { .. }, RunChange::Cancel) => true,
        _ => false,
    }
}

fn encode(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("texts and paths serialise")
}

fn decode<T: DeserializeOwned>(key: &str, text: &str) -> Result<T, PortError> {
    serde_json::from_str(text)
        .map_err(|error| PortError::Unreadable { part: "bundles", what: format!("{key}: {error}") })
}
