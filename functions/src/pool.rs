//! The pool of runners: how many there should be.
//!
//! A runner that serves a tenant is busy until it ends, so what is warm for the next one is what runs beyond the busy
//! ones. Whoever may soon need a runner asks for one more than are busy ([`Launcher`]); a runner that leaves takes its
//! place along, down to what stays warm anyway.
//!
//! Safety: never more are wanted than the deployment allows, and a runner that leaves never takes another's place
//! along. Liveness: counts may be stale; each submission looks anew, and what is too many is scaled in after a while of
//! idleness (infra/runner.yaml).

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use lambda_http::tracing::info;
use protocol::TimestampMs;
use protocol::limits::TASK_BUSY_MS;
use protocol::task::TaskId;

use crate::ambient::now_ms;
use crate::config::PoolBounds;
use crate::ports::PortError;
use crate::ports::fleet::{Fleet, FleetSize};
use crate::ports::launcher::{Launcher, Spare};
use crate::ports::tasks::TaskStore;

/// How long an answer of the service is believed, so that a burst of runs asks once. Short, since a runner that leaves
/// elsewhere makes it wrong: a run that comes then starts no machine, and waits for the next one or for the alarm.
const BELIEVED: Duration = Duration::from_secs(1);

/// The runners and who of them is busy.
pub struct Pool<F, T> {
    fleet: F,
    tasks: T,
    bounds: PoolBounds,
    seen: Mutex<Option<(Instant, FleetSize)>>,
}

impl<F: Fleet, T: TaskStore> Pool<F, T> {
    /// A pool within bounds.
    #[must_use]
    pub fn new(fleet: F, tasks: T, bounds: PoolBounds) -> Self {
        Self { fleet, tasks, bounds, seen: Mutex::new(None) }
    }

