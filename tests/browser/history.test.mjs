// The history of a room in the page: played back, named, compared, brought back, forked, merged.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { guestRoom, until } from '../stack.mjs';
import { enter, hasSidewaysScroll, NARROW, outputOf, pictures, textOf, typeAtEnd, untilSaved, untilText, visitor } from './support.mjs';

const view = (page) => page.getByTestId('history-view');
const caption = (page) => page.getByTestId('history-caption').innerText();

/** The shown file as it was, without the name at the last change. */
function textThen(page) {
  return page.getByTestId('history-content').evaluate((content) => {
    const copy = content.cloneNode(true);
    for (const caret of copy.querySelectorAll('.cm-change-caret, .cm-widgetBuffer')) caret.remove();
    return [...copy.querySelectorAll('.cm-line')].map((line) => line.textContent).join('\n');
  });
}

/** Waits until the moment that was asked for is on screen, with all that is known of it. */
async function shown(page) {
  await until('the history to be loaded', async () => (await page.locator('.history-progress').innerText()) === '');
  await until('the moment to be shown', () => view(page).evaluate((element) => !('waiting' in element.dataset) && 'moment' in element.dataset));
}

async function openHistory(page) {
  await page.getByTestId('history').click();
  await shown(page);
}

const isPlaying = (page) => page.getByTestId('history-play').getAttribute('data-playing');

/** Presses a key until what it leads to is there. */
async function stepUntil(page, key, isThere) {
  await page.getByTestId('history-slider').focus();
  for (let step = 0; step < 200; step += 1) {
    if (await isThere()) return;
    const before = await view(page).getAttribute('data-index');
    await page.keyboard.press(key);
    await until(`a step by ${key}`, async () => (await view(page).getAttribute('data-index')) !== before);
  }
  throw new Error(`${key} leads nowhere; ${await caption(page)}`);
}

const notice = (page, text) => page.locator('.notice', { hasText: text }).first().waitFor();

async function more(page, item) {
  await page.getByTestId('history-more').click();
  await page.getByTestId(item).click();
}

/** A room in which Ada and Grace have written, talked and run. */
async function session(t) {
  const room = await guestRoom('Past');
  const [ada, grace] = [await visitor(t), await visitor(t)];
  for (const [page, name] of [
    [ada, 'Ada'],
    [grace, 'Grace'],
  ]) {
    await enter(page, (await room.linkOf('editor')).url, name);
    if (page === ada) await page.getByTestId('start-python').click();
    await untilText(page, 'Hello, world!');
  }
  await typeAtEnd(ada, '\n# one by Ada');
  await untilText(grace, '# one by Ada');
  await typeAtEnd(grace, '\n# two by Grace');
  await untilText(ada, '# two by Grace');
  await grace.getByTestId('chat-input').fill('Looks good');
  await grace.keyboard.press('Enter');
  await ada.getByText('Looks good').waitFor();
  await grace.getByTestId('run').click();
  await until('the output', async () => (await outputOf(ada)).includes('Hello, world!'));
  for (const page of [ada, grace]) {
    await page.getByTestId('run-state').filter({ hasText: /^Finished$/ }).waitFor();
    await untilSaved(page);
  }
  return { room, ada, grace };
}

