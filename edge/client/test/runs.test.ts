import assert from 'node:assert/strict';
import { test } from 'node:test';
import { joined } from '../src/output.ts';
import { describe, duration, isGood, Runs, size } from '../src/runs.ts';
import type { OutputStream, Run } from '../src/wire.ts';

function run(change: Partial<Run> = {}): Run {
  return {
    id: 'a'.repeat(20),
    language: 'python',
    entry: 'main.py',
    startedBy: 'Ada',
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
