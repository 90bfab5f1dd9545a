//! What an update takes in memory, beside its bytes.
//!
//! `yrs` makes an object of every block, value and range, and a few bytes can describe one: 20 MiB of the shortest
//! blocks would take over 2 GB. The weights are what was measured natively, rounded up; in wasm32, where pointers are
//! half as long, it is about two thirds.

/// Largest weight of an update that a client sends, in bytes. An isolate has 128 MB; the largest frame takes 20 of
/// them and its copies as much again, and the document of the room is there already.
pub(crate) const UPDATE_WEIGHT_MAX_BYTES: usize = 64 * 1024 * 1024;

/// Most blocks, and most ranges of a delete set, in an update that a client sends. Each can split a block of the
/// document, for which `yrs` moves half of a list of 24 bytes for each block: 131,072 times some 2 MB take 10 s, and
/// the runtime ends what computes for 30. A paper of 260,000 edits has 11,000 blocks.
pub(crate) const UPDATE_BLOCKS_MAX: usize = 128 * 1024;

/// Most clients in an update that a client sends. `yrs` compares each with those that wait for it: 32,768 squared are
/// a second.
pub(crate) const UPDATE_CLIENTS_MAX: usize = 32 * 1024;

/// A client with blocks.
pub(super) const CLIENT: usize = 400;
/// A block without a place.
pub(super) const RANGE_BLOCK: usize = 100;
/// A block with a place.
pub(super) const BLOCK: usize = 264;
/// Another place on the heap.
pub(super) const ALLOCATION: usize = 80;
/// A name in `Block::parent`, which can make a top-level type.
pub(super) const ROOT: usize = 600;
/// A key of a map.
pub(super) const KEY: usize = 160;
/// What a type has beside its block.
pub(super) const TYPE: usize = 240;
/// What a document within the document has beside its block.
pub(super) const DOCUMENT: usize = 900;
/// A value, wherever it stands.
pub(super) const VALUE: usize = 32;
/// A value's key.
pub(super) const ENTRY: usize = 240;
/// A client with deletions.
pub(super) const DELETING_CLIENT: usize = 136;
/// A range of deletions.
pub(super) const DELETION: usize = 36;

/// What JSON weighs: each value stands after one of these characters.
pub(super) fn of_json(json: &str) -> usize {
    /// An object with one entry, which has three of the characters, takes 355 bytes.
    const CHARACTER: usize = 120;
    CHARACTER * (1 + json.bytes().filter(|byte| matches!(byte, b'{' | b'[' | b',' | b':')).count())
}
