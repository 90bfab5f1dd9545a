//! The edge as a wall: what every answer carries, whatever was asked, and requests that are made to hurt.

use protocol::envelope::ErrorCode;
use protocol::limits::FUNCTION_BODY_MAX_BYTES;
use reqwest::Method;
use serde_json::json;
use tests::Stack;
use tests::api::{Answer, Call};
use tests::wait::within;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Header, and what it holds among other things.
const HEADERS: [(&str, &[&str]); 15] = [
    ("strict-transport-security", &["max-age=31536000", "includeSubDomains", "preload"]),
    (
        "content-security-policy",
        &[
            "default-src 'self'",
            "script-src 'self';",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: https:",
            "object-src 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ],
    ),
    ("x-content-type-options", &["nosniff"]),
    ("x-frame-options", &["DENY"]),
    ("referrer-policy", &["no-referrer"]),
    ("cross-origin-opener-policy", &["same-origin"]),
    ("cross-origin-resource-policy", &["same-origin"]),
    ("origin-agent-cluster", &["?1"]),
    ("permissions-policy", &["camera=()"]),
    ("x-dns-prefetch-control", &["off"]),
    ("x-download-options", &["noopen"]),
    ("x-permitted-cross-domain-policies", &["none"]),
    ("x-xss-protection", &["0"]),
    ("cache-control", &[""]),
    ("x-request-id", &["asked-1"]),
];

fn carries_the_headers(what: &str, answer: &Answer) {
    for (name, parts) in HEADERS {
        let value = answer.header(name).unwrap_or_else(|| panic!("{what} has no {name}"));
        assert_eq!(answer.headers.get_all(name).iter().count(), 1, "{what}: {name} once");
        for part in parts {
            assert!(value.contains(part), "{what}: {part} in {name}: {value}");
        }
    }
    assert_eq!(answer.header("x-correlation-id"), answer.header("x-request-id"), "{what}");
    assert_eq!((answer.header("server"), answer.header("x-powered-by")), (None, None), "{what}");
}

#[tokio::test]
async fn every_kind_of_answer_carries_the_security_headers() {
    let stack = Stack::from_env().await;
    let (ada, room) = (stack.account().await, stack.guest_room("Headers").await);
    let page = stack.get("/").send().await;
    let etag = page.header("etag").expect("files have tags").to_owned();
    let preflight = stack.call(Method::OPTIONS, "/api/v1/rooms").header("origin", "https://app.tutti.example");
    let large = "x".repeat(FUNCTION_BODY_MAX_BYTES + 1);
    let kinds: [(&str, u16, Call); 18] = [
        ("a page", 200, stack.get("/")),
        ("a page of a room", 200, stack.get("/r/00000000000000000000")),
        ("a page by HEAD", 200, stack.call(Method::HEAD, "/")),
        ("an unchanged page", 304, stack.get("/").header("if-none-match", &etag)),
        ("health", 200, stack.get("/health")),
        ("keys", 200, stack.get("/.well-known/jwks.json")),
        ("a function's answer", 200, stack.get("/api/v1/auth/me").bearer(ada.token())),
        ("a room's answer", 200, room.owner.get("/files")),
        ("bytes of a room", 200, room.owner.get("/history/state")),
        ("an archive", 200, room.owner.get("/export.zip")),
        ("a session over HTTP", 201, stack.post(&format!("/sync/{}/poll", room.id())).bearer(room.owner.token())),
        ("a preflight", 204, preflight.header("access-control-request-method", "POST")),
        ("no bearer", 401, stack.get("/api/v1/auth/me")),
        ("not allowed", 403, stack.get("/api/v1/auth/me").bearer(room.owner.token())),
        ("no such call", 404, stack.get("/api/v1/no-such-call")),
        ("no such method", 405, stack.call(Method::DELETE, "/api/v1/auth/login")),
        ("too large", 413, stack.post("/api/v1/auth/login").declared_as_json(large)),
        ("no service's token", 401, stack.post("/internal/leases/claim")),
    ];
    for (what, status, call) in kinds {
        let answer = call.header("x-request-id", "asked-1").send().await;
        assert_eq!(answer.status, status, "{what}");
        carries_the_headers(what, &answer);
    }
    let limited = stack.from_fresh_address();
    let mut answer = limited.get("/api/v1/runs/00000000000000000000").send().await;
    while answer.status != 429 {
        answer = limited.get("/api/v1/runs/00000000000000000000").header("x-request-id", "asked-1").send().await;
    }
    carries_the_headers("too often", &answer);
}

#[tokio::test]
async fn bodies_that_are_made_to_hurt_are_refused_in_words() {
    let stack = Stack::from_env().await;
    let (ada, room) = (stack.account().await, stack.guest_room("Bodies").await);
    let nested = [format!("{}{}", "[".repeat(200_000), "]".repeat(200_000)), "{\"a\":".repeat(100_000)];
    let of_functions = || stack.post("/api/v1/rooms").bearer(ada.token());
    for body in nested {
        for call in [of_functions(), room.owner.post("/snapshots"), room.owner.post("/runs")] {
            let answer = call.declared_as_json(body.clone()).send().await;
            assert!(matches!(answer.status, 400 | 422), "{answer}");
            assert!(answer.error().message.len() < 500, "{answer}");
        }
    }
    let large = format!("{{\"name\":\"{}\"}}", "x".repeat(FUNCTION_BODY_MAX_BYTES));
    for call in [of_functions(), room.owner.post("/snapshots"), room.owner.post("/runs")] {
        let answer = call.declared_as_json(large.clone()).send().await;
        answer.refuses_with(ErrorCode::PayloadTooLarge);
        assert!(answer.error().message.contains(&FUNCTION_BODY_MAX_BYTES.to_string()), "{answer}");
    }
    // One byte less than too much is read, and is then only too long a name.
    let most = format!("{{\"name\":\"{}\"}}", "x".repeat(FUNCTION_BODY_MAX_BYTES - 11));
    assert_eq!(most.len(), FUNCTION_BODY_MAX_BYTES);
    assert_eq!(of_functions().declared_as_json(most).send().await.wrong_fields(), ["name"]);
}

/// Sends bytes as they are, and gives what comes back until the status line and headers are there.
async fn raw(stack: &Stack, request: &[u8]) -> String {
    let address = stack.edge_url().trim_start_matches("http://").replace("localhost", "127.0.0.1");
    let socket = TcpStream::connect(address).await.expect("the edge takes connections");
    let (mut reader, mut writer) = socket.into_split();
    let read = async {
        let mut answer = Vec::new();
        let mut part = [0; 4096];
        while !answer.windows(4).any(|end| end == b"\r\n\r\n") {
            match reader.read(&mut part).await {
                Ok(0) | Err(_) => break,
                Ok(count) => answer.extend_from_slice(&part[..count]),
            }
        }
        String::from_utf8_lossy(&answer).into_owned()
    };
    // The edge may answer before it has read everything, and then take no more.
    let write = async {
        let _refused = writer.write_all(request).await;
    };
    within("an answer", async { tokio::join!(read, write).0 }).await
}

#[tokio::test]
async fn a_body_of_unknown_length_is_read_no_further_than_it_may_be_long() {
    let stack = Stack::from_env().await;
    let head = "POST /api/v1/auth/login HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                transfer-encoding: chunked\r\nconnection: close\r\n\r\n";
    let chunked = |bytes: usize| {
        let mut request = head.as_bytes().to_vec();
        for _chunk in 0..bytes.div_ceil(0x10000) {
            request.extend_from_slice(b"10000\r\n");
            request.extend(std::iter::repeat_n(b' ', 0x10000));
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(b"2\r\n{}\r\n0\r\n\r\n");
        request
    };
    let answer = raw(&stack, &chunked(3 * FUNCTION_BODY_MAX_BYTES)).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    let answer = raw(&stack, &chunked(100_000)).await;
    assert!(answer.starts_with("HTTP/1.1 422"), "the control is read, and lacks an address: {answer}");
}

#[tokio::test]
async fn nothing_that_is_sent_becomes_a_header_of_an_answer() {
    let stack = Stack::from_env().await;
    let broken = "%0d%0aset-cookie:%20stolen=1%0d%0a";
    for path in [format!("/r/{broken}"), format!("/{broken}"), format!("/api/v1/rooms/{broken}?x={broken}")] {
        let answer = stack.get(&path).send().await;
        assert_eq!(answer.header("set-cookie"), None, "{path}");
    }
    for id in ["a\r\nset-cookie: stolen=1", "a\nset-cookie: stolen=1", "a\r\n set-cookie: stolen=1"] {
        let request =
            format!("GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-request-id: {id}\r\n\r\n");
        let answer = raw(&stack, request.as_bytes()).await.to_lowercase();
        assert!(answer.starts_with("http/1.1") && !answer.contains("stolen"), "{answer}");
    }
    let answer = stack.post("/api/v1/rooms").json(&json!({"name": "a\r\nset-cookie: stolen=1"})).send().await;
    assert_eq!(answer.header("set-cookie"), None, "{answer}");
}
