//! What each function reads from its environment, once, at start. Nothing else in the package looks at it.
//!
//! Endpoints of a local AWS (`AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_ECS`), region and credentials are the SDK's own
//! variables and are not repeated here; the log level is `RUST_LOG` (`info` unless set).

mod accounts;
mod mail;

use std::fmt::Display;
use std::str::FromStr;

use protocol::limits::{RUN_QUEUED_MAX_MS, RUN_SOURCE_DEFAULT_BYTES, RUN_SOURCE_MAX_BYTES};
use thiserror::Error;

pub use accounts::{AuditConfig, AuthConfig};
pub use mail::MailConfig;

/// A variable that is missing or does not fit. The function does not start.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// Nothing there.
    #[error("{name} is not set")]
    Missing {
        /// The variable.
        name: &'static str,
    },
    /// Something else than what it takes.
    #[error("{name} is {value:?}, but takes {takes}")]
    Wrong {
        /// The variable.
        name: &'static str,
        /// What it says.
        value: String,
        /// What it may say.
        takes: String,
    },
}

/// The environment of a process, or a test's.
pub struct Environment<L>(L);

/// The environment of this process.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub fn process() -> Environment<impl Fn(&str) -> Option<String>> {
    Environment(|name: &str| std::env::var(name).ok())
}

impl<L: Fn(&str) -> Option<String>> Environment<L> {
    fn required(&self, name: &'static str) -> Result<String, ConfigError> {
        (self.0)(name).filter(|value| !value.is_empty()).ok_or(ConfigError::Missing { name })
    }

    fn url(&self, name: &'static str) -> Result<String, ConfigError> {
        let value = self.required(name)?;
        if value.starts_with("http://") || value.starts_with("https://") {
            return Ok(value.trim_end_matches('/').to_owned());
        }
        Err(ConfigError::Wrong { name, value, takes: "a URL of http or https".to_owned() })
    }

    fn switch(&self, name: &'static str, default: Switch) -> Result<Switch, ConfigError> {
        match (self.0)(name).as_deref() {
            None | Some("") => Ok(default),
            Some("on") => Ok(Switch::On),
            Some("off") => Ok(Switch::Off),
            Some(value) => Err(ConfigError::Wrong { name, value: value.to_owned(), takes: "on or off".to_owned() }),
        }
    }

    fn number<N>(&self, name: &'static str, default: N, most: N) -> Result<N, ConfigError>
    where
        N: FromStr + PartialOrd + Display + Copy,
    {
        let Some(value) = (self.0)(name).filter(|value| !value.is_empty()) else { return Ok(default) };
        match value.parse() {
            Ok(number) if number <= most => Ok(number),
            Ok(_) | Err(_) => Err(ConfigError::Wrong { name, value, takes: format!("a number up to {most}") }),
        }
    }
}

/// A feature that a deployment turns on or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// `on`.
    On,
    /// `off`.
    Off,
}

/// What signs tokens and where the edge is: every function needs both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    /// `SIGNING_KEY_SECRET_ID`: name or ARN of the secret with the signing keys.
    pub signing_key_secret_id: String,
    /// `EDGE_URL`: base of the edge's `/internal` routes.
    pub edge_url: String,
}

/// Environment of `rooms`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomsConfig {
    /// `SIGNING_KEY_SECRET_ID` and `EDGE_URL`.
    pub trust: Trust,
    /// `ROOMS_TABLE`.
    pub rooms_table: String,
    /// `RUNS_TABLE`, for the list of a room's runs.
    pub runs_table: String,
    /// `GUESTS` (`on` unless set): people without an account may make rooms.
    pub guests: Switch,
    /// Which service runs the runners.
    pub runners: RunnerService,
}

/// Environment of `runs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunsConfig {
    /// `SIGNING_KEY_SECRET_ID` and `EDGE_URL`.
    pub trust: Trust,
    /// `RUNS_TABLE`.
    pub runs_table: String,
    /// `ROOMS_TABLE`, for who is a member of a run's room.
    pub rooms_table: String,
    /// `BUNDLES_BUCKET`: sources and outputs that a table's item could not hold.
    pub bundles_bucket: String,
    /// Where runs wait.
    pub queues: QueueUrls,
    /// `GUESTS` (`on` unless set): people without an account may run code.
    pub guests: Switch,
    /// `LIMITS` (`on` unless set): `off` lifts rate limits, on a local stack only.
    pub limits: Switch,
    /// `RUN_SOURCE_MAX_BYTES` (50 KB unless set, at most 1 MB): code of one run.
    pub source_max_bytes: usize,
    /// Which service runs the runners.
    pub runners: RunnerService,
}

/// Environment of `attempts` and `dead-letters`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptsConfig {
    /// `SIGNING_KEY_SECRET_ID` and `EDGE_URL`.
    pub trust: Trust,
    /// `RUNS_TABLE`.
    pub runs_table: String,
    /// `BUNDLES_BUCKET`.
    pub bundles_bucket: String,
    /// Which service runs the runners.
    pub runners: RunnerService,
}

/// Environment of `sweeper`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SweeperConfig {
    /// `SIGNING_KEY_SECRET_ID` and `EDGE_URL`.
    pub trust: Trust,
    /// `RUNS_TABLE`.
    pub runs_table: String,
    /// `BUNDLES_BUCKET`.
    pub bundles_bucket: String,
    /// Where runs wait.
    pub queues: QueueUrls,
    /// `RUN_QUEUED_MAX_MS` (5 minutes unless set): wait after which a run fails as `expired`; other than that on a
    /// local stack only.
    pub queued_max_ms: u64,
}

