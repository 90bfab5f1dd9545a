//! Accounts and logins.

use protocol::account::{Me, Session};
use protocol::envelope::ErrorCode;
use protocol::room::Visibility;
use serde_json::{Value, json};
use tests::api::Answer;
use tests::socket::{REVOCATION_DEADLINE, refusal_of};
use tests::wait::eventually;
use tests::{Account, Stack};

pub(crate) async fn log_in(stack: &Stack, email: &str, password: &str) -> Answer {
    stack.post("/api/v1/auth/login").json(&json!({"email": email, "password": password})).send().await
}

pub(crate) async fn refresh(stack: &Stack, token: &str) -> Answer {
    let call = stack.post("/api/v1/auth/refresh").header("x-refresh-transport", "body");
    call.json(&json!({"refreshToken": token})).send().await
}

#[tokio::test]
async fn an_account_registers_logs_in_and_is_known() {
    let stack = Stack::from_env().await;
    let ada = stack.account().await;
    assert_eq!((&ada.user().username, &ada.user().email), (&ada.username, &ada.email));
    assert_eq!(ada.user().roles, ["user"]);
    let again = ada.log_in_again().await;
    assert_ne!(again.token(), ada.token(), "each login has a token of its own");
    assert_eq!(again.me().await.data::<Me>().user, *again.user());
    assert_eq!((&again.user().id, again.user().created_at), (&ada.user().id, ada.user().created_at));
    assert!(again.user().last_login_at >= ada.user().last_login_at);
    let text = again.me().await.text();
    assert!(!text.to_lowercase().contains("password") && !text.contains("argon2"), "{text}");
}

#[tokio::test]
async fn an_address_or_name_in_use_is_refused_however_it_is_spelled() {
    let stack = Stack::from_env().await;
    let ada = stack.account().await;
    let mut same_email = Account::fresh();
    same_email.email = ada.email.to_uppercase();
    stack.post("/api/v1/auth/register").json(&same_email).send().await.refuses_with(ErrorCode::Conflict);
    let mut same_name = Account::fresh();
    same_name.username = ada.username.to_uppercase();
    stack.post("/api/v1/auth/register").json(&same_name).send().await.refuses_with(ErrorCode::Conflict);
    // What was free before is free still: nothing of the refused ones was kept.
    let free = json!({"username": same_email.username, "email": same_name.email, "password": ada.password});
    assert_eq!(stack.post("/api/v1/auth/register").json(&free).send().await.status, 201);
}

