import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as Y from 'yjs';
import { linkOf, parseRoomUrl } from '../src/admission.ts';
import { Files, freePath, pathProblem } from '../src/files.ts';
import { extensionOf } from '../src/languages.ts';
import { colorOf, initials } from '../src/presence.ts';

const room = '0123456789abcdefghij';

test('a pasted link becomes the address of a room, and nothing else does', () => {
  const path = `/r/${room}#link=ab-C_d`;
  assert.equal(parseRoomUrl(` https://tutti.example${path}\n`), path);
  assert.equal(parseRoomUrl(path), path);
  assert.equal(parseRoomUrl(`http://localhost:8787/r/${room}?start=python#link=x`), `/r/${room}#link=x`);
  for (const other of ['', 'hello', '/r/short', `/r/${room}/x`, 'javascript:alert(1)']) {
    assert.equal(parseRoomUrl(other), null, other);
  }
  assert.equal(linkOf('#link=ab-C_d'), 'ab-C_d');
  assert.equal(linkOf('#other'), null);
});

test('paths are refused for the reasons the server has', () => {
  for (const good of ['main.py', 'a/b c/ü.txt', '..hidden']) assert.equal(pathProblem(good, []), null, good);
  const bad = [
    '',
    '/etc/passwd',
    'a/../b',
    'a//b',
    'a/',
    'a\0b',
    'a\\b',
    'x'.repeat(256),
    Array(17).fill('d').join('/'),
  ];
  for (const path of bad) assert.notEqual(pathProblem(path, []), null, path);
  assert.notEqual(pathProblem('main.py', ['main.py']), null);
  assert.notEqual(pathProblem('lib', ['lib/a.py']), null, 'a folder of that name');
  assert.notEqual(pathProblem('main.py/x', ['main.py']), null, 'a file as folder');
});

test('a renamed file keeps its text, and both sides agree', () => {
  const [here, there] = [new Y.Doc(), new Y.Doc()];
  here.on('update', (update: Uint8Array) => Y.applyUpdate(there, update));
  const files = new Files(here);
  files.add('b.py', 'print(1)');
  files.add('a10.py');
  files.add('a9.py');
  files.rename('b.py', 'lib/b.py');
  assert.deepEqual(new Files(there).paths(), ['a9.py', 'a10.py', 'lib/b.py']);
  assert.equal(new Files(there).text('lib/b.py')?.toString(), 'print(1)');
});

test('what other clients put into the map that is no text is no file', () => {
  const doc = new Y.Doc();
  doc.getMap('files').set('odd', 7);
  assert.deepEqual(new Files(doc).paths(), []);
});

test('names are made free, endings found, initials taken', () => {
  assert.equal(freePath('main.py', ['main.py', 'main-2.py']), 'main-3.py');
  assert.deepEqual(['a/b.tar.GZ', 'Makefile', '.env'].map(extensionOf), ['gz', '', 'env']);
  assert.deepEqual(['Ada Lovelace', 'grace', '  ', '李 雷'].map(initials), ['AL', 'G', '?', '李雷']);
  assert.equal(colorOf(room), colorOf(room));
});
