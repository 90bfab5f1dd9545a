// The page without a network, and on networks that let no WebSocket through.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { guestRoom, until } from '../stack.mjs';
import { enter, pictures, textOf, typeAtEnd, untilOnDevice, untilOnline, untilSaved, untilText, visitor } from './support.mjs';

/** A room with a file, and the person who has it open. */
async function roomOf(t, name, prepare) {
  const room = await guestRoom(name);
  const link = (await room.linkOf('editor')).url;
  const ada = await visitor(t, undefined, prepare);
  await enter(ada, link, 'Ada');
  await ada.getByTestId('start-python').click();
  await untilText(ada, 'Hello, world!');
  await untilSaved(ada);
  return { room, link, ada };
}

/** The page's own files are on the device. */
const untilKept = (page) =>
  until('the service worker', () => page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.active?.state === 'activated'));

const untilFile = (room, part) =>
  until(`the room to hold ${part}`, async () => (await room.files()).some(({ content }) => content.includes(part)), () => room.files());

test('without a network the room opens, takes edits, and brings them home', async (t) => {
  const { room, link, ada } = await roomOf(t, 'Away');
  const grace = await visitor(t);
  await enter(grace, link, 'Grace');
  await untilText(grace, 'Hello, world!');
  await untilKept(ada);

  await ada.context().setOffline(true);
  await ada.locator('[data-testid=connection-state][data-state=offline]').waitFor();
  await ada.getByTestId('connection-strip').getByText('You are offline.').waitFor();
  await typeAtEnd(ada, '\n# written on the train');
  await untilSaved(ada, 'unsent');
  await ada.screenshot({ path: `${pictures}offline.png` });
  await typeAtEnd(grace, '\n# written at home');
  await untilFile(room, '# written at home');

  await ada.reload();
  await untilText(ada, '# written on the train');
  await untilSaved(ada, 'unsent');
  await typeAtEnd(ada, '\n# and after a reload');
  assert.ok(!(await textOf(ada)).includes('# written at home'));
  assert.ok(!(await textOf(grace)).includes('train'));

  await ada.context().setOffline(false);
  await untilOnline(ada);
  await untilSaved(ada);
  for (const page of [ada, grace]) {
    for (const part of ['# written on the train', '# and after a reload', '# written at home']) await untilText(page, part);
  }
  assert.equal(await textOf(ada), await textOf(grace));
  await untilFile(room, '# and after a reload');
  await ada.reload();
  await untilText(ada, '# written at home');
  await untilSaved(ada);
  assert.deepEqual(grace.troubles, []);
});

test('a page that was closed with unsent edits says so when it opens again, until the room has them', async (t) => {
  const { room, ada } = await roomOf(t, 'Closed too soon');
  const address = ada.url();
  const context = ada.context();
  await untilKept(ada);
  await context.setOffline(true);
  await typeAtEnd(ada, '\n# not sent');
  await untilOnDevice(ada);
  await ada.close();

  const again = await context.newPage();
  await again.goto(address);
  await untilText(again, '# not sent');
  await untilSaved(again, 'unsent');
  await context.setOffline(false);
  await untilSaved(again);
  await untilFile(room, '# not sent');
});

test('where WebSockets are forbidden, two people work together over HTTP', async (t) => {
  const forbid = (context) =>
    context.addInitScript(() => {
      window.WebSocket = class {
        constructor() {
          throw new DOMException('forbidden', 'SecurityError');
        }
      };
    });
  const { link, ada } = await roomOf(t, 'Only HTTP', forbid);
  const grace = await visitor(t, undefined, forbid);
  await enter(grace, link, 'Grace');
  await untilText(grace, 'Hello, world!');
  for (const page of [ada, grace]) {
    await untilOnline(page, 'http');
    await page.getByTestId('connection-state').getByText('Online (HTTP)').waitFor();
  }
  await typeAtEnd(ada, '\n# by Ada');
  await untilText(grace, '# by Ada');
  await typeAtEnd(grace, '\n# by Grace');
  await untilText(ada, '# by Grace');
  for (const page of [ada, grace]) await untilSaved(page);
  await ada.locator('.cm-ySelectionInfo', { hasText: 'Grace' }).waitFor({ state: 'attached' });
  await grace.getByTestId('chat-input').fill('Slow, but it works');
  await grace.getByTestId('chat-send').click();
  await ada.getByText('Slow, but it works').waitFor();
  await ada.screenshot({ path: `${pictures}http.png` });
  assert.deepEqual([...ada.troubles, ...grace.troubles], []);
});

