// The page in real Chromium: two people, two browser contexts, one room.
//
// UPDATE_SCREENSHOT=1 renews the README's picture, tests/browser/screenshot.png.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { guestRoom, until, url } from '../stack.mjs';
import {
  code,
  enter,
  hasSidewaysScroll,
  here,
  NARROW,
  outputOf,
  pictures,
  textOf,
  type,
  typeAtEnd,
  untilText,
  visitor,
} from './support.mjs';

test('two guests write, run and talk in one room', async (t) => {
  const ada = await visitor(t);
  await ada.goto(url);
  await ada.getByTestId('room-name').fill('Fibonacci together');
  await ada.getByTestId('name-input').fill('Ada');
  await ada.getByTestId('language').selectOption('python');
  await ada.getByTestId('create-room').click();
  await ada.waitForURL(/\/r\/[0-9a-z]{20}/);
  await untilText(ada, 'Hello, world!');

  await ada.getByTestId('share').click();
  await ada.getByTestId('create-link').click();
  const link = await ada.getByTestId('share-link').inputValue();
  assert.match(link, new RegExp(`^${url}/r/[0-9a-z]{20}#link=.+`));
  await ada.keyboard.press('Escape');

  const grace = await visitor(t);
  await enter(grace, link, 'Grace');
  await untilText(grace, 'Hello, world!');

  await t.test('both see what both type, and where', async () => {
    await code(ada).click();
    await ada.keyboard.press('Control+a');
    // The editor indents by itself; out of a block leads Shift-Tab.
    await type(ada, 'def fibonacci(count):\na, b = 0, 1\nfor _ in range(count):\nyield a\na, b = b, a + b');
    await untilText(grace, 'a, b = b, a + b');
    await typeAtEnd(grace, '\n');
    for (let level = 0; level < 2; level += 1) await grace.keyboard.press('Shift+Tab');
    await type(grace, '\nfor n, value in enumerate(fibonacci(10)):\nprint(n, value, "#" * value)');
    await untilText(ada, 'print(n, value, "#" * value)');
    const both = async () => [await textOf(ada), await textOf(grace)];
    await until('the same text on both', async () => new Set(await both()).size === 1, both);
    await ada.locator('.cm-ySelectionInfo', { hasText: 'Grace' }).waitFor({ state: 'attached' });
    await grace.locator('.cm-ySelectionInfo', { hasText: 'Ada' }).waitFor({ state: 'attached' });
    for (const page of [ada, grace]) {
      const people = page.getByTestId('people');
      await people.getByText('Ada').first().waitFor();
      await people.getByText('Grace').first().waitFor();
    }
  });

  await t.test('one runs, both see the output and the exit code', async () => {
    await grace.keyboard.press('Control+Enter');
    for (const page of [ada, grace]) {
      await until('the output', async () => (await outputOf(page)).includes(`9 34 ${'#'.repeat(34)}\n`), () => outputOf(page));
      await page.getByTestId('run-state').filter({ hasText: /^Finished$/ }).waitFor();
      await page.getByTestId('run-facts').filter({ hasText: 'exit 0' }).waitFor();
    }
  });

  await t.test('they talk', async () => {
    await ada.getByTestId('chat-input').fill('It runs!');
    await ada.getByTestId('chat-send').click();
    await grace.getByText('It runs!').waitFor();
    await grace.getByTestId('chat-input').fill('Shall we memoise it?');
    await grace.getByTestId('chat-input').press('Enter');
    await ada.getByText('Shall we memoise it?').waitFor();
  });

  await t.test('what they wrote is saved and there after a reload', async () => {
    for (const page of [ada, grace]) {
      await page.locator('[data-testid=saved-state][data-state=saved]').waitFor();
      await page.locator('[data-testid=connection-state][data-state=online]').waitFor();
    }
    const before = await textOf(ada);
    await ada.reload();
    await untilText(ada, 'fibonacci(10)');
    assert.equal(await textOf(ada), before);
    await ada.getByText('Shall we memoise it?').waitFor();
    await until('the output again', async () => (await outputOf(ada)).includes('9 34 #'));
  });

  // The pictures show a cursor with its name, which goes when it has rested.
  await grace.getByTestId('editor').locator('.cm-line', { hasText: 'a + b' }).click();
  await ada.locator('.cm-ySelectionInfo', { hasText: 'Grace' }).waitFor({ state: 'attached' });
  const renews = process.env.UPDATE_SCREENSHOT === '1';
  await ada.screenshot({ path: renews ? here('screenshot.png') : `${pictures}wide.png` });
  assert.deepEqual([...ada.troubles, ...grace.troubles], [], 'no errors in either console');
});

