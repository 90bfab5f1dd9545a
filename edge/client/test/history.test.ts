import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as Y from 'yjs';
import { ApiError } from '../src/api.ts';
import { caption } from '../src/history/captions.ts';
import { Loader } from '../src/history/loader.ts';
import { Player } from '../src/history/player.ts';
import { Replayer } from '../src/history/replayer.ts';
import { Timeline } from '../src/history/timeline.ts';
import type { HistoryPage, Run } from '../src/wire.ts';
import { file, Recording, seeded, type Files } from './recording.ts';

function timelineOf(recording: Recording): Timeline {
  const timeline = new Timeline(0, null);
  timeline.add(recording.page());
  return timeline;
}

function filesOf(replayer: Replayer): Files {
  return Object.fromEntries(replayer.paths().map((path) => [path, replayer.text(path)?.toString() ?? '']));
}

/** Three people who write, delete and make files, `count` items long. */
function session(count: number, seed: number): Recording {
  const recording = new Recording();
  const random = seeded(seed);
  for (let item = 0; item < count; item += 1) {
    const author = ['ada', 'grace', 'lin'][random(3)] ?? 'ada';
    const path = `f${random(3)}.py`;
    recording.write(author, (files) => {
      const text = file(files, path);
      if (random(40) === 0) return files.delete(path);
      if (text.length > 5 && random(4) === 0) return text.delete(random(text.length - 3), 1 + random(3));
      text.insert(random(text.length + 1), String.fromCharCode(97 + random(26)).repeat(1 + random(3)));
    });
  }
  return recording;
}

test('every moment shows the files as they were, in whatever order one goes there', () => {
  const seed = 20_261;
  const recording = session(600, seed);
  const random = seeded(seed + 1);
  for (const keptMaxBytes of [Infinity, 4_000]) {
    const replayer = new Replayer(timelineOf(recording), 16, keptMaxBytes);
    for (let jump = 0; jump < 200; jump += 1) {
      const target = random(601);
      assert.equal(replayer.moveTo(target), true);
      assert.equal(replayer.index, target);
      assert.deepEqual(filesOf(replayer), recording.states[target], `seed ${seed}, moment ${target}`);
    }
  }
});

test('a long way is gone in slices, and the moment is only there at its end', () => {
  const recording = session(100, 7);
  const replayer = new Replayer(timelineOf(recording));
  let steps = 0;
  const tenSteps = (): boolean => (steps += 1) % 11 !== 0;
  let slices = 1;
  while (!replayer.moveTo(100, tenSteps)) slices += 1;
  assert.equal(slices, 10);
  assert.deepEqual(filesOf(replayer), recording.states[100]);
});

test('a step tells what was typed and deleted, forward and backward', () => {
  const recording = new Recording()
    .write('ada', (files) => file(files, 'a.py').insert(0, 'hello world'))
    .write('grace', (files) => file(files, 'a.py').insert(5, ','))
    .write('ada', (files) => {
      const text = file(files, 'a.py');
      text.doc?.transact(() => {
        text.delete(7, 5);
        text.insert(7, 'Grace');
      });
    })
    .write('ada', (files) => file(files, 'a.py').delete(0, 7))
    .write('ada', (files) => files.delete('a.py'));
  const timeline = timelineOf(recording);
  const replayer = new Replayer(timeline, 2);
  const wordsAt = (index: number): string => {
    replayer.moveTo(index);
    return caption(timeline.items[index - 1] ?? null, replayer.changes, timeline, () => undefined);
  };
  const words = [
    'The beginning',
    'ada put a.py there',
    'grace typed “,” in a.py',
    'ada typed “Grace” in a.py in place of 5 characters',
    'ada deleted 7 characters in a.py',
    'ada removed a.py',
  ];
  for (const [index, expected] of words.entries()) assert.equal(wordsAt(index), expected);
  for (const [index, expected] of [...words.entries()].reverse()) assert.equal(wordsAt(index), expected);
  replayer.moveTo(2);
  assert.deepEqual(replayer.changes, [{ path: 'a.py', kind: 'text', at: 5, inserted: ',', removed: 0 }]);
});

