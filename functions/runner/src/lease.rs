//! Serving one room: its runs and its terminals, until it has had none for a while.
//!
//! The lease ends when the runner has been idle for [`Tools::idle`] and the room lets it go, when it was told to
//! leave, when the room refuses it, or after an anomaly. A runner serves no second room: it ends, and its replacement
//! starts with nothing of it.

mod link;
mod runs;
mod terminals;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use protocol::ids::{RunId, TerminalId};
use protocol::lease::LeaseOrder;
use protocol::limits::{LEASE_SLOTS, TASK_BUSY_MS};
use protocol::runner::{ClaimGranted, RunnerFrame};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::attempt::{Attempt, Tools};
use crate::edge::UrlError;
use crate::execute::{Input, Wish};
use crate::message::After;
use crate::serve::Leaving;
use link::{Heard, Link, Said};
use runs::Begun;
pub use runs::Delivery;
use terminals::Terminals;

/// How long a room that was told of the wish to leave may take to answer.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(5);

/// What a message of the queue won.
#[derive(Debug)]
pub struct Won {
    /// Where the room takes its runner's socket.
    pub url: Result<reqwest::Url, UrlError>,
    /// The lease's credential.
    pub credential: String,
    /// The run that it was won with.
    pub first: Option<Attempt>,
}

/// The way to say something to the room.
#[derive(Debug, Clone)]
pub struct Line(UnboundedSender<Said>);

impl Line {
    /// Delivers an attempt's frames, until the room has all of them. What the room wants of it becomes a wish.
    pub async fn deliver(
        &self,
        claim: &ClaimGranted,
        mut frames: UnboundedReceiver<RunnerFrame>,
        wishes: watch::Sender<Wish>,
        input: UnboundedSender<Input>,
    ) -> Delivery {
        let (done, mut ended) = oneshot::channel();
        let run = claim.run_id.clone();
        self.say(Said::Begin(Begun { run: run.clone(), attempt: claim.attempt, wishes, input, done }));
        let mut has_end = false;
        loop {
            tokio::select! {
                delivery = &mut ended => return delivery.unwrap_or(Delivery::Refused),
                frame = frames.recv() => match frame {
                    Some(frame) => {
                        has_end |= matches!(frame, RunnerFrame::End { .. });
                        self.say(Said::Run(run.clone(), frame));
                    }
                    None if has_end => break,
                    None => return Delivery::Abandoned,
                },
            }
        }
        ended.await.unwrap_or(Delivery::Refused)
    }

    /// Nothing more will be said of an attempt.
    pub fn abandon(&self, run: &RunId) {
        self.say(Said::Abandon(run.clone()));
    }

    fn say(&self, said: Said) {
        // A connection that has ended has refused everything already.
        let _ended = self.0.send(said);
    }
}

/// Serves a room to the end of the lease.
pub async fn serve(tools: &Arc<Tools>, won: Won, mut leaving: watch::Receiver<Leaving>) -> After {
    let Won { url, credential, first } = won;
    let credential_of_task = credential.clone();
    let (said, saying) = mpsc::unbounded_channel();
    let (hearing, mut heard) = mpsc::unbounded_channel();
    match url {
        Ok(url) => {
            let link = Link {
                url,
                credential,
                slots: LEASE_SLOTS,
                said: saying,
                heard: hearing,
                runs: runs::Runs::default(),
                terminals: BTreeSet::new(),
                waiting: VecDeque::new(),
            };
            tokio::spawn(link.serve());
        }
        // Without a link everything that is said is refused, and what was won with it is still worked on.
        Err(error) => tracing::error!(%error, "no way to the room"),
    }
    let mut lease = Lease {
        tools: Arc::clone(tools),
        line: Line(said),
        jobs: JoinSet::new(),
        terminals: Terminals::default(),
        stop: watch::channel(Wish::Finish).0,
        anomaly: None,
    };
    first.into_iter().for_each(|attempt| lease.begin(attempt));
    tokio::select! {
        () = lease.until_over(&mut heard, &mut leaving) => {}
        never = stay_busy(tools, &credential_of_task) => never,
    }
    tools.leave(&credential_of_task).await;
    lease.anomaly.map_or(After::Done, After::Replace)
}

/// Has the pool count this task as busy for as long as it is polled.
async fn stay_busy<T>(tools: &Tools, credential: &str) -> T {
    let mut ticks = interval(Duration::from_millis(TASK_BUSY_MS / 3));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = tools.edge.tell_pool(credential, "renew").await {
            tracing::warn!(error = crate::chain(&error), "the pool could not be told that this runner is busy");
        }
    }
}

