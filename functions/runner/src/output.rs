//! From the bytes of a program's two streams to frames of whole characters, and to the text that is kept.
//!
//! Invariants: a frame holds whole characters of one stream; frames are in the order in which bytes were read; what is
//! sent is exactly what is kept. After a quiet time a line goes out at once; in a flood they are gathered for
//! [`GATHER`], so that a loop of prints makes 50 frames a second and not 50,000.

use std::time::Duration;

use protocol::runner::{OutputStream, RunnerFrame};
use tokio::time::Instant;

/// Longest time that output waits for more of it.
pub const GATHER: Duration = Duration::from_millis(20);

/// How long a piece of a line waits for its rest: Python writes a line and its end apart.
const REST_OF_LINE: Duration = Duration::from_millis(5);

/// Most text of one frame.
const FRAME_BYTES: usize = 16 * 1024;

/// Turns bytes into whole characters. What is not UTF-8 becomes U+FFFD.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    /// The beginning of a character whose rest has not come yet: 3 bytes at most.
    begun: Vec<u8>,
}

impl Decoder {
    /// Takes bytes; returns the characters that are whole with them.
    pub(crate) fn decode(&mut self, bytes: &[u8]) -> String {
        self.begun.extend_from_slice(bytes);
        let mut text = String::new();
        let mut rest = self.begun.as_slice();
        loop {
            match std::str::from_utf8(rest) {
                Ok(valid) => {
                    text.push_str(valid);
                    rest = &[];
                    break;
                }
                Err(error) => {
                    let (valid, after) = rest.split_at(error.valid_up_to());
                    text.push_str(&String::from_utf8_lossy(valid));
                    rest = after;
                    let Some(wrong) = error.error_len() else { break };
                    text.push(char::REPLACEMENT_CHARACTER);
                    rest = &rest[wrong..];
                }
            }
        }
        self.begun = rest.to_vec();
        text
    }

    /// What was begun and never ended.
    pub(crate) fn finish(&mut self) -> &'static str {
        let text = if self.begun.is_empty() { "" } else { "\u{fffd}" };
        self.begun.clear();
        text
    }
}

/// Gathers the output of one attempt.
#[derive(Debug)]
pub struct Output {
    decoders: [Decoder; 2],
    /// Text that is kept: standard output, standard error.
    kept: [String; 2],
    kept_max_bytes: usize,
    /// Everything that was written, kept or not.
    written_bytes: u64,
    is_truncated: bool,
    pending: Option<Pending>,
    last_sent: Option<Instant>,
    /// `seq` of the last frame.
    seq: u64,
}

/// Text that has not been sent yet, of one stream.
#[derive(Debug)]
struct Pending {
    stream: OutputStream,
    text: String,
    /// When its first byte came.
    since: Instant,
}

/// What is left of an attempt's output when the program has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// True if more was written.
    pub is_truncated: bool,
}

impl Output {
    /// Keeps up to so many bytes of both streams together.
    #[must_use]
    pub fn new(kept_max_bytes: usize) -> Self {
        Self {
            decoders: Default::default(),
            kept: Default::default(),
            kept_max_bytes,
            written_bytes: 0,
            is_truncated: false,
            pending: None,
            last_sent: None,
            seq: 0,
        }
    }

    /// Takes bytes that were read at `now`; returns frames that are due.
    pub fn take(&mut self, stream: OutputStream, bytes: &[u8], now: Instant) -> Vec<RunnerFrame> {
        self.written_bytes += bytes.len() as u64;
        let text = self.decoders[index(stream)].decode(bytes);
        self.keep(stream, &text, now)
    }

    /// Takes the end of a stream: half a character will not be completed.
    pub fn take_end(&mut self, stream: OutputStream, now: Instant) -> Vec<RunnerFrame> {
        let text = self.decoders[index(stream)].finish();
        self.keep(stream, text, now)
    }

    fn keep(&mut self, stream: OutputStream, text: &str, now: Instant) -> Vec<RunnerFrame> {
        let room = self.kept_max_bytes.saturating_sub(self.kept.iter().map(String::len).sum());
        let text = if self.is_truncated { "" } else { &text[..text.floor_char_boundary(room)] };
        // Once something is left out everything after it is, or the end would look like the middle.
        self.is_truncated |= self.written_bytes > self.kept_max_bytes as u64;
        self.kept[index(stream)].push_str(text);
        let mut frames = Vec::new();
        if self.pending.as_ref().is_some_and(|pending| pending.stream != stream) {
            frames.extend(self.flush(now));
        }
        if !text.is_empty() {
            let new = || Pending { stream, text: String::new(), since: now };
            self.pending.get_or_insert_with(new).text.push_str(text);
        }
        let is_big = self.pending.as_ref().is_some_and(|pending| pending.text.len() >= FRAME_BYTES);
        if is_big || self.due().is_some_and(|due| due <= now) {
            frames.extend(self.flush(now));
        }
        frames
    }

