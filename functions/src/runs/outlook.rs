//! How a run that is submitted now stands: what waits before it, whether a machine has to start, and whether it is
//! taken in at all.
//!
//! What is known is a few seconds old, so that a burst asks once, and asking never takes long: without an answer a run
//! is taken in and nothing is promised.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use lambda_http::tracing::warn;
use protocol::run::{Priority, Waiting};

use super::error::RunError;
use crate::log::chain;
use crate::ports::PortError;
use crate::ports::launcher::{Launcher, Spare};
use crate::ports::queue::RunQueue;

/// How long an answer is believed: a run takes about that long.
const BELIEVED: Duration = Duration::from_secs(2);

/// Longest time that a submission spends on asking. Both answers take some 10 ms, on a cold connection some 100.
const PATIENCE: Duration = Duration::from_millis(500);

/// Seconds until a task is up: Fargate takes 20 to 70.
const TASK_START_S: u32 = 45;

/// Waiting runs for each task that there can be. A run waits at most 5 minutes (`RUN_QUEUED_MAX_MS`), in which a task
/// takes on 100 of 3 s each: more would only expire.
const WAITING_MAX_PER_TASK: u32 = 100;

/// When to come back after a refusal: a tenth of the longest wait is worked off by then.
const RETRY_AFTER_S: u64 = 30;

/// What was seen last.
#[derive(Debug, Default)]
pub struct Outlook {
    seen: Mutex<Option<(Instant, Seen)>>,
}

/// Nothing where there was no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    /// In the queue of critical runs.
    critical: Option<u32>,
    /// In both queues.
    all: Option<u32>,
    spare: Option<Spare>,
}

impl Seen {
    /// Runs before one that comes now.
    fn ahead(self, priority: Priority) -> Option<u32> {
        match priority {
            Priority::Critical => self.critical,
            Priority::Background => self.all,
        }
    }

    fn is_too_long(self, priority: Priority) -> bool {
        match (self.ahead(priority), self.spare) {
            (Some(ahead), Some(spare)) => ahead >= spare.most.saturating_mul(WAITING_MAX_PER_TASK),
            (None, _) | (_, None) => false,
        }
    }

    fn waiting(self, priority: Priority) -> Waiting {
        let ahead = self.ahead(priority);
        let is_free = |spare: &Spare| spare.free > ahead.unwrap_or_default();
        let has_to_start = |spare: &Spare| spare.running == 0 || spare.starting > 0;
        let starting_s = self.spare.filter(|spare| !is_free(spare) && has_to_start(spare)).map(|_| TASK_START_S);
        Waiting { ahead, starting_s }
    }
}

impl Outlook {
    /// Refuses a run that would wait in vain: behind more than can be run in time, or for machines that cannot be had.
    ///
    /// # Errors
    /// [`RunError::NoCapacity`].
    pub async fn admit(
        &self,
        queue: &impl RunQueue,
        launcher: &impl Launcher,
        priority: Priority,
    ) -> Result<(), RunError> {
        let seen = self.look(queue, launcher).await;
        let refusal = RunError::NoCapacity { retry_after_s: RETRY_AFTER_S };
        if seen.is_too_long(priority) {
            return Err(refusal);
        }
        if !seen.spare.is_some_and(|spare| spare.running == 0 && spare.starting == 0) {
            return Ok(());
        }
        // There is nothing: so it matters whether something can be had. What cannot be said in time is not refused.
        match tokio::time::timeout(PATIENCE, launcher.ensure_running()).await {
            Ok(Err(failure @ (PortError::Refused { .. } | PortError::Unreadable { .. }))) => {
                warn!(error = chain(&failure), "no machine can be had for a run");
                Err(refusal)
            }
            Ok(Ok(()) | Err(PortError::Unavailable { .. })) | Err(_) => Ok(()),
        }
    }

    /// What is told about a run that was submitted just now.
    pub async fn waiting(&self, queue: &impl RunQueue, launcher: &impl Launcher, priority: Priority) -> Waiting {
        self.look(queue, launcher).await.waiting(priority)
    }

