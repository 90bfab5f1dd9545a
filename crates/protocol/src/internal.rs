//! Between the edge and the functions: headers and bodies that no client sends.

use serde::{Deserialize, Serialize};

use crate::TimestampMs;
use crate::language::Language;
use crate::lease::Dispatch;
use crate::path::FilePath;
use crate::run::{Run, RunCase, SourceFile};

/// The caller's bearer, since SigV4 occupies `Authorization`.
pub const AUTHORIZATION_HEADER: &str = "x-tutti-authorization";
/// The caller's address as the edge saw it.
pub const CLIENT_ADDRESS_HEADER: &str = "x-tutti-client-address";
/// The public origin, such as `https://code.example.org`, that links start with.
pub const ORIGIN_HEADER: &str = "x-tutti-origin";
/// Names a request in the log of every part.
pub const REQUEST_ID_HEADER: &str = "x-request-id";

/// Body of `POST /internal/runs`: a run of a room with the files as the room froze them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubmitRoomRun {
    /// The language.
    pub language: Language,
    /// The file to run; the language's own entry unless said.
    #[serde(default)]
    pub entry: Option<FilePath>,
    /// Standard input.
    #[serde(default)]
    pub stdin: Option<String>,
    /// Arguments.
    #[serde(default)]
    pub args: Option<Vec<String>>,
    /// Flags of the compiler.
    #[serde(default)]
    pub flags: Option<Vec<String>>,
    /// Cases.
    #[serde(default)]
    pub cases: Option<Vec<RunCase>>,
    /// The files at `position`.
    pub files: Vec<SourceFile>,
    /// The log position.
    pub position: u64,
    /// True if it takes input while it runs.
    #[serde(default)]
    pub interactive: bool,
    /// True if the room has a runner at hand: then the run is recorded as claimed, and not queued.
    #[serde(default)]
    pub dispatch: bool,
}

/// Data of the answer to [`SubmitRoomRun`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmittedRoomRun {
    /// The run.
    pub run: Run,
    /// For the room's runner, unless the run was queued. It holds credentials and goes to nobody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dispatch: Option<Dispatch>,
}

/// Body of `POST /internal/rooms/{id}/runs`: a run of the room has changed outside the room's sight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunChanged {
    /// As it stands now.
    pub run: Run,
}

/// Body of `POST /internal/rooms/{id}/discard`: a fork that could not be filled goes away.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DiscardFork {
    /// The key that a guest's fork was answered with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_key: Option<String>,
}

/// What a room's rights hang on, and what can be revoked: `/internal/principals/{kind}/{id}/revoke`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PrincipalKind {
    /// A login (`sid`).
    Login,
    /// A share link.
    Link,
    /// The room itself: revoked when it is deleted.
    Room,
}

impl PrincipalKind {
    /// The word in paths.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Link => "link",
            Self::Room => "room",
        }
    }
}

/// Body of `POST /internal/credentials/exchange`: the edge wants an access token for an opaque credential, which is a
/// login's `X-Session-ID` or an API key. The answer's data is [`ExchangedCredential`].
// Not `Debug`: it would spell a secret.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExchangeCredential {
    /// The credential. Its prefix ([`SESSION_SECRET_PREFIX`], [`API_KEY_PREFIX`]) says which kind it is.
    pub credential: String,
}

/// What an `X-Session-ID` begins with.
pub const SESSION_SECRET_PREFIX: &str = "tutti_sid_";
/// What an API key begins with.
pub const API_KEY_PREFIX: &str = "tutti_key_";

/// Data of the answer to [`ExchangeCredential`].
// Not `Debug`: it would spell a secret.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExchangedCredential {
    /// A bearer of the usual kind, whose `sid` is the login, or the API key.
    pub access_token: String,
    /// When it expires.
    pub expires_at: TimestampMs,
}
