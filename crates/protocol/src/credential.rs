//! Opaque credentials: API keys and the secrets of `X-Session-ID`. The edge exchanges them for access tokens, so that
//! nothing behind it ever sees one.
//!
//! A credential names its record and proves that its bearer may use it: prefix, id of the key or login, 43 characters
//! of secret. The record is found by the id alone and holds the [`fingerprint`](crate::secret::fingerprint) of the
//! whole text.

use crate::ids::{ID_LENGTH, LoginId};
use crate::internal::{API_KEY_PREFIX, SESSION_SECRET_PREFIX};
use crate::secret;

/// Characters of the secret: 32 bytes in base64url.
const SECRET_CHARS: usize = 43;

/// Characters of the id that tell one key from another in a list: 36^6 is two billion.
const SHOWN_ID_CHARS: usize = 6;

/// What a credential is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialKind {
    /// A login: what `X-Session-ID` carries.
    Session,
    /// An API key: a bearer.
    ApiKey,
}

impl CredentialKind {
    /// What such a credential begins with.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Session => SESSION_SECRET_PREFIX,
            Self::ApiKey => API_KEY_PREFIX,
        }
    }

    /// A new credential for a record.
    #[must_use]
    pub fn spell(self, id: &LoginId, entropy: &[u8; 32]) -> String {
        format!("{}{id}{}", self.prefix(), secret::spell(entropy))
    }

    /// What may be shown of a credential for a record, to tell it from others.
    #[must_use]
    pub fn shown(self, id: &LoginId) -> String {
        format!("{}{}", self.prefix(), &id.as_str()[..SHOWN_ID_CHARS])
    }

    /// Which record a credential names, and of what kind; nothing if the text has not the form of one.
    ///
    /// ```
    /// use protocol::credential::CredentialKind;
    /// use protocol::ids::LoginId;
    ///
    /// let id = LoginId::from_entropy(&[7; 32]);
    /// let key = CredentialKind::ApiKey.spell(&id, &[9; 32]);
    /// assert_eq!(CredentialKind::parse(&key), Some((CredentialKind::ApiKey, id)));
    /// assert_eq!(CredentialKind::parse("tutti_key_short"), None);
    /// ```
    #[must_use]
    pub fn parse(credential: &str) -> Option<(Self, LoginId)> {
        let is_secret = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        [Self::Session, Self::ApiKey].into_iter().find_map(|kind| {
            let rest = credential.strip_prefix(kind.prefix())?;
            let (id, secret) = rest.split_at_checked(ID_LENGTH)?;
            let is_whole = secret.len() == SECRET_CHARS && secret.bytes().all(is_secret);
            LoginId::parse(id).ok().filter(|_| is_whole).map(|id| (kind, id))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_read_as_it_was_spelled_and_nothing_else_is() {
        let id = LoginId::from_entropy(&[3; 32]);
        for kind in [CredentialKind::Session, CredentialKind::ApiKey] {
            let text = kind.spell(&id, &[5; 32]);
            assert!(text.starts_with(kind.prefix()) && text.starts_with(&kind.shown(&id)), "{text}");
            assert_eq!(CredentialKind::parse(&text), Some((kind, id.clone())));
            for wrong in [&text[1..], &text[..text.len() - 1], &format!("{text}a"), &text.replace('_', "+")] {
                assert_eq!(CredentialKind::parse(wrong), None, "{wrong}");
            }
        }
        for wrong in ["", "tutti_key_", "tutti_sid_äääääääääääääääääääääääääääääääää"]
        {
            assert_eq!(CredentialKind::parse(wrong), None, "{wrong}");
        }
    }
}
