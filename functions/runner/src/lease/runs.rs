//! The attempts in hand, as the connection to the room sees them: what the room has of each, and what it wants of it.

use std::collections::{BTreeMap, VecDeque};

use protocol::ids::RunId;
use protocol::lease::{InHand, LeaseFrame};
use protocol::runner::{RoomFrame, RunnerFrame};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::{oneshot, watch};

use crate::execute::{Input, Wish};

/// How the delivery of an attempt's output ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// Everything is with the room.
    Complete,
    /// The room does not want this attempt.
    Refused,
    /// The attempt was given up before its end.
    Abandoned,
}

/// An attempt that was begun.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) run: RunId,
    pub(super) attempt: u32,
    /// What the room wants of it.
    pub(super) wishes: watch::Sender<Wish>,
    /// What people type into it.
    pub(super) input: UnboundedSender<Input>,
    /// Told when its output is delivered.
    pub(super) done: oneshot::Sender<Delivery>,
}

#[derive(Debug)]
struct Sent {
    begun: Begun,
    unacknowledged: VecDeque<RunnerFrame>,
    /// The last output's number, once the end was said.
    end: Option<u64>,
    /// Up to where the room has everything.
    acknowledged: u64,
}

/// The attempts in hand.
#[derive(Debug, Default)]
pub(super) struct Runs(BTreeMap<RunId, Sent>);

impl Runs {
    pub(super) fn begin(&mut self, begun: Begun) -> InHand {
        let in_hand = InHand { run_id: begun.run.clone(), attempt: begun.attempt };
        let sent = Sent { unacknowledged: VecDeque::new(), end: None, acknowledged: 0, begun };
        self.0.insert(in_hand.run_id.clone(), sent);
        in_hand
    }

    pub(super) fn forget(&mut self, run: &RunId) {
        self.0.remove(run);
    }

    pub(super) fn in_hand(&self) -> Vec<InHand> {
        let in_hand = |sent: &Sent| InHand { run_id: sent.begun.run.clone(), attempt: sent.begun.attempt };
        self.0.values().map(in_hand).collect()
    }

    /// Everything that the room has not acknowledged, in order.
    pub(super) fn unacknowledged(&self) -> Vec<LeaseFrame> {
        let of = |sent: &Sent| {
            let end = sent.end.map(|last_seq| RunnerFrame::End { last_seq });
            let frames = sent.unacknowledged.iter().cloned().chain(end);
            frames.map(|frame| framed(&sent.begun, frame)).collect::<Vec<_>>()
        };
        self.0.values().flat_map(of).collect()
    }

    /// Notes what an attempt says; gives the frame that tells the room, unless it is not in hand any more.
    pub(super) fn say(&mut self, run: &RunId, frame: RunnerFrame) -> Option<LeaseFrame> {
        let sent = self.0.get_mut(run)?;
        match &frame {
            RunnerFrame::End { last_seq } => sent.end = Some(*last_seq),
            RunnerFrame::Output { .. } => sent.unacknowledged.push_back(frame.clone()),
        }
        let framed = framed(&sent.begun, frame);
        if sent.is_delivered() {
            self.end(run, Delivery::Complete);
        }
        Some(framed)
    }

    /// Takes in what the room says of an attempt.
    pub(super) fn hear(&mut self, run: &RunId, frame: RoomFrame) {
        let Some(sent) = self.0.get_mut(run) else { return };
        match frame {
            RoomFrame::Ack { seq } => {
                sent.acknowledge(seq);
                if sent.is_delivered() {
                    self.end(run, Delivery::Complete);
                }
            }
            RoomFrame::Cancel => drop(sent.begun.wishes.send_replace(Wish::Stop)),
            // A program that has ended takes no input any more.
            RoomFrame::Stdin { data, end } => drop(sent.begun.input.send(Input { data, end })),
            RoomFrame::Gone => {
                sent.begun.wishes.send_replace(Wish::Stop);
                self.end(run, Delivery::Refused);
            }
        }
    }

    /// The room refuses everything.
    pub(super) fn refuse(&mut self) {
        for sent in std::mem::take(&mut self.0).into_values() {
            // Whoever has gone does not wait for it.
            let _gone = sent.begun.done.send(Delivery::Refused);
        }
    }

    fn end(&mut self, run: &RunId, delivery: Delivery) {
        if let Some(sent) = self.0.remove(run) {
            let _gone = sent.begun.done.send(delivery);
        }
    }
}

impl Sent {
    /// Notes that the room has everything up to there.
    fn acknowledge(&mut self, up_to: u64) {
        self.acknowledged = self.acknowledged.max(up_to);
        let known = |frame: &RunnerFrame| matches!(frame, RunnerFrame::Output { seq, .. } if *seq <= up_to);
        while self.unacknowledged.front().is_some_and(known) {
            self.unacknowledged.pop_front();
        }
    }

    /// True if the end was said and the room has all that came before.
    fn is_delivered(&self) -> bool {
        self.end.is_some_and(|last| self.acknowledged >= last)
    }
}

fn framed(begun: &Begun, frame: RunnerFrame) -> LeaseFrame {
    LeaseFrame::Run { run_id: begun.run.clone(), attempt: begun.attempt, frame }
}
