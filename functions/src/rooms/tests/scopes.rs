//! What an API key's scopes leave of its owner's place in a room.

use protocol::account::Scope;
use protocol::rights::Rights;

use super::*;

fn key(scopes: &[Scope]) -> Caller {
    Caller::Account(AccessClaims { scopes: Some(scopes.to_vec()), ..account(1) })
}

fn flags(rights: Rights) -> String {
    let Rights { view, edit, run, terminal } = rights;
    let flags = [(view, 'v'), (edit, 'e'), (run, 'r'), (terminal, 't')];
    flags.into_iter().filter_map(|(is_set, letter)| is_set.then_some(letter)).collect()
}

#[tokio::test]
async fn a_room_token_has_what_the_scopes_leave() {
    let rooms = rooms(Switch::On);
    let room = rooms.made_by(&with(1), Visibility::Private).await.room;
    let check = async |caller: Caller, role: Role, expected: &str| {
        let token = rooms.enter(&room, RoomTokenRequest::default(), caller.clone()).await.expect("entered");
        let claims = rooms.claims(&token);
        assert_eq!((token.role, claims.role, flags(claims.rights)), (role, role, expected.to_owned()), "{caller:?}");
        let Caller::Account(account) = caller else { panic!("an account") };
        assert_eq!((claims.scopes, claims.sid), (account.scopes, Some(account.sid)));
    };
    check(with(1), Role::Owner, "vert").await;
    check(key(&[Scope::RoomsRead, Scope::RoomsWrite, Scope::Runs]), Role::Owner, "vert").await;
    check(key(&[Scope::RoomsWrite]), Role::Owner, "ve").await;
    check(key(&[Scope::RoomsRead, Scope::Runs]), Role::Viewer, "vr").await;
    check(key(&[Scope::RoomsRead]), Role::Viewer, "v").await;
    check(key(&[Scope::Runs]), Role::Viewer, "r").await;
    check(key(&[]), Role::Viewer, "").await;
}

#[tokio::test]
async fn a_key_makes_no_link_with_a_right_that_it_lacks() {
    let rooms = rooms(Switch::On);
    let room = rooms.made_by(&with(1), Visibility::Private).await.room;
    let link = async |caller: Caller, run: Option<bool>| {
        let request = CreateLinkRequest { role: Role::Editor, run, terminal: None, expires_at: None, max_uses: None };
        rooms.create_link(&room.id, request, &caller, &origin(), NOW).await
    };
    let writes = || key(&[Scope::RoomsWrite]);
    assert!(matches!(link(writes(), None).await, Err(RoomError::Invalid(_))), "an editor's link lets run");
    assert!(matches!(link(writes(), Some(true)).await, Err(RoomError::Invalid(_))));
    link(writes(), Some(false)).await.expect("without the right to run");
    link(key(&[Scope::RoomsWrite, Scope::Runs]), None).await.expect("with the scope");
}

#[tokio::test]
async fn a_key_that_only_reads_becomes_no_member_by_a_link() {
    let rooms = rooms(Switch::On);
    let room = rooms.made_by(&with(2), Visibility::Private).await.room;
    let request = CreateLinkRequest { role: Role::Editor, run: None, terminal: None, expires_at: None, max_uses: None };
    let link = rooms.create_link(&room.id, request, &with(2), &origin(), NOW).await.expect("a link");
    let refused = rooms.enter(&room, by_link(&link), key(&[Scope::RoomsRead, Scope::Runs])).await;
    assert!(matches!(refused, Err(RoomError::Forbidden)), "{refused:?}");
    let token = rooms.enter(&room, by_link(&link), key(&[Scope::RoomsWrite])).await.expect("entered");
    assert_eq!(flags(token.rights), "ve");
}
