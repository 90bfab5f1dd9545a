import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mayDo, mayType, messagesOf, Terminals, type May } from '../src/terminal/terminals.ts';
import { endWords, programName, programsFor, refusalWords, waitWords } from '../src/terminal/words.ts';
import type { Rights, Terminal, TerminalEnd } from '../src/wire.ts';

const [ada, grace] = ['a'.repeat(20), 'g'.repeat(20)];
const all: Rights = { view: true, edit: true, run: true, terminal: true };
const id = 't'.repeat(20);

function terminal(change: Partial<Terminal> = {}): Terminal {
  const size = { rows: 24, cols: 80 };
  return { id, program: { kind: 'shell' }, size, openedBy: ada, keyboard: ada, isOpen: false, ...change };
}

const opened = (change: Partial<Terminal> = {}) =>
  ({ type: 'terminal:opened', terminalId: change.id ?? id, terminal: terminal(change) }) as const;
const updated = (change: Partial<Terminal>) =>
  ({ type: 'terminal:updated', terminalId: id, terminal: terminal(change) }) as const;
const wrote = (data: string) => ({ type: 'terminal:output', terminalId: id, data }) as const;
const closed = (reason: TerminalEnd, exitCode: number | null = null) =>
  ({ type: 'terminal:closed', terminalId: id, reason, exitCode }) as const;

test('a terminal waits for a machine, is open, and ends', () => {
  let now = 1_000;
  const terminals = new Terminals(() => now);
  assert.deepEqual(terminals.apply(opened()), { kind: 'opened', id });
  now = 9_000;
  terminals.apply(updated({ size: { rows: 2, cols: 2 } }));
  assert.deepEqual(terminals.get(id)?.stand, { kind: 'waiting', since: 1_000 });
  assert.deepEqual(terminals.apply(updated({ isOpen: true })), { kind: 'ready', id });
  assert.deepEqual(terminals.apply(updated({ isOpen: true })), { kind: 'updated', id });
  assert.deepEqual(terminals.get(id)?.stand, { kind: 'open' });
  terminals.apply(wrote('$ '));
  assert.deepEqual(terminals.apply(wrote('ls')), { kind: 'output', id, data: 'ls' });
  assert.deepEqual(terminals.apply(closed('exited', 3)), { kind: 'ended', id });
  assert.deepEqual(terminals.get(id)?.stand, { kind: 'ended', reason: 'exited', exitCode: 3 });
  assert.equal(terminals.get(id)?.output, '$ ls', 'what it showed can still be read');
});

test('a new terminal takes the place of those that have ended, not of others', () => {
  const terminals = new Terminals();
  const [second, third] = ['2'.repeat(20), '3'.repeat(20)];
  terminals.apply(opened());
  terminals.apply(opened({ id: second }));
  terminals.apply(closed('closed'));
  terminals.apply(opened({ id: third }));
  assert.deepEqual(
    terminals.list().map((record) => record.terminal.id),
    [second, third],
  );
  terminals.dismiss(second);
  assert.equal(terminals.list().length, 2, 'what has not ended is not dismissed');
});

test('after a reconnection the room knows better, and what it does not know has ended', () => {
  const terminals = new Terminals();
  const gone = '9'.repeat(20);
  terminals.apply(opened({ id: gone }));
  terminals.apply(opened());
  terminals.apply(wrote('old'));
  terminals.welcome([{ terminal: terminal({ isOpen: true, keyboard: grace }), output: 'old and new' }]);
  assert.equal(terminals.get(id)?.output, 'old and new');
  assert.equal(terminals.get(id)?.terminal.keyboard, grace);
  assert.deepEqual(terminals.get(gone)?.stand, { kind: 'ended', reason: null, exitCode: null });
  terminals.welcome([]);
  assert.equal(terminals.get(id)?.stand.kind, 'ended');
});

test('events of a terminal that is not known change nothing', () => {
  const terminals = new Terminals();
  assert.equal(terminals.apply(wrote('x')), null);
  assert.equal(terminals.apply(closed('lost')), null);
  assert.equal(terminals.apply({ type: 'pong' }), null);
});

test('of much output the end is kept, from the beginning of a line', () => {
  const terminals = new Terminals();
  terminals.apply(opened());
  for (let line = 0; line < 200; line += 1) terminals.apply(wrote(`${line} ${'x'.repeat(1_000)}\n`));
  const output = terminals.get(id)?.output ?? '';
  assert.ok(output.length <= 128 * 1024);
  assert.match(output, /^\d+ x/);
  assert.match(output, /199 x+\n$/);
});

