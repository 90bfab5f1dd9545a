//! Configuration: read from the bindings once per request, refused with the key's name where it is wrong.

use thiserror::Error;
use url::Url;
use worker::Env;

/// Why the configuration is refused.
#[derive(Debug, Error)]
pub(crate) enum ConfigError {
    /// A key is missing.
    #[error("{0} is not set: see wrangler.toml")]
    Missing(&'static str),
    /// A value is no URL.
    #[error("{key} is not a URL: {source}")]
    NotUrl {
        /// The key.
        key: &'static str,
        /// Why.
        #[source]
        source: url::ParseError,
    },
}

/// The Lambda functions that answer HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    /// Accounts and keys.
    Auth,
    /// Rooms and links.
    Rooms,
    /// Runs and languages.
    Runs,
    /// Claims and results, for runners.
    Attempts,
}

impl Function {
    fn key(self) -> &'static str {
        match self {
            Self::Auth => "AUTH_FUNCTION_URL",
            Self::Rooms => "ROOMS_FUNCTION_URL",
            Self::Runs => "RUNS_FUNCTION_URL",
            Self::Attempts => "ATTEMPTS_FUNCTION_URL",
        }
    }
}

/// What the edge signs requests to the functions with.
#[derive(Clone)]
pub(crate) struct Credentials {
    /// `AWS_ACCESS_KEY_ID`.
    pub(crate) access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`, by `wrangler secret put`.
    pub(crate) secret_access_key: String,
    /// `AWS_REGION`.
    pub(crate) region: String,
}

/// Typed access to the bindings.
pub(crate) struct Config<'a>(pub(crate) &'a Env);

impl Config<'_> {
    fn text(&self, key: &'static str) -> Result<String, ConfigError> {
        // A secret and a variable look the same to the code; only their storage differs.
        self.0
            .var(key)
            .map(|value| value.to_string())
            .ok()
            .filter(|value| !value.is_empty())
            .ok_or(ConfigError::Missing(key))
    }

    /// Where a function answers.
    pub(crate) fn function_url(&self, function: Function) -> Result<Url, ConfigError> {
        let key = function.key();
        let text = self.text(key)?;
        Url::parse(&text).map_err(|source| ConfigError::NotUrl { key, source })
    }

    /// What requests to the functions are signed with.
    pub(crate) fn credentials(&self) -> Result<Credentials, ConfigError> {
        Ok(Credentials {
            access_key_id: self.text("AWS_ACCESS_KEY_ID")?,
            secret_access_key: self.text("AWS_SECRET_ACCESS_KEY")?,
            region: self.text("AWS_REGION")?,
        })
    }

    /// True with `LIMITS=off`, which lifts the limits on rates and connections. A deployed stack cannot do that.
    pub(crate) fn is_unlimited(&self) -> bool {
        self.stage() == "local" && self.text("LIMITS").is_ok_and(|limits| limits == "off")
    }

    /// `local`, `staging`, `production`: shown by the health page.
    pub(crate) fn stage(&self) -> String {
        self.text("STAGE").unwrap_or_else(|_missing| "local".to_owned())
    }
}
