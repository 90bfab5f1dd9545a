//! The task behind a part: it starts the program, watches over it, obeys orders, and starts it again.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep},
};

use super::{Health, Order, Status};
use crate::{
    http, progress,
    supervisor::{
        guarded::{Guarded, Logs, Program},
        processes,
    },
};

/// The pause before the first restart; it doubles with each further failure.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// A part that has run this long starts again with a clean record.
const PROVEN: Duration = Duration::from_secs(30);
/// How often a running part is asked whether it still answers, and how many silences in a row mean that it hangs.
const PROBE_INTERVAL: Duration = Duration::from_secs(5);
const SILENCES: u32 = 3;

/// Why a part is not running any more.
enum Ending {
    Stopped,
    Renewed,
    Rests,
    Died(String),
}

/// The task behind a part.
pub(super) struct Keeper {
    pub(super) program: Arc<Program>,
    pub(super) health: Health,
    pub(super) logs: Logs,
    pub(super) orders: mpsc::Receiver<Order>,
    pub(super) status: watch::Sender<Status>,
    /// Whether the part has answered in its present life.
    pub(super) has_answered: Arc<AtomicBool>,
}

impl Keeper {
    pub(super) async fn run(mut self) {
        loop {
            let start = Instant::now();
            let ending = match Guarded::start(&self.program, &self.logs) {
                Ok(guarded) => self.attend(guarded).await,
                Err(error) => Ending::Died(format!("{error:#}")),
            };
            match ending {
                Ending::Stopped => return,
                Ending::Renewed => {}
                Ending::Rests => {
                    if self.rest().await {
                        return;
                    }
                }
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
            status.rests = false;
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

    /// Waits for the order to start again; true if it is to stop.
    async fn rest(&mut self) -> bool {
        self.status.send_modify(|status| {
            status.guard = None;
            status.rests = true;
        });
        loop {
            match self.orders.recv().await {
                Some(Order::Rest) => {}
                Some(Order::Restart | Order::Kill) => return false,
                Some(Order::Stop) | None => return true,
            }
        }
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
pub(super) fn is_busy(program: &Program, status: &Status) -> bool {
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
        Some(Order::Rest) => {
            guarded.stop();
            Ending::Rests
        }
        Some(Order::Stop) | None => {
            guarded.stop();
            Ending::Stopped
        }
    };
    let _ = guarded.ended().await;
    ending
}
