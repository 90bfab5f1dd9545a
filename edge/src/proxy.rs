//! `/api/v1` on its way to the functions.

use futures_util::StreamExt;
use protocol::envelope::ErrorCode;
use protocol::limits::{FUNCTION_BODY_MAX_BYTES, REQUEST_BODY_MAX_BYTES};
use worker::{Headers, Method, Request, Response};

use crate::answer::Failure;
use crate::config::Function;
use crate::csrf;
use crate::functions::Call;
use crate::identity;
use crate::limits::attempts;
use crate::request_context::RequestContext;

/// Headers of a client that the functions get to see. Everything else stays here, above all what the functions
/// believe only from the edge.
const PASSED: [&str; 6] =
    ["content-type", "cookie", "idempotency-key", "if-match", "user-agent", "x-refresh-transport"];

/// Calls that work without a standing bearer: they are how one gets a new one, or come with a token of a mail.
pub(crate) const WITHOUT_BEARER: [&str; 7] = [
    "/api/v1/auth/login",
    "/api/v1/auth/register",
    "/api/v1/auth/refresh",
    "/api/v1/auth/logout",
    "/api/v1/auth/forgot-password",
    "/api/v1/auth/reset-password",
    "/api/v1/auth/verify-email",
];

/// Passes a request on and its answer back.
///
/// # Errors
/// `UNAUTHORIZED` for a bearer that does not stand, `PAYLOAD_TOO_LARGE`, and what [`Call::send`] fails with.
pub(crate) async fn forward(
    context: &RequestContext,
    function: Function,
    mut request: Request,
) -> Result<Response, Failure> {
    let bearer = identity::bearer_of(&request);
    let path = context.url.path().to_owned();
    if let Some(token) = bearer.as_deref().filter(|_| !WITHOUT_BEARER.contains(&path.as_str())) {
        identity::check(context, token).await?;
    }
    let body = body_of(&mut request).await?;
    csrf::check(context, &request, &body)?;
    let attempt = attempts::begin(context, &request.method(), bearer.as_deref(), &body).await?;
    let path_and_query = match context.url.query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    };
    let call = Call {
        function,
        method: request.method(),
        path: &path_and_query,
        bearer: bearer.as_deref(),
        headers: passed_headers(request.headers()),
        body,
    };
    let sent = call.send(context).await;
    if let Some(attempt) = attempt {
        attempt.settle(sent.as_ref().ok().map(Response::status_code)).await?;
    }
    let mut answer = sent?;
    let headers = answer.headers().clone();
    let status = answer.status_code();
    // The functions' own transfer headers belong to the hop behind the edge.
    for hop in ["connection", "content-length", "transfer-encoding", "content-encoding"] {
        headers.delete(hop)?;
    }
    Ok(Response::from_bytes(answer.bytes().await?)?.with_status(status).with_headers(headers))
}

fn passed_headers(headers: &Headers) -> Vec<(&'static str, String)> {
    PASSED.into_iter().filter_map(|name| Some((name, headers.get(name).ok()??))).collect()
}

/// The request's body, within what the functions can take.
///
/// # Errors
/// `PAYLOAD_TOO_LARGE`, before the body is read where its length is declared, else as soon as it is longer.
pub(crate) async fn body_of(request: &mut Request) -> Result<Vec<u8>, Failure> {
    if matches!(request.method(), Method::Get | Method::Head) {
        return Ok(Vec::new());
    }
    if let Some(declared) = request.headers().get("content-length")?.and_then(|text| text.parse::<usize>().ok()) {
        check_size(declared)?;
        return Ok(request.bytes().await?);
    }
    if request.inner().body().is_none() {
        return Ok(Vec::new());
    }
    // Of unknown length: no more of it is held than what may come.
    let (mut body, mut parts) = (Vec::new(), request.stream()?);
    while let Some(part) = parts.next().await {
        body.extend(part?);
        check_size(body.len())?;
    }
    Ok(body)
}

fn check_size(bytes: usize) -> Result<(), Failure> {
    const { assert!(FUNCTION_BODY_MAX_BYTES < REQUEST_BODY_MAX_BYTES) };
    if bytes > FUNCTION_BODY_MAX_BYTES {
        let message = format!("the body has {bytes} bytes or more; this call takes at most {FUNCTION_BODY_MAX_BYTES}");
        return Err(Failure::refused(ErrorCode::PayloadTooLarge, message));
    }
    Ok(())
}
