//! The service: keeps as many tasks as it wants, no more and no fewer.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::{
    sync::mpsc::UnboundedReceiver,
    time::{Instant, sleep},
};

use super::Cluster;
use crate::progress;

/// How often the count is looked at when no task has ended and nobody called.
const INTERVAL: Duration = Duration::from_secs(1);
/// The pause before a replacement doubles with each task that fails this quickly.
const TOO_QUICK: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// The group of the service's tasks, in ECS's notation.
pub(super) fn group(cluster: &Cluster) -> String {
    format!("service:{}", cluster.settings.service)
}

/// Starts and stops tasks for ever. `ended` gives the exit codes of tasks that end.
///
/// A task that has done its work (code 0) is replaced at once. So is one that fails after a while, since its run waits
/// for that; those that fail again and again are replaced more and more slowly.
pub(super) async fn reconcile(cluster: Arc<Cluster>, mut ended: UnboundedReceiver<Option<i32>>) {
    let (mut last_start, mut not_before) = (Instant::now(), Instant::now());
    let mut quick_failures = 0;
    loop {
        let pause = not_before.saturating_duration_since(Instant::now());
        let has_worked = tokio::select! {
            Some(exit_code) = ended.recv() => {
                let is_quick = last_start.elapsed() < TOO_QUICK;
                match exit_code {
                    Some(0) => quick_failures = 0,
                    _ => quick_failures = if is_quick { quick_failures + 1 } else { 0 },
                }
                not_before = Instant::now() + pause_after(quick_failures);
                exit_code == Some(0)
            }
            () = sleep(if pause.is_zero() { INTERVAL } else { pause }) => false,
        };
        if (has_worked || Instant::now() >= not_before) && adjust(&cluster).await {
            last_start = Instant::now();
        }
    }
}

/// The first failure costs no pause.
fn pause_after(quick_failures: u32) -> Duration {
    match quick_failures.checked_sub(2) {
        None => Duration::ZERO,
        Some(more) => (FIRST_PAUSE * 2_u32.saturating_pow(more.min(10))).min(LONGEST_PAUSE),
    }
}

/// Brings the number of tasks to what the service wants, sparing the protected ones; whether any was started.
pub(super) async fn adjust(cluster: &Cluster) -> bool {
    // Held throughout, so that two callers do not both start the missing task.
    let desired = cluster.desired.lock().await;
    if cluster.rests.load(Ordering::Relaxed) {
        return false;
    }
    let group = group(cluster);
    let running = cluster.tasks.running(Some(&group)).await;
    let mut surplus = running.len().saturating_sub(*desired);
    // The youngest first: the others are warm.
    for task in running.iter().rev() {
        if surplus > 0 && cluster.tasks.protection(task).await.flatten().is_none() {
            cluster.tasks.stop(task, "Scaling activity initiated by (deployment ecs-svc/local)").await;
            surplus -= 1;
        }
    }
    let missing = desired.saturating_sub(running.len());
    for _ in 0..missing {
        if let Err(error) = cluster.tasks.start(&group, "ecs-svc/local", Vec::new()).await {
            progress::say("runner", &format!("cannot start: {error:#}"));
            return false;
        }
    }
    missing > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_slow_the_service_down_and_the_first_does_not() {
        let pauses: Vec<_> = [0, 1, 2, 3, 4, 9, 99].map(pause_after).map(|pause| pause.as_millis()).into();
        assert_eq!(pauses, [0, 0, 250, 500, 1_000, 20_000, 20_000]);
    }
}
