//! Configuration: read from the bindings once in an isolate's life. What is wrong is refused with the key's name and
//! the problem, all of it at once, before anything is served.

use std::cell::OnceCell;
use std::net::IpAddr;
use std::rc::Rc;

use thiserror::Error;
use url::Url;
use worker::Env;

/// Why the configuration is refused: every key that is wrong, and how.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{}; see wrangler.toml", .0.iter().map(Problem::to_string).collect::<Vec<_>>().join("; "))]
pub(crate) struct ConfigError(Vec<Problem>);

/// What is wrong with one key. Values stay out: some are secrets.
#[derive(Debug, Error, PartialEq, Eq)]
enum Problem {
    #[error("{0} is not set")]
    Missing(&'static str),
    #[error("{key} must be {must}")]
    Wrong { key: &'static str, must: &'static str },
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
    const ALL: [Self; 4] = [Self::Auth, Self::Rooms, Self::Runs, Self::Attempts];

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

/// The bindings, checked.
pub(crate) struct Config {
    /// `STAGE`: `local`, `staging`, `production`; shown by the health page.
    pub(crate) stage: String,
    /// What requests to the functions are signed with.
    pub(crate) credentials: Credentials,
    /// `CORS_ORIGINS`: origins beside the page's own whose scripts may call the API, separated by commas; none unless
    /// set.
    pub(crate) cors_origins: Vec<String>,
    /// True with `LIMITS=off`, which lifts the limits on rates and connections. Only `STAGE=local` takes it.
    pub(crate) is_unlimited: bool,
    /// `LIMITS_EXEMPT`: addresses whose calls of the API are not counted, separated by commas, so that suites that
    /// come from one address do not starve each other. Only `STAGE=local` takes it.
    exempt: Vec<IpAddr>,
    functions: Vec<Url>,
}

thread_local! {
    /// The configuration of this isolate: its bindings never change.
    static CONFIG: OnceCell<Rc<Config>> = const { OnceCell::new() };
}

impl Config {
    /// The configuration.
    ///
    /// # Errors
    /// [`ConfigError`], which names every key that is wrong.
    pub(crate) fn of(env: &Env) -> Result<Rc<Self>, ConfigError> {
        if let Some(config) = CONFIG.with(|config| config.get().cloned()) {
            return Ok(config);
        }
        // A secret and a variable look the same to the code; only their storage differs.
        let config = Rc::new(Self::read(&|key| env.var(key).ok().map(|value| value.to_string()))?);
        Ok(CONFIG.with(|kept| Rc::clone(kept.get_or_init(|| config))))
    }

    /// Where a function answers.
    pub(crate) fn function_url(&self, function: Function) -> &Url {
        &self.functions[function as usize]
    }

    /// True if calls from this address are not counted.
    pub(crate) fn is_exempt(&self, address: &str) -> bool {
        self.is_unlimited || address.parse().is_ok_and(|address| self.exempt.contains(&address))
    }

    fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut reader = Reader { lookup, problems: Vec::new() };
        let stage = reader.text("STAGE");
        let is_local = stage == "local";
        let config = Self {
            credentials: Credentials {
                access_key_id: reader.text("AWS_ACCESS_KEY_ID"),
                secret_access_key: reader.text("AWS_SECRET_ACCESS_KEY"),
                region: reader.text("AWS_REGION"),
            },
            functions: Function::ALL.into_iter().filter_map(|function| reader.url(function.key())).collect(),
            cors_origins: reader.list("CORS_ORIGINS", "a list of origins such as https://app.example.org", origin),
            is_unlimited: reader.is_unlimited(is_local),
            exempt: reader.exempt(is_local),
            stage,
        };
        if reader.problems.is_empty() { Ok(config) } else { Err(ConfigError(reader.problems)) }
    }
}

/// Reads values and collects what is wrong with them.
struct Reader<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn optional(&self, key: &str) -> Option<String> {
        (self.lookup)(key).filter(|value| !value.is_empty())
    }

    fn text(&mut self, key: &'static str) -> String {
        self.optional(key).unwrap_or_else(|| {
            self.problems.push(Problem::Missing(key));
            String::new()
        })
    }

    fn url(&mut self, key: &'static str) -> Option<Url> {
        let text = self.text(key);
        let url = Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if url.is_none() && !text.is_empty() {
            self.problems.push(Problem::Wrong { key, must: "an http or https URL" });
        }
        url
    }