#[tokio::test]
async fn every_wrong_field_of_a_registration_is_named() {
    let stack = Stack::from_env().await;
    let check = async |username: &str, email: &str, password: &str, expect: &[&str]| {
        let body = json!({"username": username, "email": email, "password": password});
        let answer = stack.post("/api/v1/auth/register").json(&body).send().await;
        assert_eq!(answer.wrong_fields(), expect, "{body}");
    };
    check("a", "nobody", "short", &["email", "password", "username"]).await;
    check("has space", "a@b.example", "Correct1Horse", &["username"]).await;
    check("fine_name", "a b@example.org", "Correct1Horse", &["email"]).await;
    check("fine_name", "a@example.org", "nouppercase1", &["password"]).await;
    check("fine_name", "a@example.org", "NoDigitsHere", &["password"]).await;
    let missing = stack.post("/api/v1/auth/register").json(&json!({"username": "fine_name"})).send().await;
    assert!(!missing.wrong_fields().is_empty());
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_account_get_the_same_answer() {
    let stack = Stack::from_env().await;
    let ada = stack.account().await;
    let wrong = log_in(&stack, &ada.email, "Wrong1Password").await;
    let unknown = log_in(&stack, &Account::fresh().email, "Wrong1Password").await;
    wrong.refuses_with(ErrorCode::Unauthorized);
    assert_eq!((wrong.status, wrong.error()), (unknown.status, unknown.error()));
    assert_eq!(log_in(&stack, &ada.email, &ada.password).await.status, 200, "the right one still works");
}

#[tokio::test]
async fn who_one_is_takes_a_bearer_that_is_ours() {
    let stack = Stack::from_env().await;
    stack.get("/api/v1/auth/me").send().await.refuses_with(ErrorCode::Unauthorized);
    let ada = stack.account().await;
    // One changed character of the signature.
    let (rest, last) = ada.token().split_at(ada.token().len() - 10);
    let forged = format!("{rest}{}", last.chars().rev().collect::<String>());
    for token in [forged.as_str(), "x", ada.refresh_token()] {
        stack.get("/api/v1/auth/me").bearer(token).send().await.refuses_with(ErrorCode::Unauthorized);
    }
    let room = stack.guest_room("Not an account").await;
    let answer = stack.get("/api/v1/auth/me").bearer(room.owner.token()).send().await;
    answer.refuses_with(ErrorCode::Forbidden);
}

#[tokio::test]
async fn a_refresh_token_is_replaced_by_each_use() {
    let stack = Stack::from_env().await;
    let ada = stack.account().await;
    let first: Session = refresh(&stack, ada.refresh_token()).await.data();
    let second: Session = refresh(&stack, first.refresh_token.as_deref().expect("in the body")).await.data();
    assert_ne!(first.refresh_token, second.refresh_token);
    let me = stack.get("/api/v1/auth/me").bearer(&second.access_token).send().await;
    assert_eq!(me.data::<Me>().user, *ada.user());
}

#[tokio::test]
async fn a_lost_answer_to_a_refresh_can_be_asked_for_again() {
    let stack = Stack::from_env().await;
    let ada = stack.account().await;
    let ask = || refresh(&stack, ada.refresh_token());
    let (one, other) = tokio::join!(ask(), ask());
    let (one, other): (Session, Session) = (one.data(), other.data());
    assert_eq!(one.refresh_token, other.refresh_token, "both get the same successor");
    assert_ne!(one.access_token, other.access_token);
    let successor = one.refresh_token.as_deref().expect("in the body");
    assert_eq!(refresh(&stack, successor).await.status, 200, "which works");
    for token in [&one.access_token, &other.access_token] {
        assert_eq!(stack.get("/api/v1/auth/me").bearer(token).send().await.status, 200);
    }
}

#[tokio::test]
async fn a_refresh_token_whose_successor_was_used_ends_the_login() {
    let stack = Stack::from_env().await;
    let ada = stack.account().await;
    let second: Session = refresh(&stack, ada.refresh_token()).await.data();
    let third: Session = refresh(&stack, second.refresh_token.as_deref().expect("in the body")).await.data();
    refresh(&stack, ada.refresh_token()).await.refuses_with(ErrorCode::Unauthorized);
    // Whoever of the two was the thief is out.
    let newest = third.refresh_token.as_deref().expect("in the body");
    refresh(&stack, newest).await.refuses_with(ErrorCode::Unauthorized);
    ends_at_the_edge(&stack, &third.access_token).await;
}

#[tokio::test]
async fn only_a_remembered_login_outlasts_the_browser() {
    let stack = Stack::from_env().await;
    let ada = stack.account().await;
    for (remember, max_age) in [(true, Some("Max-Age=604800")), (false, None)] {
        let body = json!({"email": ada.email, "password": ada.password, "remember": remember});
        let begun = stack.post("/api/v1/auth/login").json(&body).send().await;
        let cookie = begun.header("set-cookie").expect("a cookie").to_owned();
        let pair = cookie.split(';').next().expect("a first part");
        let renewed = stack.post("/api/v1/auth/refresh").header("cookie", pair).header("origin", stack.edge_url());
        let renewed = renewed.send().await;
        let renewed = renewed.header("set-cookie").expect("a cookie").to_owned();
        for cookie in [cookie, renewed] {
            assert_eq!(cookie.split("; ").find(|part| part.starts_with("Max-Age")), max_age, "{cookie}");
        }
    }
}

pub(crate) async fn ends_at_the_edge(stack: &Stack, token: &str) {
    eventually(REVOCATION_DEADLINE, "the access to end", async || {
        let me = stack.get("/api/v1/auth/me").bearer(token).send().await;
        if me.status == 401 { Ok(()) } else { Err(me) }
    })
    .await;
}

#[tokio::test]
async fn a_browser_gets_the_refresh_token_as_a_cookie_alone() {
    let stack = Stack::from_env().await;
    let ada = stack.account().await;
    let answer = log_in(&stack, &ada.email, &ada.password).await;
    let session = answer.data::<Session>();
    assert_eq!(session.refresh_token, None);
    let cookie = answer.header("set-cookie").expect("a cookie").to_owned();
    for part in ["HttpOnly", "Secure", "SameSite=Strict", "Path=/api/v1/auth"] {
        assert!(cookie.split("; ").any(|found| found == part), "{part} in {cookie}");
    }
    let pair = cookie.split(';').next().expect("a first part");
    let renewed =
        stack.post("/api/v1/auth/refresh").header("cookie", pair).header("origin", stack.edge_url()).send().await;
    assert_eq!(renewed.data::<Session>().user, session.user);
    assert_ne!(renewed.header("set-cookie").expect("the next one"), cookie);
}

#[tokio::test]
async fn logout_ends_access_and_closes_the_sockets_behind_it() {
    let stack = Stack::from_env().await;
    let ada = stack.account().await;
    let room = ada.room("Until logout", Visibility::Link).await;
    let bystander = room.join_as("Grace").await;
    let mut watching = bystander.events().await;
    let (mut events, mut document) = (room.owner.events().await, room.owner.document().await);
    let other_login = ada.log_in_again().await;

    assert_eq!(ada.log_out().await.data::<Value>(), json!({}));

    let mut closed = async || {
        let (document, events) = (
            document.close_code_within(REVOCATION_DEADLINE).await,
            events.close_code_within(REVOCATION_DEADLINE).await,
        );
        assert_eq!((document, events), (4403, 4403));
    };
    tokio::join!(closed(), ends_at_the_edge(&stack, ada.token()));
    refresh(&stack, ada.refresh_token()).await.refuses_with(ErrorCode::Unauthorized);
    for url in room.owner.socket_urls() {
        assert_eq!(refusal_of(&url).await, 4403, "the room token hangs on the login");
    }
    watching.settle().await;
    assert_eq!(other_login.me().await.status, 200, "another login stands");
}
