//! API keys and `X-Session-ID`: bearers for programs.

use std::time::{SystemTime, UNIX_EPOCH};

use protocol::account::{ApiKey, ApiKeyAnswer, ApiKeySecret, Me, Scope};
use protocol::envelope::{ErrorCode, Page};
use protocol::rights::Role;
use protocol::room::{Room, RoomAnswer, RoomFiles, RoomToken, Visibility};
use reqwest::Method;
use serde_json::{Value, json};
use tests::api::Answer;
use tests::socket::{REVOCATION_DEADLINE, refusal_of};
use tests::wait::eventually;
use tests::{Account, EventsSocket, Stack, SyncSocket};

async fn key_with(account: &Account, scopes: &[Scope]) -> ApiKeySecret {
    let body = json!({"name": "CI", "scopes": scopes});
    let answer = account.post("/api/v1/auth/api-keys").json(&body).send().await;
    assert_eq!(answer.status, 201, "{answer}");
    answer.data()
}

async fn call(stack: &Stack, method: Method, path: &str, bearer: &str) -> Answer {
    stack.call(method, path).bearer(bearer).send().await
}

/// Stops working, for good, within the deadline.
async fn ends(stack: &Stack, bearer: &str) {
    eventually(REVOCATION_DEADLINE, "the access to end", async || {
        let answer = call(stack, Method::GET, "/api/v1/auth/me", bearer).await;
        if answer.status == 401 { Ok(()) } else { Err(answer) }
    })
    .await;
}

fn socket_url(address: &str, token: &RoomToken) -> String {
    format!("{address}?token={}", token.token)
}

#[tokio::test]
async fn a_key_acts_for_its_owner_and_is_shown_once() {
    let stack = Stack::from_env().await;
    let ada = stack.account().await;
    let made = key_with(&ada, &[Scope::RoomsRead, Scope::RoomsWrite]).await;
    let me = call(&stack, Method::GET, "/api/v1/auth/me", &made.secret).await;
    assert_eq!(me.data::<Me>().user.id, ada.user().id);
    let body = json!({"name": "Made by a program"});
    let answer = stack.post("/api/v1/rooms").bearer(&made.secret).json(&body).send().await;
    let room = answer.data::<RoomAnswer>().room;
    assert_eq!(room.role, Role::Owner);
    let listed: Page<Room> = call(&stack, Method::GET, "/api/v1/rooms", &made.secret).await.data();
    assert!(listed.items.iter().any(|one| one.id == room.id));

    let path = format!("/api/v1/auth/api-keys/{}", made.api_key.id);
    let (one, all) = (ada.get(&path).send().await, ada.get("/api/v1/auth/api-keys").send().await);
    assert!(!one.text().contains(&made.secret) && !all.text().contains(&made.secret));
    let found: ApiKeyAnswer = one.data();
    assert!(found.api_key.last_used_at.is_some() && made.secret.starts_with(&found.api_key.prefix));
    assert_eq!(all.data::<Page<ApiKey>>().items, [found.api_key]);
    let grace = stack.account().await;
    grace.get(&path).send().await.refuses_with(ErrorCode::NotFound);
    let deletion = call(&stack, Method::DELETE, &path, grace.token()).await;
    deletion.refuses_with(ErrorCode::NotFound);
}

