//! Every error with its status. The match in `told` is exhaustive; this table says that each arm says the right thing.

use super::*;
use crate::auth::credentials::CredentialError;
use crate::auth::passwords::PasswordError;
use crate::auth::seal::SealError;
use crate::auth::second_factor::SecondFactorError;

fn unavailable() -> PortError {
    PortError::Unavailable { part: "p", source: "secret cause".into() }
}

fn refused() -> PortError {
    PortError::Refused { part: "p", source: "secret cause".into() }
}

fn json_error() -> serde_json::Error {
    serde_json::from_str::<u8>("x").expect_err("no number")
}

fn wrong() -> Vec<FieldError> {
    vec![FieldError { field: "name".to_owned(), message: "is wrong".to_owned() }]
}

fn check(error: impl Into<ApiError>, status: u16) {
    let error = error.into();
    let told = told(&error);
    assert_eq!(told.body.code.status(), status, "{error:?}");
    assert!(!told.body.message.contains("secret cause"), "{error:?}");
    assert_eq!(told.retry_after_s.is_some(), status == 503 || status == 429, "{error:?}");
    let has_fields = told.body.details.as_ref().is_some_and(|details| details["fields"].is_array());
    assert_eq!(has_fields, status == 422, "{error:?}");
}

#[test]
fn requests() {
    check(RequestError::NoRoute, 404);
    check(RequestError::MethodNotAllowed, 405);
    check(RequestError::NotJson, 415);
    check(RequestError::TooLarge, 413);
    check(RequestError::Unparsable(json_error()), 400);
    check(RequestError::Invalid(wrong()), 422);
    check(RequestError::NoBearer, 401);
    check(RequestError::MalformedBearer, 401);
    check(RequestError::BadBearer(TokenError::Expired), 401);
    check(RequestError::BadBearer(TokenError::UnknownKey), 401);
    check(RequestError::RoomTokenOnly, 403);
    check(RequestError::OutOfScope, 403);
    check(RequestError::Unanswerable(json_error()), 500);
}

#[test]
fn accounts() {
    check(AuthError::Invalid(wrong()), 422);
    check(AuthError::EmailTaken, 409);
    check(AuthError::UsernameTaken, 409);
    check(AuthError::WrongCredentials, 401);
    check(AuthError::WrongPassword, 403);
    check(AuthError::NoRefreshToken, 401);
    check(AuthError::RefreshRefused, 401);
    check(AuthError::NoAccount, 401);
    check(AuthError::Suspended, 403);
    check(AuthError::NoLogin, 404);
    check(AuthError::MailTokenRefused, 403);
    check(AuthError::AlreadyVerified, 409);
    check(AuthError::TooManyMails { retry_after_s: 5 }, 429);
    check(AuthError::Changed, 409);
    check(AuthError::Password(PasswordError::Hash(argon2::password_hash::Error::Algorithm)), 500);
    check(AuthError::Token(TokenError::NoKey), 500);
    check(AuthError::Port(unavailable()), 503);
    check(AuthError::Port(refused()), 500);
}

#[test]
fn administration() {
    check(AdminError::NotAdmin, 403);
    check(AdminError::NoUser, 404);
    check(AdminError::Oneself, 409);
    check(AdminError::Changed, 409);
    check(AdminError::NoDay("x".to_owned()), 422);
    check(AdminError::Auth(AuthError::Changed), 409);
    check(AdminError::Port(unavailable()), 503);
}

#[test]
fn second_factors_and_credentials() {
    check(AuthError::from(SecondFactorError::Missing), 401);
    check(AuthError::from(SecondFactorError::Wrong), 401);
    check(AuthError::from(SecondFactorError::WrongCode), 403);
    check(AuthError::from(SecondFactorError::On), 409);
    check(AuthError::from(SecondFactorError::Off), 409);
    check(AuthError::from(SecondFactorError::NotBegun), 409);
    check(AuthError::from(SecondFactorError::TooManyTries { retry_after_s: 5 }), 429);
    check(AuthError::from(SecondFactorError::Seal(SealError::Short)), 500);
    check(AuthError::from(CredentialError::NoKey), 404);
    check(AuthError::from(CredentialError::TooManyKeys), 409);
    check(AuthError::from(CredentialError::Refused), 401);
}

#[test]
fn a_client_learns_that_a_login_asks_for_a_code() {
    let details = |error: SecondFactorError| told(&AuthError::from(error).into()).body.details;
    for error in [SecondFactorError::Missing, SecondFactorError::Wrong] {
        assert_eq!(details(error), Some(serde_json::json!({ "secondFactor": "totp" })));
    }
    assert_eq!(told(&AuthError::WrongCredentials.into()).body.details, None);
}

#[test]
fn rooms() {
    check(RoomError::Invalid(wrong()), 422);
    check(RoomError::GuestsOff, 401);
    check(RoomError::NoRoom, 404);
    check(RoomError::Unknown, 401);
    check(RoomError::Forbidden, 403);
    check(RoomError::LinkRefused, 403);
    check(RoomError::LinkUsedUp, 403);
    check(RoomError::OwnerKeyRefused, 403);
    check(RoomError::NoLink, 404);
    check(RoomError::Changed, 409);
    check(RoomError::NoFreeSlug, 503);
    check(RoomError::Token(TokenError::NoKey), 500);
    check(RoomError::Port(unavailable()), 503);
}

#[test]
fn runs() {
    check(RunError::Invalid(wrong()), 422);
    check(RunError::GuestsOff, 401);
    check(RunError::NoRun, 404);
    check(RunError::Unknown, 401);
    check(RunError::Forbidden, 403);
    check(RunError::KeyReused, 409);
    check(RunError::TooMany { retry_after_s: 5 }, 429);
    check(RunError::NoCapacity { retry_after_s: 5 }, 503);
    check(RunError::NotOver, 409);
    check(RunError::Transition(TransitionError::Over), 409);
    check(RunError::Transition(TransitionError::Leased), 409);
    check(RunError::Transition(TransitionError::Superseded), 409);
    check(RunError::Transition(TransitionError::UnfitReason), 422);
    check(RunError::Contended, 503);
    check(RunError::Room(RoomError::Forbidden), 403);
    check(RunError::Token(TokenError::NoKey), 500);
    check(RunError::Port(PortError::Unreadable { part: "p", what: "secret cause".to_owned() }), 500);
    check(ApiError::Port(unavailable()), 503);
}

#[test]
fn a_runner_learns_whether_its_message_can_go() {
    let over = |error| told(&RunError::Transition(error).into()).body.details.map(|details| details["over"] == true);
    assert_eq!(over(TransitionError::Over), Some(true));
    assert_eq!(over(TransitionError::Leased), Some(false));
    assert_eq!(over(TransitionError::Superseded), Some(false));
}
