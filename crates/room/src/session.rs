//! Who is behind a socket.

use protocol::TimestampMs;
use protocol::event::Participant;
use protocol::ids::{LinkId, LoginId, RunId};
use protocol::rights::Rights;
use protocol::tier::Tier;
use protocol::token::RoomClaims;
use serde::{Deserialize, Serialize};

use crate::awareness::OwnState;

/// Names a socket within its room, across hibernation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SocketId(pub u64);

/// What a socket carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Channel {
    /// The Yjs protocol, in binary frames.
    Sync,
    /// JSON events, in text frames.
    Events,
    /// The output of one attempt at a run, in text frames.
    Runner {
        /// The run.
        run: RunId,
        /// The attempt.
        attempt: u32,
    },
}

/// A socket's session: kept in its attachment, so that it survives hibernation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// What the socket carries.
    pub channel: Channel,
    /// Who is behind it; nobody behind a runner's.
    pub participant: Option<Participant>,
    /// What they may do.
    pub rights: Rights,
    /// `jti` of the token: the sync and the events socket of one client share it.
    pub token_id: String,
    /// When the token expires.
    pub expires_at: TimestampMs,
    /// The login behind the token.
    pub login: Option<LoginId>,
    /// The share link behind the token.
    pub link: Option<LinkId>,
    /// The address that the socket came from; guests' runs are counted by it.
    pub address: String,
    /// The token itself, on the events channel: runs are submitted in its name.
    pub token: Option<String>,
    /// The awareness entry that this socket announced.
    pub awareness: Option<OwnState>,
    /// Update frames of this socket that are in the log.
    pub frames: u64,
    /// What the person's limits go by.
    pub tier: Tier,
    /// The room's generation when the token was issued.
    pub generation: u64,
    /// When something last came from the socket.
    pub heard_at: TimestampMs,
    /// True while nothing was heard for too long: the person counts as gone.
    pub is_silent: bool,
}

impl Session {
    /// The session of a person's socket.
    #[must_use]
    pub fn of_person(channel: Channel, claims: &RoomClaims, token: &str, address: String) -> Self {
        Self {
            token: (channel == Channel::Events).then(|| token.to_owned()),
            channel,
            participant: Some(claims.participant()),
            rights: claims.rights,
            token_id: claims.jti.clone(),
            expires_at: claims.exp * 1000,
            login: claims.sid.clone(),
            link: claims.link.clone(),
            address,
            awareness: None,
            frames: 0,
            tier: claims.tier,
            generation: claims.generation,
            heard_at: 0,
            is_silent: false,
        }
    }

    /// The session of a runner's socket.
    #[must_use]
    pub fn of_runner(run: RunId, attempt: u32, expires_at: TimestampMs) -> Self {
        Self {
            token_id: format!("{run}.{attempt}"),
            channel: Channel::Runner { run, attempt },
            participant: None,
            rights: Rights { view: false, edit: false, run: false, terminal: false },
            expires_at,
            login: None,
            link: None,
            address: String::new(),
            token: None,
            awareness: None,
            frames: 0,
            tier: Tier::Anonymous,
            generation: 0,
            heard_at: 0,
            is_silent: false,
        }
    }
}
