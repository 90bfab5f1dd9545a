//! What is done by mail, and an account's end.

use std::time::{Duration, Instant};

use protocol::account::{AccountExport, Me};
use protocol::envelope::ErrorCode;
use protocol::room::Visibility;
use serde_json::{Value, json};
use tests::socket::REVOCATION_DEADLINE;
use tests::{Account, Answer, Stack};

use crate::auth::{ends_at_the_edge, log_in, refresh};

const NEW_PASSWORD: &str = "Better8Horse";

/// Nobody is told earlier, so that the time tells nothing.
const ANSWERED_AFTER: Duration = Duration::from_millis(500);

async fn forgot(stack: &Stack, email: &str) -> Answer {
    stack.post("/api/v1/auth/forgot-password").json(&json!({"email": email})).send().await
}

async fn reset(stack: &Stack, token: &str, password: &str) -> Answer {
    let body = json!({"token": token, "newPassword": password});
    stack.post("/api/v1/auth/reset-password").json(&body).send().await
}

fn is_done(answer: &Answer) {
    assert_eq!(answer.data::<Value>(), json!({}));
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_by_mail() {
    let stack = Stack::from_env().await;
    let ada = stack.account().await;
    is_done(&forgot(&stack, &ada.email.to_uppercase()).await);
    let token = stack.mailed_token(&ada.email, "reset");
    let mail = stack.mails_to(&ada.email).pop().expect("the mail");
    let link = format!("{}/#reset={token}", stack.edge_url());
    assert!(mail.text.contains(&link) && mail.html.contains(&link), "{mail:?}");

    assert_eq!(reset(&stack, &token, "short").await.wrong_fields(), ["newPassword"]);
    reset(&stack, &format!("{token}x"), NEW_PASSWORD).await.refuses_with(ErrorCode::Forbidden);
    is_done(&reset(&stack, &token, NEW_PASSWORD).await);

    ends_at_the_edge(&stack, ada.token()).await;
    refresh(&stack, ada.refresh_token()).await.refuses_with(ErrorCode::Unauthorized);
    log_in(&stack, &ada.email, &ada.password).await.refuses_with(ErrorCode::Unauthorized);
    assert_eq!(log_in(&stack, &ada.email, NEW_PASSWORD).await.status, 200);
    reset(&stack, &token, "Other9Horse").await.refuses_with(ErrorCode::Forbidden);
}

#[tokio::test]
async fn nobody_learns_from_a_forgotten_password_whose_addresses_have_accounts() {
    let stack = Stack::from_env().await;
    let ada = stack.account().await;
    let stranger = Account::fresh().email;
    let timed = async |email: &str| {
        let began = Instant::now();
        (forgot(&stack, email).await, began.elapsed())
    };
    let ((known, known_took), (unknown, unknown_took)) = (timed(&ada.email).await, timed(&stranger).await);
    assert!(known_took >= ANSWERED_AFTER && unknown_took >= ANSWERED_AFTER, "{known_took:?} {unknown_took:?}");
    assert_eq!((known.status, known.data::<Value>()), (unknown.status, unknown.data::<Value>()));
    assert!(stack.mails_to(&ada.email).iter().any(|mail| mail.token("reset").is_some()));
    assert!(stack.mails_to(&stranger).is_empty());
}

#[tokio::test]
async fn the_mail_after_a_registration_verifies_its_address() {
    let stack = Stack::from_env().await;
    let ada = stack.account().await;
    assert!(!ada.user().email_verified);
    let first = stack.mailed_token(&ada.email, "verify");
    is_done(&ada.post("/api/v1/auth/verify-email/send").send().await);
    let second = stack.mailed_token(&ada.email, "verify");
    assert_ne!(first, second);

    let verify = async |token: &str| {
        let call = stack.post("/api/v1/auth/verify-email").json(&json!({"token": token}));
        // A browser may still hold a bearer that has ended.
        call.bearer("long.gone.token").send().await
    };
    verify("another").await.refuses_with(ErrorCode::Forbidden);
    is_done(&verify(&first).await);
    assert!(ada.me().await.data::<Me>().user.email_verified);
    is_done(&verify(&first).await);
    ada.post("/api/v1/auth/verify-email/send").send().await.refuses_with(ErrorCode::Conflict);
    stack.post("/api/v1/auth/verify-email/send").send().await.refuses_with(ErrorCode::Unauthorized);
}

#[tokio::test]
async fn a_deleted_account_is_gone_and_its_names_are_free() {
    let stack = Stack::from_env().await;
    let ada = stack.account().await;
    let phone = ada.log_in_again().await;
    let room = ada.room("It stays", Visibility::Link).await;
    let mut guest = room.join_as("Grace").await.events().await;
    let mut own = room.owner.events().await;

    let delete = async |password: &str| ada.delete("/api/v1/auth/me").json(&json!({"password": password})).send().await;
    delete("Wrong1Password").await.refuses_with(ErrorCode::Forbidden);
    assert_eq!(ada.me().await.status, 200);
    is_done(&delete(&ada.password).await);

    assert_eq!(own.close_code_within(REVOCATION_DEADLINE).await, 4403);
    for login in [&ada, &phone] {
        ends_at_the_edge(&stack, login.token()).await;
        refresh(&stack, login.refresh_token()).await.refuses_with(ErrorCode::Unauthorized);
    }
    log_in(&stack, &ada.email, &ada.password).await.refuses_with(ErrorCode::Unauthorized);
    guest.settle().await;
    let again = json!({"username": ada.username, "email": ada.email, "password": ada.password});
    assert_eq!(stack.post("/api/v1/auth/register").json(&again).send().await.status, 201);
}

#[tokio::test]
async fn an_account_takes_along_what_is_stored_of_it_but_no_secret() {
    let stack = Stack::from_env().await;
    let ada = stack.account().await;
    let phone = ada.log_in_again().await;
    phone.log_out().await;
    let answer = ada.get("/api/v1/auth/me/export").send().await;
    let export: AccountExport = answer.data();
    assert_eq!((&export.user.email, export.logins.len()), (&ada.email, 2));
    let text = answer.text();
    for secret in ["argon2", ada.refresh_token(), phone.refresh_token(), ada.token()] {
        assert!(!text.contains(secret), "{text}");
    }
    assert!(!text.to_lowercase().contains("hash"), "{text}");
}
