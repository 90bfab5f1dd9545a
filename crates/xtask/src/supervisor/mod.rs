//! Keeps long-running programs running and ends them all.
//!
//! Each program has a guard process of its own ([`guard`]) that ends it, with everything it started, when the
//! supervisor ends, in whatever way that happens. A [`Part`] is such a program with a health check and restarts.

pub(crate) mod guard;
mod guarded;
mod log_lines;
mod part;
pub(crate) mod ports;
mod processes;

pub(crate) use guarded::{Guarded, Logs, Program};
pub(crate) use part::{Health, Part};
pub(crate) use processes::descendants;

use anyhow::{Context as _, Result};
use tokio::signal::unix::{SignalKind, signal};

/// Runs a future on this thread.
pub(crate) fn block_on<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?
        .block_on(future)
}

/// Waits until somebody asks this process to end: Ctrl-C, SIGTERM, or a closed terminal.
pub(crate) async fn termination() -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut hang_up = signal(SignalKind::hangup()).context("cannot listen for SIGHUP")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = hang_up.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
