//! What waits for a poll session's next `GET`. It owns the frames and who waits for them, and knows no clock.

use std::collections::VecDeque;
use std::rc::Rc;
use std::task::{Poll, Waker};

use protocol::close::CloseCode;
use protocol::poll::Record;

/// Most that one answer carries, unless a single frame is larger. A state of several MB leaves in pieces, so that a
/// line of 280 kbit/s has taken each before the session counts as left alone.
const ANSWER_MAX_BYTES: usize = 1024 * 1024;

/// How a wait for frames ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waited {
    /// There is something to take.
    Ready,
    /// A later call waits instead.
    Superseded,
}

/// The frames of one session on their way out.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// Encoded frames, oldest first.
    frames: VecDeque<Rc<[u8]>>,
    /// Their bytes.
    bytes: usize,
    /// The close record, once the session is closed: it leaves after the frames, and nothing follows it.
    end: Option<Vec<u8>>,
    /// True when the close record was taken.
    is_spent: bool,
    /// Counts the waits; the last one is served.
    waits: u64,
    /// Wakes the last one.
    waker: Option<Waker>,
}

impl Queue {
    /// Adds a frame, unless the session is closed.
    pub(super) fn push(&mut self, frame: Rc<[u8]>) {
        if self.end.is_none() {
            self.bytes += frame.len();
            self.frames.push_back(frame);
            self.wake();
        }
    }

    /// Closes the session. The first code stands.
    pub(super) fn close(&mut self, code: CloseCode, reason: &str) {
        if self.end.is_none() {
            self.end = Some(Record::Close { code: code.code(), reason }.encode());
            self.wake();
        }
    }

    /// Drops the frames; what is lost is told by closing.
    pub(super) fn overflow(&mut self) {
        self.frames = VecDeque::new();
        self.bytes = 0;
        self.close(CloseCode::TryAgainLater, "too much waited to be fetched");
    }

    /// Takes what one answer carries.
    pub(super) fn take(&mut self) -> Vec<u8> {
        let mut answer = Vec::new();
        while let Some(frame) = self.frames.front()
            && (answer.is_empty() || answer.len() + frame.len() <= ANSWER_MAX_BYTES)
        {
            answer.extend_from_slice(frame);
            self.bytes -= frame.len();
            self.frames.pop_front();
        }
        if let Some(end) = self.end.as_ref().filter(|_| self.frames.is_empty()) {
            answer.extend_from_slice(end);
            self.is_spent = true;
        }
        answer
    }

    /// Begins a wait; whoever waited before is sent home.
    pub(super) fn begin_wait(&mut self) -> u64 {
        self.wake();
        self.waits += 1;
        self.waits
    }

    /// Looks whether a wait is over.
    pub(super) fn poll_wait(&mut self, wait: u64, waker: &Waker) -> Poll<Waited> {
        if wait != self.waits {
            return Poll::Ready(Waited::Superseded);
        }
        if !self.frames.is_empty() || self.end.is_some() {
            return Poll::Ready(Waited::Ready);
        }
        self.waker = Some(waker.clone());
        Poll::Pending
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Bytes that wait.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// True once the session is closed.
    pub(super) fn is_closed(&self) -> bool {
        self.end.is_some()
    }

    /// True when everything was taken, the close record last.
    pub(super) fn is_spent(&self) -> bool {
        self.is_spent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(size: usize) -> Rc<[u8]> {
        Record::Binary(&vec![7; size]).encode().into()
    }

    fn close(code: u16, reason: &str) -> Vec<u8> {
        Record::Close { code, reason }.encode()
    }

    #[test]
    fn a_closed_session_gives_its_frames_then_the_first_code_and_nothing_more() {
        let mut queue = Queue::default();
        queue.push(frame(1));
        queue.push(frame(2));
        queue.close(CloseCode::Forbidden, "out");
        queue.close(CloseCode::NotFound, "gone");
        queue.push(frame(3));
        assert!(queue.is_closed() && !queue.is_spent());
        assert_eq!(queue.take(), [&*frame(1), &*frame(2), &*close(4403, "out")].concat());
        assert!(queue.is_spent());
        assert_eq!(queue.bytes(), 0);
    }

    #[test]
    fn a_large_backlog_leaves_in_pieces_of_whole_frames() {
        let mut queue = Queue::default();
        let (large, small) = (frame(2 * ANSWER_MAX_BYTES), frame(ANSWER_MAX_BYTES / 2));
        for frame in [&large, &small, &small] {
            queue.push(Rc::clone(frame));
        }
        queue.close(CloseCode::ServiceRestart, "later");
        assert_eq!(queue.take(), *large, "larger than an answer, and yet whole");
        assert_eq!(queue.take(), *small);
        assert_eq!(queue.take(), [&*small, &*close(1012, "later")].concat());
    }

    #[test]
    fn an_overflow_drops_the_frames_and_says_so() {
        let mut queue = Queue::default();
        queue.push(frame(9));
        queue.overflow();
        assert_eq!(queue.bytes(), 0);
        assert_eq!(queue.take(), close(1013, "too much waited to be fetched"));
    }

    #[test]
    fn a_wait_ends_with_a_frame_or_with_the_next_wait() {
        let mut queue = Queue::default();
        let waker = Waker::noop();
        let first = queue.begin_wait();
        assert_eq!(queue.poll_wait(first, waker), Poll::Pending);
        let second = queue.begin_wait();
        queue.push(frame(1));
        assert_eq!(queue.poll_wait(first, waker), Poll::Ready(Waited::Superseded));
        assert_eq!(queue.poll_wait(second, waker), Poll::Ready(Waited::Ready));
        queue.take();
        let third = queue.begin_wait();
        assert_eq!(queue.poll_wait(third, waker), Poll::Pending);
        queue.close(CloseCode::NotFound, "gone");
        assert_eq!(queue.poll_wait(third, waker), Poll::Ready(Waited::Ready));
    }
}
