//! What every module needs to know of a request.

use std::rc::Rc;

use protocol::ids::RunId;
use protocol::internal::REQUEST_ID_HEADER;
use url::Url;
use worker::{Env, Method, Request};

use crate::config::{Config, ConfigError};

/// The alias of `X-Request-Id` (features N6).
pub(crate) const CORRELATION_ID_HEADER: &str = "x-correlation-id";

/// Longest request id taken from a client: enough for a UUID or a trace id, too short to fill a log.
const REQUEST_ID_MAX_CHARS: usize = 64;

/// A request's surroundings.
#[derive(Clone)]
pub(crate) struct RequestContext {
    /// The bindings.
    pub(crate) env: Env,
    /// Names the request in the log of every part.
    pub(crate) request_id: String,
    /// The caller's address, as the platform saw it.
    pub(crate) client_address: String,
    /// The method, for what a bearer's scopes allow.
    pub(crate) method: Method,
    /// The origin of the page whose script sent it, if a browser says so.
    pub(crate) sender: Option<String>,
    /// The public origin that was asked.
    pub(crate) url: Url,
}

impl RequestContext {
    /// Reads them off a request.
    pub(crate) fn of(request: &Request, env: Env) -> worker::Result<Self> {
        let header = |name| request.headers().get(name).ok().flatten();
        let given = header(REQUEST_ID_HEADER).or_else(|| header(CORRELATION_ID_HEADER)).filter(|id| is_request_id(id));
        Ok(Self {
            env,
            request_id: given.unwrap_or_else(|| RunId::from_entropy(&crate::random::entropy()).to_string()),
            // Set by the platform over whatever the client sent; absent only where no platform is in front.
            client_address: header("cf-connecting-ip").unwrap_or_else(|| "127.0.0.1".to_owned()),
            method: request.method(),
            sender: header("origin"),
            url: request.url()?,
        })
    }

    /// The configuration.
    ///
    /// # Errors
    /// [`ConfigError`], which names every key that is wrong.
    pub(crate) fn config(&self) -> Result<Rc<Config>, ConfigError> {
        Config::of(&self.env)
    }

    /// `https://host`, where links begin.
    pub(crate) fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }
}

fn is_request_id(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= REQUEST_ID_MAX_CHARS
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_short_plain_request_ids_are_taken_over() {
        assert!(is_request_id("0b0f-a_b.c"));
        assert!(is_request_id(&"a".repeat(REQUEST_ID_MAX_CHARS)));
        assert!(!is_request_id(&"a".repeat(REQUEST_ID_MAX_CHARS + 1)));
        for bad in ["", "a b", "a\nb", "é"] {
            assert!(!is_request_id(bad), "{bad:?}");
        }
    }
}