test('a room fits a narrow screen in every view', async (t) => {
  const room = await guestRoom('Narrow');
  const lin = await visitor(t, NARROW);
  await enter(lin, (await room.linkOf('editor')).url, 'Lin');
  await lin.getByTestId('start-python').click();
  await untilText(lin, 'Hello, world!');
  await typeAtEnd(lin, `\n# ${'a long line '.repeat(20)}`);
  for (const view of ['code', 'output', 'chat', 'people']) {
    await lin.getByTestId(`view-${view}`).click();
    assert.equal(await hasSidewaysScroll(lin), false, view);
    await lin.screenshot({ path: `${pictures}narrow-${view}.png` });
  }
  await lin.getByTestId('view-code').click();
  await lin.getByTestId('run').click();
  await until('the output', async () => (await outputOf(lin)).includes('Hello, world!'), () => outputOf(lin));
  assert.deepEqual(lin.troubles, []);
});

test('the start page fits a narrow screen', async (t) => {
  const page = await visitor(t, NARROW);
  await page.goto(url);
  await page.getByTestId('create-room').waitFor();
  assert.equal(await hasSidewaysScroll(page), false);
  await page.screenshot({ path: `${pictures}narrow-start.png` });
});

test('a viewer reads and cannot write', async (t) => {
  const room = await guestRoom('Reading');
  const editor = await visitor(t);
  await enter(editor, (await room.linkOf('editor')).url, 'Ada');
  await editor.getByTestId('start-python').click();
  const viewer = await visitor(t);
  await enter(viewer, (await room.linkOf('viewer')).url, 'Vic');
  await untilText(viewer, 'Hello, world!');
  await viewer.getByTestId('read-only').waitFor();
  const before = await textOf(viewer);
  await typeAtEnd(viewer, 'not mine');
  await typeAtEnd(editor, '# mine');
  await untilText(viewer, '# mine');
  assert.equal(await textOf(viewer), `${before}# mine`);
  assert.ok(await viewer.getByTestId('run').isDisabled());
  assert.deepEqual([...editor.troubles, ...viewer.troubles], []);
});

test('an account registers, comes back and finds its room', async (t) => {
  const page = await visitor(t);
  const name = `b${Date.now().toString(36)}`;
  await page.goto(url);
  await page.getByTestId('register').click();
  await page.getByTestId('username').fill(name);
  await page.getByTestId('email').fill(`${name}@example.org`);
  await page.getByTestId('password').fill('Correct1Horse');
  await page.getByTestId('submit-account').click();
  await page.getByTestId('account-name').getByText(name).waitFor();
  await page.getByTestId('room-name').fill(`Room of ${name}`);
  await page.getByTestId('create-room').click();
  await page.waitForURL(/\/r\/[0-9a-z]{20}/);
  await page.locator('[data-testid=connection-state][data-state=online]').waitFor();
  // The refresh token's cookie is all that brings the login back.
  await page.goto(url);
  await page.getByTestId('account-name').getByText(name).waitFor();
  await page.getByText(`Room of ${name}`).first().waitFor();
  await page.getByTestId('log-out').click();
  await page.getByTestId('log-in').waitFor();
  await page.reload();
  await page.getByTestId('log-in').waitFor();
});
