//! Who is behind a socket.

use protocol::TimestampMs;
use protocol::event::Participant;
use protocol::ids::{LeaseId, LinkId, LoginId, RunId, TerminalId};
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
    /// Everything between the room and a runner that serves it, in text frames.
    Lease,
}

/// What a runner's socket stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Serving {
    /// The lease.
    pub lease: LeaseId,
    /// Runs that the runner works on at once; 0 until it has said so.
    pub slots: u32,
    /// True once it was let go.
    pub is_leaving: bool,
    /// The runs that it has in hand.
    pub runs: Vec<Entrusted>,
    /// The terminals that it has open, or was asked to open.
    pub terminals: Vec<TerminalId>,
}

/// A run in a runner's hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entrusted {
    /// The run.
    pub run: RunId,
    /// The attempt.
    pub attempt: u32,
    /// What it can be queued again with, unless it came through the queue.
    pub ticket: Option<String>,
    /// When it was given, or heard of last.
    pub heard_at: TimestampMs,
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
    /// What a runner's socket stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serving: Option<Serving>,
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
            serving: None,
        }
    }

    /// The session of a runner's socket.
    #[must_use]
    pub fn of_lease(lease: LeaseId, expires_at: TimestampMs) -> Self {
        Self {
            token_id: lease.to_string(),
            channel: Channel::Lease,
            serving: Some(Serving { lease, slots: 0, is_leaving: false, runs: Vec::new(), terminals: Vec::new() }),
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
