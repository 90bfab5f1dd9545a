//! Second factors over systems that break.

use protocol::account::TotpSetup;
use totp_rs::{Builder, Secret};

use super::*;
use crate::auth::second_factor::SecondFactorError;
use crate::ports::second_factor::{CODE_TRIES_MAX, CODE_WINDOW_MS, SecondFactorStore};

const EMAIL: &str = "ada@example.org";
const STEP_MS: u64 = 30_000;

/// What the authenticator shows at a time.
fn code(setup: &TotpSetup, at: u64) -> String {
    let secret = Secret::try_from_base32(&setup.secret).expect("base32");
    Builder::new().with_secret(secret).build().expect("a secret").generate(at / 1000).to_string()
}

impl TestAccounts {
    async fn log_in_with(&self, totp: Option<&str>, now: u64) -> Result<Grant, AuthError> {
        let (email, password) = (EMAIL.to_owned(), PASSWORD.to_owned());
        let request = LoginRequest { email, password, totp: totp.map(str::to_owned), remember: None };
        self.login(request, place(), now).await
    }

    /// An account with an authenticator: its id, the authenticator, and the recovery codes.
    async fn with_factor(&self) -> (UserId, TotpSetup, Vec<String>) {
        let user = self.with("Ada", EMAIL).await.expect("registered").user.id;
        let setup = self.begin_totp(&user).await.expect("a secret");
        let codes = self.confirm_totp(&user, &code(&setup, NOW), NOW).await.expect("confirmed").recovery_codes;
        (user, setup, codes)
    }
}

fn is_wrong(result: &Result<Grant, AuthError>) -> bool {
    matches!(result, Err(AuthError::SecondFactor(SecondFactorError::Wrong)))
}

#[tokio::test]
async fn nothing_changes_for_logins_until_the_secret_is_confirmed() {
    let accounts = accounts();
    let user = accounts.with("Ada", EMAIL).await.expect("registered").user.id;
    let early = accounts.confirm_totp(&user, "123456", NOW).await;
    assert!(matches!(early, Err(AuthError::SecondFactor(SecondFactorError::NotBegun))), "{early:?}");
    let first = accounts.begin_totp(&user).await.expect("a secret");
    let second = accounts.begin_totp(&user).await.expect("another secret");
    let replaced = accounts.confirm_totp(&user, &code(&first, NOW), NOW).await;
    assert!(matches!(replaced, Err(AuthError::SecondFactor(SecondFactorError::WrongCode))), "{replaced:?}");
    accounts.log_in_with(None, NOW).await.expect("no code is asked for");
    accounts.confirm_totp(&user, &code(&second, NOW), NOW).await.expect("confirmed");
    let without = accounts.log_in_with(None, NOW).await;
    assert!(matches!(without, Err(AuthError::SecondFactor(SecondFactorError::Missing))), "{without:?}");
    let again = accounts.begin_totp(&user).await;
    assert!(matches!(again, Err(AuthError::SecondFactor(SecondFactorError::On))), "{again:?}");
}

#[tokio::test]
async fn a_code_works_once_and_so_does_none_before_it() {
    let accounts = accounts();
    let (_, setup, _) = accounts.with_factor().await;
    let (used, next) = (code(&setup, NOW), code(&setup, NOW + STEP_MS));
    assert!(is_wrong(&accounts.log_in_with(Some(&used), NOW).await), "the code of the confirmation");
    accounts.log_in_with(Some(&next), NOW).await.expect("the next step's, a step early");
    assert!(is_wrong(&accounts.log_in_with(Some(&next), NOW + STEP_MS).await));
    let user = accounts.log_in_with(Some(&code(&setup, NOW + 2 * STEP_MS)), NOW + 2 * STEP_MS).await;
    assert!(user.expect("a later one").user.second_factor);
}

