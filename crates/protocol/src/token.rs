//! Tokens: how they are signed and checked.
//!
//! All are EdDSA (Ed25519) JWTs. Each kind has an audience of its own, so that one is never taken for another.
//! Only the functions hold the private key ([`Signer`]); everybody else has the public keys ([`KeySet`]). Time is
//! passed in, since the edge has no system clock.

mod claims;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::{DecodePrivateKey, EncodePrivateKey};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::TimestampMs;

pub use claims::{
    ACCESS_LIFETIME_S, ATTEMPT_LIFETIME_S, AccessClaims, AttemptClaims, CLAIM_LIFETIME_S, ClaimTicket, Claims,
    ROOM_LIFETIME_S, RoomClaims, SERVICE_LIFETIME_S, ServiceClaims,
};

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
    Invalid(#[source] jsonwebtoken::errors::Error),
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
    #[error("the token could not be signed")]
    Signing(#[source] jsonwebtoken::errors::Error),
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
        jsonwebtoken::decode_header(token)
            .ok()
            .and_then(|header| header.kid)
            .is_some_and(|kid| self.keys.iter().any(|key| key.kid == kid))
    }

    /// Checks signature, algorithm, issuer, audience and time of a token.
    ///
    /// # Errors
    /// [`TokenError::Expired`] where only the time is wrong; else [`TokenError::UnknownKey`] or
    /// [`TokenError::Invalid`].
    pub fn verify<C: Claims>(&self, token: &str, now: TimestampMs) -> Result<C, TokenError> {
        let header = jsonwebtoken::decode_header(token).map_err(TokenError::Invalid)?;
        let key =
            header.kid.and_then(|kid| self.keys.iter().find(|key| key.kid == kid)).ok_or(TokenError::UnknownKey)?;
        let decoding = DecodingKey::from_ed_components(&key.x).map_err(TokenError::Invalid)?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&[C::AUDIENCE]);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        // The clock of the library does not exist in a Worker; the time is compared below.
        validation.validate_exp = false;
        let claims: C = jsonwebtoken::decode(token, &decoding, &validation).map_err(TokenError::Invalid)?.claims;
        if claims.expires_at_s() + LEEWAY_S <= now / 1000 { Err(TokenError::Expired) } else { Ok(claims) }
    }
}

/// The private keys. The first signs; all are published, so that a new key can be added before it is used and an
/// old one kept until its tokens have expired.
pub struct Signer {
    signing: EncodingKey,
    kid: String,
    key_set: KeySet,
}

#[derive(Serialize)]
struct Signed<'a, C> {
    iss: &'static str,
    aud: &'static str,
    #[serde(flatten)]
    claims: &'a C,
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
        let first = keys.first().ok_or(TokenError::NoKey)?;
        let der = first.to_pkcs8_der().map_err(TokenError::Key)?;
        Ok(Self {
            signing: EncodingKey::from_ed_der(der.as_bytes()),
            kid: public_key(first).kid,
            key_set: KeySet { keys: keys.iter().map(public_key).collect() },
        })
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
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.kid.clone());
        let signed = Signed { iss: ISSUER, aud: C::AUDIENCE, claims };
        jsonwebtoken::encode(&header, &signed, &self.signing).map_err(TokenError::Signing)
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

#[cfg(test)]
mod tests {
    use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;

    use super::*;
    use crate::ids::RunId;

    const NOW: TimestampMs = 1_800_000_000_000;

    fn pem(seed: u8) -> String {
        SigningKey::from_bytes(&[seed; 32]).to_pkcs8_pem(LineEnding::LF).expect("encodes").to_string()
    }

    fn ticket(exp: u64) -> ClaimTicket {
        ClaimTicket { run: RunId::from_entropy(&[1; 32]), iat: exp - 60, exp }
    }

    #[test]
    fn a_token_is_accepted_until_it_expires() {
        let signer = Signer::from_pem(&pem(1)).expect("a key");
        let exp = NOW / 1000 + 60;
        let token = signer.sign(&ticket(exp)).expect("signs");
        let check = |now| signer.key_set().verify::<ClaimTicket>(&token, now);
        assert_eq!(check(NOW).expect("valid"), ticket(exp));
        assert!(check((exp + LEEWAY_S) * 1000 - 1).is_ok());
        assert!(matches!(check((exp + LEEWAY_S) * 1000), Err(TokenError::Expired)));
    }

    #[test]
    fn one_kind_is_never_taken_for_another() {
        let signer = Signer::from_pem(&pem(1)).expect("a key");
        let token = signer.sign(&ticket(NOW / 1000 + 60)).expect("signs");
        assert!(matches!(signer.key_set().verify::<AttemptClaims>(&token, NOW), Err(TokenError::Invalid(_))));
    }

    #[test]
    fn a_foreign_key_and_a_changed_token_are_refused() {
        let (ours, foreign) = (Signer::from_pem(&pem(1)).expect("a key"), Signer::from_pem(&pem(2)).expect("a key"));
        let token = foreign.sign(&ticket(NOW / 1000 + 60)).expect("signs");
        assert!(matches!(ours.key_set().verify::<ClaimTicket>(&token, NOW), Err(TokenError::UnknownKey)));
        let mut changed = ours.sign(&ticket(NOW / 1000 + 60)).expect("signs");
        let middle = changed.len() - 40;
        let other = if changed[middle..].starts_with('A') { "B" } else { "A" };
        changed.replace_range(middle..=middle, other);
        assert!(matches!(ours.key_set().verify::<ClaimTicket>(&changed, NOW), Err(TokenError::Invalid(_))));
    }

    #[test]
    fn the_algorithm_none_is_refused() {
        let signer = Signer::from_pem(&pem(1)).expect("a key");
        let kid = &signer.key_set().keys[0].kid;
        let header = URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"none","kid":"{kid}"}}"#));
        let body = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&ticket(NOW / 1000 + 60)).expect("serialises"));
        assert!(signer.key_set().verify::<ClaimTicket>(&format!("{header}.{body}."), NOW).is_err());
    }

    #[test]
    fn after_a_rotation_tokens_of_the_old_key_still_stand() {
        let token = Signer::from_pem(&pem(1)).expect("a key").sign(&ticket(NOW / 1000 + 60)).expect("signs");
        let rotated = Signer::from_pem(&format!("{}\n{}", pem(2), pem(1))).expect("two keys");
        assert!(rotated.key_set().verify::<ClaimTicket>(&token, NOW).is_ok());
        assert!(matches!(Signer::from_pem("no key"), Err(TokenError::NoKey)));
    }
}
