// Typing into a running program in real Chromium.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { guestRoom, until } from '../stack.mjs';
import { code, enter, hasSidewaysScroll, NARROW, outputOf, pictures, type, untilText, visitor } from './support.mjs';

const PROGRAM = "import sys\nname = input('Name? ')\nprint('Hello', name)\nprint('then', repr(sys.stdin.read()))";

const untilOutput = (page, part) =>
  until(`the output to have ${part}`, async () => (await outputOf(page)).includes(part), () => outputOf(page));

test('whoever may run types into a running program, and ends its input', async (t) => {
  const room = await guestRoom('Questions');
  const link = (await room.linkOf('editor')).url;
  const ada = await visitor(t);
  await enter(ada, link, 'Ada');
  await ada.getByTestId('start-python').click();
  await untilText(ada, 'Hello, world!');
  await code(ada).click();
  await ada.keyboard.press('Control+a');
  await type(ada, PROGRAM);
  const lin = await visitor(t, NARROW);
  await enter(lin, link, 'Lin');
  await lin.getByTestId('view-output').click();

  await ada.keyboard.press('Control+Enter');
  await ada.getByTestId('program-input').fill('Ada');
  await ada.getByTestId('program-input').press('Enter');
  for (const page of [ada, lin]) await untilOutput(page, 'Hello Ada');
  for (const page of [ada, lin]) await page.locator('[data-testid=output] .typed', { hasText: 'Ada' }).waitFor();
  await lin.getByTestId('program-input').fill('from a phone');
  assert.equal(await hasSidewaysScroll(lin), false);
  await lin.screenshot({ path: `${pictures}narrow-input.png` });
  await lin.getByTestId('program-input').press('Enter');
  await lin.locator('[data-testid=output] .typed', { hasText: 'from a phone' }).waitFor();
  await lin.getByTestId('end-input').click();
  for (const page of [ada, lin]) {
    await untilOutput(page, "then 'from a phone\\n'");
    await page.getByTestId('run-state').filter({ hasText: /^Finished$/ }).waitFor();
    await page.getByTestId('input-line').waitFor({ state: 'hidden' });
  }
  assert.deepEqual([...ada.troubles, ...lin.troubles], []);
});

test('input that is given beforehand ends by itself', async (t) => {
  const room = await guestRoom('Answers');
  const ada = await visitor(t);
  await enter(ada, (await room.linkOf('editor')).url, 'Ada');
  await ada.getByTestId('start-python').click();
  await untilText(ada, 'Hello, world!');
  await code(ada).click();
  await ada.keyboard.press('Control+a');
  await type(ada, PROGRAM);
  await ada.getByTestId('stdin-tab').click();
  await ada.getByTestId('stdin').fill('Grace\nmore');
  await ada.getByTestId('run').click();
  await untilOutput(ada, "then 'more'");
  await ada.getByTestId('run-state').filter({ hasText: /^Finished$/ }).waitFor();
  assert.deepEqual(ada.troubles, []);
});
