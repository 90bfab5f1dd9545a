//! What of an update may be applied: that which leans on nothing unknown.
//!
//! Every block names its neighbours and its parent, and follows the earlier blocks of its client. A client can be
//! ahead of the room: it writes before it has answered the handshake, or leans on what it heard from somebody else
//! whose own update is still on its way. `yrs` would keep what it cannot place for ever and merge it into every state,
//! and shows at once what Yjs holds back until the gap is filled. So it does not get there: the room takes what it can
//! place, and asks the client for what it lacks, which brings the rest again together with what it leans on.

use std::borrow::Cow;

use super::block::{Block, Id};
use super::cursor::Cursor;
use super::order::in_order;
use super::part::Parts;
use super::places::{Draft, Places, Verdict};
use super::split::tail;
use super::{Blocks, Malformed, ids};

/// What of an update may be applied.
#[derive(Debug)]
pub(crate) struct Admitted<'a> {
    /// An update of what is new, that leans on nothing unknown.
    pub(crate) update: Cow<'a, [u8]>,
    /// True if something was left out that is not known.
    pub(crate) is_ahead: bool,
    /// Where its blocks lie.
    pub(crate) learnt: Places,
}

/// Takes from an update what is new and may be applied. What is known is left out even if it is said to be something
/// else: whoever does not know it yet would believe it.
///
/// # Errors
/// [`Malformed::Misplaced`] and [`Malformed::Depth`] for what nobody honest writes.
pub(crate) fn admit<'a>(update: &'a [u8], known: &Places) -> Result<Admitted<'a>, Malformed> {
    let mut draft = Draft::of(known);
    let (mut is_ahead, mut is_whole) = (false, true);
    let mut rest = each_in_order(update, |block| {
        let verdict = draft.place(update, block)?;
        is_ahead |= verdict == Verdict::Ahead;
        is_whole &= verdict == Verdict::Placed(0);
        Ok(())
    })?;
    ids::delete_set(&mut rest, |client, (clock, length)| is_ahead |= clock + length > draft.clock(client))?;
    let admitted = if is_ahead || !is_whole { Cow::Owned(cut(update, known)?) } else { Cow::Borrowed(update) };
    Ok(Admitted { update: admitted, is_ahead, learnt: draft.finish() })
}

/// The part of an update that is new and may be applied.
fn cut(update: &[u8], known: &Places) -> Result<Vec<u8>, Malformed> {
    let mut draft = Draft::of(known);
    let mut parts = Parts::new(usize::MAX);
    let mut rest = each_in_order(update, |block| {
        match draft.place(update, block)? {
            Verdict::Placed(0) => parts.push_block(block.id, &update[block.bytes.clone()]),
            Verdict::Placed(offset) => {
                parts.push_block(Id { clock: block.id.clock + offset, ..block.id }, &tail(update, block, offset)?);
            }
            Verdict::Known | Verdict::Ahead => {}
        }
        Ok(())
    })?;
    ids::delete_set(&mut rest, |client, (clock, length)| {
        let end = draft.clock(client).min(clock + length);
        if clock < end {
            parts.push_deletion(client, (clock, end - clock));
        }
    })?;
    Ok(parts.finish().pop().unwrap_or_default())
}

/// Hands out the blocks of an update so that each comes after those that it leans on, if that can be.
fn each_in_order<'a>(
    update: &'a [u8],
    mut each: impl FnMut(&Block) -> Result<(), Malformed>,
) -> Result<Cursor<'a>, Malformed> {
    let mut blocks = Blocks::of(update)?;
    if blocks.clients() > 1 {
        return in_order(update, each);
    }
    while let Some(block) = blocks.next_block()? {
        each(&block)?;
    }
    blocks.finish()
}
