// Clients that know nothing of Tutti: npm's y-websocket as it is, over the room's /sync.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { guestRoom, require, restart, until, url } from '../stack.mjs';

const Y = require('yjs');
const WebSocket = require('ws');
const { WebsocketProvider } = require('y-websocket');

const SYNC_URL = `${url.replace(/^http/, 'ws')}/sync`;

/** A stock client. Every one has a document of its own and no way to the others but the server. */
function connect(room, token, doc = new Y.Doc()) {
  const options = {
    params: { token },
    WebSocketPolyfill: WebSocket,
    // Without this the clients of one process would talk to each other directly.
    disableBc: true,
    maxBackoffTime: 500,
  };
  return new WebsocketProvider(SYNC_URL, room.id, doc, options);
}

const synced = (provider) => until('a client to be synced', () => provider.synced);

function leave(...providers) {
  for (const provider of providers) {
    provider.destroy();
    // Ends the awareness and its timer as well.
    provider.doc.destroy();
  }
}

/** Everything that two replicas have to agree on. */
function contentOf(doc) {
  const files = Object.fromEntries([...doc.getMap('files')].map(([path, text]) => [path, text.toString()]));
  return JSON.stringify({
    files: Object.fromEntries(Object.entries(files).sort()),
    meta: Object.fromEntries(Object.entries(doc.getMap('meta').toJSON()).sort()),
    notes: doc.getArray('notes').toJSON(),
  });
}

/** Waits until all replicas are the same to the byte of their state, and gives it. */
async function converged(docs) {
  const states = () => docs.map((doc) => Buffer.from(Y.encodeStateVector(doc)).toString('base64') + contentOf(doc));
  await until('all replicas to be the same', () => new Set(states()).size === 1, () => docs.map(contentOf));
  return contentOf(docs[0]);
}

/** Random numbers that a seed repeats (mulberry32). */
function randomFrom(seed) {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const PATHS = ['main.py', 'lib/util.py', 'notes ä.md'];
const PIECES = ['x', 'def f():\n', 'ä', '😀', ' ', 'return 42\n', 'לא'];

/** One random edit. */
function edit(doc, random) {
  const files = doc.getMap('files');
  const path = PATHS[random(PATHS.length)];
  const text = files.get(path);
  const kind = random(100);
  if (text === undefined || kind === 0) files.set(path, new Y.Text(`# ${random(1000)}\n`));
  else if (kind === 1) files.delete(path);
  else if (kind < 6) doc.getMap('meta').set(`key${random(3)}`, random(1000));
  else if (kind < 10) doc.getArray('notes').push([random(1000)]);
  else if (kind < 35 && text.length > 0) {
    const at = random(text.length);
    text.delete(at, Math.min(1 + random(5), text.length - at));
  } else text.insert(random(text.length + 1), PIECES[random(PIECES.length)]);
}

test('stock clients converge under random edits, disconnects and a restart of the edge', async (t) => {
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 32));
  console.log(`seed ${seed}: repeat with SEED=${seed}`);
  const random = randomFrom(seed);
  const room = await guestRoom('Convergence');
  const clients = [];
  for (const name of ['Ada', 'Grace', 'Lin', 'Mary']) clients.push(connect(room, (await room.enterAs(name)).token));
  t.after(() => leave(...clients));
  await Promise.all(clients.map(synced));

  const STEPS = 600;
  let disconnects = 0;
  for (let step = 0; step < STEPS; step += 1) {
    const client = clients[random(clients.length)];
    const kind = random(25);
    if (kind === 0) {
      disconnects += 1;
      client.disconnect();
    } else if (kind < 3) client.connect();
    // The connection breaks without a goodbye; the client comes back by itself.
    else if (kind === 3) client.ws?.terminate();
    else edit(client.doc, random);
    // Whatever has arrived meanwhile is applied between two steps.
    await new Promise((resolve) => setImmediate(resolve));
    if (step === STEPS / 2) await Promise.all([restart('edge'), editDuring(clients, random)]);
  }
  assert.ok(disconnects > 0);

  clients.forEach((client) => client.connect());
  await Promise.all(clients.map((client) => until('a client to be back', () => client.wsconnected && client.synced)));
  const content = await converged(clients.map((client) => client.doc));

  const late = connect(room, (await room.enterAs('Late', 'viewer')).token);
  t.after(() => leave(late));
  await synced(late);
  assert.equal(await converged([clients[0].doc, late.doc]), content, 'a late joiner has the same');
  const fromOutside = Object.fromEntries((await room.files()).map((file) => [file.path, file.content]));
  assert.deepEqual(fromOutside, JSON.parse(content).files, 'and so has the server');
  // Each client's clock counts all that it ever wrote, also what was deleted again.
  const written = [...Y.decodeStateVector(Y.encodeStateVector(late.doc)).values()].reduce((sum, clock) => sum + clock, 0);
  assert.ok(written > 500, `the plan wrote something: ${written}`);
});

