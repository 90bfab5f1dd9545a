//! One block of an update: what was written at once by one client, with where it belongs.

use std::ops::Range;

use super::cursor::Cursor;
use super::{CLOCK_MAX, Malformed, value, weight};

/// The block has a left neighbour.
pub(super) const HAS_ORIGIN: u8 = 0x80;
/// The block has a right neighbour.
pub(super) const HAS_RIGHT_ORIGIN: u8 = 0x40;
/// The block is the value of a key.
const HAS_KEY: u8 = 0x20;
/// The bits that tell the content. Yjs reads five, `yrs` four, and nobody sets the fifth.
const CONTENT: u8 = 0x1f;

/// What identifies an element: a client and its clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Id {
    /// Who wrote it.
    pub client: u64,
    /// When, in the writer's counting.
    pub clock: u64,
}

/// What a block belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parent {
    /// A top-level type.
    Root,
    /// The type that a block holds.
    Block(Id),
    /// That of its neighbours.
    Neighbours,
}

/// What a block holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Nothing any more, not even a place.
    Collected,
    /// Nothing, but a place.
    Deleted,
    /// Bytes.
    Binary,
    /// A piece of text.
    String,
    /// An object within a text.
    Embed,
    /// Where a format begins or ends.
    Format,
    /// A type.
    Type,
    /// Values.
    Values,
    /// Another document.
    Document,
    /// Nothing: the update leaves these clocks out.
    Skip,
}

/// A block, as it lies in the bytes of an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Its first element.
    pub id: Id,
    /// How many clocks it takes.
    pub length: u64,
    /// What it holds.
    pub content: Content,
    /// Its neighbour to the left.
    pub origin: Option<Id>,
    /// Its neighbour to the right.
    pub right_origin: Option<Id>,
    /// What it belongs to.
    pub parent: Parent,
    /// True if it is the value of a key.
    pub has_key: bool,
    /// All its bytes.
    pub bytes: Range<usize>,
    /// The bytes that name its parent and its key, if there are any.
    pub parent_at: Range<usize>,
    /// Where its content begins.
    pub content_at: usize,
    /// What it takes in memory beside its bytes, in bytes.
    pub weight: usize,
}

/// Reads one block.
pub(super) fn read(cursor: &mut Cursor<'_>, id: Id) -> Result<Block, Malformed> {
    let mut block = head(cursor, id)?;
    block.length = length(cursor, &mut block)?;
    block.bytes.end = cursor.at();
    // A block without length has the id of the next one. Nobody writes any.
    if block.length == 0 || id.clock + block.length > CLOCK_MAX {
        return Err(Malformed::Range);
    }
    Ok(block)
}

/// Reads a block up to its content.
pub(super) fn head(cursor: &mut Cursor<'_>, id: Id) -> Result<Block, Malformed> {
    let start = cursor.at();
    let info = cursor.byte()?;
    let content = content(info)?;
    let neighbour = |cursor: &mut Cursor<'_>, flag| (info & flag != 0).then(|| self::id(cursor)).transpose();
    let origin = neighbour(cursor, HAS_ORIGIN)?;
    let right_origin = neighbour(cursor, HAS_RIGHT_ORIGIN)?;
    let is_placed = matches!(content, Content::Collected | Content::Skip) || origin.or(right_origin).is_some();
    let placed_at = cursor.at();
    let mut weight =
        if matches!(content, Content::Collected | Content::Skip) { weight::RANGE_BLOCK } else { weight::BLOCK };
    let parent = if is_placed { Parent::Neighbours } else { parent(cursor, info, &mut weight)? };
    let content_at = cursor.at();
    let (bytes, parent_at, has_key) = (start..content_at, placed_at..content_at, info & HAS_KEY != 0);
    Ok(Block { id, length: 0, content, origin, right_origin, parent, has_key, bytes, parent_at, content_at, weight })
}

fn content(info: u8) -> Result<Content, Malformed> {
    let is_bare = info & !CONTENT == 0;
    Ok(match info & CONTENT {
        // Blocks without a place have no flags.
        0 if is_bare => Content::Collected,
        10 if is_bare => Content::Skip,
        1 => Content::Deleted,
        // 2 was JSON, which Yjs reads and no longer writes, and `yrs` reads wrongly.
        3 => Content::Binary,
        4 => Content::String,
        5 => Content::Embed,
        6 => Content::Format,
        7 => Content::Type,
        8 => Content::Values,
        9 => Content::Document,
        _ => return Err(Malformed::Kind),
    })
}

fn parent(cursor: &mut Cursor<'_>, info: u8, weight: &mut usize) -> Result<Parent, Malformed> {
    let parent = match cursor.number()? {
        1 => {
            cursor.string()?;
            *weight += weight::ROOT;
            Parent::Root
        }
        0 => Parent::Block(id(cursor)?),
        _ => return Err(Malformed::Kind),
    };
    if info & HAS_KEY != 0 {
        cursor.string()?;
        *weight += weight::KEY;
    }
    Ok(parent)
}

fn id(cursor: &mut Cursor<'_>) -> Result<Id, Malformed> {
    Ok(Id { client: cursor.client()?, clock: cursor.clock()? })
}

/// Reads a block's content and tells how many clocks it takes.
fn length(cursor: &mut Cursor<'_>, block: &mut Block) -> Result<u64, Malformed> {
    block.weight += match block.content {
        Content::Collected | Content::Deleted | Content::Skip => return cursor.clock(),
        Content::String => return Ok(cursor.string()?.encode_utf16().count() as u64),
        Content::Values => return values(cursor, &mut block.weight),
        Content::Binary => cursor.buffer().map(|_| weight::ALLOCATION)?,
        Content::Embed => weight::of_json(cursor.string()?),
        Content::Format => {
            cursor.string()?;
            weight::ALLOCATION + weight::of_json(cursor.string()?)
        }
        Content::Type => type_ref(cursor).map(|()| weight::TYPE)?,
        Content::Document => {
            cursor.string()?;
            weight::DOCUMENT + value::skip(cursor)?
        }
    };
    Ok(1)
}

fn values(cursor: &mut Cursor<'_>, weight: &mut usize) -> Result<u64, Malformed> {
    let count = cursor.count(1)?;
    for _ in 0..count {
        *weight += value::skip(cursor)?;
    }
    Ok(count)
}

fn type_ref(cursor: &mut Cursor<'_>) -> Result<(), Malformed> {
    match cursor.byte()? {
        // Array, map, text, XML fragment, XML text.
        0 | 1 | 2 | 4 | 6 => Ok(()),
        // An XML element has a name.
        3 => cursor.string().map(drop),
        // 5 is an XML hook, which nobody writes and `yrs` reads wrongly; others are unknown to a stock client.
        _ => Err(Malformed::Kind),
    }
}
