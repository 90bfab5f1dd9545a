// Accounts in the page: logging in with and without a second factor, and everything that the page of an account does.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { mailedToken, until, url } from '../stack.mjs';
import { totp } from './authenticator.mjs';
import { hasSidewaysScroll, pictures, untilOnline, visitor } from './support.mjs';

const PASSWORD = 'Correct1Horse';
const NEW_PASSWORD = 'Battery2Staple';
/** The narrowest phones. */
const SMALL = { width: 320, height: 640 };

let serial = 0;

/** Registers in the page and answers who that is. */
async function register(page) {
  const name = `a${Date.now().toString(36)}${(serial += 1)}`;
  const email = `${name}@example.org`;
  await page.goto(url);
  await page.getByTestId('register').click();
  await page.getByTestId('email').fill(email);
  await page.getByTestId('username').fill(name);
  await page.getByTestId('password').fill(PASSWORD);
  await page.keyboard.press('Enter');
  await page.getByTestId('account-name').getByText(name).waitFor();
  return { name, email };
}

/** Registers and opens the account's page. */
async function registered(t, viewport) {
  const page = await visitor(t, viewport);
  const who = await register(page);
  await page.getByTestId('account-name').click();
  await page.getByRole('heading', { name: 'Account', exact: true }).waitFor();
  return { page, ...who };
}

/** Fills in address and password, by keyboard alone. */
async function logIn(page, email, password) {
  await page.goto(url);
  await page.getByTestId('log-in').click();
  await page.getByTestId('email').fill(email);
  await page.keyboard.press('Tab');
  await page.keyboard.type(password);
  await page.keyboard.press('Enter');
}

const isLoggedIn = (page) => page.getByTestId('account-name').waitFor();
const section = (page, name) => page.getByTestId(`account-${name}`);
const answer = (page, name, words) => section(page, name).getByTestId('answer').filter({ hasText: words }).waitFor();
const formError = (page, words) => page.getByTestId('form-error').filter({ hasText: words }).waitFor();

/** Nothing went wrong in the page itself; a refused call is no error of the page. */
function assertSound(...pages) {
  const own = pages.flatMap(({ troubles }) => troubles).filter((trouble) => !trouble.startsWith('Failed to load resource'));
  assert.deepEqual(own, []);
}

/** Turns the second factor on; answers its secret and the recovery codes. */
async function turnOnSecondFactor(page) {
  await page.getByTestId('set-up-totp').click();
  await page.getByTestId('totp-by-hand').click();
  const secret = await page.getByTestId('totp-secret').innerText();
  // The picture has come: a broken one has no width.
  await until('the QR code', () => page.getByTestId('totp-qr').evaluate((image) => image.complete && image.naturalWidth > 0));
  await page.getByTestId('code').fill('000000');
  await page.keyboard.press('Enter');
  await formError(page, 'The code is wrong');
  await page.getByTestId('code').fill(totp(secret));
  await page.keyboard.press('Enter');
  await page.getByTestId('stored').waitFor();
  const codes = await page.getByTestId('recovery-codes-dialog').getByTestId('recovery-code').allInnerTexts();
  return { secret, codes };
}

test('an account ends another login and changes its password', async (t) => {
  const { page, email } = await registered(t);
  const other = await visitor(t);
  const asked = other.waitForRequest(/\/auth\/login$/);
  await logIn(other, email, PASSWORD);
  assert.equal((await asked).postDataJSON().remember, true);
  await isLoggedIn(other);
  await other.getByTestId('account-name').click();
  await other.getByTestId('login').nth(1).waitFor();

  await page.reload();
  await page.getByTestId('login').nth(1).waitFor();
  assert.equal(await page.locator('[data-testid=login][data-current=true]').count(), 1);
  await page.getByTestId('end-login').click();
  await page.getByTestId('confirm').click();
  await answer(page, 'logins', 'The login is ended.');
  assert.equal(await page.getByTestId('login').count(), 1);
  // The other page learns it when it asks for something, within the seconds that the edge knows a login by heart.
  await until('the other page to be logged out', async () => {
    if (await other.getByRole('heading', { name: 'Log in to see your account' }).isVisible()) return true;
    await other.getByTestId('send-verification').click({ timeout: 1_000 }).catch(() => undefined);
    return false;
  });

  await page.getByTestId('currentPassword').fill('Wrong1Horse');
  await page.getByTestId('newPassword').fill(NEW_PASSWORD);
  await page.keyboard.press('Enter');
  await section(page, 'password').getByRole('alert').filter({ hasText: 'The current password is wrong.' }).waitFor();
  await page.getByTestId('currentPassword').fill(PASSWORD);
  await page.getByTestId('change-password').click();
  await answer(page, 'password', 'Your password is changed');
  await logIn(other, email, PASSWORD);
  await formError(other, 'E-mail address or password is wrong.');
  await other.getByTestId('remember').uncheck();
  await other.getByTestId('password').fill(NEW_PASSWORD);
  const again = other.waitForRequest(/\/auth\/login$/);
  await other.keyboard.press('Enter');
  assert.equal((await again).postDataJSON().remember, false);
  await isLoggedIn(other);
  assertSound(page, other);
});

