import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as Y from 'yjs';
import { Files } from '../src/files.ts';
import { unifiedLines } from '../src/history/diff-view.ts';
import { Draft } from '../src/terminal/changes.ts';
import { fileDiff, replacements } from '../src/terminal/text-diff.ts';

/** A document of these files. */
function documentOf(content: Record<string, string>): { doc: Y.Doc; files: Files } {
  const doc = new Y.Doc();
  const files = new Files(doc);
  for (const [path, text] of Object.entries(content)) files.add(path, text);
  return { doc, files };
}

const textsOf = (files: Files): Record<string, string> =>
  Object.fromEntries(files.paths().map((path) => [path, files.text(path)?.toString() ?? '']));

/** What replacements make of a text. */
function replaced(before: string, after: string): string {
  return replacements(before, after).reduceRight(
    (text, { from, removed, inserted }) => text.slice(0, from) + inserted + text.slice(from + removed),
    before,
  );
}

test('replacements lead from one text to the other', () => {
  for (const [before, after] of [
    ['', ''],
    ['', 'a\nb'],
    ['a\nb', ''],
    ['one\n\n\ntwo\n', 'one\n\ntwo\n\n'],
    ['x😀y\n', 'x😁y\n'],
    ['a\r\nb\r\n', 'a\nb\n'],
    ['def f(x):\n    return x\n', 'def f(x, y):\n    return x + y\n\nf(1)'],
    ['\n\n}\n}\n}\n', '}\n\n}\n'],
  ] as const) {
    assert.equal(replaced(before, after), after);
  }
});

test('replacements of random texts lead from one to the other', () => {
  let seed = 7;
  const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
  const words = ['a', 'b', ' ', '\n', '\n\n', 'foo', '😀', '(', 'ü', '\t', '}'];
  const text = (): string => Array.from({ length: random(40) }, () => words[random(words.length)]).join('');
  for (let round = 0; round < 500; round += 1) {
    const [before, after] = [text(), text()];
    assert.equal(
      replaced(before, after),
      after,
      `seed 7, round ${round}: ${JSON.stringify([before, after])}`,
    );
  }
});

test('replacements touch the words that differ', () => {
  const before = 'alpha = 1\nbeta = 2\ngamma = 3\n';
  assert.deepEqual(replacements(before, before.replace('2', '20')), [
    { from: before.indexOf('2'), removed: 1, inserted: '20' },
  ]);
});

test('a file’s diff has the form in which the history shows it', () => {
  const before = Array.from({ length: 20 }, (_, line) => `line ${line}\n`).join('');
  const after = before.replace('line 2\n', 'LINE 2\n').replace('line 17\n', 'line 17\nmore\n');
  const diff = fileDiff('a.txt', before, after);
  assert.deepEqual([diff.change, diff.added, diff.removed], ['changed', 2, 1]);
  const hunks = unifiedLines(diff.unified).filter(({ kind }) => kind === 'hunk');
  assert.deepEqual(
    hunks.map(({ text }) => text),
    ['@@ -1,6 +1,6 @@', '@@ -16,5 +16,6 @@'],
  );
  const near = fileDiff('a.txt', before, before.replace('line 4\n', '').replace('line 9\n', 'nine\n'));
  assert.equal(near.unified.match(/^@@/gm)?.length, 1, 'pieces whose surroundings touch are one');
});

test('a new file and a removed one are their lines alone', () => {
  assert.deepEqual(fileDiff('n', null, 'a\nb'), {
    path: 'n',
    change: 'added',
    added: 2,
    removed: 0,
    unified: '@@ -0,0 +1,2 @@\n+a\n+b\n\\ No newline at end of file\n',
  });
  const removed = fileDiff('n', 'a\n', null);
  assert.deepEqual([removed.change, removed.unified], ['removed', '@@ -1,1 +0,0 @@\n-a\n']);
});

test('what is ticked is taken over in one transaction, the rest stays', () => {
  const { doc, files } = documentOf({ 'a.py': 'print(1)\n', 'b.py': 'b\n', 'c.py': 'c\n', 'same.py': 's' });
  const changes = [
    { path: 'new/d.py', content: 'd\n' },
    { path: 'c.py', content: null },
    { path: 'b.py', content: 'not ticked\n' },
    { path: 'a.py', content: 'print(2)\n' },
    { path: 'same.py', content: 's' },
    { path: 'never.py', content: null },
  ];
  const draft = new Draft(doc, changes, new Set(['b.py']));
  assert.deepEqual(
    draft.offers.map(({ change, diff, isEdited }) => [change.path, diff.change, isEdited]),
    [
      ['a.py', 'changed', false],
      ['b.py', 'changed', true],
      ['c.py', 'removed', false],
      ['new/d.py', 'added', false],
    ],
  );
  let transactions = 0;
  doc.on('afterTransaction', () => (transactions += 1));
  draft.apply(changes.filter(({ path }) => path !== 'b.py'));
  assert.equal(transactions, 1);
  assert.deepEqual(textsOf(files), {
    'a.py': 'print(2)\n',
    'b.py': 'b\n',
    'new/d.py': 'd\n',
    'same.py': 's',
  });
});

test('what others write meanwhile, and where their cursors are, survives', () => {
  const { doc, files } = documentOf({ 'a.py': 'one\ntwo\nthree\n' });
  const text = files.text('a.py') ?? assert.fail('no file');
  const cursor = Y.createRelativePositionFromTypeIndex(text, text.toString().indexOf('three') + 2);
  const changes = [{ path: 'a.py', content: 'ONE\ntwo\nthree\nfour\n' }];
  const draft = new Draft(doc, changes, new Set());
  text.insert(text.toString().indexOf('two') + 3, ' and a half');
  files.add('theirs.py', 'x');
  draft.apply(changes);
  assert.deepEqual(textsOf(files), {
    'a.py': 'ONE\ntwo and a half\nthree\nfour\n',
    'theirs.py': 'x',
  });
  const index = Y.createAbsolutePositionFromRelativePosition(cursor, doc)?.index;
  assert.equal(index, text.toString().indexOf('three') + 2);
});

test('taking over can be undone where the text is edited', () => {
  const { doc, files } = documentOf({ 'a.py': 'one\n' });
  const text = files.text('a.py') ?? assert.fail('no file');
  const undo = new Y.UndoManager(text);
  const changes = [{ path: 'a.py', content: 'two\n' }];
  new Draft(doc, changes, new Set()).apply(changes);
  assert.equal(text.toString(), 'two\n');
  undo.undo();
  assert.equal(text.toString(), 'one\n');
});

test('a file that cannot be is not to be taken over', () => {
  const { doc } = documentOf({ src: 'a file' });
  const draft = new Draft(doc, [{ path: 'src/a.py', content: 'x' }], new Set());
  assert.match(draft.offers[0]?.problem ?? '', /is a file already/);
});

test('edits are told by the paths of their files', () => {
  const { doc, files } = documentOf({ 'a.py': 'a' });
  const heard: string[] = [];
  files.observeEdits((paths) => heard.push(...paths));
  files.text('a.py')?.insert(0, 'b');
  files.add('n.py', '');
  files.remove('n.py');
  assert.deepEqual(heard, ['a.py', 'n.py', 'n.py']);
  doc.destroy();
});
