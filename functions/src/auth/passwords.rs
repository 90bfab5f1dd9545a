//! Passwords: which are accepted, and how they are hashed.

use argon2::password_hash::rand_core::OsRng;
use argon2::password_hash::{Error as HashError, SaltString};
use argon2::{Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version};
use thiserror::Error;

/// Memory of one hash in KiB: 19 MiB, the least that OWASP recommends with two passes and one lane.
const ARGON2_MEMORY_KIB: u32 = 19 * 1024;
const ARGON2_PASSES: u32 = 2;
const ARGON2_LANES: u32 = 1;

/// Fewest characters (features B5).
const PASSWORD_MIN_CHARS: usize = 8;

/// Most bytes: longer ones only make the server hash longer.
const PASSWORD_MAX_BYTES: usize = 512;

/// A character so many times in a row is refused (features B5).
const REPEATED_CHARS: usize = 3;

/// The hash that a login without account is compared with, so that it takes as long as any other. Nothing hashes to
/// it: its last bytes are chosen, not computed.
const NO_ACCOUNTS_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$dHV0dGkgbm8gYWNjb3VudA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Words that passwords in circulation are made of: a password is refused if it is one of these, whatever its case,
/// digits and signs at its end and its usual substitutions.
const COMMON_WORDS: [&str; 40] = [
    "abc",
    "abcd",
    "abcdef",
    "access",
    "admin",
    "administrator",
    "asdf",
    "asdfgh",
    "baseball",
    "changeme",
    "charlie",
    "computer",
    "dragon",
    "football",
    "freedom",
    "hello",
    "iloveyou",
    "letmein",
    "login",
    "master",
    "michael",
    "monkey",
    "mustang",
    "ninja",
    "pass",
    "passwd",
    "password",
    "princess",
    "qazwsx",
    "qwer",
    "qwert",
    "qwerty",
    "qwertyuiop",
    "secret",
    "shadow",
    "summer",
    "sunshine",
    "superman",
    "welcome",
    "winter",
];

/// Why a password could not be hashed or compared.
#[derive(Debug, Error)]
pub enum PasswordError {
    /// The algorithm refused its input, or the stored hash is none.
    #[error("the password could not be hashed")]
    Hash(#[source] HashError),
    /// The thread that hashes ended early.
    #[error("the hashing thread stopped")]
    Stopped(#[from] tokio::task::JoinError),
}

/// Everything that is wrong with a password.
#[must_use]
pub fn problems(password: &str) -> Vec<&'static str> {
    let rules = [
        (password.chars().count() < PASSWORD_MIN_CHARS, "must have at least 8 characters"),
        (password.len() > PASSWORD_MAX_BYTES, "must have at most 512 bytes"),
        (!password.chars().any(char::is_uppercase), "must have an upper-case letter"),
        (!password.chars().any(char::is_lowercase), "must have a lower-case letter"),
        (!password.chars().any(|character| character.is_ascii_digit()), "must have a digit"),
        (repeats_a_character(password), "must not have a character three times in a row"),
        (is_common(password), "must not be a common password"),
    ];
    rules.into_iter().filter(|(is_broken, _)| *is_broken).map(|(_, rule)| rule).collect()
}

fn repeats_a_character(password: &str) -> bool {
    let characters: Vec<char> = password.chars().collect();
    characters.windows(REPEATED_CHARS).any(|window| window.iter().all(|character| *character == window[0]))
}

fn is_common(password: &str) -> bool {
    let lower = password.to_lowercase();
    let is_decoration = |character: char| !character.is_alphabetic();
    let plain = |text: &str| {
        text.replace(['0'], "o")
            .replace(['1', '!'], "i")
            .replace(['3'], "e")
            .replace(['4', '@'], "a")
            .replace(['5', '$'], "s")
    };
    let trimmed = lower.trim_end_matches(is_decoration);
    COMMON_WORDS.contains(&trimmed)
        || COMMON_WORDS.contains(&plain(trimmed).as_str())
        || COMMON_WORDS.contains(&plain(&lower).trim_end_matches(is_decoration))
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(ARGON2_MEMORY_KIB, ARGON2_PASSES, ARGON2_LANES, None);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params.expect("the parameters are within Argon2's bounds"))
}

/// Hashes a password, on a thread of its own since it takes 12 ms.
///
/// # Errors
/// [`PasswordError`]
pub async fn hash(password: String) -> Result<String, PasswordError> {
    let hash = tokio::task::spawn_blocking(move || {
        let salt = SaltString::generate(&mut OsRng);
        argon2().hash_password(password.as_bytes(), &salt).map(|hash| hash.to_string())
    });
    hash.await?.map_err(PasswordError::Hash)
}

/// Compares a password with a hash; without one it takes as long and is wrong.
///
/// # Errors
/// [`PasswordError`]
pub async fn is_right(password: String, hash: Option<String>) -> Result<bool, PasswordError> {
    let comparison = tokio::task::spawn_blocking(move || {
        let hash = hash.unwrap_or_else(|| NO_ACCOUNTS_HASH.to_owned());
        let parsed = PasswordHash::new(&hash)?;
        match argon2().verify_password(password.as_bytes(), &parsed) {
            Ok(()) => Ok(true),
            Err(HashError::Password) => Ok(false),
            Err(error) => Err(error),
        }
    });
    comparison.await?.map_err(PasswordError::Hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_follow_the_rules() {
        for fine in ["Correct7horse", "Zwölf8Bären", "aB3-aB3-aB3"] {
            assert!(problems(fine).is_empty(), "{fine}: {:?}", problems(fine));
        }
        let check = |password: &str, rule: &str| {
            assert!(problems(password).contains(&rule), "{password}: {:?}", problems(password));
        };
        check("aB3aB3a", "must have at least 8 characters");
        check(&"aB3".repeat(171), "must have at most 512 bytes");
        check("correct7horse", "must have an upper-case letter");
        check("CORRECT7HORSE", "must have a lower-case letter");
        check("CorrectHorse", "must have a digit");
        check("Correct777horse", "must not have a character three times in a row");
        for common in ["Password1", "Passw0rd!", "P@ssw0rd2024", "Qwerty123", "Welcome1!", "Iloveyou2"] {
            check(common, "must not be a common password");
        }
        assert_eq!(problems("").len(), 4);
    }

    #[tokio::test]
    async fn a_hash_has_the_promised_cost_and_fits_its_password_only() {
        let hash = hash("Correct7horse".to_owned()).await.expect("hashes");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(is_right("Correct7horse".to_owned(), Some(hash.clone())).await.expect("compares"));
        assert!(!is_right("correct7horse".to_owned(), Some(hash)).await.expect("compares"));
        assert!(!is_right("Correct7horse".to_owned(), None).await.expect("compares"));
        assert!(is_right(String::new(), Some("no hash".to_owned())).await.is_err());
    }
}
