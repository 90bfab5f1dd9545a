//! Rooms over a store in memory.

mod forks;
mod scopes;

use std::sync::Arc;

use protocol::ids::{LoginId, RoomId, UserId};
use protocol::internal::PrincipalKind;
use protocol::rights::Role;
use protocol::room::{
    CreateLinkRequest, CreateRoomRequest, JoinRoomRequest, Link, Room, RoomAnswer, RoomToken, RoomTokenRequest,
    UpdateRoomRequest, Visibility,
};
use protocol::tier::Tier;
use protocol::token::{AccessClaims, RoomClaims};

use super::error::RoomError;
use super::records::Rooms;
use crate::config::Switch;
use crate::fakes::{Break, MemoryEdge, MemoryLauncher, MemoryRooms, signer};
use crate::http::caller::Caller;
use crate::http::params::Origin;

const NOW: u64 = 1_800_000_000_000;
const WEEK: u64 = protocol::limits::GUEST_ROOM_LIFETIME_MS;

type TestRooms = Rooms<MemoryRooms, MemoryEdge, MemoryLauncher>;

fn rooms(guests: Switch) -> TestRooms {
    Rooms {
        store: MemoryRooms::default(),
        edge: MemoryEdge::default(),
        launcher: MemoryLauncher::default(),
        signer: Arc::new(signer()),
        guests,
    }
}

fn origin() -> Origin {
    Origin("https://tutti.example".to_owned())
}

fn account(seed: u8) -> AccessClaims {
    AccessClaims {
        sub: UserId::from_entropy(&[seed; 32]),
        sid: LoginId::from_entropy(&[seed; 32]),
        name: format!("user{seed}"),
        roles: vec!["user".to_owned()],
        tier: Tier::of_account(),
        scopes: None,
        iat: 0,
        exp: u64::MAX,
        jti: String::new(),
    }
}

fn with(seed: u8) -> Caller {
    Caller::Account(account(seed))
}

fn by_link(link: &Link) -> RoomTokenRequest {
    RoomTokenRequest { link: link.token.clone(), name: Some("Guest".to_owned()), ..RoomTokenRequest::default() }
}

impl TestRooms {
    async fn made_by(&self, caller: &Caller, visibility: Visibility) -> RoomAnswer {
        let (name, visibility) = ("A room".to_owned(), Some(visibility));
        let request = CreateRoomRequest { name, language: None, project_id: None, visibility };
        self.create(request, caller, NOW).await.expect("created")
    }

    async fn link_of(&self, room: &Room, role: Role, max_uses: Option<u32>) -> Link {
        let request = CreateLinkRequest { role, run: None, terminal: None, expires_at: None, max_uses };
        self.create_link(&room.id, request, &with(1), &origin(), NOW).await.expect("a link")
    }

    async fn enter(&self, room: &Room, request: RoomTokenRequest, caller: Caller) -> Result<RoomToken, RoomError> {
        self.token(&room.id, request, caller, &origin(), NOW).await
    }

    fn claims(&self, token: &RoomToken) -> RoomClaims {
        self.signer.key_set().verify(&token.token, NOW).expect("a room token")
    }
}

#[tokio::test]
async fn an_accounts_room_is_its_owners() {
    let rooms = rooms(Switch::On);
    let RoomAnswer { room, owner_key } = rooms.made_by(&with(1), Visibility::Private).await;
    assert_eq!((room.role, owner_key, room.expires_at), (Role::Owner, None, None));
    assert!(room.slug.starts_with("a-room-"));
    let token = rooms.enter(&room, RoomTokenRequest::default(), with(1)).await.expect("entered");
    let claims = rooms.claims(&token);
    assert_eq!((claims.role, claims.user, claims.sid), (Role::Owner, Some(account(1).sub), Some(account(1).sid)));
    assert_eq!(token.sync_url, format!("wss://tutti.example/sync/{}", room.id));
    assert_eq!(*rooms.launcher.calls.lock().expect("no panic"), 1);
    assert!(matches!(rooms.find(&room.id, &with(2), NOW).await, Err(RoomError::Forbidden)));
    assert!(matches!(rooms.find(&room.id, &Caller::Nobody, NOW).await, Err(RoomError::Unknown)));
}