    async fn look(&self, queue: &impl RunQueue, launcher: &impl Launcher) -> Seen {
        if let Some((at, seen)) = *self.seen()
            && at.elapsed() < BELIEVED
        {
            return seen;
        }
        let (critical, background, spare) = tokio::join!(
            answer("queue", queue.waiting(Priority::Critical)),
            answer("background queue", queue.waiting(Priority::Background)),
            answer("runners", launcher.spare()),
        );
        let all = critical.zip(background).map(|(critical, background)| critical.saturating_add(background));
        let seen = Seen { critical, all, spare };
        // Failures too: a burst would wait for each.
        *self.seen() = Some((Instant::now(), seen));
        seen
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Option<(Instant, Seen)>> {
        self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// What a part answers in time.
async fn answer<T>(part: &str, asked: impl Future<Output = Result<T, PortError>>) -> Option<T> {
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(answer)) => Some(answer),
        Ok(Err(failure)) => {
            warn!(part, error = chain(&failure), "how runs stand is not known");
            None
        }
        Err(_) => {
            warn!(part, "how runs stand was not said in time");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fakes::{Break, MemoryLauncher, MemoryQueue};

    fn spare(running: u32, free: u32, starting: u32) -> Spare {
        Spare { running, free, starting, most: 4 }
    }

    fn check(critical: u32, background: u32, spare: Spare, priority: Priority, expect: (Option<u32>, Option<u32>)) {
        let seen = Seen { critical: Some(critical), all: Some(critical + background), spare: Some(spare) };
        let Waiting { ahead, starting_s } = seen.waiting(priority);
        assert_eq!((ahead, starting_s), expect, "{seen:?}");
    }

    #[test]
    fn a_run_waits_for_those_before_it_and_for_a_machine_if_none_is_free() {
        check(0, 5, spare(1, 1, 0), Priority::Critical, (Some(0), None));
        check(0, 5, spare(1, 1, 0), Priority::Background, (Some(5), None));
        check(0, 0, spare(0, 0, 0), Priority::Critical, (Some(0), Some(45)));
        check(2, 0, spare(1, 1, 1), Priority::Critical, (Some(2), Some(45)));
        check(2, 0, spare(4, 0, 0), Priority::Critical, (Some(2), None));
    }

    #[tokio::test]
    async fn too_many_waiting_runs_are_refused_by_priority() {
        let (queue, launcher) = (MemoryQueue::default(), MemoryLauncher::default());
        *queue.waiting.lock().expect("no panic") = (399, 1);
        let outlook = Outlook::default();
        outlook.admit(&queue, &launcher, Priority::Critical).await.expect("one more");
        let refused = outlook.admit(&queue, &launcher, Priority::Background).await;
        assert!(matches!(refused, Err(RunError::NoCapacity { retry_after_s: 30 })), "{refused:?}");
    }

    #[tokio::test]
    async fn where_nothing_runs_and_nothing_can_be_had_a_run_is_refused() {
        let (queue, launcher) = (MemoryQueue::default(), MemoryLauncher::default());
        *launcher.spare.lock().expect("no panic") = spare(0, 0, 0);
        let outlook = Outlook::default();
        outlook.admit(&queue, &launcher, Priority::Critical).await.expect("a machine starts");
        launcher.breaks.next(Break::Before);
        outlook.admit(&queue, &launcher, Priority::Critical).await.expect("it may be back in a moment");
        *launcher.refuses.lock().expect("no panic") = true;
        let refused = outlook.admit(&queue, &launcher, Priority::Critical).await;
        assert!(matches!(refused, Err(RunError::NoCapacity { .. })), "{refused:?}");
    }

    #[tokio::test]
    async fn what_is_not_known_holds_nobody_up() {
        let (queue, launcher) = (MemoryQueue::default(), MemoryLauncher::default());
        launcher.breaks.next(Break::Before);
        let outlook = Outlook::default();
        outlook.admit(&queue, &launcher, Priority::Critical).await.expect("taken in");
        let waiting = outlook.waiting(&queue, &launcher, Priority::Critical).await;
        assert_eq!((waiting.ahead, waiting.starting_s), (Some(0), None));
    }
}