test('a network that drops WebSockets is noticed, and so is one that lets them through again', async (t) => {
  let drops = true;
  const { link, ada } = await roomOf(t, 'Dropped', (context) =>
    context.routeWebSocket(/\/(sync|events)\//, (socket) => {
      if (drops) void socket.close({ code: 1006 });
      else socket.connectToServer();
    }),
  );
  await untilOnline(ada, 'http');
  const grace = await visitor(t);
  await enter(grace, link, 'Grace');
  await untilOnline(grace, 'websocket');
  await typeAtEnd(ada, '\n# over HTTP');
  await untilText(grace, '# over HTTP');
  drops = false;
  await untilOnline(ada, 'websocket');
  await typeAtEnd(ada, '\n# over a WebSocket');
  await untilText(grace, '# over a WebSocket');
});

test('a rebuilt room goes on from its state, and what it never got is kept aside', async (t) => {
  const { room, link, ada } = await roomOf(t, 'Rebuilt');
  const grace = await visitor(t);
  await enter(grace, link, 'Grace');
  await untilText(grace, 'Hello, world!');
  await untilKept(ada);
  await ada.context().setOffline(true);
  await typeAtEnd(ada, '\n# of the old history');
  await untilSaved(ada, 'unsent');
  await room.rebuild();
  // Grace has lost nothing: her page goes on by itself.
  await untilOnline(grace);
  await untilText(grace, 'Hello, world!');

  await ada.context().setOffline(false);
  const kept = ada.getByTestId('kept');
  await kept.getByText('main.py').waitFor();
  await ada.screenshot({ path: `${pictures}kept.png` });
  await ada.keyboard.press('Escape');
  await untilOnline(ada);
  await untilSaved(ada);
  assert.ok(!(await textOf(ada)).includes('# of the old history'));
  for (const page of [ada, grace]) assert.equal((await textOf(page)).split('Hello, world!').length, 2, 'once, not doubled');
  await typeAtEnd(grace, '# of the new one');
  await untilText(ada, '# of the new one');

  await ada.reload();
  const [download] = await Promise.all([
    ada.waitForEvent('download'),
    kept.getByRole('button', { name: 'Download' }).click(),
  ]);
  assert.equal(download.suggestedFilename(), 'main.py');
  await kept.getByRole('button', { name: 'Throw away' }).click();
  await ada.getByTestId('confirm').click();
  await kept.waitFor({ state: 'detached' });
  await ada.reload();
  await untilOnline(ada);
  assert.equal(await kept.count(), 0);
});

test('text that the room cannot take is kept aside, and the page goes on from the room', async (t) => {
  let sync;
  let isCut = false;
  const { ada } = await roomOf(t, 'Unreadable', (context) =>
    context.routeWebSocket(/\/sync\//, (socket) => {
      const server = socket.connectToServer();
      sync = socket;
      socket.onMessage((frame) => isCut || server.send(frame));
    }),
  );
  isCut = true;
  await typeAtEnd(ada, '\n# not readable');
  await untilSaved(ada, 'saving');
  await sync.close({ code: 4422, reason: 'the frame is no message of the Yjs protocol' });
  const refused = ada.getByTestId('refused');
  await refused.getByText('could not read a change').waitFor();
  await ada.screenshot({ path: `${pictures}refused.png` });
  isCut = false;
  await refused.getByTestId('remedy').click();
  await ada.getByTestId('kept').getByText('The room could not read it.').waitFor();
  await ada.keyboard.press('Escape');
  await untilOnline(ada);
  await untilSaved(ada);
  assert.ok(!(await textOf(ada)).includes('# not readable'));
});

test('a copy of a room that was closed to its reader can be read and not changed', async (t) => {
  const room = await guestRoom('Withdrawn');
  const { id, url } = await room.linkOf('editor');
  const ada = await visitor(t);
  await enter(ada, url, 'Ada');
  await ada.getByTestId('start-python').click();
  await untilSaved(ada);
  await room.withdraw(id);
  await ada.getByTestId('refused').waitFor();
  await ada.keyboard.press('Escape');
  await ada.getByTestId('read-only').getByText('You can read it, not change it').waitFor();
  const before = await textOf(ada);
  await typeAtEnd(ada, '# too late');
  assert.equal(await textOf(ada), before);

  await ada.reload();
  await ada.getByTestId('open-copy').click();
  await untilText(ada, 'Hello, world!');
  await typeAtEnd(ada, '# too late');
  assert.equal(await textOf(ada), before);
  await ada.locator('[data-testid=connection-state][data-state=closed]').waitFor();
});
