//! Limits on how often somebody may call (features L1, L2, L4).
//!
//! Each call of the API costs one of its caller's [quota](protocol::tier::Tier::quota); guests also share one of their
//! address, so that a classroom behind one address works and a crowd of made-up guests does not. Counts are exact: one
//! Durable Object for each account and each address ([`object`]), asked once for each call, ahead of everything else.
//! Ahead of that stands the platform's own rate limit by address, which is coarse and costs nothing, so that a flood
//! does not reach the object. [`attempts`] counts what is tried with credentials.
//!
//! Sockets, static files, `/health` and `/internal` are not counted: rooms have limits of their own, and the others
//! cost little or have a service's token.

pub(crate) mod attempts;
mod bucket;
mod caller;
mod ledger;
mod object;

use protocol::envelope::ErrorCode;
use protocol::tier::{Quota, Tier};
use serde_json::json;
use worker::{Headers, Method, Result};

use crate::answer::Failure;
use crate::log::{self, Level};
use crate::request_context::RequestContext;

use caller::Caller;
use object::{LimitStub, Taken};

pub use object::LimitObject;

/// The platform's rate limit, by its name in wrangler.toml.
const FLOOD_GATE: &str = "FLOOD_GATE";

/// How long the flood gate stays shut: its period in wrangler.toml.
const FLOOD_GATE_MS: u64 = 60_000;

const MINUTE_S: u64 = 60;

/// How a caller stands with a limit, for the headers of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Calls in the window.
    limit: u32,
    window_s: u64,
    /// Calls at once.
    burst: u32,
    remaining: u32,
    /// Until all of it is there again.
    reset_ms: u64,
}

/// A call that comes too soon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The limit, unless the platform keeps it to itself.
    standing: Option<Standing>,
    wait_ms: u64,
    /// What there was too much of.
    what: &'static str,
}

impl Refusal {
    /// A sentence that says when to come back.
    pub(crate) fn message(&self) -> String {
        format!("{}; try again in {} s", self.what, self.retry_after_s())
    }

    fn retry_after_s(&self) -> u64 {
        self.wait_ms.div_ceil(1000).max(1)
    }

    /// Tells the client in headers.
    pub(crate) fn describe(&self, headers: &Headers) -> Result<()> {
        headers.set("retry-after", &self.retry_after_s().to_string())?;
        self.standing.map_or(Ok(()), |standing| standing.describe(headers))
    }
}

impl Standing {
    fn of(quota: Quota, taken: &Taken) -> Self {
        Self {
            limit: quota.per_minute,
            window_s: MINUTE_S,
            burst: quota.burst,
            remaining: taken.remaining,
            reset_ms: taken.full_in_ms,
        }
    }

    /// Tells the client in headers, unless another limit has the word.
    pub(crate) fn describe(&self, headers: &Headers) -> Result<()> {
        if headers.has("ratelimit-limit")? {
            return Ok(());
        }
        headers.set("ratelimit-limit", &self.limit.to_string())?;
        headers.set("ratelimit-remaining", &self.remaining.to_string())?;
        headers.set("ratelimit-reset", &self.reset_ms.div_ceil(1000).to_string())?;
        headers.set("ratelimit-policy", &format!("{};w={};burst={}", self.limit, self.window_s, self.burst))
    }
}

/// Counts a call, if it is one that counts, and says how the caller stands then.
///
/// # Errors
/// [`Failure::Limited`] where it comes too soon. A limit that does not answer lets calls in.
pub(crate) async fn admit(
    context: &RequestContext,
    method: &Method,
    bearer: Option<&str>,
) -> Result<Option<Standing>, Failure> {
    let segments: Vec<&str> = context.url.path().split('/').filter(|segment| !segment.is_empty()).collect();
    if !counts(&segments) || context.config()?.is_exempt(&context.client_address) {
        return Ok(None);
    }
    let caller = Caller::of(context, bearer).await;
    let buckets = caller.buckets(caller::is_way_in(method, &segments));
    take(context, &caller, buckets).await
}

