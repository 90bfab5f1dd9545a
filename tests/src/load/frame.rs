//! WebSocket frames, as a client that has to read a million of them in a second takes them apart.
//!
//! A library's reader keeps a buffer and builds a message for each socket; a thousand such sockets on the machine that
//! runs the server as well would measure the reader. Here frames are looked at where the kernel left them.

/// What a whole frame was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text, or the start or middle of a message in several frames.
    Other,
    /// A binary message.
    Binary,
    /// The end, with a code in its payload.
    Close,
    /// A question whether somebody listens.
    Ping,
}

/// Takes apart the stream of one socket.
#[derive(Debug, Default)]
pub struct Reader {
    /// The beginning of a frame whose rest has not come.
    rest: Vec<u8>,
    /// A message whose first frames have come.
    message: Vec<u8>,
}

impl Reader {
    /// Takes in what came, and shows each whole frame with its payload.
    pub fn read(&mut self, bytes: &[u8], mut show: impl FnMut(Kind, &[u8])) {
        if self.rest.is_empty() {
            let taken = take_frames(bytes, &mut self.message, &mut show);
            self.rest.extend_from_slice(&bytes[taken..]);
        } else {
            self.rest.extend_from_slice(bytes);
            let taken = take_frames(&self.rest, &mut self.message, &mut show);
            self.rest.drain(..taken);
        }
    }
}

fn take_frames(bytes: &[u8], message: &mut Vec<u8>, show: &mut impl FnMut(Kind, &[u8])) -> usize {
    let mut taken = 0;
    while let Some((header, length)) = head(&bytes[taken..]) {
        let Some(payload) = bytes.get(taken + header..taken + header + length) else { break };
        let (is_last, opcode) = (bytes[taken] & 0x80 != 0, bytes[taken] & 0x0f);
        taken += header + length;
        match (opcode, is_last) {
            (2, true) => show(Kind::Binary, payload),
            (0 | 2, false) => message.extend_from_slice(payload),
            (0, true) => {
                message.extend_from_slice(payload);
                show(Kind::Binary, message);
                message.clear();
            }
            (8, _) => show(Kind::Close, payload),
            (9, _) => show(Kind::Ping, payload),
            _ => show(Kind::Other, payload),
        }
    }
    taken
}

/// The lengths of a frame's header and payload, once the header is whole. Servers do not mask.
fn head(bytes: &[u8]) -> Option<(usize, usize)> {
    match bytes.get(1)? & 0x7f {
        126 => Some((4, usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)))),
        127 => Some((10, usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)).ok()?)),
        short => Some((2, usize::from(short))),
    }
}

/// A client's frame. It has to have a mask; a mask of zeros leaves the payload as it is.
#[must_use]
pub fn masked(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(payload.len() + 14);
    frame.push(0x80 | opcode);
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(short @ 0..126), _) => frame.push(0x80 | short),
        (_, Ok(medium)) => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&medium.to_be_bytes());
        }
        _ => {
            frame.push(0x80 | 127);
            frame.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(payload);
    frame
}

/// A client's binary frame.
#[must_use]
pub fn binary(payload: &[u8]) -> Vec<u8> {
    masked(2, payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a server sends it.
    fn from_server(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = masked(first & 0x0f, payload);
        frame[0] = first;
        frame[1] &= 0x7f;
        let mask = frame.len() - payload.len() - 4;
        frame.drain(mask..mask + 4);
        frame
    }

    #[test]
    fn frames_of_every_length_are_found_wherever_the_stream_is_cut() {
        let payloads = [0, 1, 125, 126, 65_535, 65_536].map(|length| vec![7; length]);
        let stream: Vec<u8> = payloads.iter().flat_map(|payload| from_server(0x82, payload)).collect();
        for piece in [1, 3, 1000, stream.len()] {
            let (mut reader, mut seen) = (Reader::default(), Vec::new());
            for bytes in stream.chunks(piece) {
                reader.read(bytes, |kind, payload| seen.push((kind, payload.to_vec())));
            }
            assert_eq!(seen, payloads.clone().map(|payload| (Kind::Binary, payload)));
        }
    }

    #[test]
    fn a_message_in_several_frames_is_one() {
        let stream = [from_server(0x02, b"a"), from_server(0x00, b"b"), from_server(0x80, b"c")].concat();
        let mut seen = Vec::new();
        Reader::default().read(&stream, |kind, payload| seen.push((kind, payload.to_vec())));
        assert_eq!(seen, [(Kind::Binary, b"abc".to_vec())]);
    }

    #[test]
    fn pings_and_the_end_are_told_apart() {
        let stream = [from_server(0x89, b"p"), from_server(0x88, &1012_u16.to_be_bytes())].concat();
        let mut seen = Vec::new();
        Reader::default().read(&stream, |kind, _payload| seen.push(kind));
        assert_eq!(seen, [Kind::Ping, Kind::Close]);
    }
}
