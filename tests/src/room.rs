//! A room and its links.

use protocol::ids::RoomId;
use protocol::rights::Role;
use protocol::room::{CreateLinkRequest, Link, LinkAnswer, Room, RoomTokenRequest};
use tokio::sync::OnceCell;

use crate::api::Answer;
use crate::person::Person;
use crate::stack::Stack;

/// A room, its owner, and one link for each role.
pub struct TestRoom {
    stack: Stack,
    /// As it was answered when it was made.
    pub room: Room,
    /// Who made it.
    pub owner: Person,
    /// What makes its holder the owner, if a guest made it.
    pub owner_key: Option<String>,
    editors: OnceCell<Link>,
    viewers: OnceCell<Link>,
}

impl TestRoom {
    pub(crate) fn new(stack: Stack, room: Room, owner: Person, owner_key: Option<String>) -> Self {
        Self { stack, room, owner, owner_key, editors: OnceCell::new(), viewers: OnceCell::new() }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &RoomId {
        &self.room.id
    }

    /// The path of a call under it: `room.path("/links")`.
    #[must_use]
    pub fn path(&self, rest: &str) -> String {
        format!("/api/v1/rooms/{}{rest}", self.room.id)
    }

    /// Somebody without an account comes in by the editors' link.
    pub async fn join_as(&self, name: &str) -> Person {
        let link = self.editors.get_or_init(|| self.link(Role::Editor)).await;
        self.enter_by(link, name).await
    }

    /// Somebody without an account comes in by the viewers' link.
    pub async fn watch_as(&self, name: &str) -> Person {
        let link = self.viewers.get_or_init(|| self.link(Role::Viewer)).await;
        self.enter_by(link, name).await
    }

    /// A new link of a role, without conditions.
    pub async fn link(&self, role: Role) -> Link {
        self.link_with(CreateLinkRequest { role, run: None, terminal: None, expires_at: None, max_uses: None }).await
    }

    /// A new link.
    pub async fn link_with(&self, request: CreateLinkRequest) -> Link {
        let answer = self.owner.post("/links").json(&request).send().await;
        assert_eq!(answer.status, 201, "{answer}");
        answer.data::<LinkAnswer>().link
    }

    /// Withdraws a link.
    pub async fn revoke(&self, link: &Link) -> Answer {
        self.owner.call(reqwest::Method::DELETE, &format!("/links/{}", link.id)).send().await
    }

    /// Somebody without an account comes in by a link.
    pub async fn enter_by(&self, link: &Link, name: &str) -> Person {
        let answer = self.ask_to_enter(link, name, None).await;
        Person::new(self.stack.clone(), self.room.id.clone(), answer.data())
    }

    /// Asks for a token by a link, with the token of an earlier visit where there was one.
    pub async fn ask_to_enter(&self, link: &Link, name: &str, previous: Option<&Person>) -> Answer {
        let request = RoomTokenRequest {
            link: Some(token_of(link).to_owned()),
            owner_key: None,
            name: Some(name.to_owned()),
            previous: previous.map(|person| person.token().to_owned()),
        };
        self.stack.post(&self.path("/token")).json(&request).send().await
    }
}

/// The secret of a link that was just made.
///
/// # Panics
/// For a link from a list.
#[must_use]
pub fn token_of(link: &Link) -> &str {
    link.token.as_deref().expect("the answer that makes a link has its token")
}
