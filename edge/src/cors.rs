//! Other origins whose scripts may call the API: those of `CORS_ORIGINS`, one by one, never all of them. The page
//! itself needs none.

use protocol::envelope::ErrorCode;
use worker::{Headers, Request, Response, Result};

use crate::answer::Failure;
use crate::request_context::RequestContext;

const METHODS: &str = "GET, POST, PUT, PATCH, DELETE";

/// What a script may send.
const HEADERS: &str = "authorization, content-type, idempotency-key, if-match, x-api-key, x-correlation-id, \
     x-refresh-transport, x-request-id, x-session-id";

/// What a script may read beside the body.
const EXPOSED: &str = "content-disposition, etag, ratelimit-limit, ratelimit-policy, ratelimit-remaining, \
     ratelimit-reset, retry-after, x-correlation-id, x-request-id";

/// How long a browser remembers a preflight: an origin that is taken off the list stops being asked for within it.
const MAX_AGE_S: &str = "600";

/// Answers `OPTIONS`: a browser asks whether another origin's script may send what it wants to send.
///
/// # Errors
/// `FORBIDDEN` for an origin that is not on the list, `METHOD_NOT_ALLOWED` for what is no such question.
pub(crate) fn preflight(context: &RequestContext, request: &Request) -> Result<Response, Failure> {
    if !request.headers().has("access-control-request-method")? || context.sender.is_none() {
        return Err(Failure::refused(ErrorCode::MethodNotAllowed, "this address takes no such method"));
    }
    if allowed(context).is_none() || !is_open(context.url.path()) {
        let message = "scripts of this origin may not call this address; the operator lists origins in CORS_ORIGINS";
        return Err(Failure::refused(ErrorCode::Forbidden, message));
    }
    let response = Response::empty()?.with_status(204);
    let headers = response.headers();
    headers.set("access-control-allow-methods", METHODS)?;
    headers.set("access-control-allow-headers", HEADERS)?;
    headers.set("access-control-max-age", MAX_AGE_S)?;
    Ok(response)
}

/// Tells the browser of an allowed origin that its script may read the answer, and caches that answers differ.
pub(crate) fn describe(context: &RequestContext, headers: &Headers) -> Result<()> {
    if !is_open(context.url.path()) {
        return Ok(());
    }
    headers.append("vary", "Origin")?;
    if let Some(origin) = allowed(context) {
        headers.set("access-control-allow-origin", &origin)?;
        headers.set("access-control-allow-credentials", "true")?;
        headers.set("access-control-expose-headers", EXPOSED)?;
    }
    Ok(())
}

/// The sender's origin, if it is on the list.
pub(crate) fn allowed(context: &RequestContext) -> Option<String> {
    let origins = &context.config().ok()?.cors_origins;
    context.sender.as_ref().filter(|sender| origins.contains(sender)).cloned()
}

/// True for what clients call; pages and what the parts tell each other stay closed.
fn is_open(path: &str) -> bool {
    ["/api/", "/sync/", "/events/", "/.well-known/"].iter().any(|start| path.starts_with(start)) || path == "/health"
}
