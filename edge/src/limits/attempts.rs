//! Calls that try a credential (features L1): ten may fail in a quarter of an hour, for each address and for each
//! account. [`ledger`](super::ledger) says what counts, and why nobody locks an owner out.
//!
//! An account is counted under the SHA-256 of its address, an address in an account's ledger under a hash of both: what
//! is stored tells nobody who tried what.

use std::fmt::Write as _;

use futures_util::future::try_join_all;
use protocol::limits::{ATTEMPTS_MAX, ATTEMPTS_WINDOW_MS};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use worker::Method;
use worker::js_sys::JsString;

use super::caller::{self, Caller};
use super::ledger::{Outcome, Rule};
use super::object::LimitStub;
use super::{Refusal, Standing};
use crate::answer::Failure;
use crate::request_context::RequestContext;

/// Whose credential is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// The account that the body's `email` names.
    Email,
    /// The account of the bearer, whose password or code is asked for once more.
    Bearer,
    /// A secret that names its account only to us.
    Unknown,
}

/// Which answers count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counts {
    /// Refusals: who knows the secret is not in the way.
    Refusals,
    /// Successes as well: each sends a mail, or makes an account.
    Everything,
}

/// Every call that tries a credential.
const CALLS: [(Method, &str, Whose, Counts); 10] = [
    (Method::Post, "/api/v1/auth/register", Whose::Unknown, Counts::Everything),
    (Method::Post, "/api/v1/auth/login", Whose::Email, Counts::Refusals),
    (Method::Post, "/api/v1/auth/forgot-password", Whose::Email, Counts::Everything),
    (Method::Post, "/api/v1/auth/reset-password", Whose::Unknown, Counts::Refusals),
    (Method::Post, "/api/v1/auth/verify-email", Whose::Unknown, Counts::Refusals),
    (Method::Post, "/api/v1/auth/change-password", Whose::Bearer, Counts::Refusals),
    (Method::Delete, "/api/v1/auth/me", Whose::Bearer, Counts::Refusals),
    (Method::Post, "/api/v1/auth/totp/confirm", Whose::Bearer, Counts::Refusals),
    (Method::Delete, "/api/v1/auth/totp", Whose::Bearer, Counts::Refusals),
    (Method::Post, "/api/v1/auth/totp/recovery-codes", Whose::Bearer, Counts::Refusals),
];

/// One object's part in an attempt.
struct Entry {
    stub: LimitStub,
    rule: Rule,
    other: String,
    number: u64,
}

impl Entry {
    async fn conclude(&self, outcome: Outcome) -> Result<(), Failure> {
        self.stub.settle(self.rule, self.number, &self.other, outcome).await
    }
}

/// An attempt that was begun.
#[must_use]
pub(crate) struct Attempt {
    entries: Vec<Entry>,
    counts: Counts,
}

/// Begins an attempt, if the call is one.
///
/// # Errors
/// [`Failure::Limited`] where too many failed; [`Failure::Unreachable`] where that cannot be known: unlike other calls,
/// those with credentials are not let in then.
pub(crate) async fn begin(
    context: &RequestContext,
    method: &Method,
    bearer: Option<&str>,
    body: &[u8],
) -> Result<Option<Attempt>, Failure> {
    let path = context.url.path();
    let Some((_, _, whose, counts)) = CALLS.iter().find(|call| call.0 == *method && call.1 == path) else {
        return Ok(None);
    };
    if context.config()?.is_exempt(&context.client_address) {
        return Ok(None);
    }
    let account = match whose {
        Whose::Email => email_of(body, normal).map(|email| digest(&["email", &email])),
        Whose::Bearer => match Caller::of(context, bearer).await {
            Caller::Account { id, .. } => Some(digest(&["account", &id])),
            Caller::Guest(_) | Caller::Nobody => None,
        },
        Whose::Unknown => None,
    };
    let mut attempt = Attempt { entries: Vec::new(), counts: *counts };
    for (name, rule, other) in ledgers(&caller::network(&context.client_address), account.as_deref()) {
        let stub = LimitStub::of(context, &name)?;
        match stub.begin(rule, &other).await? {
            Ok(number) => attempt.entries.push(Entry { stub, rule, other, number }),
            Err(wait_ms) => {
                // What was noted for nothing must not stand in the way of others.
                attempt.conclude(Outcome::Void).await?;
                return Err(Failure::Limited(refusal(rule, wait_ms)));
            }
        }
    }
    Ok(Some(attempt))
}

