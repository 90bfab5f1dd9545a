//! Ids in paths, pages of lists, and what the edge says about the client.

use std::str::FromStr;

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use protocol::envelope::FieldError;
use protocol::internal::{CLIENT_ADDRESS_HEADER, ORIGIN_HEADER};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::failure::{ApiError, RequestError};
use crate::cursor::{PAGE_DEFAULT, PAGE_MAX};

/// The ids in a path. One that is no id names nothing: 404.
#[derive(Debug, Clone)]
pub struct Ids<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Ids<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(ids)) => Ok(Self(ids)),
            Err(_) => Err(RequestError::NoRoute.into()),
        }
    }
}

/// A query string. Unknown parameters are left alone, as caches and trackers add them.
#[derive(Debug, Clone)]
pub struct Params<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let params = Query::from_request_parts(parts, state).await.map_err(RequestError::Query)?;
        Ok(Self(params.0))
    }
}

/// Which page of a list.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct PageParams {
    limit: Option<String>,
    cursor: Option<String>,
}

impl PageParams {
    /// Entries wanted: 20 unless said, at most 100.
    ///
    /// # Errors
    /// [`RequestError::Invalid`] for anything but a number of that range.
    pub fn limit(&self) -> Result<u32, RequestError> {
        let Some(text) = &self.limit else { return Ok(PAGE_DEFAULT) };
        match text.parse() {
            Ok(limit) if (1..=PAGE_MAX).contains(&limit) => Ok(limit),
            Ok(_) | Err(_) => Err(wrong("limit", format!("must be a number from 1 to {PAGE_MAX}"))),
        }
    }

    /// Where the page begins.
    ///
    /// # Errors
    /// [`RequestError::Invalid`] for a cursor that no list handed out.
    pub fn after<I: FromStr>(&self) -> Result<Option<(u64, I)>, RequestError> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        crate::cursor::parse(cursor).map(Some).map_err(|error| wrong("cursor", error.to_string()))
    }
}

fn wrong(field: &str, message: String) -> RequestError {
    RequestError::Invalid(vec![FieldError { field: field.to_owned(), message }])
}

/// The client, as the edge saw it.
#[derive(Debug, Clone)]
pub struct Client {
    /// Its address.
    pub address: String,
    /// What it calls itself, shortened.
    pub user_agent: Option<String>,
    /// The origin that it reached us under.
    pub origin: Origin,
    /// The idempotency key that it sent.
    pub idempotency_key: Option<String>,
}

/// Characters kept of a `User-Agent`: enough to tell a phone from a laptop.
const USER_AGENT_MAX_CHARS: usize = 200;

/// Longest idempotency key: four UUIDs.
const IDEMPOTENCY_KEY_MAX_BYTES: usize = 150;

impl<S: Send + Sync> FromRequestParts<S> for Client {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let header = |name: &str| header(&parts.headers, name);
        let idempotency_key = header("idempotency-key");
        if idempotency_key.as_ref().is_some_and(|key| key.is_empty() || key.len() > IDEMPOTENCY_KEY_MAX_BYTES) {
            let message = format!("must have 1 to {IDEMPOTENCY_KEY_MAX_BYTES} characters");
            return Err(wrong("Idempotency-Key", message).into());
        }
        Ok(Self {
            // Only a call that did not come through the edge has none.
            address: header(CLIENT_ADDRESS_HEADER).unwrap_or_else(|| "127.0.0.1".to_owned()),
            user_agent: header("user-agent").map(|agent| agent.chars().take(USER_AGENT_MAX_CHARS).collect()),
            origin: Origin(header(ORIGIN_HEADER).unwrap_or_else(|| "http://localhost:8787".to_owned())),
            idempotency_key,
        })
    }
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// A public origin, such as `https://code.example.org`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(pub String);

impl Origin {
    /// The same origin for WebSockets.
    #[must_use]
    pub fn for_sockets(&self) -> String {
        // `https` becomes `wss`, `http` becomes `ws`.
        self.0.strip_prefix("http").map_or_else(|| self.0.clone(), |rest| format!("ws{rest}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_has_its_socket_scheme() {
        assert_eq!(Origin("https://a.example".to_owned()).for_sockets(), "wss://a.example");
        assert_eq!(Origin("http://localhost:1".to_owned()).for_sockets(), "ws://localhost:1");
    }

    #[test]
    fn a_page_has_1_to_100_entries() {
        let limit = |limit: Option<&str>| PageParams { limit: limit.map(str::to_owned), cursor: None }.limit().ok();
        assert_eq!(limit(None), Some(PAGE_DEFAULT));
        assert_eq!(limit(Some("100")), Some(100));
        for wrong in ["0", "101", "-1", "many", ""] {
            assert_eq!(limit(Some(wrong)), None, "{wrong}");
        }
    }
}
