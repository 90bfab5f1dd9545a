//! Tokens: how they are signed and checked.
//!
//! All are EdDSA (Ed25519) JWTs. Each kind has an audience of its own, so that one is never taken for another.
//! Only the functions hold the private key ([`Signer`]); everybody else has the public keys ([`KeySet`]). Time is
//! passed in, since the edge has no system clock.

mod claims;
mod jwt;
#[cfg(test)]
mod tests;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::DecodePrivateKey;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::TimestampMs;

pub use claims::{
    ACCESS_LIFETIME_S, ATTEMPT_LIFETIME_S, AccessClaims, AttemptClaims, CLAIM_LIFETIME_S, ClaimTicket, Claims,
    LEASE_LIFETIME_S, LeaseClaims, ROOM_LIFETIME_S, RoomClaims, SERVICE_LIFETIME_S, ServiceClaims,
};
pub use jwt::{CreationError, InvalidToken};

/// `iss` of every token.
pub const ISSUER: &str = "tutti";
/// Clocks may differ by this much.
pub const LEEWAY_S: u64 = 5;

/// Why a token or a key is not accepted.
#[derive(Debug, Error)]
pub enum TokenError {
    /// Right in all but its time: get a new one.
    #[error("the token has expired")]
    Expired,
    /// Not a token, not ours, or of another kind.
    #[error("the token is not valid")]
    Invalid(#[from] InvalidToken),
    /// Signed with a key that the set does not hold.
    #[error("the token's key is not known")]
    UnknownKey,
    /// The signing key's PEM cannot be read.
    #[error("the signing key is not an Ed25519 key in PKCS#8 PEM")]
    Key(#[source] ed25519_dalek::pkcs8::Error),
    /// The secret holds no key at all.
    #[error("the signing secret holds no PEM block")]
    NoKey,
    /// The claims could not be signed.
    #[error("the token could not be signed: {0}")]
    Signing(CreationError),
}

/// A public key as RFC 8037 spells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicKey {
    /// `OKP`.
    pub kty: String,
    /// `Ed25519`.
    pub crv: String,
    /// The key's 32 bytes in base64url.
    pub x: String,
    /// Names the key: the start of the SHA-256 of its bytes, in hex.
    pub kid: String,
    /// `EdDSA`.
    pub alg: String,
    /// `sig`.
    #[serde(rename = "use")]
    pub usage: String,
}

/// The public keys of all tokens: `/.well-known/jwks.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeySet {
    /// The keys; any of them may have signed a token that still lives.
    pub keys: Vec<PublicKey>,
}

impl KeySet {
    /// True if the set holds the key that the token's header names. A caller with an old set fetches it again
    /// before it says no.
    #[must_use]
    pub fn knows_key_of(&self, token: &str) -> bool {
        jwt::Sealed::parse(token).is_ok_and(|sealed| self.key_of(&sealed).is_some())
    }

    /// Checks signature, algorithm, issuer, audience and time of a token.
    ///
    /// # Errors
    /// [`TokenError::Expired`] where only the time is wrong; else [`TokenError::UnknownKey`] or
    /// [`TokenError::Invalid`].
    pub fn verify<C: Claims>(&self, token: &str, now: TimestampMs) -> Result<C, TokenError> {
        let sealed = jwt::Sealed::parse(token)?;
        let key = self.key_of(&sealed).ok_or(TokenError::UnknownKey)?;
        let payload = sealed.open(&key.x, C::AUDIENCE)?;
        let claims: C = serde_json::from_slice(&payload).map_err(InvalidToken::Claims)?;
        if claims.expires_at_s().saturating_add(LEEWAY_S) <= now / 1000 { Err(TokenError::Expired) } else { Ok(claims) }
    }

    fn key_of(&self, sealed: &jwt::Sealed<'_>) -> Option<&PublicKey> {
        let kid = sealed.key_id()?;
        self.keys.iter().find(|key| key.kid == kid)
    }
}

/// The private keys. The first signs; all are published, so that a new key can be added before it is used and an
/// old one kept until its tokens have expired.
pub struct Signer {
    signing: SigningKey,
    kid: String,
    key_set: KeySet,
}

impl Signer {
    /// Reads one or more PKCS#8 PEM blocks.
    ///
    /// # Errors
    /// [`TokenError::NoKey`] or [`TokenError::Key`].
    pub fn from_pem(pem: &str) -> Result<Self, TokenError> {
        const END: &str = "-----END PRIVATE KEY-----";
        let keys = pem
            .split_inclusive(END)
            .map(str::trim)
            .filter(|block| block.ends_with(END))
            .map(|block| SigningKey::from_pkcs8_pem(block).map_err(TokenError::Key))
            .collect::<Result<Vec<_>, _>>()?;
        let key_set = KeySet { keys: keys.iter().map(public_key).collect() };
        let signing = keys.into_iter().next().ok_or(TokenError::NoKey)?;
        Ok(Self { kid: public_key(&signing).kid, signing, key_set })
    }

    /// The public keys.
    #[must_use]
    pub fn key_set(&self) -> &KeySet {
        &self.key_set
    }

    /// Signs claims as a token of their kind.
    ///
    /// # Errors
    /// [`TokenError::Signing`] if they cannot be encoded.
    pub fn sign<C: Claims>(&self, claims: &C) -> Result<String, TokenError> {
        jwt::seal(claims, &self.kid, &self.signing).map_err(TokenError::Signing)
    }
}

fn public_key(key: &SigningKey) -> PublicKey {
    let bytes = key.verifying_key().to_bytes();
    let kid = Sha256::digest(bytes)[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    PublicKey {
        kty: "OKP".to_owned(),
        crv: "Ed25519".to_owned(),
        x: URL_SAFE_NO_PAD.encode(bytes),
        kid,
        alg: "EdDSA".to_owned(),
        usage: "sig".to_owned(),
    }
}
