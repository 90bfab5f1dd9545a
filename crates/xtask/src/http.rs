//! Small HTTP calls to loopback services, without TLS.
//!
//! The client blocks, so each call runs on a thread of its own; there are few of them.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use tokio::task::spawn_blocking;
use ureq::Agent;

/// A loopback service that needs longer than this to answer, on a machine that is compiling besides, is not well.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);
/// The first call of a function can wait for its start.
const CALL_TIMEOUT: Duration = Duration::from_secs(60);

fn agent(timeout: Duration) -> Agent {
    Agent::config_builder().timeout_global(Some(timeout)).http_status_as_error(false).build().into()
}

/// The status of a GET, if anything answers in time.
async fn status(url: &str, patience: Duration) -> Option<u16> {
    let url = url.to_owned();
    let call = move || agent(patience).get(&url).call().map(|answer| answer.status().as_u16());
    spawn_blocking(call).await.ok()?.ok()
}

/// Whether a GET is answered with success, however long that takes: giving up early would leave a starting function
/// with an answer that nobody waits for.
pub(crate) async fn is_ok(url: &str) -> bool {
    status(url, CALL_TIMEOUT).await.is_some_and(|status| (200..300).contains(&status))
}

/// Whether a GET is answered at all.
pub(crate) async fn answers(url: &str) -> bool {
    status(url, PROBE_TIMEOUT).await.is_some()
}

/// POSTs JSON and gives the JSON of a successful answer; any other answer is an error that quotes it.
pub(crate) async fn post_json(url: &str, headers: &[(&str, &str)], body: Value) -> Result<Value> {
    let headers: Vec<(String, String)> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let url = url.to_owned();
    let call = move || {
        let mut request = agent(CALL_TIMEOUT).post(&url);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        if !request.headers_ref().is_some_and(|headers| headers.contains_key("content-type")) {
            request = request.content_type("application/json");
        }
        let mut answer = request.send(body.to_string()).with_context(|| format!("POST {url}"))?;
        let text = answer.body_mut().read_to_string().with_context(|| format!("reading the answer of {url}"))?;
        if !answer.status().is_success() {
            bail!("POST {url} answered {}: {text}", answer.status());
        }
        serde_json::from_str(&text).with_context(|| format!("POST {url} answered no JSON: {text}"))
    };
    spawn_blocking(call).await.context("the call was cut off")?
}
