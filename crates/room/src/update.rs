//! The structure of what a Yjs client sends: updates, state vectors and awareness updates in their v1 encoding.
//!
//! `yrs` trusts its input, so nothing reaches it that this module has not read from the first byte to the last. It
//! compares every count with the bytes that remain, knows the range of every number, and lets through whatever Yjs
//! and `yrs` write. One pass, no recursion, no memory that a count in the input decides about.
//!
//! It owns the knowledge of the encoding, and nothing of documents: whether the blocks of an update fit the document
//! is found by applying it.

mod admit;
mod block;
mod cursor;
mod ids;
mod join;
mod labels;
mod lists;
mod order;
mod part;
mod places;
mod runs;
mod split;
mod value;
mod weight;

use std::borrow::Cow;

use thiserror::Error;

pub use block::{Block, Content, Id, Parent};
pub use split::{SYNC_FRAME_MAX_BYTES, split};

pub(crate) use admit::admit;
pub(crate) use ids::{check_state_vector, is_json, read_awareness};
pub(crate) use part::deletion;
pub(crate) use places::Places;

use cursor::Cursor;

/// Largest client id: Yjs keeps ids in JavaScript numbers, and `yrs` uses the bits above for itself.
const CLIENT_MAX: u64 = (1 << 53) - 1;

/// Largest clock, and the largest end of a range of clocks. Yjs would count to 2^53; `yrs` counts in `u32` and takes
/// differences in `i32`. Nobody types two billion characters.
const CLOCK_MAX: u64 = (1 << 31) - 1;

/// Deepest nesting of types. Deleting a type deletes what lies within it by recursion, in `yrs` as in every client: some
/// thousand types within each other fill the stack. Documents of XML, which nest deepest, have some ten levels.
const NESTING_MAX: usize = 100;

/// Why bytes are not what they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Malformed {
    /// The bytes end before what they announce.
    #[error("it ends early")]
    Short,
    /// A count is larger than the bytes that follow.
    #[error("a count promises more than follows")]
    Count,
    /// A client id, clock or length is out of range.
    #[error("a number is out of range")]
    Range,
    /// A string is no UTF-8, or no JSON where it should be.
    #[error("a string is malformed")]
    Text,
    /// A kind of block, content, type or value that nobody writes.
    #[error("something in it is of no known kind")]
    Kind,
    /// Values within values, or types within types, too many times.
    #[error("something in it nests too deep")]
    Depth,
    /// A block that no place can have: its neighbours lie in different lists or were never beside each other, or its
    /// parent is no type.
    #[error("a block in it has no place")]
    Misplaced,
    /// A client comes twice, or ranges of one client overlap.
    #[error("clients or ranges are out of order")]
    Order,
    /// Bytes are left over.
    #[error("bytes are left over")]
    Trailing,
    /// More than one frame may bring.
    #[error("it has too many parts; split the change")]
    Heavy,
}

/// What an update consists of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outline {
    /// Clients with blocks.
    pub clients: usize,
    /// Blocks.
    pub blocks: usize,
    /// Ranges of the delete set.
    pub deletions: usize,
    /// What it takes in memory beside its bytes, in bytes.
    pub weight: usize,
    /// What `yrs` would copy in order to join its blocks, in bytes.
    copies_bytes: usize,
}

/// Reads an update from the first byte to the last.
///
/// # Errors
/// [`Malformed`] at the first thing that is wrong.
pub fn check(update: &[u8]) -> Result<Outline, Malformed> {
    let mut outline = Outline::default();
    let mut chain = join::Chain::default();
    let mut blocks = Blocks::of(update)?;
    while let Some(block) = blocks.next_block()? {
        outline.blocks += 1;
        outline.weight += block.weight;
        chain.add(&block);
    }
    outline.copies_bytes = chain.copies_bytes;
    outline.clients = blocks.seen.0.len();
    let mut cursor = blocks.finish()?;
    let (deleting, deletions) = ids::delete_set(&mut cursor, |_, _| {})?;
    cursor.end()?;
    outline.deletions = deletions;
    // The count is bounded by the bytes.
    outline.weight += outline.clients * weight::CLIENT + deleting as usize * weight::DELETING_CLIENT;
    outline.weight += outline.deletions * weight::DELETION;
    Ok(outline)
}