test('each piece of a text has the author who typed it', () => {
  const recording = new Recording()
    .write('ada', (files) => file(files, 'a.py').insert(0, 'print()'))
    .write('grace', (files) => file(files, 'a.py').insert(6, '"hi"'))
    .write('ada', (files) => file(files, 'a.py').delete(0, 1))
    .write('grace', (files) => file(files, 'a.py').insert(10, ' # x'));
  const timeline = timelineOf(recording);
  const replayer = new Replayer(timeline);
  replayer.moveTo(4);
  const text = replayer.text('a.py');
  assert.ok(text !== null);
  const pieces = timeline.authorship
    .spans(text)
    .map(({ from, to, author }) => [author, text.toString().slice(from, to)]);
  assert.deepEqual(pieces, [
    ['ada', 'rint('],
    ['grace', '"hi"'],
    ['ada', ')'],
    ['grace', ' # x'],
  ]);
});

test('what somebody brings for another stays with who brought it first', () => {
  const recording = new Recording().write('ada', (files) => file(files, 'a.py').insert(0, 'one '));
  const offline = new Y.Doc();
  Y.applyUpdate(offline, recording.stateAt(1));
  file(offline.getMap('files'), 'a.py').insert(4, 'two ');
  const relayed = Y.encodeStateAsUpdate(offline);
  recording.deliver('grace', [relayed]).deliver('lin', [relayed]);
  const timeline = timelineOf(recording);
  const replayer = new Replayer(timeline);
  replayer.moveTo(3);
  const text = replayer.text('a.py');
  assert.ok(text !== null);
  assert.deepEqual(
    timeline.authorship.spans(text).map(({ author }) => author),
    ['ada', 'grace'],
  );
});

test('history that begins late begins with the state of then, of nobody', () => {
  const recording = session(80, 3);
  const timeline = new Timeline(50, recording.stateAt(50));
  timeline.add(recording.page(50, Infinity, 50));
  const replayer = new Replayer(timeline, 8);
  for (const index of [30, 0, 11]) {
    replayer.moveTo(index);
    assert.deepEqual(filesOf(replayer), recording.states[50 + index]);
  }
  replayer.moveTo(0);
  for (const path of replayer.paths()) {
    const text = replayer.text(path);
    assert.ok(text !== null);
    for (const { author } of timeline.authorship.spans(text)) assert.equal(author, null);
  }
  assert.deepEqual([timeline.indexOf(50), timeline.indexOf(51), timeline.positionOf(0)], [0, 1, 50]);
});

test('what shares a position still has a place and a moment of its own', async () => {
  const recording = new Recording();
  const type = (author: string, letter: string): Recording =>
    recording.write(author, (files) => file(files, 'a').insert(0, letter));
  type('ada', 'a');
  type('ada', 'b').together();
  type('grace', 'c').together();
  type('lin', 'd');
  type('ada', 'e');
  const { loader, seen } = loaderOf((after) => recording.page(after, 1), recording);
  await loader.load();
  const [timeline] = seen.timelines;
  assert.ok(timeline !== undefined);
  assert.deepEqual(
    timeline.items.map(({ place }) => place),
    [1, 2 - 2 / 3, 2 - 1 / 3, 2, 3],
  );
  const replayer = new Replayer(timeline);
  for (const [index, state] of recording.states.entries()) {
    replayer.moveTo(timeline.indexOf(timeline.placeOf(index)));
    assert.deepEqual(filesOf(replayer), state);
  }
  assert.deepEqual(
    [2, 3, 4].map((index) => timeline.positionOf(index)),
    [2, 2, 2],
  );
});

test('playing shortens pauses to a second and goes as fast as asked', () => {
  const recording = new Recording();
  for (const afterMs of [0, 100, 60_000, 100]) {
    recording.write('ada', (files) => file(files, 'a').insert(0, 'x'), afterMs);
  }
  const player = new Player(timelineOf(recording));
  assert.equal(player.advance(0, 0), 1, 'the first thing comes at once');
  assert.equal(player.advance(1, 99), 1);
  assert.equal(player.advance(1, 1), 2);
  assert.equal(player.advance(2, 999), 2);
  assert.equal(player.advance(2, 1), 3);
  player.reset();
  player.speed = 8;
  assert.equal(player.advance(1, 137), 2, 'after 12.5 ms, and 125 ms more');
  assert.equal(player.advance(2, 1), 3);
  player.reset();
  player.speed = 32;
  assert.equal(player.advance(1, 10_000), 4);
});

