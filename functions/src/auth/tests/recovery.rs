//! What is done by mail.

use protocol::account::{ForgotPasswordRequest, ResetPasswordRequest, VerifyEmailRequest};

use super::{NOW, PASSWORD, TestAccounts, accounts};
use crate::auth::accounts::AuthError;
use crate::auth::recovery::{MAILS_PER_HOUR_MAX, RESET_LIFETIME_MS, Recovery, VERIFY_LIFETIME_MS};
use crate::fakes::{Break, MemoryAccounts, MemoryEdge, MemoryMailer};

const NEW_PASSWORD: &str = "Better8horse";
const HOUR_MS: u64 = 3_600_000;

struct World {
    accounts: TestAccounts,
    mailer: MemoryMailer,
}

impl World {
    async fn with_ada() -> Self {
        let accounts = accounts();
        accounts.with("Ada", "ada@example.org").await.expect("registered");
        Self { accounts, mailer: MemoryMailer::default() }
    }

    fn recovery(&self) -> Recovery<'_, MemoryAccounts, MemoryEdge, MemoryMailer> {
        Recovery { accounts: &self.accounts, mailer: &self.mailer, origin: "https://code.example.org" }
    }

    async fn forgot(&self, email: &str, now: u64) -> Result<(), AuthError> {
        self.recovery().forgot_password(ForgotPasswordRequest { email: email.to_owned() }, now).await
    }

    async fn reset_token(&self, now: u64) -> String {
        self.forgot("ada@example.org", now).await.expect("asked");
        self.mailer.last_token("reset")
    }

    async fn reset(&self, token: &str, now: u64) -> Result<(), AuthError> {
        let (token, new_password) = (token.to_owned(), NEW_PASSWORD.to_owned());
        self.recovery().reset_password(ResetPasswordRequest { token, new_password }, now).await
    }

    async fn verify(&self, token: &str, now: u64) -> Result<(), AuthError> {
        self.recovery().verify_email(VerifyEmailRequest { token: token.to_owned() }, now).await
    }

    async fn log_in(&self, password: &str) -> Result<crate::auth::accounts::Grant, AuthError> {
        self.accounts.log_in("ada@example.org", password).await
    }

    fn mails(&self) -> usize {
        self.mailer.sent.lock().expect("no panic").len()
    }
}

fn is_refused(outcome: &Result<(), AuthError>) -> bool {
    matches!(outcome, Err(AuthError::MailTokenRefused))
}

#[tokio::test]
async fn a_mail_sets_a_new_password_once_and_ends_every_login() {
    let world = World::with_ada().await;
    let logged_in = world.log_in(PASSWORD).await.expect("logged in");
    let token = world.reset_token(NOW).await;
    world.reset(&token, NOW + 1).await.expect("reset");
    assert!(world.accounts.refresh(&logged_in.refresh_token, NOW + 1).await.is_err());
    assert_eq!(world.accounts.revoked().len(), 2, "the one of the registration as well");
    assert!(world.log_in(PASSWORD).await.is_err());
    let user = world.log_in(NEW_PASSWORD).await.expect("the new one works").user;
    assert!(user.email_verified, "the mail has reached its owner");
    assert!(is_refused(&world.reset(&token, NOW + 2).await));
}

#[tokio::test]
async fn a_token_for_a_new_password_works_for_an_hour() {
    let world = World::with_ada().await;
    let token = world.reset_token(NOW).await;
    assert!(is_refused(&world.reset(&token, NOW + RESET_LIFETIME_MS).await));
    world.reset(&token, NOW + RESET_LIFETIME_MS - 1).await.expect("in time");
}

#[tokio::test]
async fn tokens_do_not_outlive_the_password_that_they_replace() {
    let world = World::with_ada().await;
    let (first, second) = (world.reset_token(NOW).await, world.reset_token(NOW).await);
    world.reset(&second, NOW).await.expect("reset");
    assert!(is_refused(&world.reset(&first, NOW).await));
}

#[tokio::test]
async fn the_new_password_is_checked_as_at_registration() {
    let world = World::with_ada().await;
    let token = world.reset_token(NOW).await;
    let request = ResetPasswordRequest { token: token.clone(), new_password: "short".to_owned() };
    match world.recovery().reset_password(request, NOW).await {
        Err(AuthError::Invalid(fields)) => assert_eq!(fields[0].field, "newPassword"),
        other => panic!("{other:?}"),
    }
    world.reset(&token, NOW).await.expect("the token was not used up");
}

#[tokio::test]
async fn every_address_gets_the_same_answer() {
    let world = World::with_ada().await;
    world.forgot("nobody@example.org", NOW).await.expect("the same");
    assert_eq!(world.mails(), 0);
    for kind in [Break::Before, Break::After] {
        world.mailer.breaks.next(kind);
        world.forgot("ada@example.org", NOW).await.expect("the same though the mail service is away");
    }
    // The account is found by then: what breaks after that would tell.
    world.accounts.store.breaks.later(1, Break::Before);
    world.forgot("ada@example.org", NOW).await.expect("the same though the store is away");
    let broken = world.mails();
    world.forgot("ADA@example.org ", NOW).await.expect("the same");
    assert_eq!(world.mails(), broken + 1, "and a mail");
}