test('a session is played back keystroke by keystroke, and goes on behind it', async (t) => {
  const { ada, grace } = await session(t);
  const now = await textOf(ada);
  await openHistory(ada);

  await t.test('its end is what is there now, with chat and output', async () => {
    assert.equal(await textThen(ada), now);
    await view(ada).getByText('Looks good').waitFor();
    assert.match(await view(ada).getByTestId('output').innerText(), /Hello, world!/);
    await ada.screenshot({ path: `${pictures}history-end.png` });
  });

  await t.test('the middle has the text of then, and says who typed', async () => {
    await stepUntil(ada, 'ArrowLeft', async () => !(await textThen(ada)).includes('# t'));
    assert.match(await textThen(ada), /# one by Ada\n#? ?$/);
    assert.equal(await view(ada).getByText('Looks good').count(), 0);
    assert.doesNotMatch(await view(ada).getByTestId('output').innerText(), /Hello, world!/);
    await stepUntil(ada, 'ArrowRight', async () => (await textThen(ada)).includes('# tw'));
    assert.match(await caption(ada), /^Grace typed “t?w” in main\.py$/);
    assert.equal(await ada.getByTestId('history-caret').innerText(), 'Grace');
    assert.match(await ada.locator('.legend').innerText(), /Ada[^]*Grace/);
    await ada.screenshot({ path: `${pictures}history-middle.png` });
  });

  await t.test('playing leads to the end, chat and run included', async () => {
    await ada.getByTestId('history-speed').selectOption('32');
    await ada.getByTestId('history-play').click();
    await until('the replay to end', async () => (await isPlaying(ada)) === 'false');
    await shown(ada);
    assert.equal(await textThen(ada), now);
    await view(ada).getByText('Looks good').waitFor();
    assert.match(await view(ada).getByTestId('output').innerText(), /Hello, world!/);
  });

  await t.test('what others type meanwhile can be gone on to, and is there when one is back', async () => {
    await typeAtEnd(grace, '\n# three');
    await ada.getByTestId('history-live').getByText('+').waitFor();
    assert.equal(await textThen(ada), now);
    await ada.getByTestId('history-slider').focus();
    await stepUntil(ada, 'ArrowRight', async () => (await textThen(ada)).includes('# three'));
    await ada.keyboard.press('Escape');
    await view(ada).waitFor({ state: 'detached' });
    await untilText(ada, '# three');
  });
  assert.deepEqual([...ada.troubles, ...grace.troubles], [], 'no errors in either console');
});

test('a named moment is compared and brought back for everybody', async (t) => {
  const { ada, grace } = await session(t);
  const good = await textOf(ada);
  await openHistory(ada);
  await openHistory(grace);

  await t.test('a snapshot is listed for everybody, and so is its end', async () => {
    for (const name of ['Good', 'Mistaken']) {
      await ada.getByTestId('take-snapshot').click();
      await ada.getByTestId('snapshot-name').fill(name);
      await ada.getByTestId('snapshot-message').fill(`It is ${name.toLowerCase()}`);
      await ada.getByTestId('save-snapshot').click();
      await grace.getByTestId('snapshots').getByText(`It is ${name.toLowerCase()}`).waitFor();
    }
    await notice(grace, 'Ada took the snapshot “Mistaken”');
    await ada.getByTestId('delete-snapshot').first().click();
    await ada.getByTestId('confirm').click();
    for (const page of [ada, grace]) await page.getByTestId('snapshots').getByText('It is mistaken').waitFor({ state: 'detached' });
    assert.match(await grace.getByTestId('snapshots').innerText(), /Good\s+It is good\s+Ada/);
  });

  await grace.getByTestId('history-live').click();
  await grace.locator('[data-testid=editor] .cm-content').click();
  await grace.keyboard.press('Control+a');
  await grace.keyboard.type('# all gone');
  await untilSaved(grace);

  await t.test('what changed since is shown line by line, with signs', async () => {
    await ada.getByTestId('open-snapshot').first().click();
    await shown(ada);
    assert.equal(await textThen(ada), good);
    await ada.getByTestId('history-compare').click();
    const diff = ada.getByTestId('diff');
    await diff.waitFor();
    assert.match(await diff.innerText(), /main\.py/);
    assert.match(await diff.locator('.diff-line.added').first().innerText(), /^\+\s*# all gone/);
    assert.match(await diff.locator('.diff-line.removed').first().innerText(), /^−\s*print/);
    await ada.screenshot({ path: `${pictures}history-diff.png` });
    await ada.keyboard.press('Escape');
  });

  await t.test('restoring says what it does, and both have the files of then', async () => {
    await ada.getByTestId('history-restore').click();
    const removed = ada.getByTestId('restore-dialog').locator('.diff-line.removed').first();
    assert.match(await removed.innerText(), /^−\s*# all gone/);
    await ada.screenshot({ path: `${pictures}history-restore.png` });
    await ada.getByTestId('confirm-restore').click();
    for (const page of [ada, grace]) {
      await until('the files of then', async () => (await textOf(page)) === good, () => textOf(page));
    }
    await notice(grace, 'Ada set the files back to how they were at');
    await view(ada).waitFor({ state: 'detached' });
  });

  await t.test('what was overwritten by it is still in the history', async () => {
    await openHistory(ada);
    await stepUntil(ada, 'ArrowLeft', async () => (await textThen(ada)) === '# all gone');
  });
  assert.deepEqual([...ada.troubles, ...grace.troubles], [], 'no errors in either console');
});

test('a fork goes its own way and is merged back', async (t) => {
  const { room, ada, grace } = await session(t);
  const common = await textOf(ada);
  await openHistory(grace);
  await grace.getByTestId('history-fork').click();
  await grace.getByTestId('fork-name').fill('Another way');
  await grace.getByTestId('confirm-fork').click();
  await grace.waitForURL((address) => /^\/r\/[0-9a-z]{20}$/.test(address.pathname) && !address.pathname.includes(room.id));
  await until('the text of the fork', async () => (await textOf(grace).catch(() => '')) === common);

  await typeAtEnd(grace, '\n# three, in the fork');
  await untilSaved(grace);
  await typeAtEnd(ada, '\n# three, in the original');
  await untilSaved(ada);
  assert.doesNotMatch(await textOf(ada), /in the fork/);

  await openHistory(grace);
  await more(grace, 'history-merge');
  await grace.getByTestId('merge-out').check();
  await grace.getByTestId('merge-preview').click();
  const added = grace.getByTestId('merge-dialog').locator('.diff-line.added');
  await added.first().waitFor();
  assert.match((await added.allInnerTexts()).join('\n'), /three, in the fork/);
  await grace.screenshot({ path: `${pictures}history-merge.png` });
  await grace.getByTestId('confirm-merge').click();
  await notice(grace, 'Merged: 1 file changed in the original');
  await untilText(ada, '# three, in the fork');
  assert.match(await textOf(ada), /# three, in the original/);
  await notice(ada, 'merged another room');

  await more(grace, 'history-merge');
  await grace.getByTestId('merge-in').check();
  await grace.getByTestId('merge-preview').click();
  await added.first().waitFor();
  assert.match((await added.allInnerTexts()).join('\n'), /three, in the original/);
  await grace.getByTestId('confirm-merge').click();
  await grace.getByTestId('history-live').click();
  await untilText(grace, '# three, in the original');

  // Whoever can only see the fork merges it from the original, by a link.
  await typeAtEnd(grace, '\n# four, in the fork');
  await untilSaved(grace);
  await grace.getByTestId('share').click();
  await grace.getByTestId('share-view').check();
  await grace.getByTestId('create-link').click();
  const link = await grace.getByTestId('share-link').inputValue();
  await openHistory(ada);
  await more(ada, 'history-merge');
  await ada.getByTestId('merge-any').check();
  await ada.getByTestId('merge-link').fill(link);
  await ada.getByTestId('merge-preview').click();
  await ada.getByTestId('confirm-merge').click();
  await ada.getByTestId('history-live').click();
  await untilText(ada, '# four, in the fork');
  assert.deepEqual([...ada.troubles, ...grace.troubles], [], 'no errors in either console');
});

test('a room is exported, and a name erased from it', async (t) => {
  const { ada } = await session(t);
  await openHistory(ada);
  await more(ada, 'history-export');
  const [download] = await Promise.all([ada.waitForEvent('download'), ada.getByTestId('confirm-export').click()]);
  assert.equal(download.suggestedFilename(), 'Past.zip');
  await ada.getByTestId('export-state').getByText('Done').waitFor();
  await ada.keyboard.press('Escape');

  await more(ada, 'history-erase');
  await ada.getByTestId('erase').click();
  await ada.getByTestId('confirm').click();
  await notice(ada, 'The name is erased');
  await until('another name in the legend', async () => !(await ada.locator('.legend').innerText()).includes('Ada'));
  await shown(ada);
  assert.match(await ada.locator('.legend').innerText(), /Grace/);
  assert.deepEqual(ada.troubles, []);
});

test('a viewer sees the history and changes nothing; it fits a narrow screen', async (t) => {
  const { room } = await session(t);
  const vic = await visitor(t, NARROW);
  await enter(vic, (await room.linkOf('viewer')).url, 'Vic');
  await untilText(vic, '# two by Grace');
  await openHistory(vic);
  for (const hidden of ['history-restore', 'take-snapshot']) assert.equal(await vic.getByTestId(hidden).isVisible(), false, hidden);
  for (const scheme of ['light', 'dark']) {
    await vic.emulateMedia({ colorScheme: scheme });
    for (const part of ['code', 'output', 'chat', 'snapshots']) {
      await vic.getByTestId(`history-view-${part}`).click();
      assert.equal(await hasSidewaysScroll(vic), false, part);
      await vic.screenshot({ path: `${pictures}history-narrow-${part}-${scheme}.png` });
    }
  }
  assert.deepEqual(vic.troubles, []);
});
