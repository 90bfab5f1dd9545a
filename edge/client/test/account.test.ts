import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Calling } from '../src/account/calling.ts';
import * as calls from '../src/account/calls.ts';
import { deviceName, grouped, when } from '../src/account/words.ts';
import { ApiError, explain } from '../src/api.ts';
import { mailedTokenOf } from '../src/mailed-token.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

test('browsers are called by their names, programs by what they say', () => {
  const check = (agent: string | undefined, expected: string): void =>
    assert.equal(deviceName(agent), expected);
  const gecko = 'Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0';
  const webkit = 'AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0';
  check(gecko, 'Firefox on Linux');
  check(`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${webkit} Safari/537.36`, 'Chrome on Windows');
  check(`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${webkit} Safari/537.36 Edg/124.0`, 'Edge on Windows');
  check(`Mozilla/5.0 (Linux; Android 14; Pixel 8) ${webkit} Mobile Safari/537.36`, 'Chrome on Android');
  check(
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1',
    'Safari on iPhone',
  );
  check('curl/8.5.0', 'curl/8.5.0');
  check(undefined, 'Unknown device');
  check('  ', 'Unknown device');
  assert.equal(deviceName('x'.repeat(200)).length, 61);
});

test('times that are near are counted, others are dates', () => {
  const now = Date.UTC(2026, 4, 20, 12);
  const check = (distance: number, expected: string): void =>
    assert.equal(when(now + distance, now), expected);
  check(0, 'just now');
  check(-59_999, 'just now');
  check(-60_000, '1 minute ago');
  check(-HOUR_MS + 1, '59 minutes ago');
  check(-HOUR_MS, '1 hour ago');
  check(-14 * DAY_MS, '14 days ago');
  check(-15 * DAY_MS, 'May 5, 2026');
  check(2 * DAY_MS, 'in 2 days');
});

test('who has to wait is told how long, in the unit that fits', () => {
  const check = (seconds: number, expected: string): void =>
    assert.equal(explain(new ApiError('RATE_LIMIT_EXCEEDED', 'too many', [], seconds)), expected);
  check(119, 'Too many. Try again in 119 s.');
  check(120, 'Too many. Try again in 2 minutes.');
  check(841, 'Too many. Try again in 15 minutes.');
});

test('a secret stands in groups of four', () => {
  assert.equal(grouped('ABCDEFGHIJ'), 'ABCD EFGH IJ');
  assert.equal(grouped(''), '');
});

test('a token of a mail is found in the fragment, and nothing else is taken for one', () => {
  assert.deepEqual(mailedTokenOf('#reset=ab-C_d'), { kind: 'reset', token: 'ab-C_d' });
  assert.deepEqual(mailedTokenOf('#verify=x'), { kind: 'verify', token: 'x' });
  for (const other of ['', '#', '#reset=', '#link=x', '#reset'])
    assert.equal(mailedTokenOf(other), null, other);
});

interface Recorded {
  readonly path: string;
  readonly bearer: string | null;
}

/** A server that accepts one access token, and renews a login as often as said. */
function serve(accepted: string, renewals: readonly string[]): Recorded[] {
  const asked: Recorded[] = [];
  const left = [...renewals];
  const marks = new Map([['tutti.loggedIn', 'true']]);
  const localStorage = {
    getItem: (key: string) => marks.get(key) ?? null,
    setItem: (key: string, value: string) => void marks.set(key, value),
  };
  const meta = { timestamp: '', requestId: 'r' };
  const said = (status: number, body: object): Response => Response.json({ ...body, meta }, { status });
  const refused = said.bind(null, 401, {
    success: false,
    error: { code: 'UNAUTHORIZED', message: 'The token is not valid.' },
  });
  const fetch = (url: string, { headers }: { headers: Headers }): Promise<Response> => {
    const path = url.replace('/api/v1', '');
    const bearer = headers.get('authorization')?.replace('Bearer ', '') ?? null;
    asked.push({ path, bearer });
    if (path === '/auth/refresh') {
      const accessToken = left.shift();
      if (accessToken === undefined) return Promise.resolve(refused());
      const data = { user: { id: 'u' }, accessToken, expiresAt: Date.now() + HOUR_MS };
      return Promise.resolve(said(200, { success: true, data }));
    }
    return Promise.resolve(
      bearer === accepted ? said(200, { success: true, data: { ended: 1 } }) : refused(),
    );
  };
  for (const [name, value] of Object.entries({ localStorage, fetch, navigator: {} })) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  return asked;
}

test('a refused token is renewed once, and a login that has ended is told to the page', async () => {
  let loggedOut = 0;
  const calling = new Calling(() => (loggedOut += 1));

  const asked = serve('second', ['first', 'second']);
  assert.deepEqual(await calling.as(calls.endOtherLogins), { ended: 1 });
  assert.deepEqual(
    asked.map(({ bearer }) => bearer),
    [null, 'first', null, 'second'],
  );
  assert.equal(loggedOut, 0);

  serve('third', []);
  await assert.rejects(
    calling.as(calls.endOtherLogins),
    (error) => error instanceof ApiError && error.code === 'UNAUTHORIZED',
  );
  assert.equal(loggedOut, 1);
});
