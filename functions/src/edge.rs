//! The edge over HTTP: the one adapter of [`EdgeNotifier`]. Each call carries a service token of its own.

use std::sync::Arc;
use std::time::Duration;

use protocol::ids::RoomId;
use protocol::internal::{PrincipalKind, RunChanged};
use protocol::run::Run;
use protocol::token::{SERVICE_LIFETIME_S, ServiceClaims, Signer};
use serde::Serialize;

use crate::ambient::now_ms;
use crate::ports::PortError;
use crate::ports::edge::EdgeNotifier;

/// Longest call. A room that has to be woken answers within a second; the caller's own client waits 30.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// How the log names this part.
const PART: &str = "edge";

/// A client of the edge's `/internal` routes.
pub struct EdgeClient {
    http: reqwest::Client,
    base: String,
    signer: Arc<Signer>,
}

impl EdgeClient {
    /// A client of the edge at `base`.
    ///
    /// # Errors
    /// When the TLS library does not start.
    pub fn new(base: String, signer: Arc<Signer>) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder().timeout(CALL_TIMEOUT).build()?;
        Ok(Self { http, base, signer })
    }

    async fn post(&self, path: &str, body: &(impl Serialize + Sync)) -> Result<(), PortError> {
        let now_s = now_ms() / 1000;
        let claims = ServiceClaims { sub: "functions".to_owned(), iat: now_s, exp: now_s + SERVICE_LIFETIME_S };
        let token =
            self.signer.sign(&claims).map_err(|source| PortError::Refused { part: PART, source: source.into() })?;
        let request = self.http.post(format!("{}{path}", self.base)).bearer_auth(token).json(body);
        let answer =
            request.send().await.map_err(|source| PortError::Unavailable { part: PART, source: source.into() })?;
        answer.error_for_status().map(drop).map_err(refusal)
    }
}

fn refusal(source: reqwest::Error) -> PortError {
    match source.status() {
        Some(status) if status.is_client_error() && status.as_u16() != 429 => {
            PortError::Refused { part: PART, source: source.into() }
        }
        _ => PortError::Unavailable { part: PART, source: source.into() },
    }
}

impl EdgeNotifier for EdgeClient {
    async fn revoke(&self, kind: PrincipalKind, id: &str) -> Result<(), PortError> {
        self.post(&format!("/internal/principals/{}/{id}/revoke", kind.as_str()), &serde_json::json!({})).await
    }

    async fn run_changed(&self, room: &RoomId, run: &Run) -> Result<(), PortError> {
        self.post(&format!("/internal/rooms/{room}/runs"), &RunChanged { run: run.clone() }).await
    }
}