#[tokio::test]
async fn a_guests_room_opens_by_its_owner_key_and_expires() {
    let rooms = rooms(Switch::On);
    let RoomAnswer { room, owner_key } = rooms.made_by(&Caller::Nobody, Visibility::Link).await;
    assert_eq!(room.expires_at, Some(NOW + WEEK));
    let enter = |key: Option<String>| {
        let request = RoomTokenRequest { owner_key: key, name: Some("Ada".to_owned()), ..RoomTokenRequest::default() };
        rooms.enter(&room, request, Caller::Nobody)
    };
    let (first, second) = (enter(owner_key.clone()).await, enter(owner_key.clone()).await);
    let (first, second) = (first.expect("entered"), second.expect("entered again"));
    assert_eq!((first.role, &first.participant_id), (Role::Owner, &second.participant_id));
    assert!(matches!(enter(Some("wrong".to_owned())).await, Err(RoomError::OwnerKeyRefused)));
    let owner = Caller::Participant(rooms.claims(&first));
    rooms.find(&room.id, &owner, NOW + WEEK - 1).await.expect("still there");
    assert!(matches!(rooms.find(&room.id, &owner, NOW + WEEK).await, Err(RoomError::NoRoom)));
}

#[tokio::test]
async fn guests_can_be_switched_off() {
    let rooms = rooms(Switch::Off);
    let request = CreateRoomRequest { name: "r".to_owned(), language: None, project_id: None, visibility: None };
    assert!(matches!(rooms.create(request, &Caller::Nobody, NOW).await, Err(RoomError::GuestsOff)));
    let room = rooms.made_by(&with(1), Visibility::Link).await.room;
    let link = rooms.link_of(&room, Role::Editor, None).await;
    assert!(matches!(rooms.enter(&room, by_link(&link), Caller::Nobody).await, Err(RoomError::GuestsOff)));
    rooms.enter(&room, by_link(&link), with(2)).await.expect("an account enters");
}

#[tokio::test]
async fn a_link_counts_people_not_renewals() {
    let rooms = rooms(Switch::On);
    let room = rooms.made_by(&with(1), Visibility::Private).await.room;
    let link = rooms.link_of(&room, Role::Editor, Some(2)).await;
    assert_eq!(link.url, Some(format!("https://tutti.example/r/{}#link={}", room.id, link.token.clone().unwrap())));
    let first = rooms.enter(&room, by_link(&link), Caller::Nobody).await.expect("entered");
    let renewal = RoomTokenRequest { previous: Some(first.token.clone()), ..by_link(&link) };
    let renewed = rooms.enter(&room, renewal, Caller::Nobody).await.expect("renewed");
    assert_eq!(first.participant_id, renewed.participant_id);
    for _ in 0..2 {
        rooms.enter(&room, by_link(&link), with(2)).await.expect("an account counts once");
    }
    let third = rooms.enter(&room, by_link(&link), Caller::Nobody).await;
    assert!(matches!(third, Err(RoomError::LinkUsedUp)), "{third:?}");
    let links = rooms.links(&room.id, &with(1), NOW).await.expect("links");
    assert_eq!(links.iter().map(|link| link.uses).collect::<Vec<_>>(), [2]);
    assert_eq!(links[0].token, None);
}

#[tokio::test]
async fn a_previous_token_of_another_link_room_or_account_does_not_help() {
    let rooms = rooms(Switch::On);
    let room = rooms.made_by(&with(1), Visibility::Private).await.room;
    let wide = rooms.link_of(&room, Role::Viewer, None).await;
    let narrow = rooms.link_of(&room, Role::Editor, Some(1)).await;
    rooms.enter(&room, by_link(&narrow), Caller::Nobody).await.expect("the one");
    let elsewhere = rooms.enter(&room, by_link(&wide), Caller::Nobody).await.expect("entered");
    let owner = rooms.enter(&room, RoomTokenRequest::default(), with(1)).await.expect("entered");
    for previous in [elsewhere.token, owner.token, "rubbish".to_owned()] {
        let request = RoomTokenRequest { previous: Some(previous), ..by_link(&narrow) };
        assert!(matches!(rooms.enter(&room, request, Caller::Nobody).await, Err(RoomError::LinkUsedUp)));
    }
}