test('an account is renamed, and a bad name is refused beside its field', async (t) => {
  const { page, name } = await registered(t);
  await page.getByTestId('username').fill('no spaces!');
  await page.keyboard.press('Enter');
  await section(page, 'profile').getByRole('alert').filter({ hasText: 'Must have 3 to 30' }).waitFor();
  await page.getByTestId('username').fill(`${name}_2`);
  await page.keyboard.press('Enter');
  await answer(page, 'profile', 'Your username is changed.');
  await page.goto(url);
  await page.getByTestId('account-name').getByText(`${name}_2`).waitFor();
  // A room leads there as well, without being left.
  await page.getByTestId('room-name').fill('Room with a way to the account');
  await page.getByTestId('create-room').click();
  await untilOnline(page);
  await page.getByTestId('settings').click();
  const opened = page.waitForEvent('popup');
  await page.getByTestId('open-account').click();
  assert.equal(await (await opened).getByTestId('username').inputValue(), `${name}_2`);
  assertSound(page);
});

test('an account with a second factor opens by its codes and by its recovery codes, once each', async (t) => {
  const { page, email } = await registered(t);
  const { secret, codes } = await turnOnSecondFactor(page);
  assert.equal(new Set(codes).size, 10);
  await page.getByTestId('stored').click();
  await page.getByTestId('second-factor-state').getByText('On').waitFor();

  const other = await visitor(t);
  await logIn(other, email, PASSWORD);
  await other.getByTestId('code').fill('000000');
  await other.keyboard.press('Enter');
  await other.getByText('The code is wrong').waitFor();
  // The code of this step was used up by turning it on.
  await other.getByTestId('code').fill(totp(secret, 1));
  await other.keyboard.press('Enter');
  await isLoggedIn(other);

  const byRecovery = async (code) => {
    await other.getByTestId('log-out').click();
    await other.getByTestId('log-in').waitFor();
    await logIn(other, email, PASSWORD);
    await other.getByTestId('use-recovery-code').click();
    await other.getByTestId('recovery-code').fill(code);
    await other.keyboard.press('Enter');
  };
  await byRecovery(codes[0].toUpperCase());
  await isLoggedIn(other);
  await byRecovery(codes[0]);
  await other.getByText('The code is wrong, or was used before.').waitFor();

  await page.getByTestId('turn-off-totp').click();
  await page.getByTestId('password').fill(PASSWORD);
  await page.keyboard.press('Enter');
  await page.getByTestId('second-factor-state').getByText('Off').waitFor();
  await logIn(other, email, PASSWORD);
  await isLoggedIn(other);
  assertSound(page, other);
});

test('an account gets a new password by mail, and its address confirmed', async (t) => {
  const { page, email } = await registered(t);
  await section(page, 'profile').getByText('Not confirmed').waitFor();
  await page.goto(`${url}/#verify=${await mailedToken(email, 'verify')}`);
  await page.getByTestId('mailed-done').waitFor();
  assert.equal(new URL(page.url()).hash, '', 'the token is out of the address bar');
  await page.getByTestId('to-account').click();
  await section(page, 'profile').getByText('Confirmed', { exact: true }).waitFor();

  const other = await visitor(t);
  await other.goto(url);
  await other.getByTestId('log-in').click();
  await other.getByTestId('email').fill(email);
  await other.getByTestId('forgot-password').click();
  await other.keyboard.press('Enter');
  await other.getByTestId('reset-sent').waitFor();
  const link = `${url}/#reset=${await mailedToken(email, 'reset')}`;
  await other.goto(link);
  await other.getByTestId('newPassword').fill(NEW_PASSWORD);
  assert.equal(new URL(other.url()).hash, '', 'the token is out of the address bar');
  await other.keyboard.press('Enter');
  await other.getByTestId('mailed-done').waitFor();
  await logIn(other, email, NEW_PASSWORD);
  await isLoggedIn(other);
  await other.goto(link);
  await other.getByTestId('newPassword').fill(PASSWORD);
  await other.keyboard.press('Enter');
  await other.getByTestId('mailed-refused').waitFor();
  assertSound(page, other);
});

