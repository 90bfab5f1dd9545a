//! Identifiers: one type per kind of thing, so that a room's id cannot be passed where a run's is meant.
//!
//! Every id is [`ID_LENGTH`] characters of `0-9a-z`, drawn from 32 bytes of entropy by the caller. They are names,
//! not secrets: knowing one grants nothing.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use ts_rs::TS;

/// Characters of an id. 36^20 is about 2^103: two of a trillion ids collide with a probability below 10^-7.
pub const ID_LENGTH: usize = 20;

const ALPHABET: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// A string that is not an id.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("an id is {ID_LENGTH} characters of 0-9 and a-z")]
pub struct InvalidId;

fn is_id(text: &str) -> bool {
    text.len() == ID_LENGTH && text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
}

/// Spells entropy in base 36. Reducing a byte modulo 36 favours four characters by 1/8; over 20 characters that
/// costs less than half a bit.
fn spell(entropy: &[u8; 32]) -> String {
    entropy[..ID_LENGTH].iter().map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()])).collect()
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
        #[serde(try_from = "String", into = "String")]
        #[ts(type = "string")]
        pub struct $name(String);

        impl $name {
            /// Accepts a well-formed id.
            ///
            /// # Errors
            /// [`InvalidId`] for anything but 20 characters of `0-9a-z`.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                if is_id(text) { Ok(Self(text.to_owned())) } else { Err(InvalidId) }
            }

            /// Makes an id of random bytes.
            #[must_use]
            pub fn from_entropy(entropy: &[u8; 32]) -> Self {
                Self(spell(entropy))
            }

            /// The id's characters.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::parse(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

id!(
    /// A room: a live collaborative space with its files.
    RoomId
);
id!(
    /// One execution of code.
    RunId
);
id!(
    /// An account.
    UserId
);
id!(
    /// Somebody in a room: for an account the characters of its user id, for a guest an id of its own.
    ParticipantId
);
id!(
    /// A share link of a room.
    LinkId
);
id!(
    /// A named moment of a room.
    SnapshotId
);
id!(
    /// A login: one authenticated session of a user (`sid` in tokens).
    LoginId
);
id!(
    /// The time for which a runner serves one room.
    LeaseId
);
id!(
    /// A terminal of a room.
    TerminalId
);

impl From<UserId> for ParticipantId {
    fn from(user: UserId) -> Self {
        Self(user.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_twenty_characters_of_base_36_are_an_id() {
        let valid = "0123456789abcdefghij";
        assert_eq!(RoomId::parse(valid).map(String::from), Ok(valid.to_owned()));
        for bad in ["", "0123456789abcdefghi", "0123456789abcdefghijk", "0123456789ABCDEFGHIJ", "0123456789abcdefg/ij"]
        {
            assert_eq!(RoomId::parse(bad), Err(InvalidId), "{bad}");
        }
    }

    #[test]
    fn entropy_gives_a_valid_id() {
        let id = RunId::from_entropy(&[255; 32]);
        assert_eq!(RunId::parse(id.as_str()), Ok(id));
    }
}