#[tokio::test]
async fn a_withdrawn_link_ends_what_hangs_on_it_even_if_the_edge_was_away() {
    let rooms = rooms(Switch::On);
    let room = rooms.made_by(&with(1), Visibility::Private).await.room;
    let link = rooms.link_of(&room, Role::Editor, None).await;
    let guest = rooms.enter(&room, by_link(&link), Caller::Nobody).await.expect("entered");
    let request = JoinRoomRequest { link: link.token.clone() };
    let joined = rooms.join(&room.id, request.clone(), account(2), NOW).await.expect("joined");
    assert_eq!(joined.role, Role::Editor);
    rooms.edge.breaks.next(Break::Before);
    rooms.revoke_link(&room.id, &link.id, &with(1), NOW).await.expect_err("the edge is away");
    rooms.revoke_link(&room.id, &link.id, &with(1), NOW).await.expect("withdrawn");
    assert_eq!(*rooms.edge.revoked.lock().expect("no panic"), [(PrincipalKind::Link, link.id.to_string())]);
    let guest = Caller::Participant(rooms.claims(&guest));
    for caller in [guest, with(2)] {
        assert!(matches!(rooms.find(&room.id, &caller, NOW).await, Err(RoomError::Forbidden)));
    }
    assert!(matches!(rooms.enter(&room, by_link(&link), Caller::Nobody).await, Err(RoomError::LinkRefused)));
    let next = rooms.link_of(&room, Role::Viewer, None).await;
    let rejoined = rooms.join(&room.id, JoinRoomRequest { link: next.token }, account(2), NOW).await.expect("joined");
    assert_eq!(rejoined.role, Role::Viewer);
}

#[tokio::test]
async fn a_better_link_raises_a_member_and_a_worse_one_changes_nothing() {
    let rooms = rooms(Switch::On);
    let room = rooms.made_by(&with(1), Visibility::Private).await.room;
    for (role, expected) in [(Role::Viewer, Role::Viewer), (Role::Editor, Role::Editor), (Role::Viewer, Role::Editor)] {
        let link = rooms.link_of(&room, role, None).await;
        let joined = rooms.join(&room.id, JoinRoomRequest { link: link.token }, account(2), NOW).await.expect("joined");
        assert_eq!(joined.role, expected);
    }
    assert!(matches!(
        rooms.join(&room.id, JoinRoomRequest::default(), account(3), NOW).await,
        Err(RoomError::Forbidden)
    ));
}

#[tokio::test]
async fn everybody_may_see_a_public_room() {
    let rooms = rooms(Switch::On);
    let room = rooms.made_by(&with(1), Visibility::Public).await.room;
    let request = RoomTokenRequest { name: Some("Passer-by".to_owned()), ..RoomTokenRequest::default() };
    let token = rooms.enter(&room, request, Caller::Nobody).await.expect("entered");
    assert_eq!((token.role, token.rights.edit, token.rights.run), (Role::Viewer, false, false));
    assert_eq!(*rooms.launcher.calls.lock().expect("no panic"), 0);
}

#[tokio::test]
async fn only_who_manages_a_room_changes_it() {
    let rooms = rooms(Switch::On);
    let room = rooms.made_by(&with(1), Visibility::Public).await.room;
    let update = |name: &str| UpdateRoomRequest { name: Some(name.to_owned()), language: None, visibility: None };
    assert!(matches!(rooms.update(&room.id, update("x"), &with(2), NOW).await, Err(RoomError::Forbidden)));
    assert_eq!(rooms.update(&room.id, update(" New "), &with(1), NOW).await.expect("updated").name, "New");
    for bad in ["", " ", "a\nb", &"x".repeat(101)] {
        assert!(matches!(rooms.update(&room.id, update(bad), &with(1), NOW).await, Err(RoomError::Invalid(_))));
    }
    assert!(matches!(rooms.delete(&room.id, &with(2), NOW).await, Err(RoomError::Forbidden)));
    rooms.delete(&room.id, &with(1), NOW).await.expect("deleted");
    let gone = (PrincipalKind::Room, room.id.to_string());
    assert_eq!(*rooms.edge.revoked.lock().expect("no panic"), [gone]);
    assert!(matches!(rooms.find(&room.id, &with(1), NOW).await, Err(RoomError::NoRoom)));
    assert!(rooms.list(&account(1), 20, None, NOW).await.expect("a list").items.is_empty());
}

#[tokio::test]
async fn a_list_goes_on_where_its_page_ended() {
    let rooms = rooms(Switch::On);
    for _ in 0..5 {
        rooms.made_by(&with(1), Visibility::Link).await;
    }
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let after = cursor.as_deref().map(|cursor| crate::cursor::parse::<RoomId>(cursor).expect("a cursor"));
        let after = after.map(|(joined_at, room)| crate::ports::rooms::RoomsAfter { joined_at, room });
        let page = rooms.list(&account(1), 2, after, NOW).await.expect("a page");
        seen.extend(page.items.into_iter().map(|room| room.id));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 5);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 5);
}
