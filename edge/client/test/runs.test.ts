import assert from 'node:assert/strict';
import { test } from 'node:test';
import { takesInput } from '../src/input-line.ts';
import { joined } from '../src/output.ts';
import { describe, duration, isGood, piecesOf, Runs, size } from '../src/runs.ts';
import { inputOf } from '../src/stdin.ts';
import type { OutputStream, Run } from '../src/wire.ts';

function run(change: Partial<Run> = {}): Run {
  return {
    id: 'a'.repeat(20),
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
    ...change,
  };
}

function runsWith(first: Run): Runs {
  const runs = new Runs();
  runs.add(first);
  return runs;
}

const id = run().id;
const output = (seq: number, data: string, stream: OutputStream = 'stdout') =>
  ({ type: 'run:output', runId: id, seq, stream, data }) as const;
const text = (runs: Runs): string => (runs.get(id)?.output ?? []).map(({ data }) => data).join('');

test('a run goes from queued over running to its end', () => {
  const runs = new Runs();
  assert.equal(runs.apply({ type: 'run:queued', runId: id, run: run() })?.kind, 'added');
  assert.equal(runs.add(run()), null, 'the answer to the call tells nothing new');
  runs.apply({ type: 'run:started', runId: id, attempt: 1 });
  assert.equal(runs.active()?.run.state, 'running');
  const end = {
    exitCode: 0,
    signal: null,
    reason: null,
    wallMs: 9,
    cpuMs: 8,
    memoryBytes: 7,
    truncated: false,
  };
  runs.apply({ type: 'run:finished', runId: id, state: 'finished', ...end });
  assert.equal(runs.active(), undefined);
  assert.equal(isGood(runs.get(id)?.run ?? run()), true);
});

test('a piece of output that comes twice is kept once', () => {
  const runs = runsWith(run());
  runs.apply(output(1, 'a'));
  assert.equal(runs.apply(output(1, 'a')), null);
  runs.apply(output(2, 'b', 'stderr'));
  assert.equal(text(runs), 'ab');
});

test('a new attempt voids the output of the one before', () => {
  const runs = runsWith(run());
  runs.apply({ type: 'run:started', runId: id, attempt: 1 });
  runs.apply(output(1, 'lost'));
  assert.equal(runs.apply({ type: 'run:started', runId: id, attempt: 2 })?.kind, 'restarted');
  runs.apply(output(1, 'kept'));
  assert.equal(text(runs), 'kept');
  assert.equal(
    runs.apply({ type: 'run:started', runId: id, attempt: 1 }),
    null,
    'a late start changes nothing',
  );
});

test('the room knows better after a reconnection', () => {
  const runs = runsWith(run());
  runs.welcome([{ run: run({ state: 'cancelled' }), output: [{ seq: 4, stream: 'stdout', data: 'd' }] }]);
  assert.equal(runs.get(id)?.lacksBeginning, true);
  assert.equal(runs.active(), undefined);
});

test('every end has words', () => {
  assert.equal(describe(run({ state: 'finished', exitCode: 0 })), 'Finished');
  assert.equal(describe(run({ state: 'finished', exitCode: 3 })), 'Finished with an error');
  assert.equal(describe(run({ state: 'finished', signal: 'SIGSEGV' })), 'Ended by SIGSEGV');
  const late = run({ state: 'finished', reason: 'time_limit', wallMs: 10_004 });
  assert.equal(describe(late), 'Stopped after 10 s: a run has no more time');
  assert.equal(describe(run({ state: 'running', attempt: 2 })), 'Running (attempt 2)…');
  assert.deepEqual(
    [duration(412), duration(3_140), size(812_000), size(9_400_000)],
    ['412 ms', '3.1 s', '812 KB', '9.4 MB'],
  );
});

test('neighbours of one stream become one piece, in order', () => {
  const pieces = joined([output(1, 'a'), output(2, 'b'), output(3, 'c', 'stderr'), output(4, 'd')]);
  assert.deepEqual(pieces, [
    ['stdout', 'ab'],
    ['stderr', 'c'],
    ['stdout', 'd'],
  ]);
});

test('a run is interactive unless its input was given beforehand', () => {
  assert.deepEqual(inputOf(''), { interactive: true });
  assert.deepEqual(inputOf('42\n'), { stdin: '42\n' });
});

test('input can be typed while an interactive run runs, by whoever may run', () => {
  const running = run({ interactive: true, state: 'running' });
  assert.equal(takesInput(running, true), true);
  assert.equal(takesInput(running, false), false);
  assert.equal(takesInput(null, true), false);
  assert.equal(takesInput(run({ state: 'running' }), true), false);
  for (const state of ['queued', 'finished', 'failed', 'cancelled'] as const) {
    assert.equal(takesInput(run({ interactive: true, state }), true), false, state);
  }
});

test('what was typed stands where the output was then, and outlives a reconnection', () => {
  const shown = (runs: Runs): string =>
    piecesOf(runs.get(id) ?? assert.fail('no run'))
      .map(({ stream, data }) => (stream === 'typed' ? `[${data}]` : data))
      .join('');
  const typed = (data: string) =>
    ({ type: 'run:stdin', runId: id, participantId: 'p'.repeat(20), data, end: false }) as const;
  const runs = runsWith(run({ interactive: true }));
  runs.apply({ type: 'run:started', runId: id, attempt: 1 });
  runs.apply(typed('early'));
  runs.apply(output(1, 'Name? '));
  assert.deepEqual(runs.apply(typed('Ada')), { kind: 'output', id, piece: { stream: 'typed', data: 'Ada' } });
  runs.apply(typed('!'));
  runs.apply(output(2, 'Hello'));
  assert.equal(shown(runs), '[early]Name? [Ada][!]Hello');
  const { run: now, output: kept } = runs.get(id) ?? assert.fail('no run');
  runs.welcome([{ run: now, output: kept }]);
  assert.equal(shown(runs), '[early]Name? [Ada][!]Hello');
  runs.apply({ type: 'run:started', runId: id, attempt: 2 });
  assert.equal(shown(runs), '', 'another attempt has read none of it');
  assert.equal(runs.apply({ ...typed(''), end: true }), null, 'the mere end shows nothing');
});
