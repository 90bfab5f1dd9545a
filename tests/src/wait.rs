//! Waiting for conditions.

use std::fmt::Debug;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

/// How long anything may take that is not slow by design: two cores run every part and the tests at once.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Pause between two looks at a condition that nobody announces.
const POLL: Duration = Duration::from_millis(100);

/// Awaits a future within [`DEADLINE`].
///
/// # Panics
/// When it takes longer; the message has `what`.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    within_time(DEADLINE, what, future).await
}

/// Awaits a future within a time of its own.
///
/// # Panics
/// When it takes longer; the message has `what`.
pub async fn within_time<T>(patience: Duration, what: &str, future: impl Future<Output = T>) -> T {
    match timeout(patience, future).await {
        Ok(value) => value,
        Err(_elapsed) => panic!("after {patience:?} still waiting for {what}"),
    }
}

/// Looks until `look` gives something.
///
/// # Panics
/// When it gives nothing within `patience`; the message has `what` and the last thing seen.
pub async fn eventually<T, E: Debug>(patience: Duration, what: &str, mut look: impl AsyncFnMut() -> Result<T, E>) -> T {
    let deadline = Instant::now() + patience;
    loop {
        match look().await {
            Ok(found) => return found,
            Err(seen) if Instant::now() >= deadline => {
                panic!("after {patience:?} still waiting for {what}; last seen: {seen:?}");
            }
            Err(_) => sleep(POLL).await,
        }
    }
}
