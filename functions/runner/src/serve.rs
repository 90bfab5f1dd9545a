//! The runner's life: prove the sandbox, take message after message, leave in good order.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::attempt::Tools;

use crate::config::{Config, ConfigError};
use crate::edge::Edge;
use crate::execute::tier_word;
use crate::languages::missing_toolchains;
use crate::message::After;
use crate::protection::Protection;
use crate::queue::Queue;
use crate::sandbox::{Sandbox, SandboxError};

/// Pause after a receive that failed: the queue is away for everybody, and calls cost.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Why the runner cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A variable is missing or wrong.
    #[error("the configuration")]
    Config(#[from] ConfigError),
    /// The machine is not isolated enough, or the sandbox does not work.
    #[error("the sandbox")]
    Sandbox(#[from] SandboxError),
    /// No HTTP client.
    #[error("the HTTP client")]
    Http(#[from] reqwest::Error),
    /// No signals.
    #[error("listening to signals")]
    Signals(#[from] std::io::Error),
}

/// Serves the queue until SIGTERM or until an anomaly.
///
/// # Errors
/// When it cannot start.
pub async fn serve() -> Result<ExitCode, StartError> {
    let config = Config::from_env()?;
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    // Reqwest brings its own provider along; the WebSocket takes the process's. It fails if there is one, which does.
    let _already_there = rustls::crypto::ring::default_provider().install_default();
    let sandbox = Sandbox::open(config.sandbox.clone()).await?;
    for missing in missing_toolchains() {
        tracing::warn!(missing, "a language cannot run here");
    }
    tracing::info!(tier = tier_word(sandbox.tier()), landlock = sandbox.has_landlock(), "ready");
    let sdk = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
    let queue = Queue::new(aws_sdk_sqs::Client::new(&sdk), config.queues.clone(), config.faults);
    let edge = Edge::new(config.edge_url.clone(), crate::task::own_task(config.metadata_url.as_ref()).await)?;
    let tools = Arc::new(Tools { edge, queue, sandbox, idle: config.idle });
    let protection = Protection::new(config.agent_url.clone())?;
    let (leave, leaving) = watch::channel(Leaving::No);
    tokio::select! {
        exit = take_messages(&tools, &protection, leaving) => Ok(exit),
        never = async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            tracing::info!("leaving: no further run is taken");
            leave.send_replace(Leaving::Soon);
            sleep(config.grace).await;
            leave.send_replace(Leaving::Now);
            std::future::pending().await
        } => never,
    }
}

/// Whether the runner has to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Leaving {
    /// It stays.
    No,
    /// After the run in hand.
    Soon,
    /// The run in hand goes back to the queue.
    Now,
}

async fn take_messages(tools: &Arc<Tools>, protection: &Protection, mut leaving: watch::Receiver<Leaving>) -> ExitCode {
    loop {
        let received = tokio::select! {
            biased;
            // A message that is just being handed over comes again after its visibility timeout.
            _ = leaving.wait_for(|leaving| *leaving > Leaving::No) => return ExitCode::SUCCESS,
            received = tools.queue.receive() => received,
        };
        match received {
            Ok(None) => {}
            Ok(Some(delivery)) => {
                let after = tokio::select! {
                    after = tools.take(delivery, leaving.clone()) => after,
                    never = protection.keep() => never,
                };
                protection.set(false).await;
                match after {
                    After::GoOn => {}
                    After::Done => return ExitCode::SUCCESS,
                    After::Replace(anomaly) => {
                        tracing::error!(anomaly, "this runner has to be replaced");
                        return ExitCode::FAILURE;
                    }
                }
            }
            Err(error) => {
                tracing::error!(%error, "the queue does not answer");
                sleep(PAUSE_AFTER_FAILURE).await;
            }
        }
    }
}
