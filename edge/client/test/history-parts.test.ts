import assert from 'node:assert/strict';
import { test } from 'node:test';
import { choices } from '../src/history/compare.ts';
import { unifiedLines } from '../src/history/diff-view.ts';
import { fileName } from '../src/history/export.ts';
import { parseOther } from '../src/history/merge.ts';
import { reversed } from '../src/history/reverse-diff.ts';
import { replacement } from '../src/history/viewer.ts';

const room = '0123456789abcdefghij';

test('two texts differ in one piece', () => {
  for (const [before, after] of [
    ['', 'abc'],
    ['abc', ''],
    ['aaa', 'aaaa'],
    ['one two', 'one three two'],
    ['abcabc', 'abc'],
    ['x😀y', 'x😁y'],
  ] as const) {
    const piece = replacement(before, after);
    assert.ok(piece !== null);
    assert.equal(before.slice(0, piece.from) + piece.insert + before.slice(piece.to), after);
  }
  assert.equal(replacement('same', 'same'), null);
});

test('a unified diff becomes lines, also those that look like its head', () => {
  const unified =
    '--- a/x\n+++ b/x\n@@ -1,2 +1,3 @@\n same\n--- gone\n+++ came\n+\n\\ No newline at end of file\n';
  assert.deepEqual(
    unifiedLines(unified).map(({ kind, text }) => [kind, text]),
    [
      ['hunk', '@@ -1,2 +1,3 @@'],
      ['same', 'same'],
      ['removed', '-- gone'],
      ['added', '++ came'],
      ['added', ''],
      ['note', 'No newline at end of file'],
    ],
  );
  assert.deepEqual(unifiedLines(''), []);
});

test('a diff is turned round with its signs, its counts and its order', () => {
  const file = { path: 'a', change: 'added', added: 2, removed: 1 } as const;
  const unified = '@@ -1,3 +1,4 @@\n same\n-old\n\\ No newline\n+new\n+more\n same\n';
  const [turned] = reversed({ from: 1, to: 2, files: [{ ...file, unified }] }).files;
  assert.deepEqual(turned, {
    path: 'a',
    change: 'removed',
    added: 1,
    removed: 2,
    unified: '@@ -1,4 +1,3 @@\n same\n-new\n-more\n+old\n\\ No newline\n same\n',
  });
  const diff = { from: 1, to: 2, files: [{ ...file, unified }] };
  assert.deepEqual(reversed(reversed(diff)), diff);
});

test('the moments to compare are in their order, and the shown one is among them once', () => {
  const snapshot = { id: 's', name: 'one', authorId: 'a', authorName: 'A', position: 5, at: 5 };
  const ids = (shown: number): string[] =>
    choices({ first: 0, last: 9, shown, shownAt: null, snapshots: [snapshot] }).map(({ id }) => id);
  assert.deepEqual(ids(7), ['first', 's', 'shown', 'now']);
  assert.deepEqual(ids(9), ['first', 's', 'now']);
  assert.deepEqual(ids(0), ['first', 's', 'now']);
});

test('another room is named by its link or by its id', () => {
  assert.deepEqual(parseOther(` ${room} `), { id: room, link: null });
  assert.deepEqual(parseOther(`https://tutti.example/r/${room}`), { id: room, link: null });
  assert.deepEqual(parseOther(`http://x/r/${room}#link=ab-C_d`), { id: room, link: 'ab-C_d' });
  assert.equal(parseOther('hello'), null);
});

test('an archive has the name of its room as far as file systems take it', () => {
  assert.equal(fileName('Algorithms, group 3'), 'Algorithms-group-3.zip');
  assert.equal(fileName('../..'), 'room.zip');
  assert.equal(fileName('Größe/数'), 'Größe-数.zip');
});