test('an account makes an API key, which works until it is replaced or deleted', async (t) => {
  const { page } = await registered(t);
  const ask = async (path, key) => (await fetch(`${url}/api/v1${path}`, { headers: { authorization: `Bearer ${key}` } })).status;
  const refused = (key) => until('the key to be refused', async () => (await ask('/rooms', key)) === 401);
  /** The secret that is shown once. */
  const shown = async () => {
    const secret = await page.getByTestId('api-key-secret').innerText();
    await page.getByTestId('stored').click();
    await page.getByTestId('api-key-secret').waitFor({ state: 'detached' });
    return secret;
  };
  await page.getByTestId('new-api-key').click();
  await page.getByTestId('api-key-name').fill('Nightly build');
  await page.keyboard.press('Enter');
  await formError(page, 'Tick at least one');
  await page.getByTestId('scope-rooms:read').check();
  await page.getByTestId('make-api-key').click();
  const first = await shown();
  await page.getByTestId('api-key').filter({ hasText: 'Nightly build' }).waitFor();
  assert.equal(await ask('/rooms', first), 200);
  assert.equal(await ask('/auth/logins', first), 403, 'a key does not reach the account');

  await page.getByTestId('rotate-api-key').click();
  await page.getByTestId('confirm').click();
  const second = await shown();
  assert.equal(await ask('/rooms', second), 200);
  await refused(first);
  await page.getByTestId('delete-api-key').click();
  await page.getByTestId('confirm').click();
  await answer(page, 'api-keys', 'is deleted');
  await refused(second);
  assertSound(page);
});

test('an account is taken along and deleted', async (t) => {
  const { page, name, email } = await registered(t);
  const saved = page.waitForEvent('download');
  await page.getByTestId('export-account').click();
  const data = JSON.parse(await readFile(await (await saved).path(), 'utf8'));
  assert.equal(data.user.username, name);
  assert.doesNotMatch(JSON.stringify(data), /argon2/i);

  await page.getByTestId('delete-account').click();
  await page.getByTestId('password').fill('Wrong1Horse');
  await page.keyboard.press('Enter');
  await formError(page, 'password is wrong');
  await page.getByTestId('password').fill(PASSWORD);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Your account is deleted' }).waitFor();
  await logIn(page, email, PASSWORD);
  await formError(page, 'E-mail address or password is wrong.');
  assertSound(page);
});

test('the page of an account fits the narrowest phone and works by keyboard', async (t) => {
  const { page } = await registered(t, SMALL);
  await page.getByTestId('new-api-key').waitFor();
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    assert.equal(await hasSidewaysScroll(page), false);
    await page.screenshot({ path: `${pictures}account-phone-${colorScheme}.png`, fullPage: true });
  }
  for (const id of ['set-up-totp', 'new-api-key', 'delete-account']) {
    await page.getByTestId(id).press('Enter');
    const dialog = page.locator('dialog[open]');
    await dialog.waitFor();
    assert.equal(await dialog.evaluate((element) => element.scrollWidth > element.clientWidth), false, id);
    assert.equal(await dialog.evaluate((element) => element.contains(document.activeElement)), true, `${id} takes the focus`);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await until(`the focus to go back to ${id}`, () => page.getByTestId(id).evaluate((button) => button === document.activeElement));
  }
  assertSound(page);
});

test('a guest loads nothing of accounts until a door is opened', async (t) => {
  const page = await visitor(t);
  await page.goto(url, { waitUntil: 'networkidle' });
  const loaded = () => page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname));
  const isOfAccounts = (path) => /\/assets\/(login|register|page|mailed)-/.test(path);
  assert.deepEqual((await loaded()).filter(isOfAccounts), []);
  await page.getByTestId('log-in').click();
  await page.getByTestId('email').waitFor();
  assert.notDeepEqual((await loaded()).filter(isOfAccounts), []);
  await page.goto(`${url}/account`);
  await page.getByRole('heading', { name: 'Log in to see your account' }).waitFor();
  assertSound(page);
});
