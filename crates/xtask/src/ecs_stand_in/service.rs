//! The service: keeps as many tasks as it wants, no more and no fewer.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep};

use super::Cluster;
use crate::progress;

/// How often the count is looked at when no task has ended and nobody called.
const INTERVAL: Duration = Duration::from_secs(1);
/// The pause before a replacement doubles with each task that ends this quickly.
const TOO_QUICK: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// The group of the service's tasks, in ECS's notation.
pub(super) fn group(cluster: &Cluster) -> String {
    format!("service:{}", cluster.settings.service)
}

/// Starts and stops tasks for ever.
pub(super) async fn reconcile(cluster: Arc<Cluster>) {
    let mut last_start = Instant::now();
    let mut quick_ends = 0;
    loop {
        tokio::select! {
            () = cluster.tasks.ended.notified() => {
                quick_ends = if last_start.elapsed() < TOO_QUICK { quick_ends + 1 } else { 0 };
                // The first replacement is immediate: that is what a killed runner's job waits for.
                if quick_ends > 1 {
                    sleep((Duration::from_millis(250) * 2_u32.saturating_pow(quick_ends.min(10))).min(LONGEST_PAUSE)).await;
                }
            }
            () = sleep(INTERVAL) => {}
        }
        if adjust(&cluster).await {
            last_start = Instant::now();
        }
    }
}

/// Brings the number of tasks to what the service wants; whether any was started.
pub(super) async fn adjust(cluster: &Cluster) -> bool {
    // Held throughout, so that two callers do not both start the missing task.
    let desired = cluster.desired.lock().await;
    let group = group(cluster);
    let running = cluster.tasks.running(Some(&group)).await;
    for surplus in running.iter().skip(*desired) {
        cluster.tasks.stop(surplus, "Scaling activity initiated by (deployment ecs-svc/local)").await;
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
