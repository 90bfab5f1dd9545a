//! What every HTTP function shares: reading requests, answering in the envelope, logging.
//!
//! Handlers return data or a [`failure::ApiError`]; [`frame`] turns either into the envelope, since only it knows
//! the request's id. So nothing leaves without envelope, whoever made the answer: a handler, an extractor, or the
//! router itself with a 404 or 405.

pub mod body;
pub mod caller;
pub mod failure;
pub mod frame;
pub mod params;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use failure::ApiError;
use frame::Payload;

/// What a handler returns.
pub type Answer<T> = Result<Reply<T>, ApiError>;

/// Data with its status.
#[derive(Debug)]
pub struct Reply<T> {
    status: StatusCode,
    data: T,
}

/// 200 with data.
#[must_use]
pub fn ok<T>(data: T) -> Reply<T> {
    Reply { status: StatusCode::OK, data }
}

/// 201 with data.
#[must_use]
pub fn created<T>(data: T) -> Reply<T> {
    Reply { status: StatusCode::CREATED, data }
}

/// 202 with data.
#[must_use]
pub fn accepted<T>(data: T) -> Reply<T> {
    Reply { status: StatusCode::ACCEPTED, data }
}

impl<T: Serialize> IntoResponse for Reply<T> {
    fn into_response(self) -> Response {
        match serde_json::to_value(self.data) {
            Ok(data) => {
                let mut response = self.status.into_response();
                response.extensions_mut().insert(Payload::Data(data));
                response
            }
            Err(error) => ApiError::from(failure::RequestError::Unanswerable(error)).into_response(),
        }
    }
}

/// JSON outside the envelope, for formats that others have defined.
pub fn bare(data: &impl Serialize) -> Response {
    Json(data).into_response()
}