impl Attempt {
    /// Says how the call was answered; nothing where no answer came.
    ///
    /// # Errors
    /// [`Failure::Unreachable`] where an object fails; the attempt counts then.
    pub(crate) async fn settle(self, status: Option<u16>) -> Result<(), Failure> {
        let outcome = outcome(self.counts, status);
        self.conclude(outcome).await
    }

    async fn conclude(&self, outcome: Outcome) -> Result<(), Failure> {
        try_join_all(self.entries.iter().map(|entry| entry.conclude(outcome))).await.map(drop)
    }
}

fn outcome(counts: Counts, status: Option<u16>) -> Outcome {
    match (counts, status) {
        (Counts::Refusals, Some(200..=299)) => Outcome::Right,
        (Counts::Everything, Some(200..=299)) | (_, Some(401 | 403 | 404 | 409 | 410)) => Outcome::Counts,
        // It was no attempt (400, 413, 415, 422), or we failed.
        (_, Some(_) | None) => Outcome::Void,
    }
}

/// The objects that count an attempt: name, rule, and the other side.
fn ledgers(network: &str, account: Option<&str>) -> Vec<(String, Rule, String)> {
    let of_account =
        account.map(|account| (format!("attempts:account:{account}"), Rule::ByAddress, digest(&[account, network])));
    let other = account.map(str::to_owned).unwrap_or_default();
    let of_address = (format!("attempts:address:{network}"), Rule::Together, other);
    of_account.into_iter().chain([of_address]).collect()
}

fn refusal(rule: Rule, wait_ms: u64) -> Refusal {
    let standing = Standing {
        limit: ATTEMPTS_MAX,
        window_s: ATTEMPTS_WINDOW_MS / 1000,
        burst: ATTEMPTS_MAX,
        remaining: 0,
        reset_ms: wait_ms,
    };
    let what = match rule {
        Rule::ByAddress => "there were too many attempts at this account",
        Rule::Together => "there were too many attempts from your network",
    };
    Refusal { standing: Some(standing), wait_ms, what }
}

/// The account that a body names, as the functions compare accounts. A body that names none is refused by them.
fn email_of(body: &[u8], normal: fn(&str) -> String) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        email: String,
    }
    serde_json::from_slice::<Named>(body).ok().map(|named| normal(&named.email))
}

/// What [`protocol::name::normal`] gives, by the runtime's own tables: those of a crate weigh a tenth of the Worker.
fn normal(name: &str) -> String {
    let composed = |text: JsString| text.normalize("NFKC");
    composed(composed(JsString::from(name.trim())).to_lower_case()).into()
}

fn digest(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.as_bytes());
        hasher.update([0]);
    }
    hasher.finalize()[..16].iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string does not fail.
        let _infallible = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_one_however_it_is_spelled_and_no_name_is_stored() {
        let named = |email: &str| {
            email_of(format!(r#"{{"email":"{email}","password":"x"}}"#).as_bytes(), protocol::name::normal)
        };
        assert_eq!(named("Ada@Example.org"), named(" ａda@example.org "));
        assert_ne!(named("ada@example.org"), named("bob@example.org"));
        for body in ["", "{}", "[]", r#"{"email":7}"#] {
            assert_eq!(email_of(body.as_bytes(), protocol::name::normal), None, "{body}");
        }
        let account = digest(&["email", "ada@example.org"]);
        for (name, _, other) in ledgers("192.0.2.1", Some(&account)) {
            assert!(!name.contains("ada") && !other.contains("ada") && !other.contains("192"), "{name} {other}");
        }
    }

    #[test]
    fn every_attempt_counts_for_its_address_and_for_its_account_where_that_is_known() {
        assert_eq!(ledgers("a", None).len(), 1);
        let [(account, by_address, _), (address, together, _)] =
            <[_; 2]>::try_from(ledgers("a", Some("x"))).expect("two");
        assert_eq!((by_address, together), (Rule::ByAddress, Rule::Together));
        assert_ne!(account, address);
    }

    #[test]
    fn what_was_no_attempt_does_not_count() {
        for status in [400, 405, 413, 415, 422, 429, 500, 503] {
            assert_eq!(outcome(Counts::Refusals, Some(status)), Outcome::Void, "{status}");
        }
        assert_eq!(outcome(Counts::Everything, None), Outcome::Void);
        for status in [401, 403, 409] {
            assert_eq!(outcome(Counts::Refusals, Some(status)), Outcome::Counts, "{status}");
        }
        assert_eq!(outcome(Counts::Refusals, Some(200)), Outcome::Right);
        assert_eq!(outcome(Counts::Everything, Some(201)), Outcome::Counts);
    }
}
