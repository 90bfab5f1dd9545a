//! How often somebody may call. Each test comes from addresses of its own, since the suite's is not counted.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use protocol::account::{LoginRequest, Session};
use protocol::envelope::ErrorCode;
use protocol::limits::{ADDRESS_QUOTA, ATTEMPTS_MAX, ATTEMPTS_WINDOW_MS};
use protocol::rights::Role;
use protocol::room::{RoomAnswer, Visibility};
use protocol::tier::Tier;
use serde_json::{Value, json};
use tests::api::{Answer, Call};
use tests::room::token_of;
use tests::socket::REVOCATION_DEADLINE;
use tests::wait::eventually;
use tests::{Account, Stack};

/// A call that nobody needs a bearer for, and that counts for whoever makes it.
const NOBODYS: &str = "/api/v1/runs/00000000000000000000";

fn number(answer: &Answer, header: &str) -> u32 {
    let text = answer.header(header).unwrap_or_else(|| panic!("no {header}: {answer}"));
    text.parse().unwrap_or_else(|error| panic!("{header}: {text}: {error}"))
}

/// Makes the calls at once, and gives those that were let in, those that were not, and how long all of it took.
async fn at_once(calls: impl IntoIterator<Item = Call>) -> (Vec<Answer>, Vec<Answer>, Duration) {
    let start = Instant::now();
    let answers = join_all(calls.into_iter().map(Call::send)).await;
    let (refused, admitted) = answers.into_iter().partition(|answer| answer.status == 429);
    (admitted, refused, start.elapsed())
}

/// Asserts that a burst was let in, and beside it only what flowed back meanwhile.
#[track_caller]
fn is_a_burst(admitted: usize, burst: u32, per_minute: u32, took: Duration) {
    let flowed_back = u64::from(per_minute) * u64::try_from(took.as_millis()).expect("a short time") / 60_000;
    let most = u64::from(burst) + flowed_back + 1;
    assert!((u64::from(burst)..=most).contains(&(admitted as u64)), "{admitted} in {took:?}");
}

#[tokio::test]
async fn a_burst_of_calls_at_once_is_let_in_and_no_more() {
    let stack = Stack::from_env().await.from_fresh_address();
    let quota = Tier::Anonymous.quota();
    let (admitted, refused, took) = at_once((0..60).map(|_| stack.get(NOBODYS))).await;
    is_a_burst(admitted.len(), quota.burst, quota.per_minute, took);
    assert!(refused.len() > 30, "{} refused", refused.len());
    for answer in admitted {
        answer.refuses_with(ErrorCode::NotFound);
    }
    for answer in &refused {
        answer.refuses_with(ErrorCode::RateLimitExceeded);
        let wait = number(answer, "retry-after");
        assert!((1..=2).contains(&wait), "{answer}");
        assert!(answer.error().message.contains(&format!("try again in {wait} s")), "{answer}");
        assert_eq!(number(answer, "ratelimit-remaining"), 0);
    }
    eventually(Duration::from_secs(10), "the next call to be let in", async || {
        let answer = stack.get(NOBODYS).send().await;
        if answer.status == 429 { Err(answer) } else { Ok(()) }
    })
    .await;
}

#[tokio::test]
async fn credentials_that_open_nothing_count_for_their_address() {
    let stack = Stack::from_env().await.from_fresh_address();
    let made_up = |number: u32| format!("tutti_sid_{}{number:0>43}", "0".repeat(20));
    let calls = (0..200).map(|number| stack.get("/api/v1/rooms").header("x-session-id", &made_up(number)).send());
    let start = Instant::now();
    // Faster than the quota flows back; a few at a time, as a program that tries secrets does.
    let answers: Vec<Answer> = stream::iter(calls).buffer_unordered(16).collect().await;
    let took = start.elapsed();
    let (refused, looked_at): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 429);
    is_a_burst(looked_at.len(), ADDRESS_QUOTA.burst, ADDRESS_QUOTA.per_minute, took);
    for answer in &looked_at {
        answer.refuses_with(ErrorCode::Unauthorized);
    }
    assert!(!refused.is_empty(), "all were looked at in {took:?}");
}