/// Something has ended; with it what is odd about the machine then, if anything is.
enum Ended {
    Run(Option<String>),
    Terminal(TerminalId, Option<String>),
}

/// A lease under way.
struct Lease {
    tools: Arc<Tools>,
    line: Line,
    jobs: JoinSet<Ended>,
    terminals: Terminals,
    /// Turns to [`Wish::Stop`] when the runner has to go before its runs have ended.
    stop: watch::Sender<Wish>,
    /// What is odd about the machine: nothing more is begun.
    anomaly: Option<String>,
}

impl Lease {
    fn begin(&mut self, attempt: Attempt) {
        let (tools, line, stopped) = (Arc::clone(&self.tools), self.line.clone(), self.stop.subscribe());
        self.jobs.spawn(async move { Ended::Run(tools.work(attempt, Some(line), stopped).await) });
    }

    async fn until_over(&mut self, heard: &mut UnboundedReceiver<Heard>, leaving: &mut watch::Receiver<Leaving>) {
        let idle = self.tools.idle;
        let mut leave_at = Instant::now() + idle;
        let mut is_asking = false;
        loop {
            let (is_idle, has_to_go) =
                (self.jobs.is_empty(), *leaving.borrow() > Leaving::No || self.anomaly.is_some());
            if has_to_go && is_idle && !is_asking {
                leave_at = Instant::now();
            }
            if has_to_go {
                // Runs end soon by themselves, terminals do not.
                self.terminals.close();
            }
            tokio::select! {
                order = heard.recv() => match order {
                    Some(Heard::Order(order)) => match *order {
                        LeaseOrder::Left if self.jobs.is_empty() => return,
                        LeaseOrder::Left => {}
                        LeaseOrder::Start { claim } => {
                            is_asking = false;
                            self.begin(Attempt::of(*claim));
                        }
                        LeaseOrder::Terminal { terminal_id, order } => {
                            is_asking = false;
                            let shown = self.terminals.obey(&self.tools, &self.line, terminal_id, order).await;
                            if let Some(shown) = shown {
                                self.jobs.spawn(async move {
                                    let (id, anomaly) = shown.tell().await;
                                    Ended::Terminal(id, anomaly)
                                });
                            }
                        }
                        LeaseOrder::Run { .. } => {}
                    },
                    Some(Heard::Refused) | None if self.jobs.is_empty() => return,
                    Some(Heard::Refused) | None => {
                        self.finish_jobs(leaving).await;
                        return;
                    }
                },
                Some(ended) = self.jobs.join_next() => {
                    self.note(ended);
                    leave_at = Instant::now() + idle;
                }
                () = sleep_until(leave_at), if is_idle => {
                    if is_asking {
                        // The room cannot be reached, and there is nothing to tell it.
                        return;
                    }
                    is_asking = true;
                    leave_at = Instant::now() + LEAVE_TIMEOUT;
                    self.line.say(Said::Leave);
                }
                changed = leaving.changed(), if !has_to_go || *self.stop.borrow() == Wish::Finish => {
                    if changed.is_err() || *leaving.borrow() == Leaving::Now {
                        self.stop.send_replace(Wish::Stop);
                        self.finish_jobs(leaving).await;
                        return;
                    }
                }
            }
        }
    }

    /// Nothing new comes; what is in hand ends, or is stopped.
    async fn finish_jobs(&mut self, leaving: &mut watch::Receiver<Leaving>) {
        self.terminals.close();
        loop {
            tokio::select! {
                ended = self.jobs.join_next() => match ended {
                    Some(ended) => self.note(ended),
                    None => return,
                },
                _ = leaving.wait_for(|leaving| *leaving == Leaving::Now), if *self.stop.borrow() == Wish::Finish => {
                    self.stop.send_replace(Wish::Stop);
                }
            }
        }
    }

    fn note(&mut self, ended: Result<Ended, JoinError>) {
        let anomaly = match ended {
            Ok(Ended::Run(anomaly)) => anomaly,
            Ok(Ended::Terminal(id, anomaly)) => {
                self.terminals.forget(&id);
                anomaly
            }
            Err(error) => Some(error.to_string()),
        };
        self.anomaly = self.anomaly.take().or(anomaly);
    }
}
