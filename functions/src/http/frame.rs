//! Around every request: its id, its line in the log, and the envelope of its answer.

use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request};
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use lambda_http::tracing::{Instrument, Span, field, info, info_span};
use protocol::envelope::{Envelope, ErrorBody, ErrorCode, Meta, rfc3339};
use protocol::ids::RunId;
use protocol::internal::REQUEST_ID_HEADER;
use protocol::limits::FUNCTION_BODY_MAX_BYTES;
use serde_json::Value;

use super::failure::{ApiError, RequestError};
use crate::ambient::{entropy, now_ms};

/// What a response carries until it is put into the envelope.
#[derive(Debug, Clone)]
pub(super) enum Payload {
    /// Of a success.
    Data(Value),
    /// Of a failure.
    Error(ErrorBody),
}

/// Longest request id that is taken over from the caller.
const REQUEST_ID_MAX_CHARS: usize = 64;

/// Puts a router's routes into the frame.
pub fn framed<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    router
        .fallback(async || ApiError::from(RequestError::NoRoute))
        .method_not_allowed_fallback(async || ApiError::from(RequestError::MethodNotAllowed))
        .layer(DefaultBodyLimit::max(FUNCTION_BODY_MAX_BYTES))
        .layer(from_fn(frame))
}

/// The id of the request, for what it sets in motion.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

async fn frame(mut request: Request, next: Next) -> Response {
    let request_id = request_id(&request);
    request.extensions_mut().insert(RequestId(request_id.clone()));
    let method = request.method().clone();
    // The pattern, not the path: a path may hold what nobody wants to find in a log.
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let span = info_span!("request", request.id = %request_id, user.id = field::Empty, room.id = field::Empty);
    let began = Instant::now();
    let response = next.run(request).instrument(span.clone()).await;
    let response = finish(response, &request_id);
    let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let status = response.status().as_u16();
    span.in_scope(|| info!(http.method = %method, http.route = route, http.status = status, duration_ms, "answered"));
    response
}

/// Notes in the log who asked.
pub(super) fn record(field: &str, id: &str) {
    Span::current().record(field, id);
}

fn request_id(request: &Request) -> String {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let given = request.headers().get(REQUEST_ID_HEADER).and_then(|value| value.to_str().ok());
    let given = given.filter(|id| !id.is_empty() && id.len() <= REQUEST_ID_MAX_CHARS && id.bytes().all(is_word));
    given.map_or_else(|| RunId::from_entropy(&entropy()).to_string(), str::to_owned)
}

fn finish(mut response: Response, request_id: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(request_id) {
        response.headers_mut().insert(REQUEST_ID_HEADER, value);
    }
    let status = response.status();
    let payload = match response.extensions_mut().remove::<Payload>() {
        Some(payload) => payload,
        None if status.is_client_error() || status.is_server_error() => Payload::Error(unexplained(status)),
        None => return response,
    };
    let meta = Meta { timestamp: rfc3339(now_ms()), request_id: request_id.to_owned() };
    let envelope = match payload {
        Payload::Data(data) => Envelope::success(data, meta),
        Payload::Error(error) => Envelope::failure(error, meta),
    };
    let body = serde_json::to_vec(&envelope).expect("a JSON value with text keys serialises");
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.remove(CONTENT_LENGTH);
    *response.body_mut() = Body::from(body);
    response
}

/// An answer that the framework made: its status says all that there is to say.
fn unexplained(status: StatusCode) -> ErrorBody {
    let code = match status.as_u16() {
        401 => ErrorCode::Unauthorized,
        403 => ErrorCode::Forbidden,
        404 => ErrorCode::NotFound,
        405 => ErrorCode::MethodNotAllowed,
        413 => ErrorCode::PayloadTooLarge,
        415 => ErrorCode::UnsupportedMediaType,
        500..=599 => ErrorCode::InternalError,
        _ => ErrorCode::BadRequest,
    };
    ErrorBody::new(code, status.canonical_reason().unwrap_or("The request was refused."))
}
