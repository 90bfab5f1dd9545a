//! Typed messages to Durable Objects: one JSON body, one JSON answer.

use serde::Serialize;
use serde::de::DeserializeOwned;
use worker::js_sys::JsString;
use worker::{Method, Request, RequestInit, Response, Stub};

use crate::answer::Failure;

/// Objects are addressed by their stub; the URL only has to be one.
pub(crate) const OBJECT_URL: &str = "https://object/";

/// Sends a message and gives back the answer as it came.
///
/// # Errors
/// [`Failure::Unreachable`] where the object fails.
pub(crate) async fn send<M: Serialize>(stub: &Stub, part: &'static str, message: &M) -> Result<Response, Failure> {
    let body = serde_json::to_string(message).map_err(|source| Failure::Unreadable { part, source })?;
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_body(Some(JsString::from(body).into()));
    let request = Request::new_with_init(OBJECT_URL, &init)?;
    stub.fetch_with_request(request).await.map_err(|source| Failure::Unreachable { part, source })
}

/// Sends a message and reads the answer.
///
/// # Errors
/// [`Failure::Unreachable`] where the object fails or answers anything but 200.
pub(crate) async fn ask<M: Serialize, R: DeserializeOwned>(
    stub: &Stub,
    part: &'static str,
    message: &M,
) -> Result<R, Failure> {
    let mut response = send(stub, part, message).await?;
    if response.status_code() != 200 {
        let source = worker::Error::RustError(format!("status {}", response.status_code()));
        return Err(Failure::Unreachable { part, source });
    }
    serde_json::from_slice(&response.bytes().await?).map_err(|source| Failure::Unreadable { part, source })
}
