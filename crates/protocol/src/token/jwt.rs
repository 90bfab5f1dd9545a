//! A token's outer form: the JWT's three parts, the signature over them, and who issued it for whom.
//!
//! The algorithm is fixed here and never taken from the token. What the claims mean, and whether their time has
//! passed, is none of this module's business.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{SignatureError, SigningKey, VerifyingKey};
use jwt_compact::alg::Ed25519;
use jwt_compact::{AlgorithmExt, Header, ParseError, UntrustedToken, ValidationError};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Claims, ISSUER};

pub use jwt_compact::CreationError;

/// What is wrong with a token that is not valid. What the library says of it is no `Error` without its `std` feature,
/// hence part of the text and not a source.
#[derive(Debug, Error)]
pub enum InvalidToken {
    /// It has not the form of a JWT.
    #[error("not a JWT: {0}")]
    Form(ParseError),
    /// A part of it or the key that it names is not base64url.
    #[error("not base64url")]
    Base64(#[from] base64::DecodeError),
    /// The key that it names is none of Ed25519.
    #[error("its public key cannot be used")]
    Key(#[from] SignatureError),
    /// Another algorithm, or not signed with this key.
    #[error("its integrity is not given: {0}")]
    Integrity(ValidationError),
    /// Signed by us, for something else.
    #[error("issued by another, or for another purpose")]
    Purpose,
    /// It lacks claims of its kind.
    #[error("its claims cannot be read")]
    Claims(#[source] serde_json::Error),
}

/// The claims that every kind of token carries beside its own.
#[derive(Deserialize)]
struct Purpose {
    iss: String,
    aud: String,
}

#[derive(Serialize)]
struct Signed<'a, C> {
    iss: &'static str,
    aud: &'static str,
    #[serde(flatten)]
    claims: &'a C,
}

/// A token that has been taken apart and not been checked.
pub(super) struct Sealed<'a> {
    token: UntrustedToken<'a>,
    payload: &'a str,
}

impl<'a> Sealed<'a> {
    pub(super) fn parse(token: &'a str) -> Result<Self, InvalidToken> {
        let payload = token.split('.').nth(1).unwrap_or_default();
        Ok(Self { token: UntrustedToken::new(token).map_err(InvalidToken::Form)?, payload })
    }

    /// The name of the key that it claims to be signed with.
    pub(super) fn key_id(&self) -> Option<&str> {
        self.token.header().key_id.as_deref()
    }

    /// Checks algorithm, signature, issuer and audience, and gives the claims' JSON.
    ///
    /// Not generic: each kind's claims are read from the JSON directly, which is far less code in the Worker than
    /// having the library read them out of a buffered map.
    pub(super) fn open(&self, public_key: &str, audience: &str) -> Result<Vec<u8>, InvalidToken> {
        let key = VerifyingKey::try_from(URL_SAFE_NO_PAD.decode(public_key)?.as_slice())?;
        let checked = Ed25519.validator::<Purpose>(&key).validate(&self.token).map_err(InvalidToken::Integrity)?;
        let purpose = &checked.claims().custom;
        if purpose.iss != ISSUER || purpose.aud != audience {
            return Err(InvalidToken::Purpose);
        }
        Ok(URL_SAFE_NO_PAD.decode(self.payload)?)
    }
}

/// Signs claims as a token of their kind.
pub(super) fn seal<C: Claims>(claims: &C, kid: &str, key: &SigningKey) -> Result<String, CreationError> {
    let header = Header::empty().with_token_type("JWT").with_key_id(kid);
    let signed = Signed { iss: ISSUER, aud: C::AUDIENCE, claims };
    Ed25519.token(&header, &jwt_compact::Claims::new(signed), key)
}
