//! The order of every list, and with it whether a block can stand where it says.
//!
//! `yrs` and Yjs look for the place of a block between its neighbours, among what others put there, by the rules of
//! YATA. These find the same place in whatever order blocks arrive, as long as each was written by somebody who saw its
//! neighbours beside each other. Otherwise people who learn of blocks in different orders see different documents.
//!
//! **Invariant:** every list is one that honest people could have written. What a block leans on is its neighbours,
//! what these name as theirs, and so on: whoever wrote it knew all of that, whatever else he knew. Had it stood between
//! the neighbours, he would not have named them. If the invariant holds for all earlier blocks, only two elements can
//! tell: when the right neighbour was written nothing that it leans on stood between its own two neighbours, so
//! something of it stands right of the block's left neighbour only if the right neighbour's left one does; and the
//! other way round. Three comparisons find every block that could tear documents apart, and no other.
//!
//! There is one exception, and it is mended: where a deleted type comes back, the undo of Yjs looks for what stands for
//! the old neighbours there, one at a time, and may find the right one in the left one or before it. Both are copies
//! that the writer made. Others then get the block with a right neighbour that could be seen beside its left one.
//!
//! Elements that follow each other in clocks and in the list are one run, like a block in `yrs`, but across deletions
//! and updates. Entries of maps are no lists: the values of a key only ever follow each other.

use std::collections::HashSet;

use super::Malformed;
use super::block::Id;
use super::runs::{Element, Gap, NONE, Run, Runs, narrow};

/// Most runs that the blocks of one update may be compared with. `yrs` makes the same comparisons and takes 220 ns for
/// each, so that this is a second. Whoever comes back to a place where others wrote 10,000 runs is compared with these
/// once, and again each time that he writes in front of what he wrote there.
const COMPARISONS_MAX: usize = 4 * 1024 * 1024;

/// The lists of a document.
#[derive(Debug, Default)]
#[cfg_attr(test, derive(Clone))]
pub(super) struct Lists {
    runs: Runs,
    /// The lists with something in them that nobody honest wrote: it was stored before anybody looked.
    tangled: HashSet<usize>,
    /// Runs that were compared since the lists were last kept.
    comparisons: usize,
}

/// Elements to be put in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival {
    pub(super) lane: usize,
    pub(super) first: Id,
    pub(super) length: u64,
    pub(super) origin: Option<Id>,
    pub(super) right_origin: Option<Id>,
}

/// Where elements come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// From a client.
    Sent,
    /// From the document itself. They are there, whatever they look like.
    Stored,
}

/// How elements were put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Put {
    /// Between the neighbours that they name.
    AsItSays,
    /// With this right neighbour.
    Beside(Option<Id>),
}

impl Lists {
    /// Puts in elements whose neighbours lie in the same list.
    ///
    /// # Errors
    /// [`Malformed::Misplaced`] if nobody saw the neighbours beside each other, [`Malformed::Heavy`] if too much was
    /// written between them. What was put in before has to be taken back.
    pub(super) fn put(&mut self, arrival: &Arrival, source: Source) -> Result<Put, Malformed> {
        let (origin, named) = (self.runs.element(arrival.origin), self.runs.element(arrival.right_origin));
        let is_sound = self.could_be_adjacent(origin, named);
        if !is_sound && source == Source::Stored {
            self.tangled.insert(arrival.lane);
        }
        let is_mended = !is_sound && !self.tangled.contains(&arrival.lane);
        let right_origin = if is_mended { self.mended(arrival, origin, named)? } else { named };
        let run = Run {
            first: Element { client: self.runs.number(arrival.first.client), clock: narrow(arrival.first.clock) },
            length: narrow(arrival.length),
            lane: narrow(arrival.lane as u64),
            origin,
            right_origin,
            label: 0,
            previous: NONE,
            next: NONE,
        };
        let gap = self.gap(&run);
        self.runs.put(run, gap);
        if source == Source::Sent && self.comparisons > COMPARISONS_MAX {
            return Err(Malformed::Heavy);
        }
        Ok(if is_mended { Put::Beside(self.id(right_origin)) } else { Put::AsItSays })
    }

    /// Keeps what was put in.
    pub(super) fn keep(&mut self) {
        self.runs.keep();
        self.comparisons = 0;
    }

