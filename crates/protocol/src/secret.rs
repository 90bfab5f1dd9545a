//! Opaque secrets (refresh tokens, link tokens, owner keys): how they are spelled and what is stored of them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// Spells 32 random bytes as the text handed to a client: 43 characters of base64url.
#[must_use]
pub fn spell(entropy: &[u8; 32]) -> String {
    URL_SAFE_NO_PAD.encode(entropy)
}

/// What is stored and looked up instead of a secret: its SHA-256 in hex. The secrets carry 256 random bits, so a
/// plain hash is as hard to invert as the secret is to guess.
#[must_use]
pub fn fingerprint(secret: &str) -> String {
    digest(secret.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// SHA-256.
#[must_use]
pub fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fingerprint_is_sha_256_in_hex() {
        // FIPS 180-2, appendix B.1.
        assert_eq!(fingerprint("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(spell(&[0; 32]).len(), 43);
    }
}
