// Shared terminals in real Chromium: two people, one shell.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { api, guestRoom, until } from '../stack.mjs';
import { enter, hasSidewaysScroll, NARROW, pictures, untilSaved, untilText, visitor } from './support.mjs';

/** A machine may have to be started first. */
const MACHINE_MS = 90_000;

/** A room, and a link to it that gives the right to use terminals. */
async function terminalRoom(name) {
  const { room, ownerKey } = await api('/rooms', { body: { name } });
  const owner = await api(`/rooms/${room.id}/token`, { body: { ownerKey, name: 'Owner' } });
  const body = { role: 'editor', run: true, terminal: true };
  const { link } = await api(`/rooms/${room.id}/links`, { body, bearer: owner.token });
  return { id: room.id, link: link.url };
}

const screenOf = (page) => page.getByTestId('terminal').locator('.xterm-rows').innerText();
const stateOf = (page) => page.getByTestId('terminal-state').innerText();

const untilScreen = (page, part) =>
  until(`the terminal to show ${part}`, async () => part.test(await screenOf(page)), () => screenOf(page));
const untilState = (page, words, deadlineMs) =>
  until(`the terminal to say ${words}`, async () => (await stateOf(page)).includes(words), () => stateOf(page), deadlineMs);

/** Shows the terminal, on screens of every width. */
async function showTerminal(page) {
  await page.getByTestId('terminal-tab').waitFor({ state: 'attached' });
  const view = page.getByTestId('view-output');
  if (await view.isVisible()) await view.click();
  await page.getByTestId('terminal-tab').click();
}

async function command(page, line) {
  await page.getByTestId('terminal').locator('.xterm-screen').click();
  await page.keyboard.type(line);
  await page.keyboard.press('Enter');
}

test('two people share a shell', async (t) => {
  const room = await terminalRoom('A shell together');
  const ada = await visitor(t);
  await enter(ada, room.link, 'Ada');
  await ada.getByTestId('start-python').click();
  await untilText(ada, 'Hello, world!');
  await untilSaved(ada);
  const grace = await visitor(t);
  await enter(grace, room.link, 'Grace');
  await untilText(grace, 'Hello, world!');

  await t.test('one opens it, both see what it writes', async () => {
    await showTerminal(ada);
    await ada.getByTestId('open-shell').click();
    await untilState(ada, 'You have the keyboard', MACHINE_MS);
    await showTerminal(grace);
    await untilState(grace, 'Ada has the keyboard');
    await command(ada, 'echo hello-$((40+2))');
    for (const page of [ada, grace]) await untilScreen(page, /^hello-42$/m);
  });

  await t.test('who does not hold the keyboard is told who does', async () => {
    await command(grace, 'echo not-$((40+2))');
    await grace.getByTestId('terminal-note').filter({ hasText: 'Ada has the keyboard' }).waitFor();
    await command(ada, 'echo then-$((40+3))');
    for (const page of [ada, grace]) await untilScreen(page, /^then-43$/m);
    assert.doesNotMatch(await screenOf(ada), /not-42/);
  });

  await t.test('the keyboard is handed over', async () => {
    await ada.getByTestId('hand-over').click();
    await ada.getByTestId('hand-over-to').filter({ hasText: 'Grace' }).click();
    await untilState(grace, 'You have the keyboard');
    await untilState(ada, 'Grace has the keyboard');
    await command(grace, 'echo grace-$((40+4))');
    for (const page of [ada, grace]) await untilScreen(page, /^grace-44$/m);
  });

  await t.test('what changed in the files is taken over', async () => {
    await command(grace, 'echo "# by the shell" >> main.py; echo kept > note.txt; echo wrote-$((40+5))');
    await untilScreen(grace, /^wrote-45$/m);
    await grace.getByTestId('take-files').click();
    await grace.getByTestId('take-over-dialog').waitFor();
    const paths = await grace.getByTestId('take-file').evaluateAll((boxes) => boxes.map((box) => box.dataset.path));
    assert.deepEqual(paths, ['main.py', 'note.txt']);
    await grace.screenshot({ path: `${pictures}take-over.png` });
    await grace.getByTestId('confirm-take-over').click();
    for (const page of [ada, grace]) {
      await untilText(page, '# by the shell');
      await page.locator('[data-testid=tab][data-path="note.txt"]').waitFor();
    }
  });

  await t.test('a reload shows what was written before', async () => {
    await ada.reload();
    await showTerminal(ada);
    await untilScreen(ada, /^wrote-45$/m);
    await ada.screenshot({ path: `${pictures}terminal.png` });
  });

  await t.test('the keyboard leads out, and the end is told to both', async () => {
    await ada.getByTestId('take-keyboard').click();
    await untilState(ada, 'You have the keyboard');
    await command(ada, 'exit 3');
    for (const page of [ada, grace]) await untilState(page, 'its program has ended (exit 3)');
    await ada.getByTestId('terminal').locator('.xterm-screen').click();
    await ada.keyboard.press('Shift+Escape');
    assert.equal(await ada.evaluate(() => document.activeElement?.id), 'terminal-tab');
  });

  assert.deepEqual([...ada.troubles, ...grace.troubles], [], 'no errors in either console');
});

test('a terminal fits a narrow screen', async (t) => {
  const room = await terminalRoom('A narrow shell');
  const lin = await visitor(t, NARROW);
  await enter(lin, room.link, 'Lin');
  await showTerminal(lin);
  await lin.getByTestId('open-shell').click();
  await untilState(lin, 'You have the keyboard', MACHINE_MS);
  await command(lin, 'echo columns-$((COLUMNS))');
  await untilScreen(lin, /^columns-\d+$/m);
  assert.equal(await hasSidewaysScroll(lin), false);
  await lin.screenshot({ path: `${pictures}narrow-terminal.png` });
  await lin.getByTestId('close-terminal').click();
  await lin.getByTestId('confirm').click();
  await untilState(lin, 'somebody closed it');
  assert.deepEqual(lin.troubles, []);
});

test('without the right a terminal cannot be opened, and the page says so', async (t) => {
  const room = await guestRoom('No shell');
  const ed = await visitor(t);
  await enter(ed, (await room.linkOf('editor')).url, 'Ed');
  await showTerminal(ed);
  await ed.getByTestId('terminal-start').getByText('Your link does not allow using a terminal').waitFor();
  assert.equal(await ed.getByTestId('open-shell').count(), 0);
});
