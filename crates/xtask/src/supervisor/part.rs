//! One long-running part of the stack: kept running, restarted on order or when it dies or stops answering.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Result, anyhow, bail};
use tokio::{
    sync::{Mutex, mpsc, watch},
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

use super::{
    guarded::{Guarded, Logs, Program, log_tail},
    processes,
};
use crate::{http, progress};

/// The pause before the first restart; it doubles with each further failure.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// A part that has run this long starts again with a clean record.
const PROVEN: Duration = Duration::from_secs(30);
/// How often a running part is asked whether it still answers, and how many silences in a row mean that it hangs.
const PROBE_INTERVAL: Duration = Duration::from_secs(5);
const SILENCES: u32 = 3;
/// A part that dies this often before it ever answered is broken rather than unlucky.
const HOPELESS: u32 = 3;
/// The longest that a part may take from its start to its first good answer.
const READY_WITHIN: Duration = Duration::from_secs(180);

enum Order {
    Restart,
    Kill,
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

    async fn renew(&self, order: Order) -> Result<()> {
        let mut status = self.status.clone();
        let before = status.borrow_and_update().generation;
        self.orders.send(order).await.map_err(|_gone| anyhow!("{} has been stopped", self.name()))?;
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

/// Why a part is not running any more.
enum Ending {
    Stopped,
    Renewed,
    Died(String),
}

/// The task behind a part.
struct Keeper {
    program: Arc<Program>,
    health: Health,
    logs: Logs,
    orders: mpsc::Receiver<Order>,
    status: watch::Sender<Status>,
    /// Whether the part has answered in its present life.
    has_answered: Arc<AtomicBool>,
}

impl Keeper {
    async fn run(mut self) {
        loop {
            let start = Instant::now();
            let ending = match Guarded::start(&self.program, &self.logs) {
                Ok(guarded) => self.attend(guarded).await,
                Err(error) => Ending::Died(format!("{error:#}")),
            };
            match ending {
                Ending::Stopped => return,
                Ending::Renewed => {}
                Ending::Died(reason) => {
                    if self.pause_after_death(&reason, start).await {
                        return;
                    }
                }
            }
        }
    }

    /// Watches over one life of the part.
    async fn attend(&mut self, mut guarded: Guarded) -> Ending {
        self.status.send_modify(|status| {
            status.generation += 1;
            status.guard = guarded.guard_pid();
        });
        self.has_answered.store(false, Ordering::Relaxed);
        let alarm = guarded.alarm();
        let mut silences = 0;
        while silences < SILENCES {
            let probe = async {
                sleep(PROBE_INTERVAL).await;
                http::answers(&self.health.alive).await
            };
            tokio::select! {
                ended = guarded.ended() => return Ending::Died(match ended {
                    Ok(status) => format!("ended with {status}"),
                    Err(error) => format!("{error:#}"),
                }),
                order = self.orders.recv() => return obey(order, guarded).await,
                () = alarm.notified() => {
                    guarded.stop();
                    let _ = guarded.ended().await;
                    return Ending::Died("lost a process".to_owned());
                }
                answers = probe => {
                    self.has_answered.fetch_or(answers, Ordering::Relaxed);
                    silences = if answers || self.has_an_excuse() { 0 } else { silences + 1 };
                }
            }
        }
        guarded.kill().await;
        let _ = guarded.ended().await;
        Ending::Died("does not answer any more".to_owned())
    }

    /// Silence before the first answer is a start that takes its time, and whoever waits for it has a deadline.
    fn has_an_excuse(&self) -> bool {
        !self.has_answered.load(Ordering::Relaxed) || is_busy(&self.program, &self.status.borrow())
    }

    /// Says what happened and waits before the next start; true if the order to stop came meanwhile.
    async fn pause_after_death(&mut self, reason: &str, start: Instant) -> bool {
        let earlier = if start.elapsed() >= PROVEN { 0 } else { self.status.borrow().failures };
        self.status.send_modify(|status| status.failures = earlier + 1);
        let pause = (FIRST_PAUSE * 2_u32.saturating_pow(earlier.min(10))).min(LONGEST_PAUSE);
        progress::say(&self.program.name, &format!("{reason}; starting again in {}", progress::seconds(pause)));
        tokio::select! {
            () = sleep(pause) => false,
            order = self.orders.recv() => matches!(order, Some(Order::Stop) | None),
        }
    }
}

/// Whether a build below the part explains its silence.
fn is_busy(program: &Program, status: &Status) -> bool {
    let runs = |(guard, name)| processes::runs_below(guard, name);
    status.guard.zip(program.busy_with).is_some_and(runs)
}

async fn obey(order: Option<Order>, mut guarded: Guarded) -> Ending {
    let ending = match order {
        Some(Order::Restart) => {
            guarded.stop();
            Ending::Renewed
        }
        Some(Order::Kill) => {
            guarded.kill().await;
            Ending::Renewed
        }
        Some(Order::Stop) | None => {
            guarded.stop();
            Ending::Stopped
        }
    };
    let _ = guarded.ended().await;
    ending
}