#[tokio::test]
async fn a_missing_code_is_told_only_to_who_knows_the_password() {
    let accounts = accounts();
    accounts.with_factor().await;
    let wrong = accounts.log_in(EMAIL, "wrong").await;
    assert!(matches!(wrong, Err(AuthError::WrongCredentials)), "{wrong:?}");
    let blank = accounts.log_in_with(Some("  "), NOW).await;
    assert!(matches!(blank, Err(AuthError::SecondFactor(SecondFactorError::Missing))), "{blank:?}");
}

#[tokio::test]
async fn a_recovery_code_works_once_until_it_is_replaced() {
    let accounts = accounts();
    let (user, setup, codes) = accounts.with_factor().await;
    assert_eq!(codes.len(), 10);
    accounts.log_in_with(Some(&codes[0].to_uppercase()), NOW).await.expect("a recovery code");
    assert!(is_wrong(&accounts.log_in_with(Some(&codes[0]), NOW).await));
    let wrong = accounts.renew_recovery_codes(&user, "000000x", NOW).await;
    assert!(matches!(wrong, Err(AuthError::SecondFactor(SecondFactorError::WrongCode))), "{wrong:?}");
    let renewed = accounts.renew_recovery_codes(&user, &code(&setup, NOW + STEP_MS), NOW).await.expect("renewed");
    assert!(is_wrong(&accounts.log_in_with(Some(&codes[1]), NOW).await), "the former ones are gone");
    accounts.log_in_with(Some(&renewed.recovery_codes[1]), NOW).await.expect("a new one");
}

#[tokio::test]
async fn a_lost_answer_uses_a_recovery_code_up() {
    let accounts = accounts();
    let (user, _, codes) = accounts.with_factor().await;
    let fingerprint = crate::auth::totp::recovery_fingerprint(&codes[0]).expect("a code");
    accounts.store.breaks.next(Break::After);
    accounts.store.use_recovery_code(&user, &fingerprint).await.expect_err("the answer is lost");
    assert!(is_wrong(&accounts.log_in_with(Some(&codes[0]), NOW).await));
}

#[tokio::test]
async fn the_password_takes_the_second_factor_away() {
    let accounts = accounts();
    let (user, _, _) = accounts.with_factor().await;
    let wrong = accounts.end_totp(&user, "wrong".to_owned()).await;
    assert!(matches!(wrong, Err(AuthError::WrongPassword)), "{wrong:?}");
    accounts.end_totp(&user, PASSWORD.to_owned()).await.expect("off");
    accounts.log_in_with(None, NOW).await.expect("by the password alone");
    let off = accounts.end_totp(&user, PASSWORD.to_owned()).await;
    assert!(matches!(off, Err(AuthError::SecondFactor(SecondFactorError::Off))), "{off:?}");
}

#[tokio::test]
async fn as_many_codes_may_be_tried_as_the_limit_says() {
    let accounts = accounts();
    let (_, setup, codes) = accounts.with_factor().await;
    let later = (NOW / CODE_WINDOW_MS + 1) * CODE_WINDOW_MS;
    for _ in 0..CODE_TRIES_MAX - 1 {
        assert!(is_wrong(&accounts.log_in_with(Some("abc"), later).await));
    }
    accounts.log_in_with(Some(&code(&setup, later)), later).await.expect("the last try is a right one");
    for _ in 0..CODE_TRIES_MAX {
        assert!(is_wrong(&accounts.log_in_with(Some("abc"), later).await), "a right one ended the counting");
    }
    for code in ["abc", &code(&setup, later + STEP_MS), &codes[0]] {
        match accounts.log_in_with(Some(code), later + 1).await {
            Err(AuthError::SecondFactor(SecondFactorError::TooManyTries { retry_after_s })) => {
                assert_eq!(retry_after_s, CODE_WINDOW_MS / 1000);
            }
            other => panic!("{code}: {other:?}"),
        }
    }
    accounts.log_in_with(Some(&codes[0]), later + CODE_WINDOW_MS).await.expect("the next window");
}
