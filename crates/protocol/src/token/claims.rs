//! The claims of each kind of token.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::account::Scope;
use crate::event::Participant;
use crate::ids::{LeaseId, LinkId, LoginId, ParticipantId, RoomId, RunId, UserId};
use crate::rights::{Rights, Role};
use crate::task::TaskId;
use crate::tier::Tier;

/// Life of an access token.
pub const ACCESS_LIFETIME_S: u64 = 15 * 60;
/// Life of a room token: a working day; the right behind it is looked at again on each connect.
pub const ROOM_LIFETIME_S: u64 = 12 * 3_600;
/// Life of a claim ticket: the queue's 5 minutes, and as much again for each redelivery.
pub const CLAIM_LIFETIME_S: u64 = 15 * 60;
/// Life of an attempt's credential: compile, run and report with room to spare.
pub const ATTEMPT_LIFETIME_S: u64 = 15 * 60;
/// Life of a lease's credential. A runner that has served a room for so long makes way for a fresh one.
pub const LEASE_LIFETIME_S: u64 = 2 * 3_600;
/// Life of a service token: one request.
pub const SERVICE_LIFETIME_S: u64 = 60;

/// A kind of token.
pub trait Claims: Serialize + DeserializeOwned {
    /// `aud` of this kind.
    const AUDIENCE: &'static str;
    /// `exp`, in seconds since the epoch.
    fn expires_at_s(&self) -> u64;
}

macro_rules! claims {
    ($name:ident, $audience:literal) => {
        impl Claims for $name {
            const AUDIENCE: &'static str = $audience;
            fn expires_at_s(&self) -> u64 {
                self.exp
            }
        }
    };
}

/// An account's access token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessClaims {
    /// The user.
    pub sub: UserId,
    /// The login it belongs to; revoking that ends the token.
    pub sid: LoginId,
    /// The username, for display.
    pub name: String,
    /// Platform roles: `user`, `admin`.
    pub roles: Vec<String>,
    /// What the account's limits go by.
    #[serde(default = "Tier::of_account")]
    pub tier: Tier,
    /// What the bearer may be used for; everything unless it comes of an API key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<Scope>>,
    /// Issued at, in seconds.
    pub iat: u64,
    /// Expires at, in seconds.
    pub exp: u64,
    /// Names this token.
    pub jti: String,
}
claims!(AccessClaims, "tutti-api");

/// A room token: a bearer under its own room only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomClaims {
    /// Who, in this room.
    pub sub: ParticipantId,
    /// The room.
    pub room: RoomId,
    /// The role.
    pub role: Role,
    /// The rights: the role's, narrowed by the link.
    pub rights: Rights,
    /// The display name.
    pub name: String,
    /// The account, unless a guest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// The login behind it, unless a guest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<LoginId>,
    /// The share link behind it, if one was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<LinkId>,
    /// What the person's limits go by.
    #[serde(default)]
    pub tier: Tier,
    /// What the API key that it was got with may be used for; everything unless there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<Scope>>,
    /// The room's generation when the token was issued.
    #[serde(rename = "gen", default)]
    pub generation: u64,
    /// Issued at, in seconds.
    pub iat: u64,
    /// Expires at, in seconds.
    pub exp: u64,
    /// Names this token; the sync and the events socket of one client share it.
    pub jti: String,
}
claims!(RoomClaims, "tutti-room");

impl RoomClaims {
    /// Who the token makes its bearer in the room.
    #[must_use]
    pub fn participant(&self) -> Participant {
        Participant { id: self.sub.clone(), name: self.name.clone(), role: self.role, guest: self.user.is_none() }
    }
}

/// The ticket in a queue message, with which a runner claims the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimTicket {
    /// The run.
    pub run: RunId,
    /// Issued at, in seconds.
    pub iat: u64,
    /// Expires at, in seconds.
    pub exp: u64,
}
claims!(ClaimTicket, "tutti-claim");

/// The credential of one attempt at a run: what its runner reports with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptClaims {
    /// The run.
    pub run: RunId,
    /// The room that watches, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomId>,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// The task that claimed, if it named itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<TaskId>,
    /// Issued at, in seconds.
    pub iat: u64,
    /// Expires at, in seconds.
    pub exp: u64,
}
claims!(AttemptClaims, "tutti-attempt");

/// The credential with which a runner serves a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseClaims {
    /// The lease.
    pub lease: LeaseId,
    /// The room.
    pub room: RoomId,
    /// The task that serves it, if that has said its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<TaskId>,
    /// Issued at, in seconds.
    pub iat: u64,
    /// Expires at, in seconds.
    pub exp: u64,
}
claims!(LeaseClaims, "tutti-lease");

/// What the functions call the edge's `/internal` routes with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceClaims {
    /// The calling part.
    pub sub: String,
    /// Issued at, in seconds.
    pub iat: u64,
    /// Expires at, in seconds.
    pub exp: u64,
}
claims!(ServiceClaims, "tutti-service");
