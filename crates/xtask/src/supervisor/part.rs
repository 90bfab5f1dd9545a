//! One long-running part of the stack: kept running, restarted on order or when it dies or stops answering.

mod keeper;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Result, anyhow, bail};
use keeper::{Keeper, is_busy};
use tokio::{
    sync::{Mutex, mpsc, watch},
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

use super::{
    guarded::{Logs, Program, log_tail},
    processes,
};
use crate::http;

/// A part that dies this often before it ever answered is broken rather than unlucky.
const HOPELESS: u32 = 3;
/// The longest that a part may take from its start to its first good answer.
const READY_WITHIN: Duration = Duration::from_secs(180);

enum Order {
    Restart,
    Kill,
    Rest,
    Stop,
}

/// What the keeper of a part lets others see.
#[derive(Clone, Debug, Default)]
struct Status {
    /// Counts the starts.
    generation: u64,
    /// Deaths since the part last proved itself.
    failures: u32,
    /// The process that guards the part in its present life.
    guard: Option<i32>,
    /// Whether the part has ended on order and waits to be started again.
    rests: bool,
}

/// Where a part is asked how it is.
#[derive(Clone, Debug)]
pub(crate) struct Health {
    /// Answers 2xx once the part can work, with all that it needs.
    pub(crate) ready: String,
    /// Answers anything while the part itself lives.
    pub(crate) alive: String,
}

/// A handle on a part.
pub(crate) struct Part {
    program: Arc<Program>,
    health: Health,
    logs: Logs,
    orders: mpsc::Sender<Order>,
    status: watch::Receiver<Status>,
    has_answered: Arc<AtomicBool>,
    /// Taken by the one who waits for the end.
    keeper: Mutex<Option<JoinHandle<()>>>,
}

impl Part {
    /// Starts a part.
    pub(crate) fn start(program: Program, health: Health, logs: &Logs) -> Self {
        let program = Arc::new(program);
        let (orders, received) = mpsc::channel(8);
        let (sender, status) = watch::channel(Status::default());
        let has_answered = Arc::<AtomicBool>::default();
        let keeper = Keeper {
            program: Arc::clone(&program),
            health: health.clone(),
            logs: logs.clone(),
            orders: received,
            status: sender,
            has_answered: Arc::clone(&has_answered),
        };
        Self {
            program,
            health,
            logs: logs.clone(),
            orders,
            status,
            has_answered,
            keeper: Mutex::new(Some(tokio::spawn(keeper.run()))),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.program.name
    }

    /// The processes of the part, without its guard.
    pub(crate) fn pids(&self) -> Vec<i32> {
        self.status.borrow().guard.map(processes::descendants).unwrap_or_default()
    }

    /// Waits until the part answers well.
    pub(crate) async fn ready(&self) -> Result<()> {
        let mut deadline = Instant::now() + READY_WITHIN;
        while !http::is_ok(&self.health.ready).await {
            if is_busy(&self.program, &self.status.borrow()) {
                deadline = Instant::now() + READY_WITHIN;
            }
            let log = self.logs.file(self.name());
            if self.status.borrow().failures >= HOPELESS {
                bail!("{} keeps ending; the end of {}:\n{}", self.name(), log.display(), log_tail(&log));
            }
            if Instant::now() >= deadline {
                bail!("{} does not answer; the end of {}:\n{}", self.name(), log.display(), log_tail(&log));
            }
            sleep(Duration::from_millis(50)).await;
        }
        self.has_answered.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Ends the part in order, starts it again, and waits until it answers.
    pub(crate) async fn restart(&self) -> Result<()> {
        self.renew(Order::Restart).await
    }

    /// Kills the part with everything that it started, and waits until its successor answers.
    pub(crate) async fn kill(&self) -> Result<()> {
        self.renew(Order::Kill).await
    }

    /// Ends the part in order and waits until nothing of it is left. [`Part::restart`] starts it again.
    pub(crate) async fn rest(&self) -> Result<()> {
        let mut status = self.status.clone();
        self.send(Order::Rest).await?;
        let rests = status.wait_for(|now| now.rests);
        timeout(READY_WITHIN, rests).await.map_err(|late| anyhow!("{}: {late}", self.name()))??;
        Ok(())
    }

    async fn send(&self, order: Order) -> Result<()> {
        self.orders.send(order).await.map_err(|_gone| anyhow!("{} has been stopped", self.name()))
    }

    async fn renew(&self, order: Order) -> Result<()> {
        let mut status = self.status.clone();
        let before = status.borrow_and_update().generation;
        self.send(order).await?;
        let started = status.wait_for(|now| now.generation > before);
        timeout(READY_WITHIN, started).await.map_err(|late| anyhow!("{}: {late}", self.name()))??;
        self.ready().await
    }

    /// Ends the part in order and waits until nothing of it is left.
    pub(crate) async fn stop(&self) {
        // Either fails only when the keeper has ended already.
        let _ = self.orders.send(Order::Stop).await;
        if let Some(keeper) = self.keeper.lock().await.take() {
            let _ = keeper.await;
        }
    }
}
