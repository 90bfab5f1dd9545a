//! Pages of other origins: which may call, and that none makes use of a cookie.

use protocol::account::Session;
use protocol::envelope::ErrorCode;
use reqwest::Method;
use serde_json::json;
use tests::api::{Answer, Call};
use tests::{Account, Stack};

/// The origin that the stack of the suites lets in (`EDGE_VARIABLES` in crates/xtask/src/suites.rs).
const FRIEND: &str = "https://app.tutti.example";
const STRANGERS: [&str; 4] =
    ["https://evil.example", "http://app.tutti.example", "https://app.tutti.example.evil.example", "null"];

/// A login as a browser has it: the cookie, and what it belongs to.
async fn browser(stack: &Stack) -> (String, Account) {
    let ada = stack.account().await;
    let body = json!({"email": ada.email, "password": ada.password});
    let answer = stack.post("/api/v1/auth/login").json(&body).send().await;
    let cookie = answer.header("set-cookie").expect("a cookie").split(';').next().expect("a pair").to_owned();
    (cookie, ada)
}

#[tokio::test]
async fn a_stolen_cookie_is_worth_nothing_from_elsewhere() {
    let stack = Stack::from_env().await;
    let (cookie, ada) = browser(&stack).await;
    for verb in ["refresh", "logout"] {
        let call = || stack.post(&format!("/api/v1/auth/{verb}")).header("cookie", &cookie);
        call().send().await.refuses_with(ErrorCode::Forbidden);
        call().json(&json!({})).send().await.refuses_with(ErrorCode::Forbidden);
        for stranger in STRANGERS {
            call().header("origin", stranger).send().await.refuses_with(ErrorCode::Forbidden);
            let liar = call().header("origin", stranger).header("sec-fetch-site", "same-origin");
            liar.send().await.refuses_with(ErrorCode::Forbidden);
        }
        for site in ["cross-site", "same-site", "none"] {
            call().header("sec-fetch-site", site).send().await.refuses_with(ErrorCode::Forbidden);
        }
    }
    // The control: the same cookie from our own page, and from a page that the operator lets in. So nothing of the
    // above had ended it, either.
    let refresh = |cookie: &str| stack.post("/api/v1/auth/refresh").header("cookie", cookie);
    let ours = refresh(&cookie).header("origin", stack.edge_url()).send().await;
    assert_eq!(ours.data::<Session>().user.id, ada.user().id);
    let next = cookie_of(&ours);
    let friends = refresh(&next).header("origin", FRIEND).send().await;
    assert_eq!(friends.data::<Session>().user.id, ada.user().id);
    let last = refresh(&cookie_of(&friends)).header("sec-fetch-site", "same-origin").send().await;
    assert_eq!(last.status, 200, "{last}");
}

fn cookie_of(answer: &Answer) -> String {
    answer.header("set-cookie").expect("a cookie").split(';').next().expect("a pair").to_owned()
}

#[tokio::test]
async fn programs_that_show_what_they_hold_need_no_origin() {
    let stack = Stack::from_env().await;
    let (cookie, ada) = browser(&stack).await;
    let body = json!({"refreshToken": ada.refresh_token()});
    let call = stack.post("/api/v1/auth/refresh").header("cookie", &cookie).json(&body);
    assert_eq!(call.send().await.data::<Session>().user.id, ada.user().id);
    assert_eq!(ada.me().await.status, 200);
}

fn preflight(stack: &Stack, path: &str, origin: &str) -> Call {
    let asked = stack.call(Method::OPTIONS, path).header("origin", origin);
    asked.header("access-control-request-method", "POST").header("access-control-request-headers", "authorization")
}

fn names(answer: &Answer, header: &str) -> Vec<String> {
    let list = answer.header(header).unwrap_or_else(|| panic!("no {header}: {answer}"));
    list.split(',').map(|name| name.trim().to_lowercase()).collect()
}

#[tokio::test]
async fn an_origin_on_the_list_may_call_and_read() {
    let stack = Stack::from_env().await;
    for path in ["/api/v1/rooms", "/api/v1/rooms/00000000000000000000/token", "/sync/00000000000000000000/poll"] {
        let answer = preflight(&stack, path, FRIEND).send().await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (204, Some(FRIEND)), "{path}");
        assert!(names(&answer, "access-control-allow-methods").contains(&"post".to_owned()), "{path}");
        for header in ["authorization", "content-type", "idempotency-key"] {
            assert!(names(&answer, "access-control-allow-headers").contains(&header.to_owned()), "{path}: {header}");
        }
    }
    for path in ["/api/v1/languages", "/api/v1/auth/me", "/api/v1/no-such-call"] {
        let answer = stack.get(path).header("origin", FRIEND).send().await;
        assert_eq!(answer.header("access-control-allow-origin"), Some(FRIEND), "{path}");
        assert!(names(&answer, "vary").contains(&"origin".to_owned()), "{path}");
        for header in ["retry-after", "ratelimit-remaining", "x-request-id"] {
            assert!(names(&answer, "access-control-expose-headers").contains(&header.to_owned()), "{path}: {header}");
        }
    }
}

#[tokio::test]
async fn no_other_origin_may_and_none_is_let_in_by_a_star() {
    let stack = Stack::from_env().await;
    for stranger in STRANGERS {
        let answer = preflight(&stack, "/api/v1/rooms", stranger).send().await;
        answer.refuses_with(ErrorCode::Forbidden);
        assert_eq!(answer.header("access-control-allow-origin"), None, "{stranger}");
        let answer = stack.get("/api/v1/languages").header("origin", stranger).send().await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, None), "{stranger}");
        assert!(names(&answer, "vary").contains(&"origin".to_owned()), "a cache must not give it a friend's answer");
    }
    // Pages and the calls of the parts are nobody's.
    for path in ["/", "/internal/leases/claim"] {
        let answer = preflight(&stack, path, FRIEND).send().await;
        answer.refuses_with(ErrorCode::Forbidden);
        assert_eq!(answer.header("access-control-allow-origin"), None, "{path}");
    }
    stack.call(Method::OPTIONS, "/api/v1/rooms").send().await.refuses_with(ErrorCode::MethodNotAllowed);
}