/// Reads an update that a client sent, which may bring only so much at once.
///
/// # Errors
/// [`Malformed`].
pub(crate) fn check_frame(update: &[u8]) -> Result<(), Malformed> {
    let Outline { clients, blocks, deletions, weight, .. } = check(update)?;
    let is_heavy = clients > weight::UPDATE_CLIENTS_MAX
        || blocks.max(deletions) > weight::UPDATE_BLOCKS_MAX
        || weight > weight::UPDATE_WEIGHT_MAX_BYTES;
    if is_heavy { Err(Malformed::Heavy) } else { Ok(()) }
}

/// An update as `yrs` may have it: sound, and without long chains of blocks.
pub(crate) fn fit(update: &[u8]) -> Result<Cow<'_, [u8]>, Malformed> {
    let outline = check(update)?;
    if outline.copies_bytes > join::COPIES_MAX_BYTES {
        join::join(update).map(Cow::Owned)
    } else {
        Ok(Cow::Borrowed(update))
    }
}

/// The blocks of an update, in the order of its bytes.
#[derive(Debug)]
pub struct Blocks<'a> {
    cursor: Cursor<'a>,
    /// Clients whose blocks were not begun.
    clients_left: u64,
    /// Blocks of the current client that were not read.
    blocks_left: u64,
    client: u64,
    clock: u64,
    seen: Seen,
}

/// Smallest list of blocks of one client: a count, a client, a clock.
const CLIENT_MIN_BYTES: usize = 3;

/// Smallest block: a kind and a length.
const BLOCK_MIN_BYTES: usize = 2;

impl<'a> Blocks<'a> {
    /// Begins to read an update.
    ///
    /// # Errors
    /// [`Malformed`] if its first count is.
    pub fn of(update: &'a [u8]) -> Result<Self, Malformed> {
        let mut cursor = Cursor::new(update);
        let clients_left = cursor.count(CLIENT_MIN_BYTES)?;
        Ok(Self { cursor, clients_left, blocks_left: 0, client: 0, clock: 0, seen: Seen::default() })
    }

    /// The next block, or nothing after the last.
    ///
    /// # Errors
    /// [`Malformed`]. There is no next block then.
    pub fn next_block(&mut self) -> Result<Option<Block>, Malformed> {
        while self.blocks_left == 0 {
            if self.clients_left == 0 {
                return Ok(None);
            }
            self.clients_left -= 1;
            self.next_client()?;
        }
        self.blocks_left -= 1;
        let block = block::read(&mut self.cursor, Id { client: self.client, clock: self.clock })?;
        self.clock += block.length;
        Ok(Some(block))
    }

    /// How many clients have blocks, before the first is read.
    fn clients(&self) -> u64 {
        self.clients_left
    }

    fn next_client(&mut self) -> Result<(), Malformed> {
        self.blocks_left = self.cursor.count(BLOCK_MIN_BYTES)?;
        self.client = self.cursor.client()?;
        self.clock = self.cursor.clock()?;
        self.seen.note(self.client);
        Ok(())
    }

    /// What follows the blocks.
    fn finish(self) -> Result<Cursor<'a>, Malformed> {
        self.seen.check().map(|()| self.cursor)
    }
}

/// Clients that were met. Yjs and `yrs` write them in descending order; what does not is compared at the end, in
/// memory that the clients' own bytes bound.
#[derive(Debug, Default)]
struct Seen(Vec<u64>);

impl Seen {
    fn note(&mut self, client: u64) {
        self.0.push(client);
    }

    /// Fails if a client came twice.
    fn check(mut self) -> Result<(), Malformed> {
        self.0.sort_unstable();
        if self.0.windows(2).any(|pair| pair[0] == pair[1]) { Err(Malformed::Order) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests;
