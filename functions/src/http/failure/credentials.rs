//! What the client is told about second factors, API keys and sessions.

use protocol::envelope::ErrorCode as Code;
use serde_json::json;

use super::{Told, internal, say};
use crate::auth::credentials::CredentialError;
use crate::auth::second_factor::SecondFactorError;

pub(super) fn told_of_second_factor(error: &SecondFactorError) -> Told {
    match error {
        SecondFactorError::Missing => {
            asks_for_code("This account asks for a code of its authenticator, or a recovery code, in \"totp\".")
        }
        SecondFactorError::Wrong => {
            asks_for_code("The code is wrong, or was used before. Wait for the next one, or use a recovery code.")
        }
        SecondFactorError::WrongCode => {
            say(Code::Forbidden, "The code is wrong, or was used before. Wait for the next one that your device shows.")
        }
        SecondFactorError::On => say(Code::Conflict, "The second factor is on already. Turn it off first."),
        SecondFactorError::Off => say(Code::Conflict, "The second factor is off."),
        SecondFactorError::NotBegun => say(Code::Conflict, "There is nothing to confirm. Ask for a secret first."),
        SecondFactorError::TooManyTries { retry_after_s } => Told {
            retry_after_s: Some(*retry_after_s),
            ..say(Code::RateLimitExceeded, "Too many codes were tried. Please wait.")
        },
        SecondFactorError::Setup(_) | SecondFactorError::Seal(_) => internal(),
    }
}

/// A 401 by which a client knows that it has to ask for a code.
fn asks_for_code(message: &str) -> Told {
    let mut told = say(Code::Unauthorized, message);
    told.body.details = Some(json!({ "secondFactor": "totp" }));
    told
}

pub(super) fn told_of_credential(error: &CredentialError) -> Told {
    match error {
        CredentialError::NoKey => say(Code::NotFound, "There is no such API key."),
        CredentialError::TooManyKeys => {
            say(Code::Conflict, "The account has 20 API keys, which is the most. Delete one that is not used.")
        }
        CredentialError::Refused => {
            say(Code::Unauthorized, "The API key or session is not valid: it is unknown, has expired or was revoked.")
        }
    }
}
