//! Which changes are acts, and what is recorded of each: words of ours, usernames, and from where somebody logged in.
//! Never a hash or a secret, and nothing that somebody wrote in a room.

use protocol::account::AuditRecord;
use serde_json::{Map, Value};

use super::change::{Change, Image};

/// What is watched of a kind of item.
struct Kind {
    /// Start of its `PK`.
    pk: &'static str,
    /// Start of its `SK`.
    sk: &'static str,
    /// The act of making it, and which attributes are told.
    made: Option<(&'static str, &'static [&'static str])>,
    /// The act of removing it.
    removed: Option<&'static str>,
    /// Attributes that are watched.
    watched: &'static [Watched],
}

/// What a change of one attribute means.
enum Watched {
    /// Its value changed; the attribute is told, before and after.
    Told(&'static str, &'static str),
    /// Its value changed; only that is told.
    Silent(&'static str, &'static str),
    /// It came.
    Came(&'static str, &'static str),
    /// It went.
    Went(&'static str, &'static str),
}

const KINDS: [Kind; 6] = [
    Kind {
        pk: "USER#",
        sk: "PROFILE",
        made: Some(("account.registered", &["username"])),
        removed: Some("account.deleted"),
        watched: &[
            Watched::Silent("passwordHash", "account.password-changed"),
            Watched::Told("username", "account.renamed"),
            Watched::Silent("email", "account.address-changed"),
            Watched::Came("emailVerified", "account.address-verified"),
            Watched::Came("totpSecret", "account.second-factor-on"),
            Watched::Went("totpSecret", "account.second-factor-off"),
            Watched::Told("tier", "account.tier-changed"),
            Watched::Told("roles", "account.roles-changed"),
            Watched::Came("suspendedAt", "account.suspended"),
            Watched::Went("suspendedAt", "account.restored"),
        ],
    },
    Kind {
        pk: "LOGIN#",
        sk: "LOGIN",
        made: Some(("login.opened", &["address", "userAgent"])),
        removed: None,
        watched: &[Watched::Came("endedAt", "login.ended")],
    },
    Kind {
        pk: "KEY#",
        sk: "",
        made: Some(("api-key.created", &["scopes"])),
        removed: Some("api-key.deleted"),
        watched: &[],
    },
    Kind {
        pk: "ROOM#",
        sk: "META",
        made: Some(("room.created", &["visibility"])),
        removed: None,
        watched: &[
            Watched::Told("visibility", "room.visibility-changed"),
            Watched::Silent("ownerId", "room.owner-changed"),
            Watched::Came("deletedAt", "room.deleted"),
        ],
    },
    Kind {
        pk: "ROOM#",
        sk: "MEMBER#",
        made: Some(("member.added", &["role", "linkId"])),
        removed: Some("member.removed"),
        watched: &[Watched::Told("role", "member.role-changed")],
    },
    Kind {
        pk: "ROOM#",
        sk: "LINK#",
        made: Some(("link.created", &["role"])),
        removed: None,
        watched: &[Watched::Came("revokedAt", "link.revoked")],
    },
];

/// The acts that a change consists of.
#[must_use]
pub fn acts_of(change: &Change) -> Vec<AuditRecord> {
    let (old, new) = change.images();
    let Some(image) = new.or(old).filter(|_| !change.is_expiry()) else { return Vec::new() };
    let key = |name| image.get(name).unwrap_or_default();
    let fits = |kind: &&Kind| key("PK").starts_with(kind.pk) && key("SK").starts_with(kind.sk);
    let Some(kind) = KINDS.iter().find(fits) else { return Vec::new() };
    let acts = match (old, new) {
        (None, Some(new)) => kind.made.map(|(action, told)| (action, values(new, told))).into_iter().collect(),
        (Some(_), None) => kind.removed.map(|action| (action, Map::new())).into_iter().collect(),
        (Some(old), Some(new)) => kind.watched.iter().filter_map(|watched| watched.act(old, new)).collect(),
        (None, None) => Vec::new(),
    };
    let record = |(place, (action, mut details)): (usize, (&str, Map<String, Value>))| {
        details.extend(values(image, &["changedBy"]));
        AuditRecord {
            id: format!("{}-{place}", change.name()),
            at: change.at(),
            action: action.to_owned(),
            user: ["userId", "ownerId"].iter().find_map(|name| image.get(name)?.parse().ok()),
            subject: subject(key("PK"), key("SK")),
            details: Value::Object(details),
        }
    };
    acts.into_iter().enumerate().map(record).collect()
}

impl Watched {
    fn act(&self, old: &Image, new: &Image) -> Option<(&'static str, Map<String, Value>)> {
        match *self {
            Self::Told(name, action) => {
                let (before, after) = (old.get(name), new.get(name));
                let details = [("from", before), ("to", after)];
                let details = details.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?.into())));
                (before != after).then(|| (action, details.collect()))
            }
            Self::Silent(name, action) => (old.get(name) != new.get(name)).then(|| (action, Map::new())),
            Self::Came(name, action) => {
                (old.get(name).is_none() && new.get(name).is_some()).then(|| (action, Map::new()))
            }
            Self::Went(name, action) => {
                (old.get(name).is_some() && new.get(name).is_none()).then(|| (action, Map::new()))
            }
        }
    }
}

fn values(image: &Image, names: &[&str]) -> Map<String, Value> {
    names.iter().filter_map(|name| Some(((*name).to_owned(), image.get(name)?.into()))).collect()
}

/// `room:…`, `user:…`, `login:…`; for what belongs to a room, the room and the part: `room:…/link:…`.
fn subject(pk: &str, sk: &str) -> String {
    let spelled = |key: &str| {
        let (kind, id) = key.split_once('#').unwrap_or((key, ""));
        format!("{}:{id}", kind.to_lowercase())
    };
    if sk.contains('#') { format!("{}/{}", spelled(pk), spelled(sk)) } else { spelled(pk) }
}
