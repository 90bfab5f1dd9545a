//! The blocks of an update in an order in which each finds its neighbours and its parent.

use std::collections::HashMap;

use super::block::{self, Block, Parent};
use super::cursor::Cursor;
use super::{Blocks, Id, Malformed};

/// The blocks of one client that are still to come.
struct Queue {
    client: u64,
    /// Where each block begins, and its clock.
    places: Vec<(usize, u64)>,
    next: usize,
    /// The clock after the last block.
    end: u64,
    /// True while a block of this queue waits for one of another.
    is_waiting: bool,
}

struct Queues<'a> {
    cursor: Cursor<'a>,
    queues: Vec<Queue>,
    by_client: HashMap<u64, usize>,
}

/// Hands out the blocks, and returns a cursor at what follows them. Where blocks wait for each other, which no honest
/// update has, one of them comes first all the same.
pub(super) fn in_order<'a>(
    update: &'a [u8],
    mut each: impl FnMut(&Block) -> Result<(), Malformed>,
) -> Result<Cursor<'a>, Malformed> {
    let (mut queues, rest) = Queues::of(update)?;
    for first in 0..queues.queues.len() {
        let mut stack = vec![first];
        while let Some(&top) = stack.last() {
            let Some(head) = queues.head(top)? else {
                queues.queues[top].is_waiting = false;
                stack.pop();
                continue;
            };
            if let Some(wanted) = queues.wanted_first(&head) {
                queues.queues[top].is_waiting = true;
                stack.push(wanted);
                continue;
            }
            each(&queues.take(top, head.id)?)?;
            if stack.len() > 1 {
                stack.pop();
            }
        }
    }
    Ok(rest)
}

impl<'a> Queues<'a> {
    fn of(update: &'a [u8]) -> Result<(Self, Cursor<'a>), Malformed> {
        let mut blocks = Blocks::of(update)?;
        let mut queues: Vec<Queue> = Vec::new();
        while let Some(Block { id, length, bytes, .. }) = blocks.next_block()? {
            if queues.last().is_none_or(|queue| queue.client != id.client) {
                queues.push(Queue { client: id.client, places: Vec::new(), next: 0, end: 0, is_waiting: false });
            }
            if let Some(queue) = queues.last_mut() {
                queue.places.push((bytes.start, id.clock));
                queue.end = id.clock + length;
            }
        }
        let rest = blocks.finish()?;
        let by_client = queues.iter().enumerate().map(|(index, queue)| (queue.client, index)).collect();
        Ok((Self { cursor: Cursor::new(update), queues, by_client }, rest))
    }

    /// The next block of a queue, up to its content.
    fn head(&self, queue: usize) -> Result<Option<Block>, Malformed> {
        let Queue { client, places, next, .. } = &self.queues[queue];
        let Some(&(at, clock)) = places.get(*next) else { return Ok(None) };
        block::head(&mut self.cursor.moved_to(at), Id { client: *client, clock }).map(Some)
    }

    fn take(&mut self, queue: usize, id: Id) -> Result<Block, Malformed> {
        let queue = &mut self.queues[queue];
        let (at, _) = queue.places[queue.next];
        queue.next += 1;
        queue.is_waiting = false;
        block::read(&mut self.cursor.moved_to(at), id)
    }

    /// The queue that has to go on before this block, if there is one that can.
    fn wanted_first(&self, block: &Block) -> Option<usize> {
        let parent = if let Parent::Block(id) = block.parent { Some(id) } else { None };
        [block.origin, block.right_origin, parent].into_iter().flatten().find_map(|id| {
            let index = *self.by_client.get(&id.client)?;
            let queue = &self.queues[index];
            let (_, next_clock) = *queue.places.get(queue.next)?;
            let is_to_come = (next_clock..queue.end).contains(&id.clock);
            (is_to_come && !queue.is_waiting && id.client != block.id.client).then_some(index)
        })
    }
}
