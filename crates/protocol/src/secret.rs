//! Opaque secrets (refresh tokens, link tokens, owner keys): how they are spelled and what is stored of them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
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

/// The secret that follows on another one under a random key: base64url of HMAC-SHA256. It can be said again by whoever
/// has the key and is shown the old secret, and by nobody who has one of them only.
///
/// # Panics
/// Never: HMAC takes keys of any length.
#[must_use]
pub fn successor(key: &[u8; 32], secret: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(secret.as_bytes());
    spell(&mac.finalize().into_bytes().into())
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

    #[test]
    fn the_successor_is_hmac_sha_256_in_base64url() {
        // RFC 4231, 4.2, whose key of 20 bytes HMAC fills up with zeros.
        let mut key = [0; 32];
        key[..20].fill(0x0b);
        let expected = [
            0xb0, 0x34, 0x4c, 0x61, 0xd8, 0xdb, 0x38, 0x53, 0x5c, 0xa8, 0xaf, 0xce, 0xaf, 0x0b, 0xf1, 0x2b, 0x88, 0x1d,
            0xc2, 0x00, 0xc9, 0x83, 0x3d, 0xa7, 0x26, 0xe9, 0x37, 0x6c, 0x2e, 0x32, 0xcf, 0xf7,
        ];
        assert_eq!(successor(&key, "Hi There"), spell(&expected));
    }
}
