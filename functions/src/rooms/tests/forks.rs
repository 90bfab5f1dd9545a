//! Forks and generations.

use protocol::room::{ForkRoomRequest, ForkedFrom};
use protocol::tier::Tier;

use super::*;

fn at(position: u64) -> ForkRoomRequest {
    ForkRoomRequest { name: None, position: Some(position) }
}

impl TestRooms {
    async fn forks_of(&self, room: &Room) -> u32 {
        self.find(&room.id, &with(1), NOW).await.expect("the source").forks
    }
}

#[tokio::test]
async fn a_fork_is_the_callers_and_counted_in_its_source() {
    let rooms = rooms(Switch::On);
    let source = rooms.made_by(&with(1), Visibility::Public).await.room;
    let named = ForkRoomRequest { name: Some(" Mine ".to_owned()), ..at(7) };
    let RoomAnswer { room, owner_key } = rooms.fork(&source.id, named, &with(2), NOW).await.expect("forked");
    assert_eq!((room.name.as_str(), room.role, room.visibility), ("Mine", Role::Owner, Visibility::Link));
    assert_eq!((room.expires_at, owner_key, room.forks), (None, None, 0));
    assert_eq!(room.forked_from, Some(ForkedFrom { room: source.id.clone(), position: 7 }));
    assert_ne!(room.slug, source.slug);
    let listed = rooms.list(&account(2), 20, None, NOW).await.expect("a list");
    assert_eq!(listed.items, [room]);
    assert_eq!(rooms.forks_of(&source).await, 1);
    let again = rooms.fork(&source.id, at(0), &with(2), NOW).await.expect("forked");
    assert_eq!(again.room.name, source.name);
    assert_eq!(rooms.forks_of(&source).await, 2);
}

#[tokio::test]
async fn a_guests_fork_has_a_key_and_expires() {
    let rooms = rooms(Switch::On);
    let source = rooms.made_by(&with(1), Visibility::Private).await.room;
    let link = rooms.link_of(&source, Role::Viewer, None).await;
    let token = rooms.enter(&source, by_link(&link), Caller::Nobody).await.expect("entered");
    let guest = Caller::Participant(rooms.claims(&token));
    let RoomAnswer { room, owner_key } = rooms.fork(&source.id, at(3), &guest, NOW).await.expect("forked");
    assert_eq!((room.expires_at, room.visibility), (Some(NOW + WEEK), Visibility::Private));
    let request = RoomTokenRequest { owner_key, name: Some("Ada".to_owned()), ..RoomTokenRequest::default() };
    assert_eq!(rooms.enter(&room, request, Caller::Nobody).await.expect("entered").role, Role::Owner);
}

#[tokio::test]
async fn the_room_token_of_an_account_forks_for_the_account() {
    let rooms = rooms(Switch::Off);
    let source = rooms.made_by(&with(1), Visibility::Private).await.room;
    let token = rooms.enter(&source, RoomTokenRequest::default(), with(1)).await.expect("entered");
    let participant = Caller::Participant(rooms.claims(&token));
    let fork = rooms.fork(&source.id, at(1), &participant, NOW).await.expect("forked").room;
    assert_eq!(rooms.find(&fork.id, &with(1), NOW).await.expect("found").role, Role::Owner);
}

#[tokio::test]
async fn who_may_not_view_may_not_fork() {
    let rooms = rooms(Switch::On);
    let source = rooms.made_by(&with(1), Visibility::Private).await.room;
    let fork = async |caller, request| rooms.fork(&source.id, request, &caller, NOW).await;
    assert!(matches!(fork(with(2), at(0)).await, Err(RoomError::Forbidden)));
    assert!(matches!(fork(Caller::Nobody, at(0)).await, Err(RoomError::Unknown)));
    assert!(matches!(fork(with(1), ForkRoomRequest::default()).await, Err(RoomError::Invalid(_))));
    let nameless = ForkRoomRequest { name: Some(" ".to_owned()), ..at(0) };
    assert!(matches!(fork(with(1), nameless).await, Err(RoomError::Invalid(_))));
    assert_eq!(rooms.forks_of(&source).await, 0);
    rooms.delete(&source.id, &with(1), NOW).await.expect("deleted");
    assert!(matches!(fork(with(1), at(0)).await, Err(RoomError::NoRoom)));
}

#[tokio::test]
async fn guests_fork_nothing_where_they_are_switched_off() {
    let rooms = rooms(Switch::Off);
    let source = rooms.made_by(&with(1), Visibility::Public).await.room;
    assert!(matches!(rooms.fork(&source.id, at(0), &Caller::Nobody, NOW).await, Err(RoomError::GuestsOff)));
}

#[tokio::test]
async fn only_its_maker_discards_a_fork_and_nobody_another_room() {
    let rooms = rooms(Switch::On);
    let source = rooms.made_by(&with(1), Visibility::Public).await.room;
    let discard = async |room: &Room, key: Option<&str>, caller| rooms.discard(&room.id, key, &caller, NOW).await;
    assert!(matches!(discard(&source, None, with(1)).await, Err(RoomError::Forbidden)), "no fork");

    let fork = rooms.fork(&source.id, at(0), &with(2), NOW).await.expect("forked").room;
    assert!(matches!(discard(&fork, None, with(1)).await, Err(RoomError::Forbidden)));
    discard(&fork, None, with(2)).await.expect("discarded");
    assert!(matches!(discard(&fork, None, with(2)).await, Err(RoomError::NoRoom)));

    let fork = rooms.fork(&source.id, at(0), &Caller::Nobody, NOW).await.expect("forked");
    assert!(matches!(discard(&fork.room, None, Caller::Nobody).await, Err(RoomError::Forbidden)));
    assert!(matches!(discard(&fork.room, Some("wrong"), Caller::Nobody).await, Err(RoomError::Forbidden)));
    discard(&fork.room, fork.owner_key.as_deref(), Caller::Nobody).await.expect("discarded");
}

#[tokio::test]
async fn a_rebuild_raises_the_generation_that_later_tokens_carry() {
    let rooms = rooms(Switch::On);
    let room = rooms.made_by(&with(1), Visibility::Public).await.room;
    let enter = || rooms.enter(&room, RoomTokenRequest::default(), with(1));
    let before = enter().await.expect("entered");
    assert_eq!((before.generation, rooms.claims(&before).generation), (0, 0));
    assert!(matches!(rooms.rebuild(&room.id, &with(2), NOW).await, Err(RoomError::Forbidden)));
    for generation in [1, 2] {
        assert_eq!(rooms.rebuild(&room.id, &with(1), NOW).await.expect("rebuilt").generation, generation);
    }
    let after = enter().await.expect("entered");
    assert_eq!((after.generation, rooms.claims(&after).generation), (2, 2));
}

#[tokio::test]
async fn a_token_names_its_bearers_tier() {
    let rooms = rooms(Switch::On);
    let room = rooms.made_by(&with(1), Visibility::Public).await.room;
    let account = rooms.enter(&room, RoomTokenRequest::default(), with(1)).await.expect("entered");
    let request = RoomTokenRequest { name: Some("Ada".to_owned()), ..RoomTokenRequest::default() };
    let guest = rooms.enter(&room, request, Caller::Nobody).await.expect("entered");
    assert_eq!([account, guest].map(|token| rooms.claims(&token).tier), [Tier::Free, Tier::Anonymous]);
}
