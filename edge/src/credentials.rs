//! Opaque credentials: `Authorization: Bearer tutti_key_…` and `X-Session-ID: tutti_sid_…`.
//!
//! Each is exchanged for an access token at the `auth` function, and that token takes its place in the request, so that
//! everything behind sees a bearer like any other: its signature, its scopes, and whether the login or key behind it
//! still stands are checked as ever. Whose it is shows after the exchange only, so each exchange counts for the address. Tokens are kept in the isolate's memory under the credential's SHA-256; the
//! credential itself is neither kept nor logged, and goes nowhere but into the exchange.

use std::cell::RefCell;
use std::collections::HashMap;

use protocol::TimestampMs;
use protocol::credential::CredentialKind;
use protocol::envelope::ErrorCode;
use protocol::internal::{API_KEY_PREFIX, ExchangeCredential, ExchangedCredential};
use protocol::secret;
use worker::{Method, Request};

use crate::answer::Failure;
use crate::clock;
use crate::config::Function;
use crate::functions::Call;
use crate::identity;
use crate::limits;
use crate::proxy;
use crate::request_context::RequestContext;

/// The header of a session's secret.
const SESSION_HEADER: &str = "x-session-id";

/// Where the function exchanges.
const EXCHANGE_PATH: &str = "/internal/credentials/exchange";

/// Longest that a token serves without another exchange: changes of the account show after it at the latest. That the
/// login or key was revoked shows within seconds, since it is asked for with each request.
const KEPT_MS: u64 = 300_000;

/// Life that a token must have left: what the longest request behind takes, and clocks that differ.
const SPARE_MS: u64 = 60_000;

/// Most tokens kept, at about 1 KB each. Reached only under a flood; then all are exchanged anew.
const KEPT_MAX: usize = 10_000;

thread_local! {
    /// Tokens by the SHA-256 of their credential, and until when they serve.
    static KEPT: RefCell<HashMap<String, (String, TimestampMs)>> = RefCell::new(HashMap::new());
}

/// The request with an access token in its credential's place, if it carries one.
///
/// # Errors
/// `UNAUTHORIZED` for a credential that opens nothing, but for the calls by which one gets a new one.
pub(crate) async fn exchanged(context: &RequestContext, request: Request) -> Result<Request, Failure> {
    let path = context.url.path();
    let Some((kind, credential)) = credential_of(&request).filter(|_| path.starts_with("/api/v1/")) else {
        return Ok(request);
    };
    let mut request = request.clone_mut()?;
    let headers = request.headers_mut()?;
    headers.delete(SESSION_HEADER)?;
    match token_for(context, kind, &credential).await {
        Ok(token) => headers.set("authorization", &format!("Bearer {token}"))?,
        Err(Failure::Refused(_)) if proxy::WITHOUT_BEARER.contains(&path) => headers.delete("authorization")?,
        Err(failure) => return Err(failure),
    }
    Ok(request)
}

/// The credential and what it has to be of. A session's counts only where there is no authorization besides.
fn credential_of(request: &Request) -> Option<(CredentialKind, String)> {
    if let Some(bearer) = identity::bearer_of(request) {
        return bearer.starts_with(API_KEY_PREFIX).then_some((CredentialKind::ApiKey, bearer));
    }
    let session = request.headers().get(SESSION_HEADER).ok().flatten()?;
    Some((CredentialKind::Session, session.trim().to_owned()))
}

async fn token_for(context: &RequestContext, kind: CredentialKind, credential: &str) -> Result<String, Failure> {
    if CredentialKind::parse(credential).is_none_or(|(found, _)| found != kind) {
        let message = match kind {
            CredentialKind::Session => "X-Session-ID is not a session's secret; log in to get one",
            CredentialKind::ApiKey => "the API key is not whole; copy it again, or make a new one",
        };
        return Err(Failure::refused(ErrorCode::Unauthorized, message));
    }
    let (fingerprint, now) = (secret::fingerprint(credential), clock::now());
    let kept = KEPT.with_borrow(|kept| kept.get(&fingerprint).filter(|(_, until)| *until > now).cloned());
    if let Some((token, _)) = kept {
        return Ok(token);
    }
    limits::admit_stranger(context).await?;
    let ExchangedCredential { access_token, expires_at } = exchange(context, credential).await?;
    KEPT.with_borrow_mut(|kept| {
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(fingerprint, (access_token.clone(), kept_until(now, expires_at)));
    });
    Ok(access_token)
}

fn kept_until(now: TimestampMs, expires_at: TimestampMs) -> TimestampMs {
    expires_at.saturating_sub(SPARE_MS).min(now + KEPT_MS)
}

async fn exchange(context: &RequestContext, credential: &str) -> Result<ExchangedCredential, Failure> {
    let body = ExchangeCredential { credential: credential.to_owned() };
    let call = Call {
        function: Function::Auth,
        method: Method::Post,
        path: EXCHANGE_PATH,
        bearer: None,
        headers: vec![("content-type", "application/json".to_owned())],
        body: serde_json::to_vec(&body).expect("bodies are plain structs, which serialise"),
    };
    call.data(context).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_serves_five_minutes_or_until_it_is_about_to_expire() {
        assert_eq!(kept_until(1_000_000, 1_900_000), 1_300_000);
        assert_eq!(kept_until(1_000_000, 1_360_001), 1_300_000);
        assert_eq!(kept_until(1_000_000, 1_359_999), 1_299_999);
        assert_eq!(kept_until(1_000_000, 1_030_000), 970_000, "not at all");
    }
}