    /// When [`Output::flush`] has to be called, if anything waits.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        let pending = self.pending.as_ref()?;
        let whole = if pending.text.ends_with('\n') { pending.since } else { pending.since + REST_OF_LINE };
        Some(self.last_sent.map_or(whole, |last| whole.max(last + GATHER)))
    }

    /// Makes frames of everything that waits.
    pub fn flush(&mut self, now: Instant) -> Vec<RunnerFrame> {
        let Some(Pending { stream, text, .. }) = self.pending.take() else { return Vec::new() };
        self.last_sent = Some(now);
        let mut frames = Vec::new();
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let (data, after) = rest.split_at(rest.floor_char_boundary(FRAME_BYTES));
            self.seq += 1;
            frames.push(RunnerFrame::Output { seq: self.seq, stream, data: data.to_owned() });
            rest = after;
        }
        frames
    }

    /// Everything that was written so far.
    #[must_use]
    pub fn written_bytes(&self) -> u64 {
        self.written_bytes
    }

    /// The frame that says that no more follows.
    #[must_use]
    pub fn end(&self) -> RunnerFrame {
        RunnerFrame::End { last_seq: self.seq }
    }

    /// What the result holds.
    #[must_use]
    pub fn into_kept(self) -> Kept {
        let [stdout, stderr] = self.kept;
        Kept { stdout, stderr, is_truncated: self.is_truncated }
    }
}

fn index(stream: OutputStream) -> usize {
    match stream {
        OutputStream::Stdout => 0,
        OutputStream::Stderr => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use OutputStream::{Stderr, Stdout};

    fn texts(frames: &[RunnerFrame]) -> Vec<(u64, OutputStream, &str)> {
        let text = |frame: &'_ RunnerFrame| match frame {
            RunnerFrame::Output { seq, stream, data } => (*seq, *stream, data.clone().leak() as &str),
            RunnerFrame::End { .. } => panic!("no end is made here"),
        };
        frames.iter().map(text).collect()
    }

    #[test]
    fn a_character_split_between_reads_stays_whole() {
        let mut decoder = Decoder::default();
        let snowman = "☃".as_bytes();
        assert_eq!(
            [decoder.decode(&snowman[..1]), decoder.decode(&snowman[1..2]), decoder.decode(&snowman[2..])],
            ["", "", "☃"]
        );
        assert_eq!(decoder.decode(b"a\xffb\xe2\x98"), "a\u{fffd}b");
        assert_eq!(decoder.finish(), "\u{fffd}");
    }

    #[test]
    fn the_first_output_goes_at_once_and_a_flood_is_gathered() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut output = Output::new(100);
        assert_eq!(texts(&output.take(Stdout, b"a\n", at(0))), [(1, Stdout, "a\n")]);
        assert_eq!(output.take(Stdout, b"b\n", at(5)), []);
        assert_eq!(output.due(), Some(at(20)));
        assert_eq!(texts(&output.take(Stdout, b"c\n", at(20))), [(2, Stdout, "b\nc\n")]);
        assert_eq!(output.due(), None);
    }

    #[test]
    fn a_line_in_two_writes_is_one_frame_and_a_prompt_goes_out() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut output = Output::new(100);
        assert_eq!(output.take(Stdout, b"a", at(0)), []);
        assert_eq!(texts(&output.take(Stdout, b"\n", at(1))), [(1, Stdout, "a\n")]);
        assert_eq!(output.take(Stdout, b"name? ", at(50)), []);
        assert_eq!(output.due(), Some(at(50) + REST_OF_LINE));
    }

    #[test]
    fn the_order_of_the_streams_is_kept() {
        let now = Instant::now();
        let mut output = Output::new(100);
        output.take(Stdout, b"a\n", now);
        assert_eq!(output.take(Stdout, b"b", now), []);
        assert_eq!(texts(&output.take(Stderr, b"c", now)), [(2, Stdout, "b")]);
        assert_eq!(texts(&output.flush(now)), [(3, Stderr, "c")]);
        assert_eq!(output.end(), RunnerFrame::End { last_seq: 3 });
    }

    #[test]
    fn what_is_kept_is_what_was_sent_and_ends_at_a_character() {
        let now = Instant::now();
        let mut output = Output::new(4);
        let mut sent = output.take(Stdout, "abcä".as_bytes(), now);
        sent.extend(output.take(Stderr, b"x", now));
        sent.extend(output.flush(now));
        assert_eq!(texts(&sent), [(1, Stdout, "abc")]);
        assert_eq!(output.written_bytes(), 6);
        let kept = Kept { stdout: "abc".to_owned(), stderr: String::new(), is_truncated: true };
        assert_eq!(output.into_kept(), kept);
    }

    #[test]
    fn frames_have_a_largest_size() {
        let mut output = Output::new(usize::MAX);
        let frames = output.take(Stdout, "ä".repeat(20_000).as_bytes(), Instant::now());
        let sizes: Vec<_> = texts(&frames).iter().map(|(_, _, text)| text.len()).collect();
        assert_eq!(sizes, [FRAME_BYTES, FRAME_BYTES, 40_000 - 2 * FRAME_BYTES]);
    }
}
