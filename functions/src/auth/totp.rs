//! Time-based codes (RFC 6238) as authenticators know them: HMAC-SHA-1, six digits, 30 seconds, one step of patience
//! on either side. And recovery codes, for whoever has lost the authenticator.

use protocol::TimestampMs;
use protocol::account::TotpSetup;
use protocol::secret;
use qrcode::render::svg;
use qrcode::types::QrError;
use qrcode::{EcLevel, QrCode};
use thiserror::Error;
use totp_rs::{Builder, Totp, TotpError};

use crate::ambient::entropy;

/// Bytes of a secret: what RFC 4226, section 4, recommends.
const SECRET_BYTES: usize = 20;

/// What authenticators list the account under.
const ISSUER: &str = "Tutti";

/// Width of a module of the QR code, in the drawing's own units. Whoever shows it scales it up; numbers of one or two
/// digits make it a third shorter, and `cargo lambda watch` drops one in thirty answers of more than 15 KB.
const QR_MODULE: u32 = 1;

/// Recovery codes that are handed out together.
pub const RECOVERY_CODES: usize = 10;

/// Characters of a recovery code: 80 random bits, too many to try even against the stored hashes.
const RECOVERY_CHARS: usize = 16;

/// Characters between two dashes.
const RECOVERY_GROUP: usize = 4;

/// 32 characters of which no two look alike.
const RECOVERY_ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// Why there is no authenticator.
#[derive(Debug, Error)]
pub enum SetupError {
    /// The secret or the account's name does not fit.
    #[error("the authenticator's secret does not fit")]
    Totp(#[source] TotpError),
    /// The address does not fit into a QR code.
    #[error("the address could not be drawn")]
    Qr(#[source] QrError),
}

impl From<TotpError> for SetupError {
    fn from(error: TotpError) -> Self {
        Self::Totp(error)
    }
}

/// A new secret.
#[must_use]
pub fn new_secret() -> Vec<u8> {
    entropy()[..SECRET_BYTES].to_vec()
}

/// What an authenticator is set up with.
///
/// # Errors
/// [`SetupError`] for a name with a colon, which no address has.
pub fn setup(secret: Vec<u8>, account_name: &str) -> Result<TotpSetup, SetupError> {
    let totp = Builder::new().with_secret(secret).with_account_name(account_name).with_issuer(Some(ISSUER)).build()?;
    let otpauth_url = totp.to_url()?;
    // A screen has no dirt and no folds to correct, and what needs no correction has larger modules.
    let code = QrCode::with_error_correction_level(otpauth_url.as_bytes(), EcLevel::L).map_err(SetupError::Qr)?;
    let qr_svg = code.render::<svg::Color<'_>>().module_dimensions(QR_MODULE, QR_MODULE).build();
    Ok(TotpSetup { secret: totp.secret().to_base32(), otpauth_url, qr_svg })
}

/// The step of which this is the code, if it is of now or of the steps around.
///
/// # Errors
/// [`SetupError::Totp`] for a secret that is none.
pub fn step_of(secret: Vec<u8>, code: &str, now: TimestampMs) -> Result<Option<u64>, SetupError> {
    let totp: Totp = Builder::new().with_secret(secret).build()?;
    // People copy codes in the two groups that their authenticator shows.
    let digits: String = code.chars().filter(|character| !character.is_whitespace()).collect();
    Ok(totp.check(&digits, now / 1000))
}

/// New recovery codes, as people get them.
#[must_use]
pub fn new_recovery_codes() -> Vec<String> {
    (0..RECOVERY_CODES).map(|_| spell_recovery_code(&entropy())).collect()
}

fn spell_recovery_code(entropy: &[u8; 32]) -> String {
    let character = |byte: &u8| char::from(RECOVERY_ALPHABET[usize::from(*byte) % RECOVERY_ALPHABET.len()]);
    let groups = entropy[..RECOVERY_CHARS].chunks(RECOVERY_GROUP);
    groups.map(|group| group.iter().map(character).collect::<String>()).collect::<Vec<_>>().join("-")
}

/// What is stored of a recovery code, however it was typed; nothing if the text cannot be one.
#[must_use]
pub fn recovery_fingerprint(code: &str) -> Option<String> {
    let is_left_out = |character: char| character == '-' || character.is_whitespace();
    let plain: String = code.chars().filter(|character| !is_left_out(*character)).collect();
    (plain.chars().count() == RECOVERY_CHARS).then(|| secret::fingerprint(&plain.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_rfc_6238() {
        // Appendix B, SHA-1: the last six of its eight digits.
        let check = |seconds: u64, code: &str| {
            let step = step_of(b"12345678901234567890".to_vec(), code, seconds * 1000).expect("a secret");
            assert_eq!(step, Some(seconds / 30), "{seconds}");
        };
        check(59, "287082");
        check(1_111_111_109, "081804");
        check(1_111_111_111, "050471");
        check(1_234_567_890, "005924");
        check(2_000_000_000, "279037");
        check(20_000_000_000, "353 130");
    }

    #[test]
    fn a_code_is_good_for_one_step_before_and_after_its_own() {
        let step =
            |seconds: u64| step_of(b"12345678901234567890".to_vec(), "050471", seconds * 1000).expect("a secret");
        let own = 1_111_111_111 / 30;
        for seconds in [(own - 1) * 30, own * 30, own * 30 + 29, own * 30 + 59] {
            assert_eq!(step(seconds), Some(own), "{seconds}");
        }
        assert_eq!((step((own - 1) * 30 - 1), step(own * 30 + 60)), (None, None));
    }

    #[test]
    fn an_authenticator_learns_secret_issuer_and_account() {
        let setup = setup(b"12345678901234567890".to_vec(), "ada@example.org").expect("a setup");
        assert_eq!(setup.secret, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let expected = "otpauth://totp/Tutti:ada%40example%2Eorg?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Tutti";
        assert_eq!(setup.otpauth_url.replace("%2E", ".").replace('.', "%2E"), expected);
        assert!(setup.qr_svg.contains("<svg") && setup.qr_svg.ends_with("</svg>"), "{}", setup.qr_svg);
        assert!(setup.qr_svg.contains("viewBox=") && setup.qr_svg.len() < 12_000, "{}", setup.qr_svg.len());
    }

    #[test]
    fn a_recovery_code_is_known_however_it_is_typed() {
        let codes = new_recovery_codes();
        assert_eq!(codes.len(), RECOVERY_CODES);
        let code = &codes[0];
        assert_eq!((code.len(), code.matches('-').count()), (19, 3), "{code}");
        assert_ne!(recovery_fingerprint(code), recovery_fingerprint(&codes[1]));
        for typed in [code.to_uppercase(), code.replace('-', ""), format!(" {} ", code.replace('-', " "))] {
            assert_eq!(recovery_fingerprint(&typed), recovery_fingerprint(code), "{typed}");
        }
        for wrong in ["", "123456", &code[1..]] {
            assert_eq!(recovery_fingerprint(wrong), None, "{wrong}");
        }
    }
}
