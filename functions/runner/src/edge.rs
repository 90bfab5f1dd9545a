//! The runner's calls to the edge: claim, heartbeat, result. Each carries the credential that it is about.

use std::time::Duration;

use protocol::envelope::Envelope;
use protocol::ids::{RoomId, RunId};
use protocol::lease::LeaseGranted;
use protocol::run::RunResult;
use protocol::runner::{ClaimGranted, Heartbeat, Refusal, RunReport};
use protocol::task::{ClaimRequest, TaskId};
use reqwest::{Client, Response, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Longest wait for an answer: a cold function behind the edge takes about a second.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Why a call did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum EdgeError {
    /// 409: the run is over, or another attempt has it.
    #[error("refused; the run is {}", if *over { "over" } else { "another attempt's" })]
    Refused {
        /// True if the run has ended.
        over: bool,
    },
    /// 4xx: it will not be different next time.
    #[error("rejected with {0}")]
    Rejected(StatusCode),
    /// 5xx: it may be different next time.
    #[error("failed with {0}")]
    Failed(StatusCode),
    /// No answer, or none that could be read.
    #[error("no answer")]
    Network(#[from] reqwest::Error),
    /// An answer that says success and holds nothing.
    #[error("an answer without data")]
    Empty,
    /// The URL of the edge takes no path.
    #[error("the edge's URL")]
    Url(#[from] UrlError),
}

/// A path that does not fit the edge's URL.
#[derive(Debug, thiserror::Error)]
#[error("cannot be joined with {path}")]
pub struct UrlError {
    path: String,
}

impl EdgeError {
    /// Whether the same call may succeed later.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Failed(_) | Self::Network(_) => true,
            Self::Refused { .. } | Self::Rejected(_) | Self::Empty | Self::Url(_) => false,
        }
    }
}

/// The edge, as the runner sees it.
#[derive(Debug, Clone)]
pub struct Edge {
    url: Url,
    client: Client,
    /// The task that this runner runs on, if it knows its name.
    task: Option<TaskId>,
}

/// Who asks, and for which request.
#[derive(Clone, Copy)]
struct Bearer<'a> {
    token: &'a str,
    request_id: &'a str,
}

/// A run and the credential to speak about it. The debug output leaves the credential out.
#[derive(Clone)]
pub struct Standing {
    /// The run.
    pub run_id: RunId,
    /// A claim ticket or an attempt's credential.
    pub bearer: String,
    /// The request that submitted the run, for the logs of every part.
    pub request_id: String,
}

impl std::fmt::Debug for Standing {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Standing").field("run_id", &self.run_id).finish_non_exhaustive()
    }
}

impl Edge {
    /// Makes a client that keeps its connections.
    ///
    /// # Errors
    /// When the system has no TLS to offer.
    pub fn new(url: Url, task: Option<TaskId>) -> reqwest::Result<Self> {
        Ok(Self { url, client: Client::builder().timeout(TIMEOUT).build()?, task })
    }

    /// `POST /internal/runs/{id}/claim`, with the claim ticket.
    ///
    /// # Errors
    /// [`EdgeError::Refused`] if there is nothing to do; others as they come.
    pub async fn claim(&self, ticket: &Standing) -> Result<ClaimGranted, EdgeError> {
        self.post(ticket, "claim", &ClaimRequest { task: self.task.clone() }).await
    }

    /// `POST /internal/leases/claim`: takes the lease of a queue message; gives the credential that speaks for this
    /// task as well.
    ///
    /// # Errors
    /// As they come.
    pub async fn claim_lease(&self, credential: &str, request_id: &str) -> Result<String, EdgeError> {
        let caller = Bearer { token: credential, request_id };
        let url = self.join("/internal/leases/claim")?;
        let granted: LeaseGranted = self.send(url, caller, &ClaimRequest { task: self.task.clone() }).await?;
        Ok(granted.credential)
    }

    /// `POST /internal/tasks/{task}/renew` or `leave`: this task still serves its tenant, or has done so. A task that
    /// does not know its name says nothing.
    ///
    /// # Errors
    /// As they come.
    pub async fn tell_pool(&self, credential: &str, verb: &str) -> Result<(), EdgeError> {
        let Some(task) = &self.task else { return Ok(()) };
        let url = self.join(&format!("/internal/tasks/{task}/{verb}"))?;
        let caller = Bearer { token: credential, request_id: task.as_str() };
        let _answer: serde_json::Value = self.send(url, caller, &()).await?;
        Ok(())
    }

    /// `POST /internal/runs/{id}/heartbeat`: renews the lease, and tells whether the run is still wanted.
    ///
    /// # Errors
    /// [`EdgeError::Refused`] if another attempt has taken over.
    pub async fn heartbeat(&self, attempt: &Standing) -> Result<Heartbeat, EdgeError> {
        self.post(attempt, "heartbeat", &()).await
    }

    /// `POST /internal/runs/{id}/result`.
    ///
    /// # Errors
    /// [`EdgeError::Refused`] if the result is not wanted any more.
    pub async fn report(&self, attempt: &Standing, result: &RunResult) -> Result<(), EdgeError> {
        let report = RunReport { result: result.clone() };
        let _run: serde_json::Value = self.post(attempt, "result", &report).await?;
        Ok(())
    }

    /// The address where a room takes its runner's WebSocket.
    ///
    /// # Errors
    /// When the edge's URL takes no path.
    pub fn lease_url(&self, room_id: &RoomId) -> Result<Url, UrlError> {
        let mut url = self.join(&format!("/internal/rooms/{room_id}/lease"))?;
        let scheme = if url.scheme() == "https" { "wss" } else { "ws" };
        match url.set_scheme(scheme) {
            Ok(()) => Ok(url),
            Err(()) => Err(UrlError { path: url.path().to_owned() }),
        }
    }

    fn join(&self, path: &str) -> Result<Url, UrlError> {
        self.url.join(path).map_err(|error| UrlError { path: format!("{path}: {error}") })
    }

    async fn post<T: DeserializeOwned>(
        &self,
        standing: &Standing,
        what: &str,
        body: &impl Serialize,
    ) -> Result<T, EdgeError> {
        let url = self.join(&format!("/internal/runs/{}/{what}", standing.run_id))?;
        self.send(url, Bearer { token: &standing.bearer, request_id: &standing.request_id }, body).await
    }

    async fn send<T: DeserializeOwned>(
        &self,
        url: Url,
        Bearer { token, request_id }: Bearer<'_>,
        body: &impl Serialize,
    ) -> Result<T, EdgeError> {
        let request = self.client.post(url).bearer_auth(token).header("x-request-id", request_id);
        let response = request.json(body).send().await.map_err(reqwest::Error::without_url)?;
        match response.status() {
            StatusCode::CONFLICT => Err(EdgeError::Refused { over: is_over(response).await? }),
            status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
                Err(EdgeError::Failed(status))
            }
            status if !status.is_success() => Err(EdgeError::Rejected(status)),
            _ => response.json::<Envelope<T>>().await?.data.ok_or(EdgeError::Empty),
        }
    }
}

/// Reads `details` of a refusal; without them the run is taken to be somebody else's.
async fn is_over(response: Response) -> reqwest::Result<bool> {
    let envelope: Envelope<serde_json::Value> = response.json().await?;
    let details = envelope.error.and_then(|error| error.details);
    let refusal = details.and_then(|details| serde_json::from_value::<Refusal>(details).ok());
    Ok(refusal.is_some_and(|refusal| refusal.over))
}