#[tokio::test]
async fn every_answer_of_the_api_says_how_the_caller_stands() {
    let stack = Stack::from_env().await.from_fresh_address();
    for (path, status) in [(NOBODYS, 404), ("/api/v1/auth/me", 401), ("/api/v1/no-such-call", 404)] {
        let answer = stack.get(path).send().await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(number(&answer, "ratelimit-limit"), 60, "{path}");
        assert_eq!(answer.header("ratelimit-policy"), Some("60;w=60;burst=10"), "{path}");
        assert!(number(&answer, "ratelimit-remaining") < 10 && number(&answer, "ratelimit-reset") <= 10, "{path}");
    }
    let (first, second) = (stack.get(NOBODYS).send().await, stack.get(NOBODYS).send().await);
    assert!(number(&first, "ratelimit-remaining") > 0);
    assert!(number(&second, "ratelimit-reset") >= 1, "{second}");
    for path in ["/", "/health", "/api/v1/health", "/.well-known/jwks.json", "/favicon.svg"] {
        for _more_than_a_burst in 0..12 {
            let answer = stack.get(path).send().await;
            assert!(answer.status == 200 && answer.header("ratelimit-limit").is_none(), "{path}: {}", answer.status);
        }
    }
}

#[tokio::test]
async fn no_header_of_a_client_changes_what_it_may() {
    let stack = Stack::from_env().await;
    let (here, there) = (stack.from_fresh_address(), stack.from_fresh_address());
    at_once((0..40).map(|_| here.get(NOBODYS))).await;
    let names = ["x-forwarded-for", "x-real-ip", "forwarded", "true-client-ip", "x-tutti-client-address"];
    let spoofed = |name: &str, value: &str| here.get(NOBODYS).header(name, value);
    let calls =
        names.iter().flat_map(|name| ["127.0.0.1", "203.0.113.9", "for=203.0.113.9"].map(|at| spoofed(name, at)));
    let bearers = ["x", "a.b.c"].map(|bearer| here.get(NOBODYS).bearer(bearer));
    let (_, refused, took) = at_once(calls.chain(bearers)).await;
    assert!(refused.len() as u64 >= 15 - took.as_secs(), "{} refused in {took:?}", refused.len());
    assert_ne!(there.get(NOBODYS).send().await.status, 429, "another address is another caller");
}

#[tokio::test]
async fn an_account_has_the_quota_of_its_tier_wherever_it_comes_from() {
    let stack = Stack::from_env().await;
    let ada = stack.account().await;
    let quota = ada.user().tier.quota();
    assert_eq!(ada.user().tier, Tier::Free);
    let places = [stack.from_fresh_address(), stack.from_fresh_address()];
    let calls = (0..100).map(|call| places[call % 2].get("/api/v1/auth/me").bearer(ada.token()));
    let (admitted, refused, took) = at_once(calls).await;
    is_a_burst(admitted.len(), quota.burst, quota.per_minute, took);
    assert_eq!(number(&admitted[0], "ratelimit-limit"), 300);
    assert!(refused[0].error().message.starts_with("you called too often"), "{}", refused[0]);
    // Its room token is the same account; somebody else at the same address is not.
    let other = stack.account().await;
    let answer = places[0].get("/api/v1/auth/me").bearer(other.token()).send().await;
    assert!(number(&answer, "ratelimit-remaining") >= quota.burst - 2, "{answer}");
    let room = ada.room("Mine", Visibility::Private).await;
    let answer = places[1].get(&room.path("/files")).bearer(room.owner.token()).send().await;
    assert_eq!(number(&answer, "ratelimit-limit"), 300);
}

