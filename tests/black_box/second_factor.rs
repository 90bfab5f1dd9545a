//! The second factor of a login.

use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::future::join_all;
use protocol::account::{LoginRequest, Me, RecoveryCodes, Session, TotpSetup};
use protocol::envelope::ErrorCode;
use serde_json::{Value, json};
use tests::api::Answer;
use tests::{Account, Stack};
use totp_rs::{Builder, Secret};

/// Seconds of a step.
const STEP_S: u64 = 30;

/// What the authenticator shows now, or so many steps later.
fn code(setup: &TotpSetup, steps_ahead: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970").as_secs();
    let secret = Secret::try_from_base32(&setup.secret).expect("a secret in base32");
    let totp = Builder::new().with_secret(secret).build().expect("a secret of the usual length");
    totp.generate(now + steps_ahead * STEP_S).to_string()
}

async fn log_in(stack: &Stack, account: &Account, totp: Option<&str>) -> Answer {
    let (email, password) = (account.email.clone(), account.password.clone());
    let request = LoginRequest { email, password, totp: totp.map(str::to_owned), remember: None };
    stack.post("/api/v1/auth/login").json(&request).send().await
}

/// Turns the second factor on.
async fn protect(account: &Account) -> (TotpSetup, Vec<String>) {
    let setup: TotpSetup = account.post("/api/v1/auth/totp").send().await.data();
    let body = json!({"code": code(&setup, 0)});
    let confirmed: RecoveryCodes = account.post("/api/v1/auth/totp/confirm").json(&body).send().await.data();
    (setup, confirmed.recovery_codes)
}

fn asks_for_a_code(answer: &Answer) {
    answer.refuses_with(ErrorCode::Unauthorized);
    assert_eq!(answer.error().details, Some(json!({"secondFactor": "totp"})), "{answer}");
}

#[tokio::test]
async fn a_login_asks_for_a_code_once_an_authenticator_is_confirmed() {
    let stack = Stack::from_env().await;
    let ada = stack.account().await;
    let setup: TotpSetup = ada.post("/api/v1/auth/totp").send().await.data();
    assert!(setup.otpauth_url.starts_with("otpauth://totp/Tutti:") && setup.otpauth_url.contains(&setup.secret));
    assert!(setup.qr_svg.contains("<svg"), "{}", setup.qr_svg);
    assert_eq!(log_in(&stack, &ada, None).await.status, 200, "it is not confirmed yet");
    let wrong = ada.post("/api/v1/auth/totp/confirm").json(&json!({"code": "abcdef"})).send().await;
    wrong.refuses_with(ErrorCode::Forbidden);
    let body = json!({"code": code(&setup, 0)});
    let confirmed = ada.post("/api/v1/auth/totp/confirm").json(&body).send().await;
    assert_eq!(confirmed.data::<RecoveryCodes>().recovery_codes.len(), 10);

    assert!(ada.me().await.data::<Me>().user.second_factor);
    ada.post("/api/v1/auth/totp").send().await.refuses_with(ErrorCode::Conflict);
    asks_for_a_code(&log_in(&stack, &ada, None).await);
    asks_for_a_code(&log_in(&stack, &ada, Some("000000x")).await);
    let session: Session = log_in(&stack, &ada, Some(&code(&setup, 1))).await.data();
    assert!(session.user.second_factor);
    let stranger = json!({"email": ada.email, "password": "Wrong1Password"});
    let answer = stack.post("/api/v1/auth/login").json(&stranger).send().await;
    answer.refuses_with(ErrorCode::Unauthorized);
    assert_eq!(answer.error().details, None, "only who knows the password learns of it");
}

#[tokio::test]
async fn of_many_logins_with_one_code_one_passes() {
    let stack = Stack::from_env().await;
    let ada = stack.account().await;
    let (setup, recovery) = protect(&ada).await;
    for shared in [code(&setup, 1), recovery[0].clone()] {
        let answers = join_all((0..3).map(|_| log_in(&stack, &ada, Some(&shared)))).await;
        let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401, 401], "{shared}");
    }
}

#[tokio::test]
async fn recovery_codes_work_once_and_are_replaced_by_new_ones() {
    let stack = Stack::from_env().await;
    let ada = stack.account().await;
    let (setup, former) = protect(&ada).await;
    assert_eq!(log_in(&stack, &ada, Some(&former[0])).await.status, 200);
    asks_for_a_code(&log_in(&stack, &ada, Some(&former[0])).await);
    let renew =
        async |code: &str| ada.post("/api/v1/auth/totp/recovery-codes").json(&json!({ "code": code })).send().await;
    renew("abc").await.refuses_with(ErrorCode::Forbidden);
    let renewed: RecoveryCodes = renew(&code(&setup, 1)).await.data();
    asks_for_a_code(&log_in(&stack, &ada, Some(&former[1])).await);
    let typed = renewed.recovery_codes[0].to_uppercase().replace('-', " ");
    assert_eq!(log_in(&stack, &ada, Some(&typed)).await.status, 200, "however it is typed");
}

#[tokio::test]
async fn the_password_turns_the_second_factor_off() {
    let stack = Stack::from_env().await;
    let ada = stack.account().await;
    let end = async |password: &str| {
        let call = stack.call(reqwest::Method::DELETE, "/api/v1/auth/totp").bearer(ada.token());
        call.json(&json!({ "password": password })).send().await
    };
    end(&ada.password).await.refuses_with(ErrorCode::Conflict);
    protect(&ada).await;
    end("Wrong1Password").await.refuses_with(ErrorCode::Forbidden);
    asks_for_a_code(&log_in(&stack, &ada, None).await);
    assert_eq!(end(&ada.password).await.data::<Value>(), json!({}));
    assert_eq!(log_in(&stack, &ada, None).await.status, 200);
    assert!(!ada.me().await.data::<Me>().user.second_factor);
}
