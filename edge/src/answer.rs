//! Answers: the envelope, the request id, the security headers.

use protocol::envelope::{Envelope, ErrorBody, ErrorCode, Meta, rfc3339};
use protocol::internal::REQUEST_ID_HEADER;
use serde::Serialize;
use serde_json::json;
use thiserror::Error;
use worker::{Headers, Response, Result};

use crate::clock;
use crate::config::ConfigError;
use crate::cors;
use crate::limits::{Refusal, Standing};
use crate::log::{self, Level};
use crate::request_context::{CORRELATION_ID_HEADER, RequestContext};
use crate::sigv4::SigningError;

/// How long a client should wait after a 503.
const RETRY_AFTER_S: &str = "2";

/// Why a request is not answered with what it asked for.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// The client's to mend.
    #[error("{}", .0.message)]
    Refused(ErrorBody),
    /// The client's to wait for.
    #[error("{}", .0.message())]
    Limited(Refusal),
    /// A binding is missing or wrong.
    #[error("configuration: {0}")]
    Config(#[from] ConfigError),
    /// A request to a function could not be signed.
    #[error("signing: {0}")]
    Signing(#[from] SigningError),
    /// A part behind the edge does not answer.
    #[error("{part} does not answer: {source}")]
    Unreachable {
        /// Which part.
        part: &'static str,
        /// Why.
        #[source]
        source: worker::Error,
    },
    /// The runtime refused a call.
    #[error("runtime: {0}")]
    Runtime(#[from] worker::Error),
    /// A part answered something that is not its protocol.
    #[error("{part} answered what cannot be read: {source}")]
    Unreadable {
        /// Which part.
        part: &'static str,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

impl Failure {
    /// A refusal with a code and a sentence.
    pub(crate) fn refused(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::Refused(ErrorBody::new(code, message))
    }

    /// What the client may read. The cause of our own faults stays in the log.
    pub(crate) fn body(&self) -> ErrorBody {
        match self {
            Self::Refused(body) => body.clone(),
            Self::Limited(refusal) => ErrorBody::new(ErrorCode::RateLimitExceeded, refusal.message()),
            Self::Unreachable { .. } => {
                ErrorBody::new(ErrorCode::Unavailable, "a part of the service does not answer; try again in a moment")
            }
            Self::Config(_) | Self::Signing(_) | Self::Runtime(_) | Self::Unreadable { .. } => ErrorBody::new(
                ErrorCode::InternalError,
                "something went wrong here; quote the request id to the operator",
            ),
        }
    }
}

fn meta(context: &RequestContext) -> Meta {
    Meta { timestamp: rfc3339(clock::now()), request_id: context.request_id.clone() }
}

/// An answer with data.
pub(crate) fn success<T: Serialize>(context: &RequestContext, data: T) -> Result<Response> {
    Response::from_json(&Envelope::success(data, meta(context)))
}

/// An answer with an error.
pub(crate) fn failure(context: &RequestContext, body: ErrorBody) -> Result<Response> {
    let status = body.code.status();
    let mut response = Response::from_json(&Envelope::<()>::failure(body, meta(context)))?.with_status(status);
    if status == ErrorCode::Unavailable.status() {
        response.headers_mut().set("retry-after", RETRY_AFTER_S)?;
    }
    Ok(response)
}

/// Turns a failure into its answer, and logs it once if it is ours.
pub(crate) fn of_failure(context: &RequestContext, error: &Failure) -> Result<Response> {
    let body = error.body();
    if body.code.status() >= 500 {
        log::write(
            Level::Error,
            "request failed",
            json!({ "requestId": context.request_id, "cause": error.to_string() }),
        );
    }
    let mut response = failure(context, body)?;
    if let Failure::Limited(refusal) = error {
        refusal.describe(response.headers_mut())?;
    }
    Ok(response)
}

/// Adds the request id, the security headers (features O1) and the caller's limit to whatever is answered.
pub(crate) fn finish(context: &RequestContext, response: Response, standing: Option<Standing>) -> Result<Response> {
    if response.status_code() == 101 {
        // The headers of a handshake are the runtime's.
        return Ok(response);
    }
    let headers = Headers::new();
    for (name, value) in response.headers().entries() {
        headers.append(&name, &value)?;
    }
    headers.set(REQUEST_ID_HEADER, &context.request_id)?;
    headers.set(CORRELATION_ID_HEADER, &context.request_id)?;
    for (name, value) in SECURITY_HEADERS {
        headers.set(name, value)?;
    }
    headers.set("content-security-policy", &content_security_policy(context))?;
    if !headers.has("cache-control")? {
        headers.set("cache-control", "no-store")?;
    }
    if let Some(standing) = standing {
        standing.describe(&headers)?;
    }
    cors::describe(context, &headers)?;
    Ok(response.with_headers(headers))
}

const SECURITY_HEADERS: [(&str, &str); 12] = [
    ("strict-transport-security", "max-age=31536000; includeSubDomains; preload"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    // Links carry their secret in the fragment, which no referrer holds; room ids need not leave either.
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("origin-agent-cluster", "?1"),
    ("permissions-policy", "camera=(), microphone=(), geolocation=(), payment=()"),
    ("x-dns-prefetch-control", "off"),
    ("x-download-options", "noopen"),
    ("x-permitted-cross-domain-policies", "none"),
    // The filters that it switched on are gone from browsers, and were holes themselves.
    ("x-xss-protection", "0"),
];

fn content_security_policy(context: &RequestContext) -> String {
    // 'self' does not cover the WebSocket schemes in every browser.
    let host = context.url.host_str().unwrap_or_default();
    let port = context.url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!(
        "default-src 'self'; style-src 'self' 'unsafe-inline'; script-src 'self'; img-src 'self' data: https:; \
         connect-src 'self' ws://{host}{port} wss://{host}{port}; object-src 'none'; base-uri 'none'; \
         form-action 'self'; frame-ancestors 'none'"
    )
}
