//! Runs and artifacts in memory.

use std::collections::BTreeMap;
use std::sync::Mutex;

use protocol::TimestampMs;
use protocol::ids::{RoomId, RunId};
use protocol::run::RunStatus;

use super::Breaks;
use crate::ports::PortError;
use crate::ports::artifacts::Artifacts;
use crate::ports::runs::{IdempotencyKey, OPEN_PARTS, OpenRuns, RunRecord, RunStore, RunsAfter, RunsPage, Submission};

/// See [`RunStore`].
#[derive(Debug, Default)]
pub(crate) struct MemoryRuns {
    pub(crate) runs: Mutex<BTreeMap<RunId, RunRecord>>,
    keys: Mutex<BTreeMap<(String, String), (RunId, String)>>,
    counts: Mutex<BTreeMap<(String, u64), u32>>,
    pub(crate) breaks: Breaks,
}

impl RunStore for MemoryRuns {
    async fn create(&self, run: &RunRecord, key: Option<&IdempotencyKey>) -> Result<Submission, PortError> {
        self.breaks.around(|| {
            if let Some(key) = key {
                let name = (key.owner.clone(), key.key.clone());
                let mut keys = self.keys.lock().expect("no panic");
                if let Some((run, fingerprint)) = keys.get(&name).cloned() {
                    return Submission::KeyTaken { run, fingerprint };
                }
                keys.insert(name, (run.id.clone(), key.fingerprint.clone()));
            }
            self.runs.lock().expect("no panic").insert(run.id.clone(), run.clone());
            Submission::Stored
        })
    }

    async fn run(&self, id: &RunId) -> Result<Option<RunRecord>, PortError> {
        Ok(self.runs.lock().expect("no panic").get(id).cloned())
    }

    async fn replace_status(&self, run: &RunRecord, from: &RunStatus) -> Result<bool, PortError> {
        self.breaks.around(|| match self.runs.lock().expect("no panic").get_mut(&run.id) {
            Some(stored) if stored.status == *from => {
                *stored = run.clone();
                true
            }
            Some(_) | None => false,
        })
    }

    async fn runs_of(&self, room: &RoomId, limit: u32, after: Option<&RunsAfter>) -> Result<RunsPage, PortError> {
        let runs = self.runs.lock().expect("no panic");
        let mut items: Vec<_> =
            runs.values().filter(|run| run.room.as_ref().is_some_and(|(of, _)| of == room)).collect();
        items.sort_by_key(|run| std::cmp::Reverse((run.created_at, run.id.clone())));
        let is_later = |run: &&&RunRecord| after.is_none_or(|a| (run.created_at, &run.id) < (a.created_at, &a.run));
        let mut items: Vec<_> = items.iter().filter(is_later).map(|run| (*run).clone()).collect();
        let limit = usize::try_from(limit).expect("small");
        let has_more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| has_more);
        let next = next.map(|last| RunsAfter { created_at: last.created_at, run: last.id.clone() });
        Ok(RunsPage { items, next })
    }

    async fn open_runs(
        &self,
        part: u8,
        before: TimestampMs,
        limit: u32,
        after: Option<&RunsAfter>,
    ) -> Result<OpenRuns, PortError> {
        self.breaks.around(|| {
            let runs = self.runs.lock().expect("no panic");
            let place = |run: &RunRecord| (run.created_at, run.id.clone());
            let after = after.map(|after| (after.created_at, after.run.clone()));
            let mut found: Vec<_> = runs
                .values()
                .filter(|run| run.id.as_str().as_bytes()[0] % OPEN_PARTS == part)
                .filter(|run| !run.status.is_over() || run.is_untold)
                .map(place)
                .filter(|place| place.0 < before && after.as_ref().is_none_or(|after| place > after))
                .collect();
            found.sort();
            let limit = usize::try_from(limit).expect("small");
            let has_more = found.len() > limit;
            found.truncate(limit);
            let next = found.last().filter(|_| has_more).cloned();
            let next = next.map(|(created_at, run)| RunsAfter { created_at, run });
            OpenRuns { items: found.into_iter().map(|(_, run)| run).collect(), next }
        })
    }

    async fn told(&self, id: &RunId) -> Result<(), PortError> {
        self.breaks.around(|| {
            if let Some(run) = self.runs.lock().expect("no panic").get_mut(id) {
                run.is_untold = false;
            }
        })
    }

    async fn count(&self, key: &str, most: u32, at: TimestampMs) -> Result<bool, PortError> {
        self.breaks.around(|| {
            let mut counts = self.counts.lock().expect("no panic");
            let count = counts.entry((key.to_owned(), at / 60_000)).or_default();
            let counts = *count < most;
            *count += u32::from(counts);
            counts
        })
    }
}

/// See [`Artifacts`].
#[derive(Debug, Default)]
pub(crate) struct MemoryArtifacts {
    pub(crate) texts: Mutex<BTreeMap<String, String>>,
    pub(crate) breaks: Breaks,
}

impl Artifacts for MemoryArtifacts {
    async fn put(&self, key: &str, text: String) -> Result<(), PortError> {
        self.breaks.around(|| drop(self.texts.lock().expect("no panic").insert(key.to_owned(), text)))
    }

    async fn get(&self, key: &str) -> Result<String, PortError> {
        let text = self.texts.lock().expect("no panic").get(key).cloned();
        text.ok_or_else(|| PortError::Unreadable { part: "memory", what: key.to_owned() })
    }
}
