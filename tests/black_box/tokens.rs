//! Tokens that are not what they claim to be, at every door. The stack's own key is at hand: each forgery differs from a
//! good token in one thing, and the good one is let in.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, SigningKey};
use jwt_compact::alg::{Hs256, Hs256Key};
use jwt_compact::{Algorithm as _, AlgorithmSignature as _};
use protocol::envelope::ErrorCode;
use protocol::ids::{LeaseId, RunId};
use protocol::task::TaskId;
use protocol::token::{AttemptClaims, ClaimTicket, LeaseClaims, RoomClaims, ServiceClaims};
use serde_json::{Value, json};
use tests::api::Answer;
use tests::forgery::{Forge, claims_in, issued, sealed};
use tests::socket::refusal_of;
use tests::{Account, Stack};

async fn me(stack: &Stack, token: &str) -> Answer {
    stack.get("/api/v1/auth/me").bearer(token).send().await
}

#[tokio::test]
async fn a_forged_access_token_opens_nothing() {
    let stack = Stack::from_env().await;
    let (forge, ada) = (Forge::of(&stack).await, stack.account().await);
    let (header, claims) = (forge.header(), claims_in(ada.token()));
    let ours = |message: &[u8]| forge.signature(message);
    // The control: nothing is wrong with how they are made.
    assert_eq!(me(&stack, &sealed(&header, &claims, ours)).await.status, 200);
    let mut forgeries = Vec::new();
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let header = with(&header, "alg", json!(alg));
        forgeries.push((format!("alg {alg:?} unsigned"), sealed(&header, &claims, |_| Vec::new())));
        forgeries.push((format!("alg {alg:?} signed"), sealed(&header, &claims, ours)));
    }
    let text = &forge.key_set().keys[0].x;
    let public = URL_SAFE_NO_PAD.decode(text).expect("base64url");
    for secret in [&public[..], text.as_bytes()] {
        let hmac = |message: &[u8]| Hs256.sign(&Hs256Key::new(secret), message).as_bytes().into_owned();
        forgeries
            .push(("HS256 with a public key".to_owned(), sealed(&with(&header, "alg", json!("HS256")), &claims, hmac)));
        forgeries.push(("HMAC as EdDSA".to_owned(), sealed(&header, &claims, hmac)));
    }
    let foreign = |message: &[u8]| SigningKey::from_bytes(&[7; 32]).sign(message).to_vec();
    forgeries.push(("a foreign key".to_owned(), sealed(&header, &claims, foreign)));
    for kid in [json!("another"), json!(""), json!("../../keys"), Value::Null] {
        forgeries.push((format!("kid {kid}"), sealed(&with(&header, "kid", kid), &claims, ours)));
    }
    for jwk in ["jwk", "jku", "x5u"] {
        let header = with(&header, jwk, json!("https://evil.example/jwks.json"));
        forgeries.push((jwk.to_owned(), sealed(&header, &claims, foreign)));
    }
    for (name, token) in &forgeries {
        let answer = me(&stack, token).await;
        assert_eq!(answer.status, 401, "{name}: {answer}");
        answer.refuses_with(ErrorCode::Unauthorized);
    }
}

fn with(value: &Value, key: &str, new: Value) -> Value {
    let mut changed = value.clone();
    changed[key] = new;
    changed
}

#[tokio::test]
async fn claims_that_are_missing_wrong_or_changed_are_refused() {
    let stack = Stack::from_env().await;
    let (forge, ada, eve) = (Forge::of(&stack).await, stack.account().await, stack.account().await);
    let (header, claims) = (forge.header(), claims_in(ada.token()));
    let ours = |message: &[u8]| forge.signature(message);
    assert_eq!(me(&stack, &sealed(&header, &claims, ours)).await.status, 200, "the control");
    let now = claims["iat"].as_u64().expect("a time");
    let wrongs = [
        ("iss", json!("another")),
        ("aud", json!("tutti-room")),
        ("aud", json!("another")),
        ("exp", json!(now - 60)),
        ("exp", json!(0)),
        ("exp", json!("never")),
        ("sid", json!("")),
    ];
    for (claim, wrong) in wrongs {
        let answer = me(&stack, &sealed(&header, &with(&claims, claim, wrong.clone()), ours)).await;
        assert_eq!(answer.status, 401, "{claim} {wrong}: {answer}");
    }
    for claim in ["iss", "aud", "exp", "sub", "sid"] {
        let mut less = claims.clone();
        less.as_object_mut().expect("an object").remove(claim);
        assert_eq!(me(&stack, &sealed(&header, &less, ours)).await.status, 401, "without {claim}");
    }
    let expired = me(&stack, &sealed(&header, &with(&claims, "exp", json!(now - 60)), ours)).await;
    assert!(expired.error().message.contains("expired"), "{expired}");
    // Somebody else's claims under one's own signature.
    let [head, _, signature] = <[&str; 3]>::try_from(eve.token().split('.').collect::<Vec<_>>()).expect("three parts");
    let payload = ada.token().split('.').nth(1).expect("three parts");
    assert_eq!(me(&stack, &format!("{head}.{payload}.{signature}")).await.status, 401);
    for text in ["", ".", "..", "a.b.c", &format!("{}.", ada.token()), &ada.token().replace('.', "..")] {
        assert_eq!(me(&stack, text).await.status, 401, "{text:?}");
    }
}