    fn list<T>(&mut self, key: &'static str, must: &'static str, parse: fn(&str) -> Option<T>) -> Vec<T> {
        let text = self.optional(key).unwrap_or_default();
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        items.map(parse).collect::<Option<_>>().unwrap_or_else(|| {
            self.problems.push(Problem::Wrong { key, must });
            Vec::new()
        })
    }

    fn is_unlimited(&mut self, is_local: bool) -> bool {
        const KEY: &str = "LIMITS";
        match self.optional(KEY).as_deref() {
            None | Some("on") => false,
            Some("off") if is_local => true,
            Some("off") => {
                self.problems.push(Problem::Wrong { key: KEY, must: "on unless STAGE is local" });
                false
            }
            Some(_) => {
                self.problems.push(Problem::Wrong { key: KEY, must: "on or off" });
                false
            }
        }
    }

    fn exempt(&mut self, is_local: bool) -> Vec<IpAddr> {
        const KEY: &str = "LIMITS_EXEMPT";
        let exempt = self.list(KEY, "a list of addresses", |text| text.parse().ok());
        if !is_local && !exempt.is_empty() {
            self.problems.push(Problem::Wrong { key: KEY, must: "empty unless STAGE is local" });
        }
        exempt
    }
}

/// An origin as browsers spell it: scheme, host and port, nothing behind. `*` is none.
fn origin(text: &str) -> Option<String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let origin = url.origin().ascii_serialization();
    (origin == text.trim_end_matches('/')).then_some(origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [(&str, &str); 8] = [
        ("STAGE", "production"),
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_REGION", "eu-central-1"),
        ("AUTH_FUNCTION_URL", "https://auth.example/"),
        ("ROOMS_FUNCTION_URL", "https://rooms.example/"),
        ("RUNS_FUNCTION_URL", "https://runs.example/"),
        ("ATTEMPTS_FUNCTION_URL", "https://attempts.example/"),
    ];

    fn with(changes: &[(&str, &str)]) -> Result<Config, String> {
        let value = |key: &str| {
            let pairs = changes.iter().chain(&GOOD);
            pairs.clone().find(|(name, _)| *name == key).map(|(_, value)| (*value).to_owned())
        };
        Config::read(&value).map_err(|error| error.to_string())
    }

    #[test]
    fn each_function_has_its_url_and_everything_else_a_default() {
        let config = with(&[]).expect("good");
        for function in Function::ALL {
            let host = config.function_url(function).host_str().expect("a host");
            assert!(function.key().to_lowercase().starts_with(host.trim_end_matches(".example")));
        }
        assert!(config.cors_origins.is_empty() && !config.is_unlimited && !config.is_exempt("127.0.0.1"));
    }

    #[test]
    fn every_wrong_key_is_named_with_its_problem_and_without_its_value() {
        let said = with(&[
            ("STAGE", ""),
            ("AUTH_FUNCTION_URL", "nonsense"),
            ("RUNS_FUNCTION_URL", "ftp://runs.example"),
            ("CORS_ORIGINS", "*"),
            ("LIMITS", "maybe"),
        ]);
        let said = said.err().expect("refused");
        for part in
            ["STAGE is not set", "AUTH_FUNCTION_URL must be an http", "RUNS_FUNCTION_URL", "CORS_ORIGINS", "on or off"]
        {
            assert!(said.contains(part), "{part} in {said}");
        }
        assert!(!said.contains("nonsense") && !said.contains("maybe"), "{said}");
    }

    #[test]
    fn origins_are_taken_as_browsers_send_them_and_no_other_way() {
        let config = with(&[("CORS_ORIGINS", "https://a.example, http://localhost:3000,")]).expect("good");
        assert_eq!(config.cors_origins, ["https://a.example", "http://localhost:3000"]);
        for bad in ["*", "null", "a.example", "https://*.example/x", "https://a.example/path", "https://u@a.example"] {
            assert!(with(&[("CORS_ORIGINS", bad)]).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_a_local_stage_lifts_limits() {
        for (key, value) in [("LIMITS", "off"), ("LIMITS_EXEMPT", "127.0.0.1")] {
            assert!(with(&[(key, value)]).is_err_and(|said| said.contains(key)), "{key}");
            let config = with(&[("STAGE", "local"), (key, value)]).expect("good");
            assert!(config.is_exempt("127.0.0.1"), "{key}");
        }
        let config = with(&[("STAGE", "local"), ("LIMITS_EXEMPT", "127.0.0.1")]).expect("good");
        assert!(!config.is_unlimited && !config.is_exempt("198.51.100.1") && !config.is_exempt("nonsense"));
    }
}