/** People go on writing while the edge is away. */
async function editDuring(clients, random) {
  for (let count = 0; count < 40; count += 1) {
    edit(clients[random(clients.length)].doc, random);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('awareness is seen by the others and vanishes with its client', async (t) => {
  const room = await guestRoom('Awareness');
  const [ada, grace, lin] = await Promise.all(
    ['Ada', 'Grace', 'Lin'].map(async (name) => connect(room, (await room.enterAs(name)).token)),
  );
  t.after(() => leave(ada, grace, lin));
  await Promise.all([ada, grace, lin].map(synced));
  const seenBy = (client, other) => client.awareness.getStates().get(other.doc.clientID)?.user?.name;
  ada.awareness.setLocalStateField('user', { name: 'Ada' });
  grace.awareness.setLocalStateField('user', { name: 'Grace' });
  await until('both to see each other', () => seenBy(grace, ada) === 'Ada' && seenBy(ada, grace) === 'Grace');
  await until('the third to see both', () => seenBy(lin, ada) === 'Ada' && seenBy(lin, grace) === 'Grace');

  ada.awareness.setLocalStateField('user', { name: 'Ada', line: 7 });
  await until('a change to arrive', () => grace.awareness.getStates().get(ada.doc.clientID)?.user?.line === 7);

  ada.destroy();
  await until('a goodbye to arrive', () => seenBy(grace, ada) === undefined);
  grace.shouldConnect = false;
  grace.ws.terminate();
  await until('a broken connection to be noticed', () => seenBy(lin, grace) === undefined);

  const late = connect(room, (await room.enterAs('Late')).token);
  t.after(() => leave(late));
  lin.awareness.setLocalStateField('user', { name: 'Lin' });
  await until('a late joiner to see who is there', () => seenBy(late, lin) === 'Lin');
  assert.equal(seenBy(late, grace), undefined, 'and no ghosts');
});

test('a late joiner receives a large document whole', async (t) => {
  const room = await guestRoom('Large');
  const ada = connect(room, (await room.enterAs('Ada')).token);
  t.after(() => leave(ada));
  await synced(ada);
  const line = 'The quick brown fox jumps over the lazy dog. ä😀\n';
  for (let part = 0; part < 20; part += 1) ada.doc.getMap('files').set(`part${part}.txt`, new Y.Text(line.repeat(1000)));
  const late = connect(room, (await room.enterAs('Late')).token);
  t.after(() => leave(late));
  await synced(late);
  const content = await converged([ada.doc, late.doc]);
  assert.ok(content.length > 20 * 1000 * line.length);
});

test('a viewer reads along, and what it writes stays with it', async (t) => {
  const room = await guestRoom('Viewer');
  const ada = connect(room, (await room.enterAs('Ada')).token);
  const vic = connect(room, (await room.enterAs('Vic', 'viewer')).token);
  t.after(() => leave(ada, vic));
  await Promise.all([synced(ada), synced(vic)]);
  const text = (client) => client.doc.getMap('files').get('main.py')?.toString();
  ada.doc.getMap('files').set('main.py', new Y.Text('mine'));
  await until('the viewer to read along', () => text(vic) === 'mine');

  const warnings = t.mock.method(console, 'warn', () => {});
  vic.doc.getMap('files').get('main.py').insert(0, 'not ');
  await until('the client to be told', () =>
    warnings.mock.calls.some((call) => String(call.arguments[0]).includes('Permission denied')),
  );
  // Frames of one socket are handled in order: what follows the refused one has arrived, so it has been refused.
  vic.awareness.setLocalStateField('user', { name: 'Vic' });
  await until('a later frame to arrive', () => ada.awareness.getStates().has(vic.doc.clientID));
  assert.equal(text(ada), 'mine');
  assert.deepEqual(await room.files(), [{ path: 'main.py', content: 'mine' }]);

  // Positive control: the same edit of somebody who may edit arrives.
  ada.doc.getMap('files').get('main.py').insert(0, 'still ');
  await until('the edit to arrive', () => text(vic)?.includes('still '));
  assert.deepEqual(await room.files(), [{ path: 'main.py', content: 'still mine' }]);
});

test('a refused client hears why and does not come back', async (t) => {
  const [room, other] = await Promise.all([guestRoom('Home'), guestRoom('Abroad')]);
  const { token } = await room.enterAs('Ada');
  const refusals = [
    [other, token, 4401],
    [room, 'no.such.token', 4401],
    [{ id: 'no-room' }, token, 4404],
  ];
  for (const [where, what, code] of refusals) {
    const client = connect(where, what);
    t.after(() => leave(client));
    const closed = await new Promise((resolve) => client.once('closed', resolve));
    assert.equal(closed.code, code);
    assert.notEqual(closed.reason, '', 'with a reason for people');
    assert.equal(client.shouldConnect, false);
  }
});
