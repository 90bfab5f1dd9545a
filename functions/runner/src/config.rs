//! The runner's configuration, read once from the environment.

use std::env::VarError;
use std::path::PathBuf;
use std::time::Duration;

use protocol::limits::LEASE_IDLE_MS;
use reqwest::Url;

use crate::faults::Faults;
use crate::queue::QueueUrls;
use crate::sandbox::{SandboxConfig, Tier, Withheld};

/// How long a run in hand may go on after SIGTERM: longer than two stages of 10 s and the delivery of their output,
/// shorter than the 60 s after which the task is killed.
const DEFAULT_GRACE: Duration = Duration::from_secs(40);

const FAULTS: &str = "RUNNER_FAULTS";

const METADATA_URL: &str = "ECS_CONTAINER_METADATA_URI_V4";
/// Where caches may be: a job's own root has nothing else there.
const CACHE_PARENTS: [&str; 3] = ["/var/cache", "/opt", "/srv"];

/// Everything the runner is told.
///
/// | variable | meaning | default |
/// |---|---|---|
/// | `EDGE_URL` | where claims, streams and results go | required |
/// | `RUNS_QUEUE_URL` | the queue of runs that people wait for | required |
/// | `BACKGROUND_QUEUE_URL` | the queue of the other runs | required |
/// | `RUNNER_MIN_TIER` | least isolation to run with: `process` or `namespaces` | `process` |
/// | `RUNNER_WORK_DIR` | folder for jobs' folders | `/var/tmp/tutti-runner` |
/// | `RUNNER_CACHE_DIR` | folder of the toolchains' caches, which `runner caches` fills | `/var/cache/tutti-runner` |
/// | `RUNNER_WITHHOLD` | kernel features to do without: `nothing`, `namespaces`, `landlock` | `nothing` |
/// | `RUNNER_GRACE_MS` | time for the run in hand after SIGTERM | 40000 |
/// | `RUNNER_IDLE_MS` | how long it stays with a room that has nothing for it | 90000 |
/// | `RUNNER_FAULTS` | share of messages with which the runner dies, for tests; on this machine only | 0 |
/// | `ECS_AGENT_URI` | the task's agent, for protection from scale-in | none: no protection |
/// | `ECS_CONTAINER_METADATA_URI_V4` | the task's metadata, for its name | none: the pool does not count it |
///
/// The AWS SDK reads its own variables (`AWS_REGION`, `AWS_ENDPOINT_URL` and so on), and the log reads `RUST_LOG`.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where claims, streams and results go.
    pub edge_url: Url,
    /// The queues of runs.
    pub queues: QueueUrls,
    /// The sandbox's part.
    pub sandbox: SandboxConfig,
    /// The task's agent.
    pub agent_url: Option<Url>,
    /// Failures on purpose.
    pub faults: Faults,
    /// The task's metadata.
    pub metadata_url: Option<Url>,
    /// Time for the run in hand after SIGTERM.
    pub grace: Duration,
    /// How long it stays with a room that has nothing for it.
    pub idle: Duration,
}

/// A variable that is missing or wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {problem}")]
pub struct ConfigError {
    /// Its name.
    key: &'static str,
    /// What is wrong and what would be right.
    problem: String,
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    /// [`ConfigError`] names the first variable that is missing or wrong.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(std::env::var)
    }

    /// Reads the sandbox's part of the environment alone.
    ///
    /// # Errors
    /// [`ConfigError`] names the first variable that is wrong.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn sandbox_from_env() -> Result<SandboxConfig, ConfigError> {
        sandbox(&|key| unless_empty(key, std::env::var(key)))
    }

    fn read(variable: impl Fn(&'static str) -> Result<String, VarError>) -> Result<Self, ConfigError> {
        let optional = |key| unless_empty(key, variable(key));
        let required = |key| optional(key)?.ok_or(ConfigError { key, problem: "is required".to_owned() });
        let grace = optional("RUNNER_GRACE_MS")?.map(|text| milliseconds("RUNNER_GRACE_MS", &text)).transpose()?;
        let idle = optional("RUNNER_IDLE_MS")?.map(|text| milliseconds("RUNNER_IDLE_MS", &text)).transpose()?;
        let edge_url = url("EDGE_URL", &required("EDGE_URL")?)?;
        let faults = optional(FAULTS)?.map(|text| Faults::read(&text, &edge_url)).transpose();
        Ok(Self {
            faults: faults.map_err(|problem| ConfigError { key: FAULTS, problem })?.unwrap_or_default(),
            edge_url,
            queues: QueueUrls { critical: required("RUNS_QUEUE_URL")?, background: required("BACKGROUND_QUEUE_URL")? },
            sandbox: sandbox(&optional)?,
            agent_url: optional("ECS_AGENT_URI")?.map(|text| url("ECS_AGENT_URI", &text)).transpose()?,
            metadata_url: optional(METADATA_URL)?.map(|text| url(METADATA_URL, &text)).transpose()?,
            grace: grace.unwrap_or(DEFAULT_GRACE),
            idle: idle.unwrap_or(Duration::from_millis(LEASE_IDLE_MS)),
        })
    }
}

