//! One HTTP request and its answer.

use protocol::envelope::{Envelope, ErrorBody, ErrorCode};
use reqwest::header::HeaderMap;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::wait::DEADLINE;

/// How often a call is sent again that the local proxy lost.
const LOST_MAX: u32 = 3;

/// A request that is being put together.
pub struct Call(reqwest::RequestBuilder);

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Call {
    pub(crate) fn new(request: reqwest::RequestBuilder) -> Self {
        Self(request)
    }

    /// With a bearer.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        Self(self.0.bearer_auth(token))
    }

    /// With a header.
    #[must_use]
    pub fn header(self, name: &str, value: &str) -> Self {
        Self(self.0.header(name, value))
    }

    /// With a JSON body.
    #[must_use]
    pub fn json(self, body: &impl Serialize) -> Self {
        Self(self.0.json(body))
    }

    /// With a body that need not be JSON, declared as it.
    #[must_use]
    pub fn declared_as_json(self, body: impl Into<Vec<u8>>) -> Self {
        Self(self.0.header("content-type", "application/json").body(body.into()))
    }

    /// Sends it.
    ///
    /// # Panics
    /// Without an answer.
    pub async fn send(self) -> Answer {
        self.try_send().await.unwrap_or_else(|error| panic!("no answer: {error:?}"))
    }

    /// Sends it; during a restart nobody may answer.
    ///
    /// # Errors
    /// Without an answer.
    pub async fn try_send(self) -> reqwest::Result<Answer> {
        // The longest call waits 25 s for a run.
        let call = self.0.timeout(DEADLINE + DEADLINE);
        for _lost in 0..LOST_MAX {
            let Some(again) = call.try_clone() else { break };
            let answer = Answer::of(again.send().await?).await?;
            if !answer.is_of_the_proxy() {
                return Ok(answer);
            }
        }
        Answer::of(call.send().await?).await
    }
}

impl Answer {
    async fn of(response: reqwest::Response) -> reqwest::Result<Self> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Self { status, headers, body: response.bytes().await?.into() })
    }

    /// True for what `wrangler dev` answers itself when a connection between its two processes breaks, as happens after
    /// many calls at once. It sends a `GET` again, and leaves everything else to the client.
    fn is_of_the_proxy(&self) -> bool {
        self.status == 503 && self.body.starts_with(b"Your worker restarted mid-request")
    }

    /// A header, or nothing.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("a header of plain characters"))
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The data of a success.
    ///
    /// # Panics
    /// For a failure, and where the envelope is not whole.
    #[must_use]
    pub fn data<T: DeserializeOwned>(&self) -> T {
        let envelope: Envelope<T> = self.envelope();
        assert!(envelope.success && envelope.error.is_none() && (200..300).contains(&self.status), "{self}");
        envelope.data.unwrap_or_else(|| panic!("no data: {self}"))
    }

    /// The error of a failure, which has the status of its code.
    ///
    /// # Panics
    /// For a success, and where the envelope is not whole.
    #[must_use]
    pub fn error(&self) -> ErrorBody {
        let envelope: Envelope<serde_json::Value> = self.envelope();
        assert!(!envelope.success && envelope.data.is_none(), "{self}");
        let error = envelope.error.unwrap_or_else(|| panic!("no error: {self}"));
        assert_eq!(self.status, error.code.status(), "{self}");
        error
    }

    /// Asserts a failure of this code.
    ///
    /// # Panics
    /// For anything else.
    #[track_caller]
    pub fn refuses_with(&self, code: ErrorCode) {
        assert_eq!(self.error().code, code, "{self}");
    }

    /// The fields that a `VALIDATION_FAILED` names, in alphabetical order.
    ///
    /// # Panics
    /// For anything else.
    #[must_use]
    pub fn wrong_fields(&self) -> Vec<String> {
        self.refuses_with(ErrorCode::ValidationFailed);
        let details = self.error().details.unwrap_or_else(|| panic!("no details: {self}"));
        let fields = details["fields"].as_array().unwrap_or_else(|| panic!("no fields: {self}"));
        let mut names: Vec<_> = fields.iter().filter_map(|field| field["field"].as_str().map(str::to_owned)).collect();
        names.sort();
        names
    }

    fn envelope<T: DeserializeOwned>(&self) -> Envelope<T> {
        let envelope: Envelope<T> =
            serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self}"));
        assert_eq!(Some(envelope.meta.request_id.as_str()), self.header("x-request-id"), "{self}");
        assert!(envelope.meta.timestamp.ends_with('Z'), "{self}");
        envelope
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {}", self.status, self.text())
    }
}