/// One good token of each kind that parts of the service hold.
fn inner_tokens(forge: &Forge, room: &protocol::ids::RoomId, iat: u64) -> [(&'static str, String); 4] {
    let (run, exp) = (RunId::from_entropy(&[1; 32]), iat + 600);
    let task = TaskId::parse("0123456789abcdef0123456789abcdef").ok();
    let attempt =
        AttemptClaims { run: run.clone(), room: Some(room.clone()), attempt: 1, task: task.clone(), iat, exp };
    let lease = LeaseClaims { lease: LeaseId::from_entropy(&[2; 32]), room: room.clone(), task, iat, exp };
    [
        ("service", forge.sign(&ServiceClaims { sub: "rooms".to_owned(), iat, exp })),
        ("claim", forge.sign(&ClaimTicket { run, iat, exp })),
        ("attempt", forge.sign(&attempt)),
        ("lease", forge.sign(&lease)),
    ]
}

#[tokio::test]
async fn what_the_parts_hold_opens_nothing_of_the_api() {
    let stack = Stack::from_env().await;
    let (forge, ada, room) = (Forge::of(&stack).await, stack.account().await, stack.guest_room("Kinds").await);
    let iat = claims_in(ada.token())["iat"].as_u64().expect("a time");
    let calls = [
        "/api/v1/auth/me".to_owned(),
        "/api/v1/rooms".to_owned(),
        room.path(""),
        room.path("/links"),
        room.path("/files"),
        room.path("/history"),
        room.path("/export.zip"),
        "/api/v1/runs/00000000000000000000".to_owned(),
    ];
    for (kind, token) in inner_tokens(&forge, room.id(), iat) {
        for path in &calls {
            let answer = stack.get(path).bearer(&token).send().await;
            assert_eq!(answer.status, 401, "{kind} at {path}: {answer}");
        }
        for url in room.owner.socket_urls() {
            let address = url.split('?').next().expect("an address");
            assert_eq!(refusal_of(&format!("{address}?token={token}")).await, 4401, "{kind} at {address}");
        }
    }
    // The control: the same key makes a room token that is one.
    let claims: RoomClaims = serde_json::from_value(claims_in(room.owner.token())).expect("a room token's claims");
    let again = sealed(&forge.header(), &issued(&claims), |message| forge.signature(message));
    assert_eq!(stack.get(&room.path("/files")).bearer(&again).send().await.status, 200);
}

#[tokio::test]
async fn each_inner_call_takes_its_own_kind_of_token_alone() {
    let stack = Stack::from_env().await;
    let (forge, ada, room) = (Forge::of(&stack).await, stack.account().await, stack.guest_room("Inner").await);
    let iat = claims_in(ada.token())["iat"].as_u64().expect("a time");
    let run = format!("/internal/runs/{}", RunId::from_entropy(&[1; 32]));
    let revoke =
        format!("/internal/principals/login/{}/revoke", claims_in(ada.token())["sid"].as_str().expect("a login"));
    let calls = [
        (format!("{run}/claim"), vec!["claim"]),
        (format!("{run}/heartbeat"), vec!["attempt"]),
        (format!("{run}/result"), vec!["attempt"]),
        (format!("/internal/rooms/{}/runs", room.id()), vec!["service"]),
        ("/internal/leases/claim".to_owned(), vec!["lease"]),
        (revoke, vec!["service"]),
    ];
    for (path, kinds) in &calls {
        for (kind, token) in inner_tokens(&forge, room.id(), iat) {
            let answer = stack.post(path).bearer(&token).json(&json!({})).send().await;
            let is_let_in = answer.status != 401;
            assert_eq!(is_let_in, kinds.contains(&kind), "{kind} at {path}: {answer}");
        }
    }
    // The last of them did what it says: the login is gone.
    tests::wait::eventually(tests::socket::REVOCATION_DEADLINE, "the login to end", async || {
        let answer = ada.me().await;
        if answer.status == 401 { Ok(()) } else { Err(answer) }
    })
    .await;
}

#[tokio::test]
async fn an_access_token_is_no_room_token_and_the_other_way_round() {
    let stack = Stack::from_env().await;
    let (ada, room, other) = (stack.account().await, stack.guest_room("One").await, stack.guest_room("Two").await);
    // A room token is known, and not enough.
    me(&stack, room.owner.token()).await.refuses_with(ErrorCode::Forbidden);
    stack.get("/api/v1/rooms").bearer(room.owner.token()).send().await.refuses_with(ErrorCode::Forbidden);
    let foreign = |account: &Account| account.token().to_owned();
    for url in room.owner.socket_urls() {
        let address = url.split('?').next().expect("an address");
        for token in [foreign(&ada), other.owner.token().to_owned(), String::new()] {
            assert_eq!(refusal_of(&format!("{address}?token={token}")).await, 4401, "{address}");
        }
    }
    for path in ["/files", "/history", "/links", "/runs"] {
        let answer = stack.get(&room.path(path)).bearer(other.owner.token()).send().await;
        assert!(matches!(answer.status, 401 | 403), "{path}: {answer}");
    }
    assert_eq!(stack.get(&room.path("/files")).bearer(room.owner.token()).send().await.status, 200, "the control");
}
