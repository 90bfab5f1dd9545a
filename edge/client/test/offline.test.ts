import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripWords } from '../src/connection-strip.ts';
import { databaseName, UnsavedMark, unsavedPrefix } from '../src/local-data.ts';
import { connectionWords } from '../src/status.ts';
import { placeOf } from '../src/worker/routes.ts';

/** localStorage as marks use it: its keys are its properties. */
class FakeStorage {
  [key: string]: unknown;

  constructor() {
    for (const name of ['setItem', 'removeItem'])
      Object.defineProperty(this, name, { value: this[name], enumerable: false });
  }

  setItem(key: string, value: string): void {
    this[key] = value;
  }

  removeItem(key: string): void {
    delete this[key];
  }
}

/** A browser with tabs that have the room open; those in `alive` hold their locks. */
function browser() {
  const storage = new FakeStorage() as unknown as Storage;
  const alive = new Set<string>();
  const tab = (name: string): UnsavedMark => {
    const locks = {
      query: () => Promise.resolve({ held: [...alive].map((lock) => ({ name: lock })) }),
      request: (lock: string) => {
        alive.add(lock);
        return new Promise(() => undefined);
      },
    } as unknown as LockManager;
    return new UnsavedMark(unsavedPrefix('room', 0), name, storage, locks);
  };
  const marks = (): string[] => Object.keys(storage).map((key) => key.slice(unsavedPrefix('room', 0).length));
  return { tab, marks, die: (name: string) => alive.delete(`tutti.tab.${name}`) };
}

test('a mark stands for as long as the edits are unconfirmed', async () => {
  const { tab, marks } = browser();
  const mark = tab('a');
  assert.equal(await mark.takeOver(), false);
  mark.set();
  mark.set();
  assert.deepEqual(marks(), ['a']);
  mark.clear();
  assert.deepEqual(marks(), []);
});

test('the mark of a tab that is gone is taken over, that of a living one is left to it', async () => {
  const { tab, marks, die } = browser();
  tab('dead').set();
  tab('alive').set();
  die('dead');
  const mark = tab('new');
  assert.equal(await mark.takeOver(), true);
  assert.deepEqual(marks(), ['alive', 'new']);
  mark.clear();
  assert.deepEqual(marks(), ['alive']);
  assert.equal(await tab('third').takeOver(), true, 'the living tab still has unconfirmed edits');
  assert.deepEqual(marks(), ['alive']);
});

test('generations have databases and marks of their own', () => {
  assert.notEqual(databaseName('room', 0), databaseName('room', 1));
  assert.equal(unsavedPrefix('room', 11).startsWith(unsavedPrefix('room', 1)), false);
});

test('the strip says what becomes of the work, and nothing while all is well', () => {
  const editor = { mayEdit: true, isKept: true };
  assert.equal(stripWords({ kind: 'online', via: 'http' }, editor), null);
  assert.equal(stripWords({ kind: 'closed' }, editor), null);
  assert.match(stripWords({ kind: 'offline' }, editor) ?? '', /offline.*stay on this device/);
  assert.match(stripWords({ kind: 'offline' }, { ...editor, isKept: false }) ?? '', /keep it open/);
  assert.match(stripWords({ kind: 'offline' }, { mayEdit: false, isKept: true }) ?? '', /as it was/);
  const waiting = { kind: 'waiting', until: 0 } as const;
  assert.match(stripWords({ ...waiting, why: 'restarting' }, editor) ?? '', /restarted/);
  assert.match(stripWords({ ...waiting, why: 'busy' }, editor) ?? '', /more to do/);
});

test('each state of the connection has words of its own', () => {
  const words = [
    connectionWords({ kind: 'connecting', again: false }),
    connectionWords({ kind: 'connecting', again: true }),
    connectionWords({ kind: 'online', via: 'websocket' }),
    connectionWords({ kind: 'online', via: 'http' }),
    connectionWords({ kind: 'offline' }),
    connectionWords({ kind: 'waiting', until: 0, why: 'lost' }),
    connectionWords({ kind: 'closed' }),
  ].map(([word]) => word);
  assert.equal(new Set(words).size, words.length);
});

test('the service worker answers for pages and built files, and for nothing else', () => {
  const origin = 'https://tutti.example';
  const of = (path: string, more: object = {}) =>
    placeOf({ url: `${origin}${path}`, method: 'GET', mode: 'navigate', ...more }, origin);
  assert.equal(of('/'), 'page');
  assert.equal(of('/r/0123456789abcdefghij?start=python'), 'page');
  assert.equal(of('/assets/main-AAAA.js', { mode: 'cors' }), 'file');
  for (const path of ['/api-docs', '/api/v1/rooms', '/sync/x/poll', '/health'])
    assert.equal(of(path), null, path);
  assert.equal(of('/', { mode: 'cors' }), null, 'read by a script');
  assert.equal(of('/r/x', { method: 'POST' }), null);
  assert.equal(
    placeOf({ url: 'https://elsewhere.example/assets/a.js', method: 'GET', mode: 'cors' }, origin),
    null,
  );
});