const run: Run = {
  id: 'r'.repeat(20),
  language: 'python',
  entry: 'main.py',
  startedBy: 'Ada',
  interactive: false,
  state: 'queued',
  attempt: 0,
  createdAt: 1,
  exitCode: null,
  signal: null,
  stdout: '',
  stderr: '',
  truncated: false,
  wallMs: null,
  cpuMs: null,
  memoryBytes: null,
};

test('runs, snapshots, restores and merges are marks', () => {
  const snapshot = (id: string, name: string) => ({
    id,
    name,
    authorId: 'ada',
    authorName: 'ada',
    position: 1,
    at: 1,
  });
  const recording = new Recording()
    .write('ada', (files) => file(files, 'a').insert(0, 'x'))
    .tell({ type: 'room:snapshot', snapshot: snapshot('s1', 'first') })
    .tell({ type: 'run:queued', runId: run.id, run })
    .tell({ type: 'room:snapshot', snapshot: snapshot('s2', 'second') })
    .tell({ type: 'room:restored', authorId: 'ada', to: 1 });
  const timeline = timelineOf(recording);
  assert.deepEqual(
    timeline.marks.map(({ position, label }) => [position, label]),
    [
      [2, 'Snapshot “first”'],
      [3, 'Ada ran main.py'],
      [4, 'Snapshot “second”'],
      [5, 'ada restored earlier files'],
    ],
  );
  assert.equal(timeline.markFrom(3, 1)?.position, 4);
  assert.equal(timeline.markFrom(2, -1), null);
});

/** A loader over a recording that answers `perPage` items at a time. */
function loaderOf(answer: (after: number, limit: number) => HistoryPage, state: Recording) {
  const seen = { timelines: [] as Timeline[], failures: [] as unknown[], pages: [] as number[] };
  const loader = new Loader(
    {
      page: (after, limit = 7) => {
        seen.pages.push(after);
        return Promise.resolve().then(() => answer(after, limit));
      },
      state: (at) => Promise.resolve(state.stateAt(at)),
    },
    {
      onTimeline: (timeline) => seen.timelines.push(timeline),
      onProgress: () => undefined,
      onFailure: (error) => seen.failures.push(error),
    },
  );
  return { loader, seen };
}

test('the log is loaded page by page, and goes on with the room', async () => {
  const recording = session(30, 11);
  const { loader, seen } = loaderOf((after, limit) => recording.page(after, limit), recording);
  await loader.load();
  const [timeline] = seen.timelines;
  assert.ok(timeline !== undefined);
  assert.deepEqual([timeline.items.length, timeline.loaded, timeline.last], [30, 30, 30]);
  recording.write('ada', (files) => file(files, 'new').insert(0, 'x'));
  loader.reached(31);
  await loader.load();
  assert.equal(timeline.last, 31);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(timeline.loaded, 31);
  assert.equal(seen.timelines.length, 1);
});

test('a failure is told, and the next attempt goes on where it stopped', async () => {
  const recording = session(20, 12);
  let isDown = false;
  const { loader, seen } = loaderOf((after, limit) => {
    if (isDown) throw new ApiError('NETWORK', 'down');
    isDown = after === 8;
    return recording.page(after, limit);
  }, recording);
  await loader.load();
  assert.equal(seen.failures.length, 1);
  isDown = false;
  await loader.load();
  assert.deepEqual(
    seen.timelines.map(({ loaded }) => loaded),
    [20],
  );
  assert.deepEqual(seen.pages, [0, 1, 8, 15, 15]);
});

test('when the room folds away what comes next, loading begins anew from what is kept', async () => {
  const recording = session(40, 13);
  let first = 0;
  const { loader, seen } = loaderOf((after, limit) => {
    if (after === 8) first = 25;
    return recording.page(after, limit, first);
  }, recording);
  await loader.load();
  assert.equal(seen.failures.length, 0);
  const timeline = seen.timelines.at(-1);
  assert.deepEqual([timeline?.first, timeline?.items.length], [25, 15]);
  const replayer = new Replayer(timeline ?? new Timeline(0, null));
  replayer.moveTo(15);
  assert.deepEqual(filesOf(replayer), recording.states[40]);
});