#[tokio::test]
async fn a_key_does_what_its_scopes_say_and_nothing_about_the_account() {
    let stack = Stack::from_env().await;
    let ada = stack.account().await;
    let room = ada.room("Scopes", Visibility::Private).await;
    let (files, runs) = (room.path("/files"), room.path("/runs"));
    let own = format!("/api/v1/rooms/{}", room.id());
    let keys = [
        key_with(&ada, &[Scope::RoomsRead]).await.secret,
        key_with(&ada, &[Scope::RoomsWrite]).await.secret,
        key_with(&ada, &[Scope::Runs]).await.secret,
    ];
    // What the three keys get. A 415 or 400 has passed the check of the scopes: the body is missing on purpose.
    let check = async |method: Method, path: &str, expected: [u16; 3]| {
        for (key, expected) in keys.iter().zip(expected) {
            let answer = call(&stack, method.clone(), path, key).await;
            assert_eq!(answer.status, expected, "{method} {path} with {}: {answer}", &key[..16]);
        }
    };
    check(Method::GET, "/api/v1/auth/me", [200, 200, 200]).await;
    check(Method::GET, "/api/v1/rooms", [200, 200, 403]).await;
    check(Method::GET, &own, [200, 200, 403]).await;
    check(Method::GET, &files, [200, 200, 403]).await;
    check(Method::GET, &runs, [403, 403, 200]).await;
    check(Method::PUT, &own, [403, 415, 403]).await;
    check(Method::POST, "/api/v1/rooms", [403, 415, 403]).await;
    check(Method::POST, "/api/v1/runs", [403, 403, 415]).await;
    check(Method::POST, &runs, [403, 403, 400]).await;
    for path in ["api-keys", "totp", "change-password"] {
        check(Method::POST, &format!("/api/v1/auth/{path}"), [403, 403, 403]).await;
    }
    check(Method::PUT, "/api/v1/auth/me", [403, 403, 403]).await;
    check(Method::GET, "/api/v1/auth/api-keys", [403, 403, 403]).await;
}

#[tokio::test]
async fn a_room_token_got_with_a_key_has_the_keys_rights_only() {
    let stack = Stack::from_env().await;
    let ada = stack.account().await;
    let room = ada.room("Reading", Visibility::Private).await;
    let token_with = async |scopes: &[Scope]| -> RoomToken {
        let key = key_with(&ada, scopes).await;
        call(&stack, Method::POST, &room.path("/token"), &key.secret).await.data()
    };
    let mut owner = room.owner.document().await;
    let (writer, reader) = (token_with(&[Scope::RoomsWrite]).await, token_with(&[Scope::RoomsRead]).await);
    let mut writing = SyncSocket::open(&socket_url(&writer.sync_url, &writer)).await;
    writing.write("by-key.txt", "written").await;
    owner.until_text("by-key.txt", "written").await;
    assert_eq!((reader.role, reader.rights.edit, reader.rights.run), (Role::Viewer, false, false));
    let mut reading = SyncSocket::open(&socket_url(&reader.sync_url, &reader)).await;
    reading.until_text("by-key.txt", "written").await;
    reading.write("refused.txt", "never").await;
    reading.barrier().await;
    let files: RoomFiles = room.owner.files().await;
    assert!(!format!("{files:?}").contains("refused.txt"));
    // The token is a bearer under its room, with no more than the key.
    let fork = call(&stack, Method::POST, &room.path("/fork"), &reader.token).await;
    fork.refuses_with(ErrorCode::Forbidden);
    let runner = token_with(&[Scope::Runs]).await;
    assert_eq!(refusal_of(&socket_url(&runner.sync_url, &runner)).await, 4403, "it does not read");
    assert_eq!(refusal_of(&socket_url(&runner.events_url, &runner)).await, 4403);
}

