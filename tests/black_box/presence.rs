//! Who is there: no ghosts, nobody forgotten, and nothing lost while the room sleeps.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::join_all;
use protocol::event::{ClientEvent, RoomEvent};
use tests::wait::{DEADLINE, eventually, within_time};
use tests::wire::Wire;
use tests::{EventsSocket, Person, RoomDatabase, Stack, SyncSocket};
use tokio::time::interval;

/// How long somebody may be seen who has vanished without a word.
const GHOSTS_WITHIN: Duration = Duration::from_secs(30);

/// How soon a farewell is heard: far from anything that waits for silence.
const AT_ONCE: Duration = Duration::from_secs(5);

/// How often a stock client renews its awareness, at least.
const RENEWED_EVERY: Duration = Duration::from_secs(15);

/// The runtime puts an object to sleep that was idle for some 10 s.
const ASLEEP_WITHIN: Duration = Duration::from_secs(20);

fn state(name: &str) -> String {
    format!(r#"{{"user":{{"name":"{name}"}},"cursor":{{"anchor":1,"head":2}}}}"#)
}

fn left(event: &RoomEvent) -> Option<String> {
    match event {
        RoomEvent::ParticipantLeft { participant } => Some(participant.name.clone()),
        _ => None,
    }
}

fn joined(event: &RoomEvent) -> Option<String> {
    match event {
        RoomEvent::ParticipantJoined { participant } => Some(participant.name.clone()),
        _ => None,
    }
}

/// Both sockets of somebody.
struct Present {
    name: String,
    document: SyncSocket,
    events: EventsSocket,
}

impl Present {
    async fn enter(person: &Person, name: &str) -> Self {
        Self::enter_by(person.socket_urls(), name).await
    }

    async fn enter_by([sync, events]: [String; 2], name: &str) -> Self {
        let (document, events) = (SyncSocket::open(&sync).await, EventsSocket::open(&events).await);
        let mut this = Self { name: name.to_owned(), document, events };
        this.document.announce(&state(name)).await;
        this
    }

    async fn leave(self) {
        self.document.close().await;
        self.events.close().await;
    }

    /// Goes on as a stock client does that nobody touches, until somebody's cursor and name are gone.
    async fn idle_until_gone(&mut self, ghost: u64, name: &str) {
        let Self { name: own, document, events } = self;
        let watching = async {
            let mut renewals = interval(RENEWED_EVERY);
            while document.awareness.states().contains_key(&ghost) {
                tokio::select! {
                    _ = renewals.tick() => document.announce(&state(own)).await,
                    frame = document.frame() => drop(document.take(&frame).await.expect("the socket stays open")),
                }
            }
        };
        let listening = events.until_within(GHOSTS_WITHIN, name, |event| left(event).filter(|gone| gone == name));
        tokio::join!(watching, listening);
    }
}

#[tokio::test]
async fn whoever_vanishes_without_a_word_is_gone_for_everybody_and_there_again_with_the_next() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Ghosts").await;
    let (ada, grace) = (room.join_as("Ada").await, room.join_as("Grace").await);
    let mut onlooker = room.watch_as("Onlooker").await.events().await;
    let wire = Wire::to_edge(&stack).await;
    let mut one = Present::enter_by(ada.socket_urls().map(|url| wire.via(&url)), "Ada").await;
    let mut other = Present::enter(&grace, "Grace").await;
    let ghost = one.document.client();
    for document in [&mut other.document, &mut one.document] {
        document.until_states("Ada's cursor", |states| states.contains_key(&ghost)).await;
    }

    wire.go_dead();

    within_time(GHOSTS_WITHIN, "Ada to be gone", other.idle_until_gone(ghost, "Ada")).await;
    onlooker.until("Ada to be gone", |event| left(event).filter(|name| name == "Ada")).await;
    let seen: Vec<_> =
        [&onlooker, &other.events].into_iter().flat_map(|events| &events.seen).filter_map(left).collect();
    assert!(!seen.contains(&"Grace".to_owned()), "whoever speaks is there: {seen:?}");
    let late = Present::enter(&room.watch_as("Late").await, "Late").await;
    let there: Vec<_> = late.events.welcome.participants.iter().map(|there| there.name.as_str()).collect();
    assert_eq!(there, ["Onlooker", "Grace", "Late"]);
    assert!(!late.document.awareness.states().contains_key(&ghost));

    wire.revive();

    // She reads that she was gone, as a stock client does, and contradicts.
    one.document.until_states("word of her own end", |states| !states.contains_key(&ghost)).await;
    one.document.announce(&state("Ada")).await;
    other.document.until_states("Ada's cursor again", |states| states.contains_key(&ghost)).await;
    onlooker.until("Ada to be there", |event| joined(event).filter(|name| name == "Ada")).await;
    // What she typed on the dead wire would have waited too.
    one.document.write("main.py", "back").await;
    other.document.until_text("main.py", "back").await;
}