#[tokio::test]
async fn nobody_is_flooded_with_mails() {
    let world = World::with_ada().await;
    let begin = NOW.next_multiple_of(HOUR_MS);
    for _ in 0..=MAILS_PER_HOUR_MAX {
        world.forgot("ada@example.org", begin).await.expect("the same answer");
    }
    assert_eq!(world.mails(), MAILS_PER_HOUR_MAX as usize);
    let id = world.log_in(PASSWORD).await.expect("logged in").user.id;
    match world.recovery().send_verification(&id, begin + HOUR_MS - 1).await {
        Err(AuthError::TooManyMails { retry_after_s }) => assert_eq!(retry_after_s, 1),
        other => panic!("{other:?}"),
    }
    world.recovery().send_verification(&id, begin + HOUR_MS).await.expect("in the next hour");
}

#[tokio::test]
async fn a_mail_verifies_its_address_for_a_day() {
    let world = World::with_ada().await;
    let user = world.log_in(PASSWORD).await.expect("logged in").user;
    assert!(!user.email_verified);
    world.recovery().send_verification(&user.id, NOW).await.expect("sent");
    let token = world.mailer.last_token("verify");
    assert!(is_refused(&world.verify(&token, NOW + VERIFY_LIFETIME_MS).await));
    for _ in 0..2 {
        world.verify(&token, NOW + VERIFY_LIFETIME_MS - 1).await.expect("in time, and again if the answer was lost");
    }
    assert!(world.accounts.user(&user.id).await.expect("there").email_verified);
    let again = world.recovery().send_verification(&user.id, NOW).await;
    assert!(matches!(again, Err(AuthError::AlreadyVerified)), "{again:?}");
}

#[tokio::test]
async fn a_token_is_for_its_purpose_alone() {
    let world = World::with_ada().await;
    let user = world.log_in(PASSWORD).await.expect("logged in").user;
    world.recovery().send_verification(&user.id, NOW).await.expect("sent");
    let verify = world.mailer.last_token("verify");
    assert!(is_refused(&world.reset(&verify, NOW).await));
    let reset = world.reset_token(NOW).await;
    assert!(is_refused(&world.verify(&reset, NOW).await));
    assert!(is_refused(&world.verify("another", NOW).await));
    world.verify(&verify, NOW).await.expect("for this it is good");
    world.reset(&reset, NOW).await.expect("and the other for that");
}

#[tokio::test]
async fn links_lead_to_the_deployment_and_no_token_is_stored() {
    let world = World::with_ada().await;
    let token = world.reset_token(NOW).await;
    let mail = world.mailer.sent.lock().expect("no panic").last().expect("a mail").clone();
    assert_eq!(mail.to, "ada@example.org");
    for body in [&mail.text, &mail.html] {
        assert!(body.contains(&format!("https://code.example.org/#reset={token}")), "{body}");
    }
    let stored = world.accounts.store.dump();
    assert!(stored.contains(&protocol::secret::fingerprint(&token)) && !stored.contains(&token));
}

#[tokio::test]
async fn without_mail_the_calls_say_so_and_a_registration_does_not_care() {
    let mut world = World::with_ada().await;
    world.mailer.is_missing = true;
    for email in ["ada@example.org", "nobody@example.org"] {
        let outcome = world.forgot(email, NOW).await;
        assert!(matches!(outcome, Err(AuthError::Port(_))), "{email}: {outcome:?}");
    }
    let id = world.log_in(PASSWORD).await.expect("logged in").user.id;
    assert!(matches!(world.recovery().send_verification(&id, NOW).await, Err(AuthError::Port(_))));
    world.recovery().welcome(&id, NOW).await;
    world.mailer.is_missing = false;
    world.mailer.breaks.next(Break::Before);
    world.recovery().welcome(&id, NOW).await;
    assert_eq!(world.mails(), 0);
    world.recovery().welcome(&id, NOW).await;
    assert_eq!(world.mails(), 1);
}

#[tokio::test]
async fn a_reset_that_broke_before_its_write_may_be_repeated() {
    let world = World::with_ada().await;
    let logged_in = world.log_in(PASSWORD).await.expect("logged in");
    let token = world.reset_token(NOW).await;
    for broken in [&world.accounts.edge.breaks, &world.accounts.store.breaks] {
        broken.next(Break::Before);
        world.reset(&token, NOW).await.expect_err("broken");
    }
    world.reset(&token, NOW).await.expect("repeated");
    assert!(world.accounts.refresh(&logged_in.refresh_token, NOW).await.is_err());
    world.log_in(NEW_PASSWORD).await.expect("the new one works");
}

#[tokio::test]
async fn a_reset_whose_answer_was_lost_has_happened_with_all_its_ends() {
    let world = World::with_ada().await;
    let logged_in = world.log_in(PASSWORD).await.expect("logged in");
    let token = world.reset_token(NOW).await;
    // Read are the token, the account and its logins; two of those are ended before the password is written.
    world.accounts.store.breaks.later(5, Break::After);
    world.reset(&token, NOW).await.expect_err("broken");
    assert!(is_refused(&world.reset(&token, NOW).await), "it worked once");
    world.log_in(NEW_PASSWORD).await.expect("the new one works");
    assert!(world.accounts.refresh(&logged_in.refresh_token, NOW).await.is_err());
    assert_eq!(world.accounts.revoked().len(), 2);
}
