//! The runs of elements that lists consist of: which follows which, and where each element is.
//!
//! It finds any element by a binary search, and takes back what turns out to be part of an update that is refused.
//! Where something belongs is decided elsewhere.

use std::collections::HashMap;

use super::block::Id;
use super::labels::between;

/// Stands for no client, and for no run.
pub(super) const NONE: u32 = u32::MAX;

/// All runs of a document.
#[derive(Debug, Default)]
#[cfg_attr(test, derive(Clone))]
pub(super) struct Runs {
    /// The numbers that stand for clients here.
    numbers: HashMap<u64, u32>,
    /// The elements of each client, by its number.
    clients: Vec<Client>,
    runs: Vec<Run>,
    /// The first run of each list.
    firsts: Vec<u32>,
    /// What was done since it was last kept.
    done: Vec<Step>,
}

#[derive(Debug)]
#[cfg_attr(test, derive(Clone))]
struct Client {
    id: u64,
    /// The first clock of each run, and the run.
    runs: Vec<(u32, u32)>,
}

/// Elements of one client that follow each other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub(super) first: Element,
    pub(super) length: u32,
    pub(super) lane: u32,
    /// The left neighbour of the first. Each of the others has the one before.
    pub(super) origin: Element,
    /// The right neighbour of all.
    pub(super) right_origin: Element,
    /// Grows along the list.
    pub(super) label: u64,
    pub(super) previous: u32,
    pub(super) next: u32,
}

/// An element, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) client: u32,
    pub(super) clock: u32,
}

/// A gap in a list: behind so many elements of a run, or in front of everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gap {
    pub(super) run: u32,
    pub(super) elements: u32,
}

/// What can be taken back.
#[derive(Debug, Clone, Copy)]
enum Step {
    Client(u64),
    /// The last run was put in.
    Run,
    /// The last run was part of the one before it.
    Split,
    /// A run grew by so much.
    Extended(u32, u32),
}

impl Runs {
    /// Puts a run into a gap of its list.
    pub(super) fn put(&mut self, run: Run, gap: Gap) {
        if self.continues(&run, gap) {
            self.runs[gap.run as usize].length += run.length;
            self.done.push(Step::Extended(gap.run, run.length));
            return;
        }
        if gap.run != NONE && gap.elements < self.get(gap.run).length {
            self.split(gap);
        }
        self.link(run, gap.run);
        self.done.push(Step::Run);
    }

    /// Keeps what was done.
    pub(super) fn keep(&mut self) {
        self.done.clear();
    }

    /// Takes back what was done since it was last kept. Nothing came after it, so it is the last of everything.
    pub(super) fn roll_back(&mut self) {
        while let Some(step) = self.done.pop() {
            match step {
                Step::Client(id) => {
                    self.numbers.remove(&id);
                    self.clients.pop();
                }
                Step::Run => drop(self.unlink_last()),
                Step::Split => {
                    if let Some(rest) = self.unlink_last() {
                        self.runs[rest.previous as usize].length += rest.length;
                    }
                }
                Step::Extended(run, by) => self.runs[run as usize].length -= by,
            }
        }
    }

    pub(super) fn get(&self, run: u32) -> &Run {
        &self.runs[run as usize]
    }

    /// The number that stands for a client.
    pub(super) fn number(&mut self, client: u64) -> u32 {
        if let Some(number) = self.numbers.get(&client) {
            return *number;
        }
        let number = narrow(self.clients.len() as u64);
        self.numbers.insert(client, number);
        self.clients.push(Client { id: client, runs: Vec::new() });
        self.done.push(Step::Client(client));
        number
    }

    pub(super) fn client(&self, number: u32) -> u64 {
        self.clients[number as usize].id
    }

    /// An element that is there.
    pub(super) fn element(&self, id: Option<Id>) -> Element {
        id.map_or(Element::NONE, |id| Element { client: self.numbers[&id.client], clock: narrow(id.clock) })
    }

    pub(super) fn run_of(&self, element: Element) -> u32 {
        let runs = &self.clients[element.client as usize].runs;
        match runs.last() {
            Some((clock, run)) if *clock <= element.clock => *run,
            _ => runs[runs.partition_point(|(clock, _)| *clock <= element.clock) - 1].1,
        }
    }

    /// The elements that come after a gap: a run, without so many at its beginning.
    pub(super) fn after(&self, lane: u32, gap: Gap) -> Option<Gap> {
        let next = match self.runs.get(gap.run as usize) {
            None => self.first(lane),
            Some(run) if gap.elements < run.length => return Some(gap),
            Some(run) => run.next,
        };
        (next != NONE).then_some(Gap { run: next, elements: 0 })
    }

    fn first(&self, lane: u32) -> u32 {
        self.firsts.get(lane as usize).copied().unwrap_or(NONE)
    }

    /// True if a run goes on where the one before the gap ends, so that they are one.
    fn continues(&self, run: &Run, gap: Gap) -> bool {
        self.runs.get(gap.run as usize).is_some_and(|before| {
            gap.elements == before.length
                && run.first == before.element(before.length)
                && run.origin == before.element(before.length - 1)
                && run.right_origin == before.right_origin
        })
    }

    fn split(&mut self, gap: Gap) {
        let run = &mut self.runs[gap.run as usize];
        let length = run.length - gap.elements;
        let rest = Run { first: run.element(gap.elements), origin: run.element(gap.elements - 1), length, ..*run };
        run.length = gap.elements;
        self.link(rest, gap.run);
        self.done.push(Step::Split);
    }

    /// Puts a run behind another, or in front of everything.
    fn link(&mut self, mut run: Run, previous: u32) {
        let number = narrow(self.runs.len() as u64);
        run.previous = previous;
        run.next = if previous == NONE { self.first(run.lane) } else { self.get(previous).next };
        run.label = between(&mut self.runs, (previous, run.next));
        self.tie(&run, (number, number));
        let runs = &mut self.clients[run.first.client as usize].runs;
        // Most come last.
        let is_last = runs.last().is_none_or(|(clock, _)| *clock < run.first.clock);
        let at = if is_last { runs.len() } else { runs.partition_point(|(clock, _)| *clock < run.first.clock) };
        runs.insert(at, (run.first.clock, number));
        self.runs.push(run);
    }

    fn unlink_last(&mut self) -> Option<Run> {
        let run = self.runs.pop()?;
        self.tie(&run, (run.next, run.previous));
        let runs = &mut self.clients[run.first.client as usize].runs;
        let at = runs.partition_point(|(clock, _)| *clock < run.first.clock);
        runs.remove(at);
        Some(run)
    }

    /// Lets the runs beside one point to these: the left one to the first of them, the right one to the second.
    fn tie(&mut self, run: &Run, (next, previous): (u32, u32)) {
        if let Some(right) = self.runs.get_mut(run.next as usize) {
            right.previous = previous;
        }
        if let Some(left) = self.runs.get_mut(run.previous as usize) {
            left.next = next;
            return;
        }
        let lane = run.lane as usize;
        if self.firsts.len() <= lane {
            self.firsts.resize(lane + 1, NONE);
        }
        self.firsts[lane] = next;
    }
}

impl Run {
    pub(super) fn element(&self, number: u32) -> Element {
        Element { clock: self.first.clock + number, ..self.first }
    }
}

impl Element {
    pub(super) const NONE: Self = Self { client: NONE, clock: 0 };

    pub(super) fn is_some(self) -> bool {
        self != Self::NONE
    }
}

/// Clocks, lengths and counts are below 2^31.
pub(super) fn narrow(number: u64) -> u32 {
    u32::try_from(number).expect("clocks and counts fit into 32 bits")
}