#[tokio::test]
async fn whoever_says_goodbye_is_gone_at_once() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Goodbye").await;
    let (ada, grace) = (room.join_as("Ada").await, room.join_as("Grace").await);
    let (one, mut other) = (Present::enter(&ada, "Ada").await, Present::enter(&grace, "Grace").await);
    let leaver = one.document.client();
    other.document.until_states("Ada's cursor", |states| states.contains_key(&leaver)).await;
    one.leave().await;
    within_time(AT_ONCE, "Ada to be gone", other.idle_until_gone(leaver, "Ada")).await;
}

#[tokio::test]
async fn a_room_that_was_put_to_sleep_still_knows_who_is_there() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Asleep").await;
    let (ada, grace) = (room.join_as("Ada").await, room.join_as("Grace").await);
    let mut one = Present::enter(&ada, "Ada").await;
    one.document.write("main.py", "1").await;
    let mut other = Present::enter(&grace, "Grace").await;
    other.document.until_text("main.py", "1").await;
    one.document.barrier().await;
    is_put_to_sleep(&stack, &RoomDatabase::of(&stack, room.id())).await;

    // Whoever comes now finds both, with their cursors, and the document.
    let late = Present::enter(&room.watch_as("Late").await, "Late").await;
    let there: Vec<_> = late.events.welcome.participants.iter().map(|there| there.name.as_str()).collect();
    assert_eq!(there, ["Ada", "Grace", "Late"]);
    let states = late.document.awareness.states();
    for present in [&one, &other] {
        assert_eq!(states.get(&present.document.client()).copied(), Some(state(&present.name).as_str()));
    }
    assert_eq!(late.document.text("main.py").as_deref(), Some("1"));
    // And both go on where they were.
    one.document.insert("main.py", 1, "2").await;
    other.document.until_text("main.py", "12").await;
    let sent = one.document.frames;
    let all_saved =
        |event: &RoomEvent| matches!(event, RoomEvent::Saved { frames, .. } if *frames == sent).then_some(());
    one.events.until("the count of frames to go on", all_saved).await;
    other.events.send(&ClientEvent::ChatSend { text: "awake".to_owned() }).await;
    one.events.until("the message", |event| matches!(event, RoomEvent::Chat { .. }).then_some(())).await;
}

/// Waits until a room that is awake is put to sleep: then the runtime closes its database.
async fn is_put_to_sleep(stack: &Stack, database: &RoomDatabase) {
    let keepers = async || {
        let processes = stack.processes().await.parts.remove("edge").unwrap_or_default();
        processes.into_iter().filter(|pid| database.is_open_in(*pid)).collect::<Vec<_>>()
    };
    assert!(!keepers().await.is_empty(), "{database:?} is in use");
    eventually(ASLEEP_WITHIN, "the room to be put to sleep", async || {
        let awake = keepers().await;
        if awake.is_empty() { Ok(()) } else { Err(awake) }
    })
    .await;
}

/// People at once, each with two sockets.
const PEOPLE: usize = 50;

#[tokio::test]
async fn a_hundred_sockets_come_and_go_and_everybody_agrees_who_is_there() {
    let stack = Stack::from_env().await;
    let room = stack.guest_room("Many").await;
    let mut first = Present::enter(&room.join_as("First").await, "First").await;
    let names: Vec<_> = (0..PEOPLE).map(|number| format!("Person {number}")).collect();
    let mut people =
        join_all(names.iter().map(async |name| Present::enter(&room.join_as(name).await, name).await)).await;
    agree(&mut first, &mut people).await;

    let stayers = people.split_off(PEOPLE / 2);
    join_all(people.into_iter().map(Present::leave)).await;
    people = stayers;
    agree(&mut first, &mut people).await;
}

/// Waits until all have the same picture: these people and nobody else.
async fn agree(first: &mut Present, people: &mut [Present]) {
    let present: Vec<_> = people.iter_mut().chain([&mut *first]).collect();
    let wanted: BTreeMap<_, _> =
        present.iter().map(|present| (present.document.client(), state(&present.name))).collect();
    let names: BTreeSet<_> = present.iter().map(|present| present.name.clone()).collect();
    let is_wanted = |states: &BTreeMap<u64, &str>| {
        states.len() == wanted.len()
            && states.iter().all(|(client, state)| wanted.get(client).is_some_and(|it| it == state))
    };
    join_all(present.into_iter().map(async |present| {
        present.document.until_states("everybody's cursor and no other", is_wanted).await;
        let Present { events, .. } = present;
        within_time(DEADLINE, "everybody's name and no other", async {
            while names_in(events) != names {
                events.until("news", |_| Some(())).await;
            }
        })
        .await;
    }))
    .await;
}

/// Who is there by the welcome and what came after it.
fn names_in(events: &EventsSocket) -> BTreeSet<String> {
    let mut names: BTreeSet<_> = events.welcome.participants.iter().map(|there| there.name.clone()).collect();
    for event in &events.seen {
        names.extend(joined(event));
        if let Some(gone) = left(event) {
            names.remove(&gone);
        }
    }
    names
}
