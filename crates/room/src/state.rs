//! Whole documents in storage: what a room opens from, and what its kept history starts from.
//!
//! A state is cut into chunks, since the runtime stores no value over 2 MB, and carries a checksum: a damaged one is
//! told from a sound one before anybody sees it, and the document is then read from the history instead.

use thiserror::Error;

/// Bytes of one chunk: half of what the runtime stores in one row.
pub const STATE_CHUNK_MAX_BYTES: usize = 1_000_000;

/// What is known of a state without its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateHead {
    /// The log's position that it stands at.
    pub position: u64,
    /// The room's generation.
    pub generation: u64,
    /// Bytes in all chunks.
    pub length: u64,
    /// CRC-32 (ISO-HDLC) of all of them.
    pub checksum: u32,
}

/// A whole document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedState {
    /// Where it stands.
    pub head: StateHead,
    /// One Yjs update.
    pub bytes: Vec<u8>,
}

/// Chunks that are not what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the stored state at position {position} is damaged: it should have {length} bytes with checksum {checksum}")]
pub struct DamagedState {
    position: u64,
    length: u64,
    checksum: u32,
}

impl SavedState {
    /// A state at a position.
    #[must_use]
    pub fn new(position: u64, generation: u64, bytes: Vec<u8>) -> Self {
        let head = StateHead { position, generation, length: bytes.len() as u64, checksum: crc32fast::hash(&bytes) };
        Self { head, bytes }
    }

    /// The bytes in pieces that can be stored.
    pub fn chunks(&self) -> impl Iterator<Item = &[u8]> {
        self.bytes.chunks(STATE_CHUNK_MAX_BYTES)
    }

    /// Puts chunks together again.
    ///
    /// # Errors
    /// [`DamagedState`] where they are not those of the head.
    pub fn from_chunks(head: StateHead, chunks: impl IntoIterator<Item = Vec<u8>>) -> Result<Self, DamagedState> {
        let bytes: Vec<u8> = chunks.into_iter().flatten().collect();
        let StateHead { position, length, checksum, .. } = head;
        if bytes.len() as u64 == length && crc32fast::hash(&bytes) == checksum {
            Ok(Self { head, bytes })
        } else {
            Err(DamagedState { position, length, checksum })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_survives_its_chunks_and_damage_is_told() {
        let state = SavedState::new(7, 1, (0..=255).cycle().take(2 * STATE_CHUNK_MAX_BYTES + 1).collect());
        let chunks: Vec<_> = state.chunks().map(<[u8]>::to_vec).collect();
        assert_eq!(chunks.iter().map(Vec::len).collect::<Vec<_>>(), [1_000_000, 1_000_000, 1]);
        assert_eq!(SavedState::from_chunks(state.head, chunks.clone()).as_ref(), Ok(&state));
        let mut flipped = chunks.clone();
        flipped[1][17] ^= 1;
        for damaged in [flipped, chunks[..2].to_vec(), Vec::new()] {
            assert!(SavedState::from_chunks(state.head, damaged).is_err());
        }
    }
}