fn unless_empty(key: &'static str, value: Result<String, VarError>) -> Result<Option<String>, ConfigError> {
    match value {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(VarError::NotPresent) => Ok(None),
        Err(error) => Err(ConfigError { key, problem: error.to_string() }),
    }
}

fn sandbox(
    optional: &impl Fn(&'static str) -> Result<Option<String>, ConfigError>,
) -> Result<SandboxConfig, ConfigError> {
    let caches = optional("RUNNER_CACHE_DIR")?.map_or_else(|| "/var/cache/tutti-runner".into(), PathBuf::from);
    if !CACHE_PARENTS.iter().any(|parent| caches.starts_with(parent)) {
        let problem = format!("must be below {}", CACHE_PARENTS.join(" or "));
        return Err(ConfigError { key: "RUNNER_CACHE_DIR", problem });
    }
    Ok(SandboxConfig {
        work_dir: optional("RUNNER_WORK_DIR")?.map_or_else(|| "/var/tmp/tutti-runner".into(), PathBuf::from),
        minimum: tier(optional("RUNNER_MIN_TIER")?.as_deref())?,
        withheld: withheld(optional("RUNNER_WITHHOLD")?.as_deref())?,
        program: PathBuf::from("/proc/self/exe"),
        caches: Some(caches),
    })
}

fn url(key: &'static str, text: &str) -> Result<Url, ConfigError> {
    let url = Url::parse(text).map_err(|error| ConfigError { key, problem: format!("is no URL: {error}") })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(ConfigError { key, problem: "must begin with http:// or https://".to_owned() });
    }
    Ok(url)
}

fn milliseconds(key: &'static str, text: &str) -> Result<Duration, ConfigError> {
    let problem = |error| ConfigError { key, problem: format!("is no number of milliseconds: {error}") };
    text.parse().map(Duration::from_millis).map_err(problem)
}

fn tier(text: Option<&str>) -> Result<Tier, ConfigError> {
    match text {
        None | Some("process") => Ok(Tier::Process),
        Some("namespaces") => Ok(Tier::Namespaces),
        Some(other) => Err(unknown("RUNNER_MIN_TIER", other, "process, namespaces")),
    }
}

fn withheld(text: Option<&str>) -> Result<Withheld, ConfigError> {
    match text {
        None | Some("nothing") => Ok(Withheld::Nothing),
        Some("namespaces") => Ok(Withheld::Namespaces),
        Some("landlock") => Ok(Withheld::Landlock),
        Some(other) => Err(unknown("RUNNER_WITHHOLD", other, "nothing, namespaces, landlock")),
    }
}

fn unknown(key: &'static str, given: &str, known: &str) -> ConfigError {
    ConfigError { key, problem: format!("'{given}' is none of {known}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Config, String> {
        let find = |key| pairs.iter().find(|(name, _)| *name == key).map(|(_, value)| (*value).to_owned());
        Config::read(|key| find(key).ok_or(VarError::NotPresent)).map_err(|error| error.to_string())
    }

    const NEEDED: [(&str, &str); 3] = [
        ("EDGE_URL", "https://edge.test"),
        ("RUNS_QUEUE_URL", "https://queue.test/runs"),
        ("BACKGROUND_QUEUE_URL", "https://queue.test/background"),
    ];

    #[test]
    fn three_variables_are_enough() {
        let config = read(&NEEDED).expect("valid");
        assert_eq!((config.sandbox.minimum, config.sandbox.withheld), (Tier::Process, Withheld::Nothing));
        assert_eq!(config.agent_url, None);
    }

    #[test]
    fn a_wrong_variable_is_named_with_its_problem() {
        let with = |key, value| read(&[NEEDED[0], NEEDED[1], NEEDED[2], (key, value)]).expect_err("invalid");
        assert_eq!(read(&NEEDED[..1]).expect_err("invalid"), "RUNS_QUEUE_URL: is required");
        assert_eq!(with("RUNNER_MIN_TIER", "vm"), "RUNNER_MIN_TIER: 'vm' is none of process, namespaces");
        assert_eq!(with("ECS_AGENT_URI", "ftp://x"), "ECS_AGENT_URI: must begin with http:// or https://");
        assert_eq!(with("RUNNER_CACHE_DIR", "/tmp/x"), "RUNNER_CACHE_DIR: must be below /var/cache or /opt or /srv");
        assert!(with("RUNNER_GRACE_MS", "1s").starts_with("RUNNER_GRACE_MS: is no number"));
    }
}
