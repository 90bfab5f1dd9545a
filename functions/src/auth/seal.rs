//! Secrets that have to be read again, encrypted where they are stored: those of authenticators.
//!
//! The key is a secret of its own, which this function alone may read. It is not the signing key's, since that one is
//! replaced now and then, and what it had sealed would be lost. XChaCha20-Poly1305 with a random nonce; what a text
//! belongs to is authenticated with it, so that one account's cannot be put into another's place.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use protocol::secret;
use thiserror::Error;

use crate::ambient::entropy;

/// Bytes of a nonce: enough for random ones never to meet.
const NONCE_BYTES: usize = 24;

/// Keeps this use of the secret apart from every other that it may get.
const CONTEXT: &str = "tutti: secrets of authenticators, version 1\n";

/// A text that cannot be opened: cut, changed, of another key, or of another owner.
#[derive(Debug, Error)]
pub enum SealError {
    /// It is not in the form that this program writes.
    #[error("the sealed text cannot be read")]
    Malformed(#[source] base64::DecodeError),
    /// It ends before its nonce does.
    #[error("the sealed text is too short")]
    Short,
    /// It does not fit the key and the owner.
    #[error("the sealed text does not fit its key and owner")]
    Unfit(chacha20poly1305::Error),
    /// The cipher refused what it was to seal.
    #[error("the text could not be sealed")]
    Unsealed(chacha20poly1305::Error),
}

/// Encrypts and decrypts.
pub struct Sealer {
    cipher: XChaCha20Poly1305,
}

impl Sealer {
    /// With the key that follows from a secret of high entropy.
    #[must_use]
    pub fn new(secret: &str) -> Self {
        let key = secret::digest(format!("{CONTEXT}{secret}").as_bytes());
        Self { cipher: XChaCha20Poly1305::new(&key.into()) }
    }

    /// Seals bytes for their owner.
    ///
    /// # Errors
    /// [`SealError::Unsealed`] for more bytes than the cipher takes.
    pub fn seal(&self, owner: &str, bytes: &[u8]) -> Result<String, SealError> {
        let mut sealed = entropy()[..NONCE_BYTES].to_vec();
        let nonce = XNonce::try_from(sealed.as_slice()).expect("the nonce has its length");
        let payload = Payload { msg: bytes, aad: owner.as_bytes() };
        sealed.extend(self.cipher.encrypt(&nonce, payload).map_err(SealError::Unsealed)?);
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// Opens what was sealed for that owner.
    ///
    /// # Errors
    /// [`SealError`]
    pub fn open(&self, owner: &str, sealed: &str) -> Result<Vec<u8>, SealError> {
        let sealed = URL_SAFE_NO_PAD.decode(sealed).map_err(SealError::Malformed)?;
        let (nonce, text) = sealed.split_at_checked(NONCE_BYTES).ok_or(SealError::Short)?;
        let nonce = XNonce::try_from(nonce).expect("the nonce has its length");
        self.cipher.decrypt(&nonce, Payload { msg: text, aad: owner.as_bytes() }).map_err(SealError::Unfit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_its_key_for_its_owner_only() {
        let sealer = Sealer::new("one");
        let sealed = sealer.seal("ada", b"secret").expect("sealed");
        assert_eq!(sealer.open("ada", &sealed).expect("opens"), b"secret");
        assert!(!sealed.contains("secret") && sealed != sealer.seal("ada", b"secret").expect("sealed"));
        assert!(matches!(sealer.open("bob", &sealed), Err(SealError::Unfit(_))));
        assert!(matches!(Sealer::new("two").open("ada", &sealed), Err(SealError::Unfit(_))));
        let changed = format!("{}A", &sealed[..sealed.len() - 1]);
        let other = if changed == sealed { format!("{}Q", &sealed[..sealed.len() - 1]) } else { changed };
        assert!(sealer.open("ada", &other).is_err());
        assert!(matches!(sealer.open("ada", "AAAA"), Err(SealError::Short)));
        assert!(matches!(sealer.open("ada", "not base64!"), Err(SealError::Malformed(_))));
    }
}
