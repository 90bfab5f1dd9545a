//! Somebody with an account.

use std::time::Duration;

use protocol::account::{LoginRequest, RegisterRequest, Session, User};
use protocol::ids::RoomId;
use protocol::room::{CreateRoomRequest, Room, RoomAnswer, Visibility};
use serde_json::json;

use crate::api::{Answer, Call};
use crate::person::Person;
use crate::room::TestRoom;
use crate::stack::Stack;
use crate::wait::eventually;

/// Fits every rule for passwords.
const PASSWORD: &str = "Correct1Horse";

/// An account and one login of it.
pub struct Account {
    stack: Stack,
    /// Its address.
    pub email: String,
    /// Its name.
    pub username: String,
    /// Its password.
    pub password: String,
    /// The login.
    pub session: Session,
}

impl Account {
    pub(crate) async fn register(stack: &Stack) -> Self {
        let request = Self::fresh();
        let session =
            stack.post("/api/v1/auth/register").header("x-refresh-transport", "body").json(&request).send().await;
        assert_eq!(session.status, 201, "{session}");
        let RegisterRequest { username, email, password } = request;
        Self { stack: stack.clone(), email, username, password, session: session.data() }
    }

    /// What nobody has registered yet.
    #[must_use]
    pub fn fresh() -> RegisterRequest {
        let name = format!("u{:016x}", rand::random::<u64>());
        RegisterRequest { email: format!("{name}@example.org"), username: name, password: PASSWORD.to_owned() }
    }

    /// The administrator of a local stack, who may be there already.
    pub(crate) async fn admin(stack: &Stack) -> Self {
        let (email, username, password) =
            ("admin@example.org".to_owned(), "administrator".to_owned(), PASSWORD.to_owned());
        let request = RegisterRequest { username: username.clone(), email: email.clone(), password: password.clone() };
        let ask = async |path, body| stack.post(path).header("x-refresh-transport", "body").json(&body).send().await;
        let made = ask("/api/v1/auth/register", json!(request)).await;
        let session = match made.status {
            201 => {
                let token = stack.mailed_token(&email, "verify");
                let verified = ask("/api/v1/auth/verify-email", json!({"token": token})).await;
                assert_eq!(verified.status, 200, "{verified}");
                made
            }
            _ => ask("/api/v1/auth/login", json!({"email": email, "password": password})).await,
        };
        let admin = Self { stack: stack.clone(), email, username, password, session: session.data() };
        // Whoever registered it may still be about to verify it.
        eventually(Duration::from_secs(10), "an administrator", async || {
            let answer = admin.get("/api/v1/admin/users?limit=1").send().await;
            if answer.status == 200 { Ok(()) } else { Err(answer) }
        })
        .await;
        admin
    }

    /// Who it is.
    #[must_use]
    pub fn user(&self) -> &User {
        &self.session.user
    }

    /// The bearer.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.session.access_token
    }

    /// The refresh token.
    ///
    /// # Panics
    /// When the session came without.
    #[must_use]
    pub fn refresh_token(&self) -> &str {
        self.session.refresh_token.as_deref().expect("asked for in the body")
    }

    /// Logs in once more.
    pub async fn log_in_again(&self) -> Self {
        let request =
            LoginRequest { email: self.email.clone(), password: self.password.clone(), totp: None, remember: None };
        let answer =
            self.stack.post("/api/v1/auth/login").header("x-refresh-transport", "body").json(&request).send().await;
        let (email, username, password) = (self.email.clone(), self.username.clone(), self.password.clone());
        Self { stack: self.stack.clone(), email, username, password, session: answer.data() }
    }

    /// Asks who it is.
    pub async fn me(&self) -> Answer {
        self.get("/api/v1/auth/me").send().await
    }

    /// Ends this login.
    pub async fn log_out(&self) -> Answer {
        let body = json!({"refreshToken": self.refresh_token()});
        self.stack.post("/api/v1/auth/logout").json(&body).send().await
    }

    /// A `GET` in its name.
    #[must_use]
    pub fn get(&self, path: &str) -> Call {
        self.stack.get(path).bearer(self.token())
    }

    /// A `POST` in its name.
    #[must_use]
    pub fn post(&self, path: &str) -> Call {
        self.stack.post(path).bearer(self.token())
    }

    /// A `DELETE` in its name.
    #[must_use]
    pub fn delete(&self, path: &str) -> Call {
        self.stack.call(reqwest::Method::DELETE, path).bearer(self.token())
    }

    /// A room of its own.
    pub async fn room(&self, name: &str, visibility: Visibility) -> TestRoom {
        let visibility = Some(visibility);
        let request = CreateRoomRequest { name: name.to_owned(), language: None, project_id: None, visibility };
        let answer = self.post("/api/v1/rooms").json(&request).send().await;
        assert_eq!(answer.status, 201, "{answer}");
        let answer: RoomAnswer = answer.data();
        assert_eq!(answer.owner_key, None, "only a guest's room has a key");
        let owner = self.enter(&answer.room.id).await;
        TestRoom::new(self.stack.clone(), answer.room, owner, None)
    }

    /// Enters a room that it is a member of.
    pub async fn enter(&self, room: &RoomId) -> Person {
        let answer = self.post(&format!("/api/v1/rooms/{room}/token")).send().await;
        Person::new(self.stack.clone(), room.clone(), answer.data())
    }

    /// Becomes a member by a link.
    pub async fn join(&self, room: &RoomId, link: &str) -> Room {
        let answer = self.post(&format!("/api/v1/rooms/{room}/join")).json(&json!({"link": link})).send().await;
        answer.data::<RoomAnswer>().room
    }
}
