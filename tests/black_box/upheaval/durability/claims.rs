//! What clients were told to be durable, and whether it is.

use std::collections::BTreeMap;

use protocol::event::{ChatMessage, RoomEvent};
use protocol::room::RoomFiles;
use tests::events::Welcome;
use tests::{EventsSocket, Person, TestRoom};

use super::writer::{Writer, paths};

/// What was reported, by whichever way.
#[derive(Debug, Clone, Default)]
pub(super) struct Claims {
    /// The highest position of the log.
    position: u64,
    /// Messages by id.
    chat: BTreeMap<u64, ChatMessage>,
    /// Lengths of the stories in files that were read from outside.
    stories: BTreeMap<String, usize>,
}

impl Claims {
    /// Adds others.
    pub(super) fn take(&mut self, other: Self) {
        self.position = self.position.max(other.position);
        for (path, length) in other.stories {
            let known = self.stories.entry(path).or_default();
            *known = length.max(*known);
        }
        other.chat.into_values().for_each(|message| self.see_message(message));
    }

    pub(super) fn welcomed(&mut self, welcome: &Welcome) {
        self.see_position(welcome.position);
        welcome.chat.iter().cloned().for_each(|message| self.see_message(message));
    }

    pub(super) fn note(&mut self, event: RoomEvent) {
        match event {
            RoomEvent::Saved { position, .. } => {
                assert!(position >= self.position, "positions go back from {} to {position}", self.position);
                self.position = position;
            }
            RoomEvent::Chat { message } => self.see_message(message),
            _ => {}
        }
    }

    pub(super) fn see_position(&mut self, position: u64) {
        self.position = self.position.max(position);
    }

    fn see_message(&mut self, message: ChatMessage) {
        let known = self.chat.entry(message.id).or_insert_with(|| message.clone());
        assert_eq!(*known, message, "a message stays what it was");
    }

    fn see_files(&mut self, files: &RoomFiles) {
        self.see_position(files.position);
        self.stories.extend(files.items.iter().map(|file| (file.path.clone(), file.content.len())));
    }
}

/// Somebody who watches from outside: positions on a socket, and the files over and over.
pub(super) struct Watcher<'person> {
    person: &'person Person,
    events: EventsSocket,
    claims: Claims,
}

impl<'person> Watcher<'person> {
    pub(super) async fn open(person: &'person Person) -> Self {
        Self { person, events: person.events().await, claims: Claims::default() }
    }

    /// Watches until nobody answers.
    pub(super) async fn watch(self) -> Claims {
        let Self { person, mut events, mut claims } = self;
        let mut seen = Claims::default();
        let listening = async {
            while let Some(event) = events.next().await {
                claims.note(event);
            }
        };
        let reading = async {
            while let Ok(answer) = person.get("/files").try_send().await {
                if answer.status != 200 {
                    break;
                }
                seen.see_files(&answer.data());
            }
        };
        tokio::join!(listening, reading);
        claims.take(seen);
        claims
    }
}

/// Asserts that a room in which nobody is yet holds everything that was reported; gives the edits that it holds.
pub(super) async fn hold(claims: &Claims, room: &TestRoom, writers: &[Writer]) -> u64 {
    let files = room.owner.files().await;
    assert!(files.position >= claims.position, "{} was reported, {} is there", claims.position, files.position);
    let stored = room.owner.document().await;
    for file in &files.items {
        assert_eq!(stored.text(&file.path).as_ref(), Some(&file.content), "{} over a socket and over HTTP", file.path);
        let story = claims.stories.get(&file.path).copied().unwrap_or(0);
        let is_story = file.path.starts_with("story/");
        assert!(!is_story || file.content.len() >= story, "{} was longer when it was read from outside", file.path);
    }
    assert_eq!(files.items.len(), writers.len() * paths(0).len() + 1);
    let mut held = 0;
    for writer in writers {
        let edits = writer.edits_in(&stored);
        assert!(edits >= writer.saved, "{}: {} were reported saved, {edits} are there", writer.own(), writer.saved);
        held += edits;
    }
    stored.close().await;
    hold_chat(claims, &room.owner.events().await.welcome);
    held
}

/// A newcomer is greeted with the latest messages: those among them that somebody saw are there as they were.
fn hold_chat(claims: &Claims, welcome: &Welcome) {
    assert!(welcome.position >= claims.position);
    let Some((last, _)) = claims.chat.last_key_value() else { return };
    let newest = welcome.chat.last().map_or(0, |message| message.id);
    assert!(newest >= *last, "message {last} was seen, {newest} is the newest");
    let mut previous = welcome.chat[0].id - 1;
    for message in &welcome.chat {
        assert_eq!(message.id, previous + 1, "messages are numbered without a gap");
        previous = message.id;
        if let Some(seen) = claims.chat.get(&message.id) {
            assert_eq!(seen, message);
        }
    }
}
