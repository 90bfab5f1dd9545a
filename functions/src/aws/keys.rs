//! The keys of every item, in one place.

use protocol::TimestampMs;
use protocol::ids::{LinkId, LoginId, ParticipantId, RoomId, RunId, UserId};
use protocol::task::TaskId;

use super::item::{Item, text};
use crate::ports::accounts::MailPurpose;
use crate::ports::runs::OPEN_PARTS;

/// A primary key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    /// `PK`.
    pub(super) pk: String,
    /// `SK`.
    pub(super) sk: String,
}

impl Key {
    fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self { pk: pk.into(), sk: sk.into() }
    }

    /// As attributes.
    pub(super) fn into_item(self) -> Item {
        Item::from([("PK".to_owned(), text(self.pk)), ("SK".to_owned(), text(self.sk))])
    }

    pub(super) fn account(user: &UserId) -> Self {
        Self::new(owned_by(user), "PROFILE")
    }

    pub(super) fn email(normal: &str) -> Self {
        Self::new(format!("EMAIL#{normal}"), "UNIQUE")
    }

    pub(super) fn username(normal: &str) -> Self {
        Self::new(format!("USERNAME#{normal}"), "UNIQUE")
    }

    pub(super) fn login(login: &LoginId) -> Self {
        Self::new(format!("LOGIN#{login}"), "LOGIN")
    }

    pub(super) fn refresh(fingerprint: &str) -> Self {
        Self::new(format!("REFRESH#{fingerprint}"), "TOKEN")
    }

    pub(super) fn mail_token(purpose: MailPurpose, fingerprint: &str) -> Self {
        let sk = match purpose {
            MailPurpose::Reset => "RESET",
            MailPurpose::Verify => "VERIFY",
        };
        Self::new(format!("MAILTOKEN#{fingerprint}"), sk)
    }

    pub(super) fn mails(user: &UserId, hour: u64) -> Self {
        Self::new(format!("MAILS#{user}#{hour}"), "COUNT")
    }

    pub(super) fn api_key(id: &LoginId) -> Self {
        Self::new(format!("KEY#{id}"), "KEY")
    }

    pub(super) fn room(room: &RoomId) -> Self {
        Self::new(of_room(room), "META")
    }

    pub(super) fn slug(slug: &str) -> Self {
        Self::new(format!("SLUG#{slug}"), "UNIQUE")
    }

    pub(super) fn member(room: &RoomId, user: &UserId) -> Self {
        Self::new(of_room(room), format!("MEMBER#{user}"))
    }

    pub(super) fn link(room: &RoomId, link: &LinkId) -> Self {
        Self::new(of_room(room), format!("{LINK_PREFIX}{link}"))
    }

    pub(super) fn link_token(fingerprint: &str) -> Self {
        Self::new(format!("LINKTOKEN#{fingerprint}"), "LINK")
    }

    pub(super) fn link_use(room: &RoomId, link: &LinkId, person: &ParticipantId) -> Self {
        Self::new(of_room(room), format!("USE#{link}#{person}"))
    }

    pub(super) fn audit(day: &str, moment: TimestampMs, id: &str) -> Self {
        Self::new(audited_on(day), at(moment, id))
    }

    pub(super) fn run(run: &RunId) -> Self {
        Self::new(format!("RUN#{run}"), "RUN")
    }

    pub(super) fn idempotency(owner: &str, key: &str) -> Self {
        Self::new(format!("IDEMPOTENCY#{owner}#{key}"), "KEY")
    }

    pub(super) fn busy_task(task: &TaskId) -> Self {
        Self::new(BUSY_TASKS, format!("{TASK_PREFIX}{task}"))
    }

    pub(super) fn rate(key: &str, minute: u64) -> Self {
        Self::new(format!("RATE#{key}#{minute}"), "COUNT")
    }
}

/// Partition of the busy tasks.
pub(super) const BUSY_TASKS: &str = "POOL";

/// Start of the sort keys of busy tasks.
pub(super) const TASK_PREFIX: &str = "TASK#";

/// Partition of the open runs' index that a run belongs to, by the first letter of its id, which is random.
pub(super) fn open_part_of(run: &RunId) -> String {
    let first = run.as_str().bytes().next().unwrap_or_default();
    open_part(first % OPEN_PARTS)
}

/// A partition of the open runs' index.
pub(super) fn open_part(part: u8) -> String {
    format!("OPEN#{part}")
}

/// Partition of the audit records of a day.
pub(super) fn audited_on(day: &str) -> String {
    format!("DAY#{day}")
}

/// Start of the sort keys of a room's links.
pub(super) const LINK_PREFIX: &str = "LINK#";

/// Partition of what belongs to a user, in the table and in the index.
pub(super) fn owned_by(user: &UserId) -> String {
    format!("USER#{user}")
}

/// Partition of a user's API keys in the index.
pub(super) fn keys_of(user: &UserId) -> String {
    format!("KEYS#{user}")
}

/// Partition of what belongs to a room, in the table and in the index.
pub(super) fn of_room(room: &RoomId) -> String {
    format!("ROOM#{room}")
}

/// Sort key of the index: by time, then by id.
pub(super) fn at(at: TimestampMs, id: &str) -> String {
    format!("{at:013}#{id}")
}

/// `expiresAtSeconds` of an item that may go at `at`.
pub(super) fn seconds(at: TimestampMs) -> u64 {
    at / 1000
}
