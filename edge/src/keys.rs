//! The public keys of tokens, kept in the isolate's memory.
//!
//! They are fetched from the `auth` function, again after [`KEYS_FRESH_MS`], and at once when a token names a key
//! that is not among them (a rotation), but not more often than every [`KEYS_REFETCH_MS`]: made-up key ids must not
//! become a load on the functions.

use std::cell::RefCell;

use protocol::TimestampMs;
use protocol::token::{Claims, KeySet, TokenError};
use worker::Method;

use crate::answer::Failure;
use crate::clock;
use crate::config::Function;
use crate::functions::Call;
use crate::request_context::RequestContext;

/// How long fetched keys serve. A withdrawn key stops working within this time.
const KEYS_FRESH_MS: u64 = 300_000;

/// Least time between two fetches.
const KEYS_REFETCH_MS: u64 = 5_000;

/// Where the keys are published, at the functions and at the edge alike.
pub(crate) const JWKS_PATH: &str = "/.well-known/jwks.json";

thread_local! {
    /// The keys and when they were fetched.
    static CACHE: RefCell<Option<(KeySet, TimestampMs)>> = const { RefCell::new(None) };
}

fn cached(younger_than_ms: u64) -> Option<KeySet> {
    CACHE.with_borrow(|cache| {
        let (keys, at) = cache.as_ref()?;
        (clock::now().saturating_sub(*at) < younger_than_ms).then(|| keys.clone())
    })
}

/// The public keys.
///
/// # Errors
/// [`Failure::Unreachable`] where they are not known and cannot be fetched.
pub(crate) async fn key_set(context: &RequestContext) -> Result<KeySet, Failure> {
    match cached(KEYS_FRESH_MS) {
        Some(keys) => Ok(keys),
        None => fetch(context).await,
    }
}

async fn fetch(context: &RequestContext) -> Result<KeySet, Failure> {
    let call = Call {
        function: Function::Auth,
        method: Method::Get,
        path: JWKS_PATH,
        bearer: None,
        headers: Vec::new(),
        body: Vec::new(),
    };
    let bytes = call.send(context).await?.bytes().await?;
    let keys: KeySet = serde_json::from_slice(&bytes).map_err(|source| Failure::Unreadable { part: "auth", source })?;
    CACHE.set(Some((keys.clone(), clock::now())));
    Ok(keys)
}

/// Checks a token of a kind.
///
/// # Errors
/// The outer error where the keys cannot be had, the inner where the token is not accepted.
pub(crate) async fn verify<C: Claims>(context: &RequestContext, token: &str) -> Result<Result<C, TokenError>, Failure> {
    let mut keys = key_set(context).await?;
    if !keys.knows_key_of(token) && cached(KEYS_REFETCH_MS).is_none() {
        keys = fetch(context).await?;
    }
    Ok(keys.verify(token, clock::now()))
}
