//! Where everything in a document lies: for each element the list, or the entry of a map, that it belongs to.
//!
//! Blocks name their neighbours, and whoever writes them knows what they name. Nothing in the encoding keeps a block
//! from standing between two neighbours of different lists, or within a text, or in a type that lies in a thousand
//! others. `yrs` then ties lists together that are none of each other's, and what is deleted with one of them is still
//! pointed to from the other; or it recurses until its stack is full. Neither is caught by any guard.
//!
//! Which element of a list stands left of which is known to [`Lists`], which puts in every block that got its place
//! here, and refuses those that could stand in different places for different people.
//!
//! A client writes many elements in a row into the same list, so that a document of some files takes some hundred
//! entries here.

use std::collections::HashMap;

use super::block::{Block, Content, Id, Parent};
use super::lists::{Arrival, Lists, Put, Source};
use super::order::in_order;
use super::{Malformed, NESTING_MAX};

/// Every element that a document knows.
#[derive(Debug, Default)]
#[cfg_attr(test, derive(Clone))]
pub(crate) struct Places {
    clients: HashMap<u64, Client>,
    lanes: Lanes,
    lists: Lists,
}

/// The elements of one client.
#[derive(Debug, Default)]
#[cfg_attr(test, derive(Clone))]
struct Client {
    /// The clock after the last.
    end: u64,
    /// Elements in a row that lie in the same place, by their first clock.
    runs: Vec<Run>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    from: u64,
    place: Place,
}

/// Where an element lies, and what it can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    /// Nothing for what was collected, or lies in what was deleted.
    lane: Option<usize>,
    holds: Holds,
}

/// What can lie in an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    /// It is a type: other elements.
    Elements,
    /// It is no type.
    Nothing,
    /// It was deleted: who has not heard of that may still put something into it, and that is deleted as well.
    Deleted,
}

/// A list, or an entry of a map: named by the bytes that say so in an encoded block.
#[derive(Debug, Default)]
#[cfg_attr(test, derive(Clone))]
struct Lanes {
    by_name: HashMap<Box<[u8]>, usize>,
    lanes: Vec<Lane>,
}

#[derive(Debug, Clone, Copy)]
struct Lane {
    /// How many types it lies in, the top-level one not counted.
    depth: usize,
    /// True for an entry of a map, which has one value at a time.
    is_entry: bool,
}

/// What becomes of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Everything in it was known.
    Known,
    /// It is known from now on, but for as many elements at its beginning that were known before.
    Placed(u64),
    /// The same, but with this right neighbour in place of the one that it names.
    Mended(u64, Option<Id>),
    /// It leans on something unknown.
    Ahead,
}

/// What an update adds to what is known. Unless it is adopted, nothing is.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    known: &'a mut Places,
    learnt: Places,
    source: Source,
}

impl Places {
    /// The places of a document in its encoded state. What waits in it for something else is left out.
    pub(crate) fn of(state: &[u8]) -> Result<Self, Malformed> {
        let mut places = Self::default();
        let mut draft = Draft::of(&mut places, Source::Stored);
        in_order(state, |block| {
            if draft.place(state, block).is_err() {
                // It is there already. Whatever leans on it has no place either.
                draft.learn(block.id, block.id.clock + block.length, Place { lane: None, holds: Holds::Deleted });
            }
            Ok(())
        })?;
        draft.adopt();
        Ok(places)
    }

    fn take_over(&mut self, learnt: Self) {
        self.lists.keep();
        self.lanes.by_name.extend(learnt.lanes.by_name);
        self.lanes.lanes.extend(learnt.lanes.lanes);
        for (client, Client { runs, end }) in learnt.clients {
            let known = self.clients.entry(client).or_default();
            for run in runs {
                known.put(run);
            }
            known.end = end;
        }
    }

    /// The clock after the last element of a client that is known.
    fn clock(&self, client: u64) -> u64 {
        self.clients.get(&client).map_or(0, |client| client.end)
    }

    fn find(&self, id: Id) -> Option<Place> {
        let client = self.clients.get(&id.client).filter(|client| id.clock < client.end)?;
        let after = client.runs.partition_point(|run| run.from <= id.clock);
        Some(client.runs[after.checked_sub(1)?].place)
    }
}

impl Client {
    fn put(&mut self, run: Run) {
        if self.runs.last().is_none_or(|last| last.place != run.place) {
            self.runs.push(run);
        }
    }
}

impl<'a> Draft<'a> {
    pub(super) fn of(known: &'a mut Places, source: Source) -> Self {
        Self { known, learnt: Places::default(), source }
    }

    /// Takes over what the update added.
    pub(super) fn adopt(mut self) {
        let learnt = std::mem::take(&mut self.learnt);
        self.known.take_over(learnt);
    }

    /// The clock after the last element of a client that is known by now.
    pub(super) fn clock(&self, client: u64) -> u64 {
        self.known.clock(client).max(self.learnt.clock(client))
    }

    fn find(&self, id: Id) -> Option<Place> {
        self.known.find(id).or_else(|| self.learnt.find(id))
    }

