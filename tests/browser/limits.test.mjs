// The page makes do with what a guest may call: a burst of 10 for the nameless caller, and of 10 for the guest.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until, url } from '../stack.mjs';
import { outputOf, typeAtEnd, untilSaved, untilText, visitor } from './support.mjs';

const BURST = 10;

test('making a room, writing, running and a reload take less than a burst', async (t) => {
  const ada = await visitor(t);
  const calls = { nobody: [], guest: [] };
  ada.on('request', (request) => {
    const { pathname } = new URL(request.url());
    if (!pathname.startsWith('/api/')) return;
    (request.headers()['authorization'] ? calls.guest : calls.nobody).push(`${request.method()} ${pathname}`);
  });
  await ada.goto(url);
  await ada.getByTestId('room-name').fill('Few calls');
  await ada.getByTestId('name-input').fill('Ada');
  await ada.getByTestId('language').selectOption('python');
  await ada.getByTestId('create-room').click();
  await ada.waitForURL(/\/r\/[0-9a-z]{20}/);
  await untilText(ada, 'Hello, world!');
  await typeAtEnd(ada, '\nprint(6 * 7)');
  await untilSaved(ada);
  await ada.getByTestId('run').click();
  await until('the output', async () => (await outputOf(ada)).includes('42'), () => outputOf(ada));
  await ada.reload();
  await untilText(ada, '6 * 7');
  for (const [who, made] of Object.entries(calls)) {
    assert.ok(made.length > 0 && made.length < BURST, `${who}: ${made.join(', ')}`);
  }
});
