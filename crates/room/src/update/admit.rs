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
use super::lists::Source;
use super::order::in_order;
use super::part::Parts;
use super::places::{Draft, Places, Verdict};
use super::split::{mended, tail};
use super::{Blocks, Malformed, ids};

/// What of an update may be applied.
#[derive(Debug)]
pub(crate) struct Admitted<'a> {
    /// An update of what is new, that leans on nothing unknown.
    pub(crate) update: Cow<'a, [u8]>,
    /// True if something was left out that is not known.
    pub(crate) is_ahead: bool,
}

/// Takes from an update what is new and may be applied, and notes where it lies. What is known is left out even if it is said to be something
/// else: whoever does not know it yet would believe it.
///
/// # Errors
/// [`Malformed::Misplaced`] and [`Malformed::Depth`] for what nobody honest writes.
pub(crate) fn admit<'a>(update: &'a [u8], known: &mut Places) -> Result<Admitted<'a>, Malformed> {
    let mut draft = Draft::of(known, Source::Sent);
    let mut verdicts = Vec::new();
    let mut rest = each_in_order(update, |block| {
        verdicts.push(draft.place(update, block)?);
        Ok(())
    })?;
    let mut is_ahead = verdicts.contains(&Verdict::Ahead);
    ids::delete_set(&mut rest, |client, (clock, length)| is_ahead |= clock + length > draft.clock(client))?;
    let is_whole = !is_ahead && verdicts.iter().all(|verdict| *verdict == Verdict::Placed(0));
    let admitted = if is_whole { Cow::Borrowed(update) } else { Cow::Owned(cut(update, &verdicts, &draft)?) };
    draft.adopt();
    Ok(Admitted { update: admitted, is_ahead })
}

/// The part of an update that is new and may be applied.
fn cut(update: &[u8], verdicts: &[Verdict], draft: &Draft<'_>) -> Result<Vec<u8>, Malformed> {
    let mut parts = Parts::new(usize::MAX);
    let mut verdicts = verdicts.iter();
    let mut rest = each_in_order(update, |block| {
        match verdicts.next() {
            Some(Verdict::Placed(0)) => parts.push_block(block.id, &update[block.bytes.clone()]),
            Some(Verdict::Placed(offset)) => {
                parts.push_block(Id { clock: block.id.clock + offset, ..block.id }, &tail(update, block, *offset)?);
            }
            Some(Verdict::Mended(offset, right_origin)) => {
                let bytes = mended(update, block, *offset, *right_origin)?;
                parts.push_block(Id { clock: block.id.clock + offset, ..block.id }, &bytes);
            }
            Some(Verdict::Known | Verdict::Ahead) | None => {}
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