/// The queues of runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueUrls {
    /// `RUNS_QUEUE_URL`: runs that people wait for.
    pub critical: String,
    /// `BACKGROUND_QUEUE_URL`: the others.
    pub background: String,
}

/// The ECS service whose tasks are runners.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunnerService {
    /// `RUNNER_CLUSTER`.
    pub cluster: String,
    /// `RUNNER_SERVICE`.
    pub service: String,
    /// How many tasks it may have.
    pub bounds: PoolBounds,
}

/// How many runners there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolBounds {
    /// `MIN_WARM_TASKS` (0 unless set): those that stay up while nothing runs, beyond the busy ones.
    pub min_warm: u32,
    /// `MAX_WARM_TASKS` (4 unless set): the most, the busy ones included.
    pub max_warm: u32,
}

/// Most tasks that a deployment may allow: what one page of the busy ones holds.
const TASKS_MAX: u32 = 1_000;

/// `MAX_WARM_TASKS` unless set, as in template.yaml.
const MAX_WARM_TASKS_DEFAULT: u32 = 4;

impl<L: Fn(&str) -> Option<String>> Environment<L> {
    fn trust(&self) -> Result<Trust, ConfigError> {
        Ok(Trust { signing_key_secret_id: self.required("SIGNING_KEY_SECRET_ID")?, edge_url: self.url("EDGE_URL")? })
    }

    fn runners(&self) -> Result<RunnerService, ConfigError> {
        Ok(RunnerService {
            cluster: self.required("RUNNER_CLUSTER")?,
            service: self.required("RUNNER_SERVICE")?,
            bounds: PoolBounds {
                min_warm: self.number("MIN_WARM_TASKS", 0, TASKS_MAX)?,
                max_warm: self.number("MAX_WARM_TASKS", MAX_WARM_TASKS_DEFAULT, TASKS_MAX)?,
            },
        })
    }

    /// Reads the environment of `rooms`.
    ///
    /// # Errors
    /// Names the first variable that is missing or wrong.
    pub fn rooms(&self) -> Result<RoomsConfig, ConfigError> {
        Ok(RoomsConfig {
            trust: self.trust()?,
            rooms_table: self.required("ROOMS_TABLE")?,
            runs_table: self.required("RUNS_TABLE")?,
            guests: self.switch("GUESTS", Switch::On)?,
            runners: self.runners()?,
        })
    }

    /// Reads the environment of `runs`.
    ///
    /// # Errors
    /// Names the first variable that is missing or wrong.
    pub fn runs(&self) -> Result<RunsConfig, ConfigError> {
        Ok(RunsConfig {
            trust: self.trust()?,
            runs_table: self.required("RUNS_TABLE")?,
            rooms_table: self.required("ROOMS_TABLE")?,
            bundles_bucket: self.required("BUNDLES_BUCKET")?,
            queues: self.queues()?,
            guests: self.switch("GUESTS", Switch::On)?,
            limits: self.limits()?,
            source_max_bytes: self.number("RUN_SOURCE_MAX_BYTES", RUN_SOURCE_DEFAULT_BYTES, RUN_SOURCE_MAX_BYTES)?,
            runners: self.runners()?,
        })
    }

    /// Reads the environment of `attempts` and of `dead-letters`.
    ///
    /// # Errors
    /// Names the first variable that is missing or wrong.
    pub fn attempts(&self) -> Result<AttemptsConfig, ConfigError> {
        Ok(AttemptsConfig {
            trust: self.trust()?,
            runs_table: self.required("RUNS_TABLE")?,
            bundles_bucket: self.required("BUNDLES_BUCKET")?,
            runners: self.runners()?,
        })
    }

    /// Reads the environment of `sweeper`.
    ///
    /// # Errors
    /// Names the first variable that is missing or wrong.
    pub fn sweeper(&self) -> Result<SweeperConfig, ConfigError> {
        Ok(SweeperConfig {
            trust: self.trust()?,
            runs_table: self.required("RUNS_TABLE")?,
            bundles_bucket: self.required("BUNDLES_BUCKET")?,
            queues: self.queues()?,
            queued_max_ms: self.queued_max_ms()?,
        })
    }

    fn queues(&self) -> Result<QueueUrls, ConfigError> {
        Ok(QueueUrls { critical: self.url("RUNS_QUEUE_URL")?, background: self.url("BACKGROUND_QUEUE_URL")? })
    }

    /// A deployed stack keeps the product's limit: another `RUN_QUEUED_MAX_MS` needs `STAGE=local`.
    fn queued_max_ms(&self) -> Result<u64, ConfigError> {
        let wait = self.number("RUN_QUEUED_MAX_MS", RUN_QUEUED_MAX_MS, RUN_QUEUED_MAX_MS)?;
        if wait != RUN_QUEUED_MAX_MS && !self.is_local() {
            let takes = format!("less than {RUN_QUEUED_MAX_MS} only together with STAGE=local");
            return Err(ConfigError::Wrong { name: "RUN_QUEUED_MAX_MS", value: wait.to_string(), takes });
        }
        Ok(wait)
    }

    fn is_local(&self) -> bool {
        (self.0)("STAGE").as_deref() == Some("local")
    }

    /// A deployed stack cannot lift its limits: `LIMITS=off` needs `STAGE=local`.
    fn limits(&self) -> Result<Switch, ConfigError> {
        let limits = self.switch("LIMITS", Switch::On)?;
        if limits == Switch::Off && !self.is_local() {
            let takes = "off only together with STAGE=local".to_owned();
            return Err(ConfigError::Wrong { name: "LIMITS", value: "off".to_owned(), takes });
        }
        Ok(limits)
    }
}

#[cfg(test)]
mod tests;