#[tokio::test]
async fn a_withdrawn_token_uses_up_nothing_of_its_owners() {
    let stack = Stack::from_env().await;
    let (ada, thief) = (stack.account().await, stack.from_fresh_address());
    let kept = ada.log_in_again().await;
    ada.log_out().await;
    eventually(REVOCATION_DEADLINE, "the login to end", async || {
        let answer = thief.get("/api/v1/auth/me").bearer(ada.token()).send().await;
        if answer.status == 401 { Ok(()) } else { Err(answer) }
    })
    .await;
    let (_, refused, _) = at_once((0..60).map(|_| thief.get("/api/v1/auth/me").bearer(ada.token()))).await;
    assert!(refused.len() > 30, "as somebody without a bearer: {} refused", refused.len());
    let answer = thief.get("/api/v1/auth/me").bearer(kept.token()).send().await;
    let left = number(&answer, "ratelimit-remaining");
    assert!(answer.status == 200 && left > ada.user().tier.quota().burst / 2, "{left} left: {answer}");
}

#[tokio::test]
async fn a_guest_who_calls_too_often_is_in_nobody_elses_way() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Classroom").await;
    let (noisy, quiet) = (room.join_as("Noisy").await, room.join_as("Quiet").await);
    let school = stack.from_fresh_address();
    let (admitted, refused, took) = at_once((0..150).map(|_| school.get(&room.path("")).bearer(noisy.token()))).await;
    let quota = Tier::Anonymous.quota();
    is_a_burst(admitted.len(), quota.burst, quota.per_minute, took);
    assert!(refused.len() > ADDRESS_QUOTA.burst as usize, "more than all guests of an address may do together");
    let answer = school.get(&room.path("")).bearer(quiet.token()).send().await;
    assert_eq!((answer.status, number(&answer, "ratelimit-remaining")), (200, quota.burst - 1), "{answer}");
}

#[tokio::test]
async fn a_classroom_behind_one_address_comes_in_at_once() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Lesson").await;
    let link = room.link(Role::Editor).await;
    let school = stack.from_fresh_address();
    let enter = |pupil: usize| {
        let body = json!({"link": token_of(&link), "name": format!("Pupil {pupil}")});
        [school.get("/api/v1/languages"), school.get(&room.path("")), school.post(&room.path("/token")).json(&body)]
    };
    let (admitted, refused, _) = at_once((0..30).flat_map(enter)).await;
    assert!(refused.is_empty(), "{} refused, such as {}", refused.len(), refused[0]);
    assert_eq!(admitted.iter().filter(|answer| answer.status == 200).count(), 60, "all but a look without a bearer");
}

#[tokio::test]
async fn made_up_guests_together_get_no_more_than_their_address_may() {
    let stack = Stack::from_env().await.from_fresh_address();
    let (admitted, refused, took) = at_once((0..250).map(|_| stack.get("/api/v1/languages"))).await;
    is_a_burst(admitted.len(), ADDRESS_QUOTA.burst, ADDRESS_QUOTA.per_minute, took);
    assert!(refused[0].error().message.contains("your network"), "{}", refused[0]);
}

fn log_in(stack: &Stack, email: &str, password: &str) -> Call {
    stack.post("/api/v1/auth/login").json(&LoginRequest {
        email: email.to_owned(),
        password: password.to_owned(),
        totp: None,
        remember: None,
    })
}

#[tokio::test]
async fn of_many_wrong_passwords_at_once_exactly_ten_are_looked_at() {
    let stack = Stack::from_env().await;
    let ada = stack.account().await;
    let (thief, owner) = (stack.from_fresh_address(), stack.from_fresh_address());
    // However it is spelled, it is one account.
    let spellings = [ada.email.clone(), ada.email.to_uppercase(), format!(" {} ", ada.email)];
    let calls = (0..40).map(|guess| log_in(&thief, &spellings[guess % 3], &format!("Wrong{guess}Password")));
    let (admitted, refused, _) = at_once(calls).await;
    assert_eq!(admitted.len(), ATTEMPTS_MAX as usize, "beside {} refused", refused.len());
    admitted.iter().for_each(|answer| answer.refuses_with(ErrorCode::Unauthorized));
    let late = log_in(&thief, &ada.email, &ada.password).send().await;
    late.refuses_with(ErrorCode::RateLimitExceeded);
    let wait = u64::from(number(&late, "retry-after"));
    assert!((ATTEMPTS_WINDOW_MS / 1000 - 60..=ATTEMPTS_WINDOW_MS / 1000).contains(&wait), "{late}");
    assert_eq!((number(&late, "ratelimit-limit"), late.header("ratelimit-policy")), (10, Some("10;w=900;burst=10")));
    // Nobody who fails locks the owner out.
    let owners: Session = log_in(&owner, &ada.email, &ada.password).send().await.data();
    assert_eq!(owners.user.id, ada.user().id);
}

