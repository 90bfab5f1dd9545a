//! The HTTP fallback: how the frames of a socket travel in bodies of requests and answers.
//!
//! Where WebSockets do not get through, a client opens a poll session: `POST /{channel}/{roomId}/poll` opens it,
//! `POST …/poll/{session}` carries frames to the room, `GET …/poll/{session}` waits for frames from it, `DELETE` says
//! goodbye. A body is any number of records: kind (1 byte: 0 binary, 1 text, 2 close), length (4 bytes, big endian),
//! content. The content of a close is its code (2 bytes, big endian) and its reason. Each call carries the room token
//! as bearer. Whatever the server has to say besides frames, it says as a close record.

use std::str::Utf8Error;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use ts_rs::TS;

/// Longest wait of a `GET` for frames: under the 30 s at which proxies give up.
pub const POLL_WAIT_MAX_MS: u64 = 20_000;

/// How long after a `GET` has begun, or brought frames, the next one has to come: the longest wait and 10 s for the
/// way. Then the person behind it is taken for gone.
pub const POLL_IDLE_MAX_MS: u64 = 30_000;

/// Bytes before the content of a record.
pub const RECORD_HEADER_BYTES: usize = 5;

const BINARY: u8 = 0;
const TEXT: u8 = 1;
const CLOSE: u8 = 2;

/// Data of `POST /{channel}/{roomId}/poll`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PollSession {
    /// The last segment of the session's address. Only the token that opened it may use it.
    pub session: String,
}

/// One record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record<'a> {
    /// A binary frame.
    Binary(&'a [u8]),
    /// A text frame.
    Text(&'a str),
    /// The end of the session.
    Close {
        /// As WebSockets number it.
        code: u16,
        /// Why.
        reason: &'a str,
    },
}

/// Why a body is not made of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RecordError {
    /// It ends within a record.
    #[error("the body ends within a record")]
    CutOff,
    /// There is no such kind of record.
    #[error("there is no record of kind {0}")]
    UnknownKind(u8),
    /// A text or a reason is not UTF-8.
    #[error("the text of a record is not UTF-8")]
    NotText(#[from] Utf8Error),
}

impl Record<'_> {
    /// The record's bytes.
    ///
    /// # Panics
    /// For a frame of 4 GiB, which no part takes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Binary(bytes) => spell(BINARY, &[], bytes),
            Self::Text(text) => spell(TEXT, &[], text.as_bytes()),
            Self::Close { code, reason } => spell(CLOSE, &code.to_be_bytes(), reason.as_bytes()),
        }
    }
}

fn spell(kind: u8, code: &[u8], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(code.len() + content.len()).expect("a frame is far smaller than 4 GiB");
    [&[kind], length.to_be_bytes().as_slice(), code, content].concat()
}

/// The records of a body, up to the first that cannot be read.
///
/// ```
/// use protocol::poll::{Record, records};
/// let body = [Record::Text("one").encode(), Record::Binary(&[2]).encode()].concat();
/// let read: Vec<_> = records(&body).collect();
/// assert_eq!(read, [Ok(Record::Text("one")), Ok(Record::Binary(&[2]))]);
/// ```
pub fn records(body: &[u8]) -> impl Iterator<Item = Result<Record<'_>, RecordError>> {
    let mut rest = body;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let read = split_first(rest);
        rest = read.map_or(&[], |(_, after)| after);
        Some(read.map(|(record, _)| record))
    })
}

fn split_first(body: &[u8]) -> Result<(Record<'_>, &[u8]), RecordError> {
    let (&[kind, ref length @ ..], rest) =
        body.split_first_chunk::<RECORD_HEADER_BYTES>().ok_or(RecordError::CutOff)?;
    // A length beyond the address space is beyond the body as well.
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    let (content, rest) = rest.split_at_checked(length).ok_or(RecordError::CutOff)?;
    let record = match kind {
        BINARY => Record::Binary(content),
        TEXT => Record::Text(str::from_utf8(content)?),
        CLOSE => {
            let (code, reason) = content.split_first_chunk().ok_or(RecordError::CutOff)?;
            Record::Close { code: u16::from_be_bytes(*code), reason: str::from_utf8(reason)? }
        }
        unknown => return Err(RecordError::UnknownKind(unknown)),
    };
    Ok((record, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &[u8], expect: &[Result<Record<'_>, RecordError>]) {
        assert_eq!(records(body).collect::<Vec<_>>(), expect, "{body:02x?}");
    }

    #[test]
    fn records_are_spelled_as_documented() {
        let spelled: [(Record<'_>, &[u8]); 4] = [
            (Record::Binary(&[7, 8]), b"\x00\x00\x00\x00\x02\x07\x08"),
            (Record::Binary(&[]), b"\x00\x00\x00\x00\x00"),
            (Record::Text("ä"), b"\x01\x00\x00\x00\x02\xc3\xa4"),
            (Record::Close { code: 4403, reason: "no" }, b"\x02\x00\x00\x00\x04\x11\x33no"),
        ];
        for (record, bytes) in spelled {
            assert_eq!(record.encode(), bytes, "{record:?}");
            check(bytes, &[Ok(record)]);
        }
        let together: Vec<u8> = spelled.iter().flat_map(|(record, _)| record.encode()).collect();
        check(&together, &spelled.map(|(record, _)| Ok(record)));
        check(&[], &[]);
    }

    #[test]
    fn what_cannot_be_read_ends_the_body_and_keeps_what_came_before() {
        let good = Record::Text("good").encode();
        let with = |bad: &[u8]| [good.as_slice(), bad, good.as_slice()].concat();
        let before = Ok(Record::Text("good"));
        check(&with(&[3, 0, 0, 0, 0]), &[before, Err(RecordError::UnknownKind(3))]);
        check(&with(&[0, 0xff, 0xff, 0xff, 0xff]), &[before, Err(RecordError::CutOff)]);
        check(&with(&[2, 0, 0, 0, 1, 9]), &[before, Err(RecordError::CutOff)]);
        let not_text = str::from_utf8(std::slice::from_ref(&u8::MAX)).expect_err("0xff begins no character");
        check(&with(&[1, 0, 0, 0, 1, 0xff]), &[before, Err(RecordError::NotText(not_text))]);
        check(&with(&[2, 0, 0, 0, 3, 9, 9, 0xff]), &[before, Err(RecordError::NotText(not_text))]);
        for cut in 1..good.len() {
            check(&good[..cut], &[Err(RecordError::CutOff)]);
        }
    }
}