    /// Learns of a block, if it can be placed.
    pub(super) fn place(&mut self, update: &[u8], block: &Block) -> Result<Verdict, Malformed> {
        let Id { client, clock } = block.id;
        let (reached, end) = (self.clock(client), clock + block.length);
        if end <= reached {
            return Ok(Verdict::Known);
        }
        if clock > reached || block.content == Content::Skip {
            return Ok(Verdict::Ahead);
        }
        let Some(lane) = self.lane(update, block)? else { return Ok(Verdict::Ahead) };
        let is_entry = lane.is_some_and(|lane| self.described(lane).is_entry);
        if is_entry && !is_value(block) {
            return Err(Malformed::Misplaced);
        }
        let is_divided = clock < reached;
        if is_divided && self.find(Id { client, clock: reached - 1 }).map(|place| place.lane) != Some(lane) {
            return Err(Malformed::Misplaced);
        }
        let put = match lane.filter(|_| !is_entry) {
            Some(lane) => self.put(lane, block, reached)?,
            None => Put::AsItSays,
        };
        let holds = match block.content {
            Content::Type => Holds::Elements,
            Content::Collected | Content::Deleted => Holds::Deleted,
            _ => Holds::Nothing,
        };
        self.learn(Id { client, clock: reached }, end, Place { lane, holds });
        Ok(match put {
            Put::AsItSays => Verdict::Placed(reached - clock),
            Put::Beside(right_origin) => Verdict::Mended(reached - clock, right_origin),
        })
    }

    /// Puts a block from some clock on into its list.
    fn put(&mut self, lane: usize, block: &Block, from: u64) -> Result<Put, Malformed> {
        let Block { id, length, right_origin, .. } = *block;
        let origin = if from > id.clock { Some(Id { clock: from - 1, ..id }) } else { block.origin };
        let arrival =
            Arrival { lane, first: Id { clock: from, ..id }, length: id.clock + length - from, origin, right_origin };
        self.known.lists.put(&arrival, self.source)
    }

    fn learn(&mut self, from: Id, end: u64, place: Place) {
        let learnt = self.learnt.clients.entry(from.client).or_default();
        learnt.put(Run { from: from.clock, place });
        learnt.end = end;
    }

    /// Where a block lies: nothing if that is unknown, nothing within if it is gone.
    fn lane(&mut self, update: &[u8], block: &Block) -> Result<Option<Option<usize>>, Malformed> {
        let name = &update[block.parent_at.clone()];
        let parent = match block.parent {
            Parent::Neighbours => return self.lane_of_neighbours(block),
            Parent::Root => return self.named(block, name, 0).map(|lane| Some(Some(lane))),
            Parent::Block(parent) => self.find(parent),
        };
        match parent {
            None => Ok(None),
            Some(Place { lane: Some(outer), holds: Holds::Elements }) => {
                let depth = self.described(outer).depth + 1;
                self.named(block, name, depth).map(|lane| Some(Some(lane)))
            }
            Some(Place { lane: None, .. } | Place { holds: Holds::Deleted, .. }) => Ok(Some(None)),
            Some(Place { holds: Holds::Nothing, .. }) => Err(Malformed::Misplaced),
        }
    }

    fn lane_of_neighbours(&self, block: &Block) -> Result<Option<Option<usize>>, Malformed> {
        let mut lane = None;
        for neighbour in [block.origin, block.right_origin].into_iter().flatten() {
            let Some(place) = self.find(neighbour) else { return Ok(None) };
            if *lane.get_or_insert(place.lane) != place.lane {
                return Err(Malformed::Misplaced);
            }
        }
        // What was collected has no neighbours.
        Ok(Some(lane.flatten()))
    }

    fn described(&self, lane: usize) -> Lane {
        let known = &self.known.lanes.lanes;
        known.get(lane).copied().unwrap_or_else(|| self.learnt.lanes.lanes[lane - known.len()])
    }

    fn named(&mut self, block: &Block, name: &[u8], depth: usize) -> Result<usize, Malformed> {
        if depth > NESTING_MAX {
            return Err(Malformed::Depth);
        }
        if let Some(lane) = self.known.lanes.by_name.get(name).or_else(|| self.learnt.lanes.by_name.get(name)) {
            return Ok(*lane);
        }
        let lane = self.known.lanes.lanes.len() + self.learnt.lanes.lanes.len();
        self.learnt.lanes.by_name.insert(name.into(), lane);
        self.learnt.lanes.lanes.push(Lane { depth, is_entry: block.has_key });
        Ok(lane)
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        self.known.lists.roll_back();
    }
}

/// True for what can be the value of a key: one of anything but text, or several that were replaced. A value is put
/// behind the one before, never in front of another: which of them counted would be decided by who came first.
fn is_value(block: &Block) -> bool {
    if block.right_origin.is_some() {
        return false;
    }
    match block.content {
        Content::Deleted => true,
        Content::Values | Content::Binary | Content::Type | Content::Document => block.length == 1,
        Content::Collected | Content::String | Content::Embed | Content::Format | Content::Skip => false,
    }
}