#[tokio::test]
async fn an_address_that_tries_account_after_account_is_stopped_as_well() {
    let stack = Stack::from_env().await;
    let ada = stack.account().await;
    let thief = stack.from_fresh_address();
    let calls = (0..20).map(|_| log_in(&thief, &Account::fresh().email, "Spring2026Spring"));
    let (admitted, refused, _) = at_once(calls).await;
    assert_eq!(admitted.len(), ATTEMPTS_MAX as usize, "beside {} refused", refused.len());
    log_in(&thief, &ada.email, &ada.password).send().await.refuses_with(ErrorCode::RateLimitExceeded);
}

#[tokio::test]
async fn who_knows_the_password_logs_in_as_often_as_they_like() {
    let stack = Stack::from_env().await;
    let (ada, home) = (stack.account().await, stack.from_fresh_address());
    for _mistyped in 0..8 {
        log_in(&home, &ada.email, "Mistyped1").send().await.refuses_with(ErrorCode::Unauthorized);
    }
    for _time in 0..12 {
        assert_eq!(log_in(&home, &ada.email, &ada.password).send().await.status, 200);
    }
    for _mistyped in 0..8 {
        log_in(&home, &ada.email, "Mistyped1").send().await.refuses_with(ErrorCode::Unauthorized);
    }
    // What is no attempt costs nothing.
    for _unreadable in 0..12 {
        assert_eq!(home.post("/api/v1/auth/login").json(&json!({"email": ada.email})).send().await.status, 422);
    }
    assert_eq!(log_in(&home, &ada.email, &ada.password).send().await.status, 200);
}

#[tokio::test]
async fn an_address_registers_ten_times_in_a_quarter_of_an_hour() {
    let stack = Stack::from_env().await.from_fresh_address();
    let register = |account| stack.post("/api/v1/auth/register").json(&account);
    let calls = (0..14).map(|_| register(Account::fresh()));
    let (admitted, refused, _) = at_once(calls).await;
    assert_eq!(admitted.len(), ATTEMPTS_MAX as usize, "beside {} refused", refused.len());
    assert!(admitted.iter().all(|answer| answer.status == 201), "{}", admitted[0]);
}

#[tokio::test]
async fn other_spellings_of_a_call_lead_nowhere() {
    let stack = Stack::from_env().await;
    for path in ["/api/v1/auth/login/", "//api/v1/auth/login", "/api/v1//auth/login", "/api/v1/auth/%6Cogin"] {
        let answer = stack.post(path).json(&json!({"email": "a@example.org", "password": "x"})).send().await;
        answer.refuses_with(ErrorCode::NotFound);
    }
}

#[tokio::test]
async fn making_a_room_leaves_a_guest_room_to_work() {
    let stack = Stack::from_env().await.from_fresh_address();
    let request = json!({"name": "From home"});
    let made = stack.post("/api/v1/rooms").json(&request).send().await;
    let room: RoomAnswer = made.data();
    let token = json!({"ownerKey": room.owner_key, "name": "Ada"});
    let entered: Value = stack.post(&format!("/api/v1/rooms/{}/token", room.room.id)).json(&token).send().await.data();
    let bearer = entered["token"].as_str().expect("a token");
    let looked = stack.get(&format!("/api/v1/rooms/{}", room.room.id)).bearer(bearer).send().await;
    assert_eq!((looked.status, number(&looked, "ratelimit-remaining")), (200, 9), "a guest begins with all of it");
}
