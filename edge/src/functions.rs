//! Calls to the Lambda functions.

use protocol::envelope::{Envelope, ErrorBody, ErrorCode};
use protocol::internal::{AUTHORIZATION_HEADER, CLIENT_ADDRESS_HEADER, ORIGIN_HEADER, REQUEST_ID_HEADER};
use serde::Serialize;
use serde::de::DeserializeOwned;
use worker::js_sys::Uint8Array;
use worker::{Fetch, Headers, Method, Request, RequestInit, Response};

use crate::answer::Failure;
use crate::clock;
use crate::config::Function;
use crate::request_context::RequestContext;
use crate::sigv4;

/// A call to a function.
pub(crate) struct Call<'a> {
    /// Which function.
    pub(crate) function: Function,
    /// The method.
    pub(crate) method: Method,
    /// Path and query, from the slash.
    pub(crate) path: &'a str,
    /// The caller's bearer, if there is one.
    pub(crate) bearer: Option<&'a str>,
    /// Further headers.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// The body; empty for none.
    pub(crate) body: Vec<u8>,
}

impl<'a> Call<'a> {
    /// A call with a JSON body.
    pub(crate) fn post<T: Serialize>(function: Function, path: &'a str, bearer: &'a str, body: &T) -> Self {
        Self {
            function,
            method: Method::Post,
            path,
            bearer: Some(bearer),
            headers: vec![("content-type", "application/json".to_owned())],
            body: serde_json::to_vec(body).expect("bodies are plain structs, which serialise"),
        }
    }

    /// Sends it, signed, and gives back the answer as it came.
    ///
    /// # Errors
    /// [`Failure::Unreachable`] where no answer came.
    pub(crate) async fn send(self, context: &RequestContext) -> Result<Response, Failure> {
        let config = context.config()?;
        let url = format!("{}{}", config.function_url(self.function).as_str().trim_end_matches('/'), self.path);
        let signed = sigv4::headers(
            &config.credentials,
            self.method.as_ref(),
            &url,
            // Only what no hop between here and there changes.
            &[(REQUEST_ID_HEADER, &context.request_id)],
            &self.body,
            clock::now(),
        )?;
        let headers = Headers::new();
        let own = [
            (REQUEST_ID_HEADER, context.request_id.clone()),
            (CLIENT_ADDRESS_HEADER, context.client_address.clone()),
            (ORIGIN_HEADER, context.origin()),
        ];
        for (name, value) in own.into_iter().chain(self.headers) {
            headers.set(name, &value)?;
        }
        if let Some(bearer) = self.bearer {
            headers.set(AUTHORIZATION_HEADER, &format!("Bearer {bearer}"))?;
        }
        for (name, value) in signed {
            headers.set(&name, &value)?;
        }
        let mut init = RequestInit::new();
        init.with_method(self.method).with_headers(headers);
        if !self.body.is_empty() {
            init.with_body(Some(Uint8Array::from(self.body.as_slice()).into()));
        }
        let request = Request::new_with_init(&url, &init)?;
        Fetch::Request(request).send().await.map_err(|source| Failure::Unreachable { part: "functions", source })
    }

    /// Sends it and reads the envelope's data.
    ///
    /// # Errors
    /// [`Failure::Refused`] with the function's own error where it answered one.
    pub(crate) async fn data<T: DeserializeOwned>(self, context: &RequestContext) -> Result<T, Failure> {
        let mut response = self.send(context).await?;
        data_of(&response.bytes().await?)
    }
}

/// The data in an envelope, or the error in it as a refusal.
///
/// # Errors
/// [`Failure::Unreadable`] where the bytes are no envelope.
pub(crate) fn data_of<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    let envelope: Envelope<T> =
        serde_json::from_slice(bytes).map_err(|source| Failure::Unreadable { part: "functions", source })?;
    envelope.data.ok_or_else(|| {
        let silent = || ErrorBody::new(ErrorCode::InternalError, "the answer holds neither data nor an error");
        Failure::Refused(envelope.error.unwrap_or_else(silent))
    })
}
