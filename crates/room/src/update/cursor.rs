//! Reading lib0's numbers and strings.

use super::{CLIENT_MAX, CLOCK_MAX, Malformed};

/// Bytes with a place in them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// How many bytes were read.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// A cursor at another place of the same bytes.
    pub(super) fn moved_to(self, at: usize) -> Self {
        Self { at: at.min(self.bytes.len()), ..self }
    }

    pub(super) fn take(&mut self, length: u64) -> Result<&'a [u8], Malformed> {
        let length = usize::try_from(length).ok().filter(|length| *length <= self.bytes.len() - self.at);
        let end = self.at + length.ok_or(Malformed::Short)?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    pub(super) fn byte(&mut self) -> Result<u8, Malformed> {
        let byte = *self.bytes.get(self.at).ok_or(Malformed::Short)?;
        self.at += 1;
        Ok(byte)
    }

    /// A variable-length number that a JavaScript number holds: lib0 throws above. Nobody spells one with more bytes
    /// than it takes, and so what is spelled differently is different.
    pub(super) fn number(&mut self) -> Result<u64, Malformed> {
        let mut value = 0;
        for shift in (0..56).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                let is_short = byte > 0 || shift == 0;
                return if is_short && value <= CLIENT_MAX { Ok(value) } else { Err(Malformed::Range) };
            }
        }
        Err(Malformed::Range)
    }

    /// A variable-length number with a sign, of the same size.
    pub(super) fn signed_number(&mut self) -> Result<(), Malformed> {
        // The first byte has a sign and six bits, the others seven each.
        for _ in 0..8 {
            if self.byte()? & 0x80 == 0 {
                return Ok(());
            }
        }
        Err(Malformed::Range)
    }

    pub(super) fn client(&mut self) -> Result<u64, Malformed> {
        self.number()
    }

    pub(super) fn clock(&mut self) -> Result<u64, Malformed> {
        self.number().and_then(|clock| if clock <= CLOCK_MAX { Ok(clock) } else { Err(Malformed::Range) })
    }

    /// How many things follow, of which each takes at least so many bytes.
    pub(super) fn count(&mut self, least_bytes: usize) -> Result<u64, Malformed> {
        let count = self.number()?;
        let most = (self.bytes.len() - self.at) / least_bytes;
        if count <= most as u64 { Ok(count) } else { Err(Malformed::Count) }
    }

    pub(super) fn buffer(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.number()?;
        self.take(length)
    }

    pub(super) fn string(&mut self) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.buffer()?).or(Err(Malformed::Text))
    }

    /// Fails unless everything was read.
    pub(super) fn end(&self) -> Result<(), Malformed> {
        if self.at == self.bytes.len() { Ok(()) } else { Err(Malformed::Trailing) }
    }
}
