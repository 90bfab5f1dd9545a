import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as Y from 'yjs';
import { SavedTracker, trackedSocket, type SavedState } from '../src/saved.ts';

const STEP_1 = Uint8Array.of(0, 0, 1, 0);
const STEP_2 = Uint8Array.of(0, 1, 2, 0, 0);
const UPDATE = Uint8Array.of(0, 2, 2, 0, 0);

/** A tracker, what it sent by itself, and its states in order. */
function tracker(context: { after(cleanUp: () => void): void }) {
  const states: SavedState[] = [];
  const sent: Uint8Array[] = [];
  const tracked = new SavedTracker(new Y.Doc(), (state) => states.push(state));
  context.after(() => tracked.dispose());
  return { tracked, states, sent, open: () => tracked.opened((frame) => sent.push(frame)) };
}

test('an edit is saved once the room has counted its frame', (context) => {
  const { tracked, states, open } = tracker(context);
  open();
  for (let edit = 0; edit < 2; edit += 1) {
    tracked.outgoing(UPDATE);
    tracked.edited();
  }
  tracked.confirmed(1);
  assert.equal(tracked.state, 'saving');
  tracked.confirmed(2);
  assert.deepEqual(states, ['saving', 'saved']);
});

test('a count beyond what was sent belongs to another socket and confirms nothing', (context) => {
  const { tracked, open } = tracker(context);
  open();
  tracked.outgoing(UPDATE);
  tracked.edited();
  tracked.confirmed(50);
  assert.equal(tracked.state, 'saving');
});

test('the answer to a barrier confirms what went out before it, not after', (context) => {
  const { tracked, open } = tracker(context);
  open();
  tracked.outgoing(UPDATE);
  tracked.edited();
  tracked.outgoing(STEP_1);
  tracked.outgoing(UPDATE);
  tracked.edited();
  tracked.incoming(STEP_2);
  assert.equal(tracked.state, 'saving');
  tracked.confirmed(2);
  assert.equal(tracked.state, 'saved');
});

test('edits made without a socket are saved by the next SyncStep2 and a barrier behind it', (context) => {
  const { tracked, states, sent, open } = tracker(context);
  tracked.edited();
  assert.equal(tracked.state, 'unsent');
  open();
  tracked.outgoing(STEP_1);
  tracked.incoming(STEP_2);
  assert.equal(tracked.state, 'saving', 'the first answer came before the edits went out');
  tracked.outgoing(STEP_2);
  assert.equal(sent.length, 1, 'a barrier follows');
  tracked.incoming(STEP_2);
  assert.deepEqual(states, ['unsent', 'saving', 'saved']);
});

test('what a lost socket carried unconfirmed counts as unsent', (context) => {
  const { tracked, open } = tracker(context);
  open();
  tracked.outgoing(UPDATE);
  tracked.edited();
  tracked.closed();
  assert.equal(tracked.state, 'unsent');
});

test('edits of an earlier visit count as unsent until a SyncStep2 and a barrier brought them', (context) => {
  const { tracked, states, open } = tracker(context);
  tracked.restored();
  assert.equal(tracked.state, 'unsent');
  open();
  tracked.outgoing(STEP_1);
  tracked.incoming(STEP_2);
  assert.equal(tracked.state, 'saving');
  tracked.outgoing(STEP_2);
  tracked.incoming(STEP_2);
  assert.deepEqual(states, ['unsent', 'saving', 'saved']);
});

test('what the room answers with "you may only read" is never saved', (context) => {
  const { tracked, open } = tracker(context);
  tracked.edited();
  open();
  tracked.outgoing(STEP_2);
  tracked.incoming(Uint8Array.of(2, 0, 0));
  tracked.incoming(STEP_2);
  assert.equal(tracked.state, 'refused');
});

test('a socket that this side closes carries nothing from then on, though its end is told later', (context) => {
  const { tracked } = tracker(context);
  const sockets: EventTarget[] = [];
  const Tracked = trackedSocket(tracked, () => {
    const socket = Object.assign(new EventTarget(), { send: () => undefined, close: () => undefined });
    sockets.push(socket);
    return socket as unknown as WebSocket;
  });
  const first = new Tracked('ws://localhost');
  sockets[0]?.dispatchEvent(new Event('open'));
  first.send(UPDATE);
  tracked.edited();
  first.close();
  assert.equal(tracked.state, 'unsent');
  const second = new Tracked('ws://localhost');
  sockets[1]?.dispatchEvent(new Event('open'));
  sockets[0]?.dispatchEvent(new Event('close'));
  assert.equal(tracked.state, 'saving', 'the old end says nothing of the new socket');
  second.send(STEP_2);
  tracked.incoming(STEP_2);
  assert.equal(tracked.state, 'saved');
});

test('settled waits for the confirmation, and no longer than it is told', async (context) => {
  const { tracked, sent, open } = tracker(context);
  open();
  tracked.outgoing(UPDATE);
  tracked.edited();
  const settled = tracked.settled(60_000);
  assert.equal(sent.length, 1);
  tracked.incoming(STEP_2);
  await settled;
  tracked.outgoing(UPDATE);
  tracked.edited();
  await tracked.settled(1);
  assert.equal(tracked.state, 'saving');
});