    /// Notes that a task serves a tenant, now and for a while.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn keep_busy(&self, task: &TaskId, now: TimestampMs) -> Result<(), PortError> {
        self.tasks.keep_busy(task, now + TASK_BUSY_MS).await
    }

    /// A task that was busy ends: one fewer is wanted, unless it is to be replaced. May be repeated: what was done to
    /// the end is not done again.
    ///
    /// # Errors
    /// A failure of the store or of the service; then the task counts as busy until it is repeated, or for a while.
    pub async fn leave(&self, task: &TaskId, now: TimestampMs) -> Result<(), PortError> {
        let mut busy = self.tasks.busy(now).await?;
        if !busy.remove(task) {
            return Ok(());
        }
        let desired = self.fleet.size().await?.desired;
        if let Some(fewer) = after_leaving(desired, count(&busy), self.bounds) {
            // First, so that the service does not choose a runner that waits in its stead.
            self.fleet.stop(task).await?;
            self.fleet.want(fewer).await?;
        }
        self.tasks.forget(task).await?;
        info!(task.id = %task, busy = busy.len(), "a runner left");
        Ok(())
    }

    /// The service's size, lately or now.
    async fn size(&self) -> Result<FleetSize, PortError> {
        if let Some((at, size)) = *self.seen()
            && at.elapsed() < BELIEVED
        {
            return Ok(size);
        }
        self.look().await
    }

    async fn look(&self) -> Result<FleetSize, PortError> {
        let size = self.fleet.size().await?;
        *self.seen() = Some((Instant::now(), size));
        Ok(size)
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Option<(Instant, FleetSize)>> {
        self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Far fewer than a number holds.
fn count(tasks: &BTreeSet<TaskId>) -> u32 {
    u32::try_from(tasks.len()).unwrap_or(u32::MAX)
}

/// How many to want so that one is there beyond the busy ones.
fn with_one_to_spare(busy: u32, bounds: PoolBounds) -> u32 {
    (busy + 1).clamp(bounds.min_warm.min(bounds.max_warm), bounds.max_warm)
}

/// How many to want after one of the busy ones has left, if that is fewer than now.
fn after_leaving(desired: u32, busy: u32, bounds: PoolBounds) -> Option<u32> {
    // One stays in any case: runs may wait in the queue, and nobody else would ask for a runner of theirs.
    let fewer = desired.saturating_sub(1).max(busy + bounds.min_warm.max(1));
    (fewer < desired).then_some(fewer)
}

impl<F: Fleet, T: TaskStore> Launcher for Pool<F, T> {
    async fn ensure_running(&self) -> Result<(), PortError> {
        let wanted = with_one_to_spare(count(&self.tasks.busy(now_ms()).await?), self.bounds);
        if self.size().await?.desired >= wanted {
            return Ok(());
        }
        // What was seen may be old: somebody else may want more by now.
        let size = self.look().await?;
        if size.desired < wanted {
            self.fleet.want(wanted).await?;
            *self.seen() = Some((Instant::now(), FleetSize { desired: wanted, ..size }));
        }
        Ok(())
    }

    async fn spare(&self) -> Result<Spare, PortError> {
        let busy = count(&self.tasks.busy(now_ms()).await?);
        let FleetSize { desired, running } = self.size().await?;
        let free = running.saturating_sub(busy);
        Ok(Spare { running, free, starting: desired.saturating_sub(running), most: self.bounds.max_warm })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fakes::{Break, MemoryFleet, MemoryTasks};

    const NOW: u64 = 1_800_000_000_000;

    fn pool(desired: u32, min_warm: u32) -> Pool<MemoryFleet, MemoryTasks> {
        let fleet = MemoryFleet::default();
        *fleet.size.lock().expect("no panic") = FleetSize { desired, running: desired };
        Pool::new(fleet, MemoryTasks::default(), PoolBounds { min_warm, max_warm: 4 })
    }

    fn task(name: &str) -> TaskId {
        TaskId::parse(name).expect("a task")
    }

    async fn make_busy(pool: &Pool<MemoryFleet, MemoryTasks>, names: &[&str]) {
        for name in names {
            pool.keep_busy(&task(name), now_ms()).await.expect("noted");
        }
    }

    fn desired(pool: &Pool<MemoryFleet, MemoryTasks>) -> u32 {
        pool.fleet.size.lock().expect("no panic").desired
    }

    #[tokio::test]
    async fn one_more_is_wanted_than_are_busy_up_to_the_most() {
        for (busy, expected) in [(0, 1), (1, 2), (3, 4), (4, 4)] {
            let pool = pool(0, 0);
            make_busy(&pool, &["a", "b", "c", "d"][..busy]).await;
            pool.ensure_running().await.expect("asked");
            assert_eq!(desired(&pool), expected, "{busy} busy");
        }
    }

    #[tokio::test]
    async fn nobody_lowers_what_another_one_wants() {
        let pool = pool(3, 0);
        pool.ensure_running().await.expect("asked");
        assert_eq!(desired(&pool), 3);
    }

    #[tokio::test]
    async fn a_burst_asks_the_service_once() {
        let pool = pool(0, 0);
        for _ in 0..50 {
            pool.ensure_running().await.expect("asked");
        }
        // Once for what is known, and once more before it is changed.
        assert_eq!(*pool.fleet.looks.lock().expect("no panic"), 2);
        make_busy(&pool, &["a"]).await;
        pool.ensure_running().await.expect("asked");
        assert_eq!(desired(&pool), 2, "a belief does not stand in the way of a need");
    }

    #[tokio::test]
    async fn who_leaves_takes_its_place_along_but_nobody_elses() {
        for (wanted, others, min_warm, expected) in
            [(2, 1, 0, 2), (3, 1, 0, 2), (1, 0, 0, 1), (3, 0, 2, 2), (3, 1, 2, 3)]
        {
            let pool = pool(wanted, min_warm);
            make_busy(&pool, &["leaver"]).await;
            make_busy(&pool, &["other"][..others]).await;
            pool.leave(&task("leaver"), now_ms()).await.expect("left");
            assert_eq!(desired(&pool), expected, "{wanted} wanted, {others} others busy, {min_warm} always warm");
            let stopped = pool.fleet.stopped.lock().expect("no panic").clone();
            assert_eq!(stopped.is_empty(), expected == wanted, "one that is replaced ends by itself");
        }
    }

    #[tokio::test]
    async fn leaving_may_be_repeated_when_it_broke() {
        for kind in [Break::Before, Break::After] {
            let pool = pool(3, 0);
            make_busy(&pool, &["leaver", "other"]).await;
            pool.fleet.breaks.next(kind);
            pool.leave(&task("leaver"), now_ms()).await.expect_err("broken");
            for _ in 0..2 {
                pool.leave(&task("leaver"), now_ms()).await.expect("left");
            }
            assert_eq!(desired(&pool), 2, "one busy, one to spare, however often it is said");
        }
    }

    #[tokio::test]
    async fn a_task_that_says_nothing_more_is_not_busy_for_ever() {
        let pool = pool(1, 0);
        pool.keep_busy(&task("a"), NOW).await.expect("noted");
        assert_eq!(pool.tasks.busy(NOW + TASK_BUSY_MS - 1).await.expect("listed").len(), 1);
        assert_eq!(pool.tasks.busy(NOW + TASK_BUSY_MS).await.expect("listed").len(), 0);
    }
}