test('who holds the keyboard of an open terminal may type, with or without the right', () => {
  const terminals = new Terminals();
  const typists = (): string[] => [ada, grace].filter((person) => mayType(terminals.get(id), person));
  assert.deepEqual(typists(), []);
  terminals.apply(opened());
  assert.deepEqual(typists(), [], 'there is nothing to type into yet');
  terminals.apply(updated({ isOpen: true }));
  assert.deepEqual(typists(), [ada]);
  terminals.apply(updated({ isOpen: true, keyboard: grace }));
  assert.deepEqual(typists(), [grace]);
  terminals.apply(closed('idle'));
  assert.deepEqual(typists(), []);
});

test('what one may do depends on the right, the keyboard and how the terminal stands', () => {
  const terminals = new Terminals();
  const check = (youId: string, rights: Rights, expected: (keyof May)[]): void => {
    const may = mayDo(terminals.get(id) ?? assert.fail('no terminal'), youId, rights);
    assert.deepEqual(
      Object.entries(may).flatMap(([what, isAllowed]) => (isAllowed ? [what] : [])),
      expected,
    );
  };
  const editor = { ...all, terminal: false };
  const viewer = { ...editor, edit: false, run: false };
  terminals.apply(opened());
  check(ada, all, ['close']);
  check(grace, all, ['close']);
  check(grace, editor, []);
  terminals.apply(updated({ isOpen: true }));
  check(ada, all, ['hand', 'files', 'close']);
  check(ada, editor, ['hand', 'files', 'close']);
  check(grace, all, ['take', 'files', 'close']);
  check(grace, editor, ['files']);
  check(grace, viewer, []);
  terminals.apply(closed('lost'));
  check(ada, all, ['again']);
  check(ada, editor, []);
});

test('every end has words of its own', () => {
  const reasons: Record<TerminalEnd, true> = {
    exited: true,
    closed: true,
    idle: true,
    time_limit: true,
    memory_limit: true,
    process_limit: true,
    disk_limit: true,
    lost: true,
    internal: true,
  };
  const words = Object.keys(reasons).map((reason) =>
    endWords({ kind: 'ended', reason: reason as TerminalEnd, exitCode: null }),
  );
  words.push(endWords({ kind: 'ended', reason: null, exitCode: null }));
  assert.equal(new Set(words).size, 10);
  for (const sentence of words) assert.match(sentence, /^[a-z].*\.$/);
  assert.equal(endWords({ kind: 'ended', reason: 'exited', exitCode: 3 }), 'its program has ended (exit 3).');
});

test('waiting says for how long, and after a while why', () => {
  assert.equal(waitWords(1_000, 4_400), '3 s');
  assert.equal(waitWords(5_000, 4_000), '0 s');
  assert.match(waitWords(0, 40_000), /^40 s\. /);
});

test('who types in vain is told why, and what helps', () => {
  assert.match(refusalWords({ kind: 'waiting', since: 1 }, true, 'Ada'), /as soon as/);
  assert.match(refusalWords({ kind: 'open' }, true, 'Ada'), /^Ada has .*Take the keyboard/);
  assert.equal(refusalWords({ kind: 'open' }, false, 'Ada'), 'Ada has the keyboard.');
  assert.match(refusalWords({ kind: 'ended', reason: null, exitCode: null }, true, 'Ada'), /has ended/);
});

test('a shell is always offered, a prompt where the language has one', () => {
  const names = (language: Parameters<typeof programsFor>[0]): string[] =>
    programsFor(language).map(programName);
  assert.deepEqual(names(null), ['shell']);
  assert.deepEqual(names('bash'), ['shell']);
  assert.deepEqual(names('rust'), ['shell']);
  assert.deepEqual(names('python'), ['shell', 'Python prompt']);
  assert.deepEqual(names('javascript'), ['shell', 'JavaScript prompt']);
  assert.deepEqual(names('java'), ['shell', 'Java prompt']);
});

test('long input goes in several messages that cut no character', () => {
  assert.deepEqual(messagesOf('', 4), []);
  assert.deepEqual(messagesOf('abcdef', 4), ['abcd', 'ef']);
  assert.deepEqual(messagesOf('abc😀d', 4), ['abc', '😀d']);
  assert.deepEqual(messagesOf('ab😀', 4), ['ab😀']);
  const text = '😀'.repeat(99);
  assert.equal(messagesOf(text, 5).join(''), text);
  assert.ok(messagesOf(text, 5).every((part) => part.length === 4 || part.length === 2));
});
