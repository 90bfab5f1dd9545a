//! A crowd in one room, and those who are too much for it.

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use protocol::room::Visibility;
use tests::socket::{Socket, refusal_of};
use tests::sync::empty;
use tests::wait::{DEADLINE, eventually};
use tests::{EventsSocket, Stack, SyncSocket};

/// Sockets in the room.
const CROWD: usize = 1_000;

/// Connections that a person without an account may have to one room.
const GUESTS_CONNECTIONS: usize = 5;

/// The same for somebody with an account.
const ACCOUNTS_CONNECTIONS: usize = 20;

/// Handshakes at once: each passes through the Worker, and all share two cores with it.
const HANDSHAKES: usize = 25;

#[tokio::test]
async fn a_thousand_sockets_all_get_an_edit() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Crowd").await;
    let mut ada = room.owner.document().await;
    ada.write("main.py", "").await;
    ada.barrier().await;
    let mut crowd = Vec::new();
    while crowd.len() < CROWD {
        let people = join_all((0..HANDSHAKES / GUESTS_CONNECTIONS).map(|_| room.watch_as("One of many"))).await;
        let sockets = people.iter().flat_map(|person| (0..GUESTS_CONNECTIONS).map(|_| person.document()));
        crowd.extend(join_all(sockets).await);
    }
    ada.insert("main.py", 0, "for all").await;
    join_all(crowd.iter_mut().map(|socket| socket.until_text("main.py", "for all"))).await;
    // The room lives on when all have left at once.
    drop(crowd);
    ada.insert("main.py", 0, "again ").await;
    ada.barrier().await;
    assert_eq!(room.owner.files().await.items[0].content, "again for all");
}

#[tokio::test]
async fn a_person_has_so_many_connections_and_no_more() {
    let stack = Stack::from_env().await;
    let account = stack.account().await;
    let rooms = [
        (stack.guest_room("Guest").await, GUESTS_CONNECTIONS),
        (account.room("Account", Visibility::Private).await, ACCOUNTS_CONNECTIONS),
    ];
    for (room, most) in rooms {
        let mut documents = join_all((0..most).map(|_| room.owner.document())).await;
        let mut events = join_all((0..most).map(|_| room.owner.events())).await;
        let [sync_url, events_url] = room.owner.socket_urls();
        for url in [&sync_url, &events_url] {
            assert_eq!(refusal_of(url).await, 1013, "after {most}: {url}");
        }
        // One goes, and another may come once the room has noticed it.
        documents.pop().expect("there are some").close().await;
        let another = async || SyncSocket::resume(Socket::open(&sync_url).await, empty()).await;
        documents.push(eventually(DEADLINE, "a place", another).await);
        join_all(documents.iter_mut().map(SyncSocket::barrier)).await;
        join_all(events.iter_mut().map(EventsSocket::settle)).await;
    }
}

/// More frames than any burst has.
const FLOOD: usize = 20_000;

/// Bursts within a minute that are abuse.
const STRIKES: usize = 3;

#[tokio::test]
async fn a_flood_is_sent_away_then_locked_out_and_the_others_notice_nothing() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Flood").await;
    let (mallory, mut ada) = (room.join_as("Mallory").await, room.owner.document().await);
    let mut grace = room.join_as("Grace").await.document().await;
    ada.write("main.py", "").await;
    ada.write("flood.txt", "").await;
    grace.until_text("main.py", "").await;
    let mut codes = Vec::new();
    for strike in 0..STRIKES {
        let mut document = mallory.document().await;
        codes.push(flood(&mut document).await);
        // They write on meanwhile, and hear each other.
        let typed = u32::try_from(strike).expect("few");
        ada.insert("main.py", typed, "a").await;
        grace.until_text("main.py", &"a".repeat(strike + 1)).await;
    }
    assert_eq!(codes, [1013, 1013, 4429]);
    let [sync, _] = mallory.socket_urls();
    assert_eq!(refusal_of(&sync).await, 4429, "coming back does not help");

    // What came before it was too much counts, for everybody alike.
    for socket in [&mut ada, &mut grace] {
        socket.barrier().await;
    }
    let flooded = ada.text("flood.txt").expect("it is there");
    assert!(!flooded.is_empty());
    assert_eq!(grace.text("flood.txt"), Some(flooded.clone()));
    let files = room.owner.files().await.items;
    assert_eq!(files.iter().find(|file| file.path == "flood.txt").map(|file| &file.content), Some(&flooded));
}

/// Sends without end until the socket is closed, and gives the code.
async fn flood(document: &mut SyncSocket) -> u16 {
    for _ in 0..FLOOD {
        if !document.try_insert("flood.txt", 0, "!").await {
            break;
        }
        while let Some(frame) = document.frame().now_or_never() {
            if let Err(code) = document.take(&frame).await {
                return code;
            }
        }
    }
    document.close_code().await
}
