//! Cursors of lists: opaque to clients, inside a time and an id.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::TimestampMs;
use thiserror::Error;

/// Entries of a page unless the client says otherwise.
pub const PAGE_DEFAULT: u32 = 20;

/// Most entries of a page: as many as one batch read of the table takes.
pub const PAGE_MAX: u32 = 100;

/// A text that no list handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the cursor is not one that a list answered with")]
pub struct InvalidCursor;

/// Spells the place after an entry.
#[must_use]
pub fn spell(at: TimestampMs, id: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{at}.{id}"))
}

/// Reads a place.
///
/// # Errors
/// [`InvalidCursor`] for anything that [`spell`] did not make.
pub fn parse<I: std::str::FromStr>(cursor: &str) -> Result<(TimestampMs, I), InvalidCursor> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or(InvalidCursor)?;
    let (at, id) = text.split_once('.').ok_or(InvalidCursor)?;
    Ok((at.parse().ok().ok_or(InvalidCursor)?, id.parse().ok().ok_or(InvalidCursor)?))
}

#[cfg(test)]
mod tests {
    use protocol::ids::RoomId;

    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_spelled() {
        let room = RoomId::from_entropy(&[7; 32]);
        assert_eq!(parse::<RoomId>(&spell(1_800_000_000_000, room.as_str())), Ok((1_800_000_000_000, room)));
    }

    #[test]
    fn anything_else_is_refused() {
        let foreign = URL_SAFE_NO_PAD.encode("1.short");
        for bad in ["", "!", "AAAA", foreign.as_str(), &spell(1, "../../etc/passwd/....")] {
            assert_eq!(parse::<RoomId>(bad), Err(InvalidCursor), "{bad}");
        }
    }
}