    /// Takes back what was put in since it was last kept.
    pub(super) fn roll_back(&mut self) {
        self.runs.roll_back();
        self.comparisons = 0;
    }

    /// Whether somebody who knew only what they lean on could have seen these beside each other.
    fn could_be_adjacent(&self, left: Element, right: Element) -> bool {
        let (outer_left, outer_right) = (self.origin_of(right), self.right_origin_of(left));
        if !left.is_some() {
            return !outer_left.is_some();
        }
        if !right.is_some() {
            return !outer_right.is_some();
        }
        let (at_left, at_right) = (self.place(left), self.place(right));
        at_left < at_right
            && (!outer_left.is_some() || self.place(outer_left) <= at_left)
            && (!outer_right.is_some() || self.place(outer_right) >= at_right)
    }

    /// The right neighbour in place of one that is the writer's own and not right of the left one: that which the left
    /// neighbour has itself. Whoever knows the left neighbour could have seen the two beside each other.
    fn mended(&self, arrival: &Arrival, left: Element, right: Element) -> Result<Element, Malformed> {
        let is_own = arrival.right_origin.is_some_and(|right| right.client == arrival.first.client);
        let is_undone = is_own && left.is_some() && self.place(right) <= self.place(left);
        if is_undone { Ok(self.right_origin_of(left)) } else { Err(Malformed::Misplaced) }
    }

    /// Where a run belongs, as YATA has it: behind those of the same left neighbour whose clients come first, and behind
    /// everything that was written behind these.
    fn gap(&mut self, new: &Run) -> Gap {
        let mut gap = self.gap_behind(new.origin);
        let left = self.place_of(new.origin);
        // What stands left of the gap.
        let mut last = left;
        let mut next = self.runs.after(new.lane, gap);
        while let Some(at) = next {
            let run = self.runs.get(at.run);
            let end = Gap { run: at.run, elements: up_to(run, at.elements, new.right_origin) };
            if end == at {
                break;
            }
            self.comparisons += 1;
            let origin = if at.elements == 0 { run.origin } else { run.element(at.elements - 1) };
            let is_passed = if origin == new.origin {
                let comes_first = self.runs.client(run.first.client) < self.runs.client(new.first.client);
                if !comes_first && run.right_origin == new.right_origin {
                    break;
                }
                comes_first
            } else {
                let origin = self.place_of(origin);
                if origin <= left {
                    break;
                }
                origin <= last
            };
            if is_passed {
                (gap, last) = (end, Some((run.label, run.first.clock + end.elements - 1)));
            }
            if end.elements < run.length {
                break;
            }
            next = self.runs.after(new.lane, end);
        }
        gap
    }

    fn gap_behind(&self, element: Element) -> Gap {
        if !element.is_some() {
            return Gap { run: NONE, elements: 0 };
        }
        let run = self.runs.run_of(element);
        Gap { run, elements: element.clock - self.runs.get(run).first.clock + 1 }
    }

    /// What grows along a list.
    fn place(&self, element: Element) -> (u64, u32) {
        (self.run_of(element).label, element.clock)
    }

    fn place_of(&self, element: Element) -> Option<(u64, u32)> {
        element.is_some().then(|| self.place(element))
    }

    fn origin_of(&self, element: Element) -> Element {
        if !element.is_some() {
            return Element::NONE;
        }
        let run = self.run_of(element);
        if run.first == element { run.origin } else { Element { clock: element.clock - 1, ..element } }
    }

    fn right_origin_of(&self, element: Element) -> Element {
        if element.is_some() { self.run_of(element).right_origin } else { Element::NONE }
    }

    fn run_of(&self, element: Element) -> &Run {
        self.runs.get(self.runs.run_of(element))
    }

    fn id(&self, element: Element) -> Option<Id> {
        element.is_some().then(|| Id { client: self.runs.client(element.client), clock: element.clock.into() })
    }
}

/// How many elements of a run stand left of a right neighbour, of those after the first so many.
fn up_to(run: &Run, after: u32, right: Element) -> u32 {
    let (from, end) = (run.first.clock + after, run.first.clock + run.length);
    let is_within = right.client == run.first.client && (from..end).contains(&right.clock);
    if is_within { right.clock - run.first.clock } else { run.length }
}
