//! The whole product on this machine's loopback: which parts there are, in which order they start, and what each is
//! told about the others.
//!
//! Order: local AWS, deploy, then functions and edge side by side; runners start when something needs them. The end
//! goes the other way round, with local AWS last, since it saves its data when it is asked to end.

pub(crate) mod control;
mod parts;

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, Result, anyhow};
use serde_json::{Value, json};
use tokio::{sync::OnceCell, task::spawn_blocking, try_join};

use crate::{
    cli::Switch,
    ecs_stand_in::{self, EcsStandIn},
    http, local_aws,
    setup::Tools,
    supervisor::{Health, Logs, Part, Program, ports},
    workspace::Workspace,
};

pub(crate) use parts::OUTBOX;

/// Whoever registers with this address and verifies it administers a local stack.
pub(crate) const ADMIN_EMAIL: &str = "admin@example.org";

/// How a stack is started.
pub(crate) struct Settings {
    pub(crate) ports: Ports,
    /// Databases, queues, buckets, keys and rooms.
    pub(crate) data: PathBuf,
    pub(crate) logs: Logs,
    pub(crate) limits: Switch,
    /// Waits that are not the product's.
    pub(crate) waits: Waits,
    /// Whether the functions are rebuilt when their source changes.
    pub(crate) reload: bool,
    /// Variables of the edge beside the usual ones.
    pub(crate) edge_variables: &'static [(&'static str, &'static str)],
}

/// Waits that a test shortens; nothing means the product's own.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Waits {
    /// After which a run fails as `expired`.
    pub(crate) run_queued_max: Option<Duration>,
    /// After which a runner leaves a room that has nothing for it.
    pub(crate) runner_idle: Option<Duration>,
}

/// The loopback ports of the parts that others connect to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ports {
    pub(crate) edge: u16,
    pub(crate) functions: u16,
    pub(crate) aws: u16,
    /// wrangler's debugger.
    pub(crate) inspector: u16,
}

impl Ports {
    /// The usual ones, so far as they are free.
    pub(crate) fn usual(edge: u16) -> Result<Self> {
        Ok(Self {
            edge: ports::choose("edge", edge)?,
            functions: ports::choose("functions", 9000)?,
            aws: ports::choose("aws", 4566)?,
            inspector: ports::any()?,
        })
    }

    /// Any that are free, for a stack beside another one.
    pub(crate) fn any() -> Result<Self> {
        Ok(Self { edge: ports::any()?, functions: ports::any()?, aws: ports::any()?, inspector: ports::any()? })
    }
}

/// A stack, starting, running or ending.
pub(crate) struct Stack {
    workspace: Workspace,
    tools: Tools,
    settings: Settings,
    /// In the order of their start.
    parts: Mutex<Vec<Arc<Part>>>,
    ecs: OnceCell<EcsStandIn>,
}

impl Stack {
    /// Prepares the folders; starts nothing.
    pub(crate) fn new(workspace: Workspace, tools: Tools, settings: Settings) -> Result<Self> {
        for dir in [&settings.data, &settings.logs.dir] {
            fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
        }
        Ok(Self { workspace, tools, settings, parts: Mutex::default(), ecs: OnceCell::new() })
    }

    /// Where people and clients reach the product.
    pub(crate) fn edge_url(&self) -> String {
        format!("http://localhost:{}", self.settings.ports.edge)
    }

    /// Where mails go as files.
    pub(crate) fn outbox(&self) -> PathBuf {
        parts::outbox(&self.settings)
    }

    /// Starts everything and returns when every part answers.
    pub(crate) async fn bring_up(&self) -> Result<()> {
        self.start_part(parts::aws(self)).await?;
        let deployed = self.deploy().await?;
        let runner = parts::runner(self, &deployed);
        let ecs = EcsStandIn::start(ecs_stand_in::Settings {
            cluster: deployed.output("RunnerCluster")?.to_owned(),
            service: deployed.output("RunnerService")?.to_owned(),
            runner,
            logs: self.settings.logs.clone(),
        });
        let ecs = ecs.await?;
        let functions = parts::functions(self, &deployed, ecs.endpoint());
        self.ecs.set(ecs).map_err(|_twice| anyhow!("the stack was started twice"))?;
        try_join!(self.start_functions(functions), self.start_part(parts::edge(self)))?;
        Ok(())
    }

    /// Ends everything, last started first, and returns when no process is left.
    pub(crate) async fn stop(&self) {
        let parts = self.parts();
        let (aws, others): (Vec<_>, Vec<_>) = parts.iter().rev().partition(|part| part.name() == parts::AWS);
        for part in others {
            part.stop().await;
        }
        if let Some(ecs) = self.ecs.get() {
            ecs.stop().await;
        }
        for part in aws {
            part.stop().await;
        }
    }

    /// The part of this name.
    fn part(&self, name: &str) -> Option<Arc<Part>> {
        self.parts().into_iter().find(|part| part.name() == name)
    }

    fn parts(&self) -> Vec<Arc<Part>> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn start_part(&self, (program, health): (Program, Health)) -> Result<()> {
        let part = Arc::new(Part::start(program, health, &self.settings.logs));
        self.parts.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&part));
        part.ready().await
    }

    /// Starts the functions and calls each once, so that no user waits for the start of a process.
    async fn start_functions(&self, part: (Program, Health)) -> Result<()> {
        self.start_part(part).await?;
        let base = parts::functions_url(&self.settings);
        let [_auth, rooms, runs, attempts] =
            parts::HTTP_FUNCTIONS.map(|name| format!("{base}/lambda-url/{name}/health"));
        tokio::join!(http::answers(&rooms), http::answers(&runs), http::answers(&attempts));
        Ok(())
    }

    async fn deploy(&self) -> Result<local_aws::Stack> {
        let root = self.workspace.root().to_owned();
        let endpoint = parts::aws_url(&self.settings);
        let parameters = [("EdgeUrl", self.edge_url()), ("AdminEmails", ADMIN_EMAIL.to_owned())];
        let parameters = BTreeMap::from(parameters.map(|(name, value)| (name.to_owned(), value)));
        let deployed = spawn_blocking(move || local_aws::deploy(&root, &endpoint, &parameters));
        deployed.await.context("the deploy was cut off")?
    }

    /// What a test needs to know to reach into the stack.
    pub(crate) fn description(&self, control: &str) -> Value {
        json!({
            "edgeUrl": self.edge_url(),
            "awsEndpoint": parts::aws_url(&self.settings),
            "functionsUrl": parts::functions_url(&self.settings),
            "ecsEndpoint": self.ecs.get().map(EcsStandIn::endpoint),
            "dataDir": self.settings.data,
            "outboxDir": self.outbox(),
            "logsDir": self.settings.logs.dir,
            "chromium": self.tools.chromium,
            "node": self.tools.node,
            "control": control,
        })
    }
}
