//! The edge: headers, ids, envelopes, and what is nobody's business.

use protocol::envelope::ErrorCode;
use protocol::token::{AccessClaims, KeySet, RoomClaims};
use reqwest::Method;
use serde_json::{Value, json};
use tests::Stack;

#[tokio::test]
async fn the_page_is_served_under_every_address_of_a_room() {
    let stack = Stack::from_env().await;
    for path in ["/", "/r/00000000000000000000"] {
        let answer = stack.get(path).send().await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html")), "{path}");
        assert!(answer.text().contains("id=\"app\""), "{path}");
    }
}

#[tokio::test]
async fn a_request_id_is_taken_over_or_made() {
    let stack = Stack::from_env().await;
    // The envelope's id is compared with the header's by every test that reads data or an error.
    let given = async |name: &str, id: &str| {
        let answer = stack.get("/api/v1/languages").header(name, id).send().await;
        let _checked: Value = answer.data();
        assert_eq!(answer.header("x-request-id"), answer.header("x-correlation-id"));
        answer.header("x-request-id").map(str::to_owned)
    };
    assert_eq!(given("x-request-id", "trace-1.a_b").await.as_deref(), Some("trace-1.a_b"));
    assert_eq!(given("x-correlation-id", "trace-2").await.as_deref(), Some("trace-2"));
    for odd in ["two words", &"x".repeat(65), "<script>"] {
        let made = given("x-request-id", odd).await.expect("one is made");
        assert!(made != odd && made.len() == 20, "{made}");
    }
    let answer = stack.get("/api/v1/auth/me").header("x-request-id", "refused-1").send().await;
    answer.refuses_with(ErrorCode::Unauthorized);
    assert_eq!(answer.header("x-request-id"), Some("refused-1"));
}

#[tokio::test]
async fn health_says_that_every_part_answers() {
    let stack = Stack::from_env().await;
    for path in ["/health", "/api/v1/health"] {
        let health: Value = stack.get(path).send().await.data();
        assert_eq!(health["status"], "ok");
        assert_eq!(health["services"], json!({"database": "up", "websocket": "up"}));
    }
}

#[tokio::test]
async fn the_published_keys_verify_every_token_and_hold_no_secret() {
    let stack = Stack::from_env().await;
    let answer = stack.get("/.well-known/jwks.json").send().await;
    assert_eq!(answer.status, 200, "{answer}");
    let raw: Value = serde_json::from_slice(&answer.body).expect("plain JSON, as RFC 7517 has it");
    for key in raw["keys"].as_array().expect("keys") {
        assert_eq!((&key["kty"], &key["crv"], &key["use"]), (&json!("OKP"), &json!("Ed25519"), &json!("sig")));
        assert_eq!(key.get("d"), None, "the private part");
    }
    let keys: KeySet = serde_json::from_value(raw).expect("a key set");
    let (ada, room) = (stack.account().await, stack.guest_room("Keys").await);
    let claims = keys.verify::<AccessClaims>(ada.token(), ada.session.expires_at - 1000).expect("an access token");
    assert_eq!(claims.sub, ada.user().id);
    assert!(claims.exp * 1000 == ada.session.expires_at && claims.exp - claims.iat == 900);
    let claims = keys.verify::<RoomClaims>(room.owner.token(), claims.iat * 1000).expect("a room token");
    assert_eq!((claims.room, claims.exp - claims.iat), (room.id().clone(), 12 * 3600));
    assert!(keys.verify::<RoomClaims>(ada.token(), claims.iat * 1000).is_err(), "one kind is not another");
}

#[tokio::test]
async fn every_failure_has_its_code_in_the_envelope() {
    let stack = Stack::from_env().await;
    let register = || stack.post("/api/v1/auth/register");
    let large = format!("{{\"username\":\"{}\"}}", "x".repeat(4_500_000));
    let answers = [
        (stack.get("/api/v1/no-such-call"), ErrorCode::NotFound),
        (stack.get("/api/v1/auth/no-such-call"), ErrorCode::NotFound),
        (stack.get("/api/v1/runs/00000000000000000000"), ErrorCode::NotFound),
        (stack.call(Method::DELETE, "/api/v1/auth/login"), ErrorCode::MethodNotAllowed),
        (stack.call(Method::PUT, "/api/v1/languages"), ErrorCode::MethodNotAllowed),
        (register().declared_as_json("{\"username\":"), ErrorCode::BadRequest),
        (register().declared_as_json(""), ErrorCode::BadRequest),
        (register().header("content-type", "text/plain"), ErrorCode::UnsupportedMediaType),
        (register().declared_as_json("[]"), ErrorCode::ValidationFailed),
        (register().declared_as_json(large), ErrorCode::PayloadTooLarge),
        (stack.get("/sync/00000000000000000000"), ErrorCode::BadRequest),
    ];
    for (call, code) in answers {
        let answer = call.send().await;
        answer.refuses_with(code);
        assert!(answer.header("content-type").is_some_and(|kind| kind.starts_with("application/json")), "{answer}");
        assert!(!answer.error().message.is_empty());
    }
    stack.call(Method::POST, "/").send().await.refuses_with(ErrorCode::MethodNotAllowed);
}

#[tokio::test]
async fn the_inner_calls_take_no_persons_token() {
    let stack = Stack::from_env().await;
    let (ada, room) = (stack.account().await, stack.guest_room("Inside").await);
    let id = "00000000000000000000";
    let run = format!("/internal/runs/{id}");
    let paths = [
        format!("{run}/claim"),
        format!("{run}/heartbeat"),
        format!("{run}/result"),
        format!("/internal/principals/login/{id}/revoke"),
        format!("/internal/principals/link/{id}/revoke"),
        format!("/internal/rooms/{}/runs", room.id()),
    ];
    for path in &paths {
        for token in [None, Some(ada.token()), Some(room.owner.token())] {
            let call = stack.post(path).json(&json!({}));
            let call = token.into_iter().fold(call, |call, token| call.bearer(token));
            call.send().await.refuses_with(ErrorCode::Unauthorized);
        }
    }
    // What the functions call each other by does not exist out here.
    for path in ["/internal/runs", "/internal/health", &format!("{run}/cancel")] {
        stack.post(path).bearer(ada.token()).json(&json!({})).send().await.refuses_with(ErrorCode::NotFound);
    }
}
