//! Awareness as one client knows it: its own entry, and what it heard of everybody.

use std::collections::BTreeMap;
use std::sync::Arc;

use yrs::block::ClientID;
use yrs::sync::Message;
use yrs::sync::awareness::{AwarenessUpdate, AwarenessUpdateEntry};

/// JSON of an entry that is gone.
const GONE: &str = "null";

/// The entries.
#[derive(Debug, Default)]
pub struct Awareness {
    /// The clock of one's own latest entry.
    clock: u32,
    /// Clock and state by client.
    heard: BTreeMap<u64, (u32, String)>,
}

impl Awareness {
    /// One's own entry with a state, newer than the last, also where others have said that one is gone.
    pub(crate) fn announcement(&mut self, client: ClientID, state: &str) -> Message {
        let heard = self.heard.get(&client.get()).map_or(0, |(clock, _)| *clock);
        self.clock = self.clock.max(heard) + 1;
        let entry = AwarenessUpdateEntry { clock: self.clock, json: Arc::from(state) };
        Message::Awareness(AwarenessUpdate { clients: [(client, entry)].into() })
    }

    /// Takes in what came. Of two entries of one age, the one that says farewell counts.
    pub(crate) fn hear(&mut self, update: &AwarenessUpdate) {
        for (client, entry) in &update.clients {
            let known = self.heard.entry(client.get()).or_default();
            let is_news = entry.clock > known.0 || entry.clock == known.0 && &*entry.json == GONE;
            if is_news {
                *known = (entry.clock, entry.json.to_string());
            }
        }
    }

    /// The states of everybody who has not gone, by client.
    #[must_use]
    pub fn states(&self) -> BTreeMap<u64, &str> {
        let there = self.heard.iter().filter(|(_, (clock, state))| *clock > 0 && state != GONE);
        there.map(|(client, (_, state))| (*client, state.as_str())).collect()
    }
}
