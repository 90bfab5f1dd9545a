// People in a room: following each other, mentions, older messages, and nobody who is not there.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { guestRoom, require, until } from '../stack.mjs';
import { code, enter, NARROW, pictures, typeAtEnd, untilOnline, untilText, visitor } from './support.mjs';

const WebSocket = require('ws');

/** Two people in a room with one long file. */
async function pair(t, name, viewport) {
  const room = await guestRoom(name);
  const link = (await room.linkOf('editor')).url;
  const ada = await visitor(t);
  await enter(ada, link, 'Ada');
  await ada.getByTestId('start-python').click();
  await untilText(ada, 'Hello, world!');
  const grace = await visitor(t, viewport);
  await enter(grace, link, 'Grace Hopper');
  await untilText(grace, 'Hello, world!');
  for (const page of [ada, grace]) await untilOnline(page);
  return { room, link, ada, grace };
}

const person = (page, name) => page.getByTestId('people').getByRole('button', { name });

/** The first line that a page shows. */
const firstLine = (page) =>
  page.evaluate(() => {
    const scroller = document.querySelector('.cm-scroller');
    const top = scroller.getBoundingClientRect().top;
    const lines = [...document.querySelectorAll('.cm-line')];
    return lines.find((line) => line.getBoundingClientRect().bottom > top + 6)?.textContent ?? '';
  });

test('who is followed leads the view through files and lines until the follower types', async (t) => {
  const { ada, grace } = await pair(t, 'Following');
  await code(ada).click();
  await ada.keyboard.insertText(Array.from({ length: 300 }, (_, line) => `# line ${line}`).join('\n'));
  await ada.getByTestId('add-file').click();
  await ada.getByTestId('file-name').fill('other.py');
  await ada.keyboard.press('Enter');
  await code(ada).click();
  await ada.keyboard.type('# the other file');

  await person(grace, 'Ada').click();
  await grace.getByTestId('following').getByText('Following Ada').waitFor();
  await untilText(grace, '# the other file');
  await ada.getByTestId('people').getByText('follows you').waitFor();

  await ada.locator('[data-testid=tab][data-path="main.py"]').click();
  await until('Ada to see the middle', async () => {
    await ada.locator('.cm-scroller').evaluate((scroller) => (scroller.scrollTop = scroller.scrollHeight / 2));
    return /^# line 1[45]\d$/.test(await firstLine(ada));
  });
  await until('the same first line on both', async () => (await firstLine(ada)) === (await firstLine(grace)), async () => [
    await firstLine(ada),
    await firstLine(grace),
  ]);
  await grace.screenshot({ path: `${pictures}following.png` });

  await code(grace).press('End');
  await grace.getByTestId('following').waitFor({ state: 'hidden' });
  const before = await firstLine(grace);
  await ada.locator('[data-testid=tab][data-path="other.py"]').click();
  await ada.getByTestId('people').getByText('follows you').waitFor({ state: 'detached' });
  assert.equal(await firstLine(grace), before);

  await person(grace, 'Ada').press('Enter');
  await untilText(grace, '# the other file');
  await grace.keyboard.press('Escape');
  await grace.getByTestId('following').waitFor({ state: 'hidden' });
  assert.deepEqual([...ada.troubles, ...grace.troubles], []);
});

test('a mention is offered, marked and told, and leads to its message', async (t) => {
  const { ada, grace } = await pair(t, 'Mentions', NARROW);
  const input = ada.getByTestId('chat-input');
  await input.click();
  await input.pressSequentially('look, @gr');
  await ada.getByTestId('mention-names').getByText('Grace Hopper').waitFor();
  await ada.screenshot({ path: `${pictures}mention-names.png` });
  await input.press('Enter');
  assert.equal(await input.inputValue(), 'look, @"Grace Hopper" ');
  await input.pressSequentially('here');
  await input.press('Enter');
  await ada.locator('.mention').getByText('@"Grace Hopper"').waitFor();

  await grace.getByTestId('chat-unread').getByText('@1').waitFor();
  await until('the title', async () => (await grace.title()).startsWith('(@1) '), () => grace.title());
  await grace.screenshot({ path: `${pictures}mentioned.png` });
  await grace.getByTestId('show-mention').click();
  await grace.locator('.message.for-you').getByText('look,').waitFor();
  await until('the title again', async () => !(await grace.title()).startsWith('('), () => grace.title());
  assert.deepEqual([...ada.troubles, ...grace.troubles], []);
});

/** Says so many things in a room, each when the one before has come back. */
async function talk(room, count) {
  const { eventsUrl, token } = await room.enterAs('Talker');
  const socket = new WebSocket(`${eventsUrl}?token=${token}`);
  const say = (number) => socket.send(JSON.stringify({ type: 'chat:send', text: `message ${number}` }));
  await new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('close', (code) => reject(new Error(`closed with ${code}`)));
    socket.on('message', (data) => {
      const event = JSON.parse(data);
      if (event.type === 'room:welcome') say(1);
      if (event.type !== 'chat:message') return;
      if (event.message.id === count) resolve();
      else say(event.message.id + 1);
    });
  });
  socket.close();
}

test('older messages come when one scrolls to the top', async (t) => {
  const room = await guestRoom('A long talk');
  const count = 130;
  await talk(room, count);
  const late = await visitor(t);
  await enter(late, (await room.linkOf('editor')).url, 'Late');
  const list = late.getByTestId('messages');
  await list.getByText(`message ${count}`, { exact: true }).waitFor();
  assert.equal(await list.getByText('message 1', { exact: true }).count(), 0);
  await list.evaluate((element) => (element.scrollTop = 0));
  await list.getByText('message 1', { exact: true }).waitFor({ state: 'attached' });
  const texts = await list.locator('.message-text').allInnerTexts();
  assert.deepEqual(texts, Array.from({ length: count }, (_, index) => `message ${index + 1}`));
  assert.ok((await list.evaluate((element) => element.scrollTop)) > 0, 'the reader keeps the place');
  assert.deepEqual(late.troubles, []);
});

test('who leaves is gone from the list and from the text', async (t) => {
  const { ada, grace } = await pair(t, 'Leaving');
  await typeAtEnd(grace, '# bye');
  await ada.locator('.cm-ySelectionInfo', { hasText: 'Grace' }).waitFor({ state: 'attached' });
  await grace.close();
  await ada.getByTestId('people').getByText('Grace').waitFor({ state: 'detached' });
  await ada.locator('.cm-ySelectionInfo', { hasText: 'Grace' }).waitFor({ state: 'detached' });
});
