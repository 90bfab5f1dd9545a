//! A local stand-in for the part of Amazon ECS that Tutti uses: one cluster with one service whose tasks are real
//! `runner` processes on this machine.
//!
//! It speaks the AWS JSON 1.1 protocol, so the code that starts runners in production starts them here as well.
//! Signatures are not checked: it listens on loopback only. It keeps nothing: after a restart of the supervisor the
//! service wants no task, as after a deploy without warm tasks. Nothing scales the service but its callers.

mod agent;
mod api;
mod service;
mod tasks;

use std::{
    collections::HashMap,
    env,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result};
use tokio::{
    net::TcpListener,
    sync::{Mutex, mpsc},
    task::JoinHandle,
    time::sleep,
};

use crate::{
    cli::EcsOptions,
    supervisor::{self, Logs, Program},
};
use tasks::Tasks;

/// What the stand-in runs and under which names.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) cluster: String,
    pub(crate) service: String,
    /// The program of one task.
    pub(crate) runner: Program,
    pub(crate) logs: Logs,
}

/// A serving stand-in.
pub(crate) struct EcsStandIn {
    cluster: Arc<Cluster>,
    endpoint: String,
    background: Vec<JoinHandle<()>>,
}

/// The state behind the endpoint.
struct Cluster {
    settings: Settings,
    /// How many tasks the service wants.
    desired: Mutex<usize>,
    /// Whether it has no task for a while, whatever it wants.
    rests: AtomicBool,
    tasks: Tasks,
}

impl EcsStandIn {
    /// Serves on a free loopback port.
    pub(crate) async fn start(settings: Settings) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("no free loopback port")?;
        let endpoint = format!("http://{}", listener.local_addr().context("a bound socket has an address")?);
        let (ended, ends) = mpsc::unbounded_channel();
        let agent = format!("{endpoint}{}", agent::PATH);
        let tasks = Tasks::new(settings.runner.clone(), settings.logs.clone(), agent, ended);
        let cluster = Arc::new(Cluster { settings, desired: Mutex::new(0), rests: AtomicBool::new(false), tasks });
        let router = api::router(Arc::clone(&cluster)).merge(agent::router(Arc::clone(&cluster)));
        let serving = tokio::spawn(async move {
            // It ends only by being aborted.
            let _ = axum::serve(listener, router).await;
        });
        let reconciling = tokio::spawn(service::reconcile(Arc::clone(&cluster), ends));
        Ok(Self { cluster, endpoint, background: vec![serving, reconciling] })
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The processes of the running tasks, by task id.
    pub(crate) async fn pids(&self) -> HashMap<String, Vec<i32>> {
        self.cluster.tasks.pids().await
    }

    /// Kills one task without warning; false if there is none of this id. The service replaces its own.
    pub(crate) async fn kill_task(&self, id: &str) -> bool {
        self.cluster.tasks.kill(id).await
    }

    /// Kills every task without warning; the service replaces its own.
    pub(crate) async fn kill_tasks(&self) {
        self.cluster.tasks.kill_all().await;
    }

    /// Ends every task in order, and returns when all are gone. Until [`EcsStandIn::resume`] the service starts none.
    pub(crate) async fn rest(&self) {
        self.cluster.rests.store(true, Ordering::Relaxed);
        // Whoever adjusts the service at this moment has done so.
        drop(self.cluster.desired.lock().await);
        for task in self.cluster.tasks.running(None).await {
            self.cluster.tasks.stop(&task, "The service rests").await;
        }
        while !self.pids().await.is_empty() {
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Has the service start again what it wants.
    pub(crate) async fn resume(&self) {
        self.cluster.rests.store(false, Ordering::Relaxed);
        service::adjust(&self.cluster).await;
    }

    /// Ends the endpoint and every task in order.
    pub(crate) async fn stop(&self) {
        for task in &self.background {
            task.abort();
        }
        self.cluster.tasks.stop_all().await;
    }
}

/// `xtask ecs`: the stand-in alone, with any program as its task, until the process is asked to end.
pub(crate) fn run(options: &EcsOptions) -> Result<()> {
    let (path, args) = options.command.split_first().context("no program given")?;
    let runner = Program {
        name: "task".to_owned(),
        path: path.into(),
        args: args.to_vec(),
        env: Vec::new(),
        dir: env::current_dir().context("the current folder is gone")?,
        grace: Duration::from_secs(options.grace_s),
        is_fatal: |_line| false,
        busy_with: None,
    };
    let settings = Settings {
        cluster: options.cluster.clone(),
        service: options.service.clone(),
        runner,
        logs: Logs { dir: options.logs.clone(), verbose: false },
    };
    supervisor::block_on(async {
        let stand_in = EcsStandIn::start(settings).await?;
        println!("{}", stand_in.endpoint());
        let ended = supervisor::termination().await;
        stand_in.stop().await;
        ended
    })
}