#[tokio::test]
async fn a_deleted_or_rotated_key_ends_with_all_that_hangs_on_it() {
    let stack = Stack::from_env().await;
    let ada = stack.account().await;
    let room = ada.room("Until it ends", Visibility::Private).await;
    let (deleted, rotated) = (key_with(&ada, &[Scope::RoomsRead]).await, key_with(&ada, &[Scope::RoomsRead]).await);
    let untouched = key_with(&ada, &[Scope::RoomsRead]).await;
    let path = |key: &ApiKeySecret| format!("/api/v1/auth/api-keys/{}", key.api_key.id);
    let mut sockets = Vec::new();
    for key in [&deleted, &rotated] {
        let token: RoomToken = call(&stack, Method::POST, &room.path("/token"), &key.secret).await.data();
        sockets.push(EventsSocket::open(&socket_url(&token.events_url, &token)).await);
    }
    let answer = call(&stack, Method::DELETE, &path(&deleted), ada.token()).await;
    assert_eq!(answer.data::<Value>(), json!({}));
    let answer = ada.post(&format!("{}/rotate", path(&rotated))).send().await;
    let next: ApiKeySecret = answer.data();
    assert_eq!((&next.api_key.name, &next.api_key.scopes), (&rotated.api_key.name, &rotated.api_key.scopes));
    for socket in &mut sockets {
        assert_eq!(socket.close_code_within(REVOCATION_DEADLINE).await, 4403);
    }
    ends(&stack, &deleted.secret).await;
    ends(&stack, &rotated.secret).await;
    for key in [&next, &untouched] {
        assert_eq!(call(&stack, Method::GET, "/api/v1/auth/me", &key.secret).await.status, 200);
    }
    let listed: Page<ApiKey> = ada.get("/api/v1/auth/api-keys").send().await.data();
    assert_eq!(listed.items.len(), 2, "{listed:?}");
    call(&stack, Method::DELETE, &path(&deleted), ada.token()).await.refuses_with(ErrorCode::NotFound);
}

#[tokio::test]
async fn wrong_fields_of_a_key_are_named_and_credentials_that_are_none_refused() {
    let stack = Stack::from_env().await;
    let ada = stack.account().await;
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970").as_secs();
    let body = json!({"name": "", "scopes": [], "expiresAt": now_s * 1000 - 1});
    let answer = ada.post("/api/v1/auth/api-keys").json(&body).send().await;
    assert_eq!(answer.wrong_fields(), ["expiresAt", "name", "scopes"]);
    let key = key_with(&ada, &[Scope::RoomsRead]).await.secret;
    let made_up = format!("{}{}", &key[..key.len() - 20], "A".repeat(20));
    for credential in ["tutti_key_", &key[..key.len() - 1], &made_up, &key.replace("tutti_key_", "tutti_sid_")] {
        call(&stack, Method::GET, "/api/v1/auth/me", credential).await.refuses_with(ErrorCode::Unauthorized);
    }
    assert_eq!(call(&stack, Method::GET, "/api/v1/auth/me", &key).await.status, 200);
    let exchange = stack.post("/internal/credentials/exchange").json(&json!({"credential": key})).send().await;
    exchange.refuses_with(ErrorCode::NotFound);
}

#[tokio::test]
async fn a_sessions_secret_serves_until_its_login_ends() {
    let stack = Stack::from_env().await;
    let ada = stack.account().await;
    let session = ada.session.session_id.clone().expect("asked for in the body");
    assert!(session.starts_with("tutti_sid_"));
    let me = async |session: &str| stack.get("/api/v1/auth/me").header("x-session-id", session).send().await;
    assert_eq!(me(&session).await.data::<Me>().user.id, ada.user().id);
    let body = json!({"name": "By session"});
    let made = stack.post("/api/v1/rooms").header("x-session-id", &session).json(&body).send().await;
    assert_eq!(made.status, 201, "{made}");
    for wrong in ["", "x", ada.refresh_token(), &session[..session.len() - 1]] {
        me(wrong).await.refuses_with(ErrorCode::Unauthorized);
    }
    let other = ada.log_in_again().await.session.session_id.expect("asked for in the body");
    let answer = stack.post("/api/v1/auth/logout").header("x-session-id", &session).send().await;
    assert_eq!(answer.data::<Value>(), json!({}));
    eventually(REVOCATION_DEADLINE, "the session to end", async || {
        let answer = me(&session).await;
        if answer.status == 401 { Ok(()) } else { Err(answer) }
    })
    .await;
    assert_eq!(me(&other).await.status, 200, "another login stands");
    let login = json!({"email": ada.email, "password": ada.password});
    let again = stack.post("/api/v1/auth/login").header("x-session-id", &session).json(&login).send().await;
    assert_eq!(again.status, 200, "a dead session does not keep one from logging in");
    assert!(!again.text().contains("tutti_sid_"), "browsers get none");
}