/// Counts a call of somebody who has still to show who it is.
///
/// # Errors
/// As those of [`admit`].
pub(crate) async fn admit_stranger(context: &RequestContext) -> Result<(), Failure> {
    if context.config()?.is_exempt(&context.client_address) {
        return Ok(());
    }
    let stranger = Caller::Nobody;
    take(context, &stranger, stranger.buckets(true)).await.map(drop)
}

async fn take(
    context: &RequestContext,
    caller: &Caller,
    buckets: Vec<(String, Quota)>,
) -> Result<Option<Standing>, Failure> {
    pass_flood_gate(context, caller).await?;
    let quotas: Vec<Quota> = buckets.iter().map(|(_, quota)| *quota).collect();
    let asked = LimitStub::of(context, &caller.object(&context.client_address))?.take(buckets).await;
    let taken = match asked {
        Ok(taken) => taken,
        Err(failure) => {
            let fields = json!({ "requestId": context.request_id, "cause": failure.to_string() });
            log::write(Level::Error, "a limit does not answer; its calls are let in", fields);
            return Ok(None);
        }
    };
    let is_own = taken.bucket == 0 && !(quotas.len() == 1 && *caller == Caller::Nobody);
    let standing = quotas.get(taken.bucket).map(|quota| Standing::of(*quota, &taken));
    match taken.wait_ms {
        None => Ok(standing),
        Some(wait_ms) => {
            let what = if is_own { "you called too often" } else { "too many calls come from your network" };
            Err(Failure::Limited(Refusal { standing, wait_ms, what }))
        }
    }
}

/// Learns from how a call was answered: see [`caller::disown`].
pub(crate) fn learn(bearer: Option<&str>, status: u16) {
    if status == ErrorCode::Unauthorized.status()
        && let Some(token) = bearer
    {
        caller::disown(token);
    }
}

/// True for the calls of the API, whoever answers them, but for the health page.
fn counts(segments: &[&str]) -> bool {
    !matches!(segments, ["api", "v1", "health", ..]) && segments.first() == Some(&"api")
}

/// Stops a flood from one address at the door. An organisation's account has no bound by address.
async fn pass_flood_gate(context: &RequestContext, caller: &Caller) -> Result<(), Failure> {
    if matches!(caller, Caller::Account { tier: Tier::Enterprise, .. }) {
        return Ok(());
    }
    let gate = context.env.rate_limiter(FLOOD_GATE)?;
    match gate.limit(caller::network(&context.client_address)).await {
        Ok(outcome) if !outcome.success => {
            let what = "a flood of calls comes from your network";
            Err(Failure::Limited(Refusal { standing: None, wait_ms: FLOOD_GATE_MS, what }))
        }
        // It is only there to save the objects work.
        Ok(_) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_of_the_api_count_and_nothing_else_does() {
        let check = |path: &str| counts(&path.split('/').filter(|segment| !segment.is_empty()).collect::<Vec<_>>());
        for path in ["/api/v1/rooms", "/api/v1/auth/login", "/api/v2/nothing", "//api/v1/rooms", "/api"] {
            assert!(check(path), "{path}");
        }
        for path in ["/", "/r/x", "/health", "/api/v1/health", "/api/v1/health/metrics", "/sync/x", "/internal/x"] {
            assert!(!check(path), "{path}");
        }
    }

    #[test]
    fn a_refusal_says_when_to_come_back_and_never_at_once() {
        let refusal = |wait_ms| Refusal { standing: None, wait_ms, what: "you called too often" };
        assert_eq!(refusal(1_001).message(), "you called too often; try again in 2 s");
        assert_eq!(refusal(1).message(), "you called too often; try again in 1 s");
        assert_eq!(refusal(0).retry_after_s(), 1);
    }
}
