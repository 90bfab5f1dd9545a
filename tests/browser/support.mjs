// What the browser suites share: a Chromium for the whole file, visitors with contexts of their own, and the editor.

import { mkdirSync } from 'node:fs';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium as executablePath, require, until } from '../stack.mjs';

const { chromium } = require('playwright-core');

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
export const WIDE = { width: 1280, height: 720 };
export const NARROW = { width: 390, height: 844 };

export const here = (path) => fileURLToPath(new URL(path, import.meta.url));
export const pictures = here('../../target/browser/');

let browser;

before(async () => {
  mkdirSync(pictures, { recursive: true });
  browser = await chromium.launch({ executablePath, args: FLAGS });
});

after(() => browser?.close());

/**
 * A page of somebody who was never here, and everything that went wrong in it. `prepare` gets the context before the
 * page is made.
 */
export async function visitor(t, viewport = WIDE, prepare = async () => undefined) {
  const context = await browser.newContext({ viewport, colorScheme: 'light' });
  t.after(() => context.close());
  await prepare(context);
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const troubles = [];
  page.on('pageerror', (error) => troubles.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && troubles.push(message.text()));
  return Object.assign(page, { troubles });
}

/** Opens a room by its link as a guest of this name. */
export async function enter(page, link, name) {
  await page.goto(link);
  await page.getByTestId('name-input').fill(name);
  await page.keyboard.press('Enter');
}

export const code = (page) => page.locator('[data-testid=editor] .cm-content');

/** The text of the open file, line by line as it is shown, without the names at other people's cursors. */
export function textOf(page) {
  return code(page).evaluate((content) => {
    const copy = content.cloneNode(true);
    for (const caret of copy.querySelectorAll('.cm-ySelectionCaret, .cm-widgetBuffer')) caret.remove();
    return [...copy.querySelectorAll('.cm-line')].map((line) => line.textContent).join('\n');
  });
}

export const untilText = (page, part) => until(`the editor to show ${part}`, async () => (await textOf(page)).includes(part), () => textOf(page));

/** Types where the cursor is, line by line. */
export async function type(page, text) {
  for (const [number, line] of text.split('\n').entries()) {
    if (number > 0) {
      // A list of completions that is open would take the Enter.
      await page.keyboard.press('Escape');
      await page.keyboard.press('Enter');
    }
    await page.keyboard.type(line);
  }
}

/** Types at the end of the file. */
export async function typeAtEnd(page, text) {
  await code(page).click();
  await page.keyboard.press('Control+End');
  await type(page, text);
}

export const outputOf = (page) => page.getByTestId('output').innerText();

export async function hasSidewaysScroll(page) {
  return page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
}

/** Waits for what the signs in the room's head say. */
export const untilOnline = (page, via = '') =>
  page.locator(`[data-testid=connection-state][data-state=online]${via && `[data-via=${via}]`}`).waitFor();
export const untilSaved = (page, state = 'saved') => page.locator(`[data-testid=saved-state][data-state=${state}]`).waitFor();
/** What the room does not have is stored on this device. */
export const untilOnDevice = (page) => page.locator('[data-testid=saved-state][data-state=unsent][data-kept=true]').waitFor();
