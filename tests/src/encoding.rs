//! lib0's numbers, texts and bytes, of which the messages of the Yjs protocol consist.

/// Takes a number off the front of some bytes.
pub(crate) fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for (place, &byte) in bytes.iter().enumerate().take(9) {
        number |= u64::from(byte & 0x7f) << (7 * place);
        if byte < 0x80 {
            *bytes = &bytes[place + 1..];
            return Some(number);
        }
    }
    None
}

/// A number with seven bits in a byte, the lowest first.
pub(crate) fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// A text with its length before it.
pub(crate) fn put_text(bytes: &mut Vec<u8>, text: &str) {
    put_bytes(bytes, text.as_bytes());
}

/// Bytes with their length before them.
pub(crate) fn put_bytes(bytes: &mut Vec<u8>, content: &[u8]) {
    put(bytes, content.len() as u64);
    bytes.extend_from_slice(content);
}

#[cfg(test)]
mod tests {
    use super::put;

    #[test]
    fn numbers_are_spelled_as_yjs_does() {
        for number in [0, 127, 128, 300, 1 << 28] {
            let mut bytes = Vec::new();
            put(&mut bytes, number);
            assert_eq!(super::number(&mut &*bytes), Some(number));
        }
        assert_eq!(super::number(&mut &[0x80][..]), None);
    }
}
