/** Words for what the account's lists show: devices, times. Pure. */

const BROWSERS: readonly (readonly [RegExp, string])[] = [
  // In this order: each of the first ones calls itself Chrome as well, and Chrome calls itself Safari.
  [/\bEdgA?(iOS)?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(Firefox|FxiOS)\//, 'Firefox'],
  [/\b(Headless)?(Chrome|CriOS)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
];

const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bMac OS X\b/, 'Mac'],
  [/\bLinux\b/, 'Linux'],
];

const NAME_MAX_CHARS = 60;

/** What a client's `User-Agent` says to a person; a program's is shown as it is. */
export function deviceName(agent: string | undefined): string {
  const plain = agent?.trim() ?? '';
  if (plain === '') return 'Unknown device';
  const browser = BROWSERS.find(([pattern]) => pattern.test(plain))?.[1];
  const system = SYSTEMS.find(([pattern]) => pattern.test(plain))?.[1];
  if (browser !== undefined) return system === undefined ? browser : `${browser} on ${system}`;
  return plain.length > NAME_MAX_CHARS ? `${plain.slice(0, NAME_MAX_CHARS)}…` : plain;
}

const MINUTE_MS = 60_000;
const UNITS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['day', 24 * 60 * MINUTE_MS],
  ['hour', 60 * MINUTE_MS],
  ['minute', MINUTE_MS],
];
/** Beyond, a date says more than a number of days. */
const RELATIVE_DAYS_MAX = 14;

/** `3 hours ago`, `in 2 days`, `now`; a date when it is far. */
export function when(at: number, now: number): string {
  const distance = at - now;
  const [unit, length] = UNITS.find(([, unitMs]) => Math.abs(distance) >= unitMs) ?? ['minute', MINUTE_MS];
  const count = Math.trunc(distance / length);
  if (unit === 'day' && Math.abs(count) > RELATIVE_DAYS_MAX) return dateOf(at);
  if (count === 0) return 'just now';
  return new Intl.RelativeTimeFormat('en', { numeric: 'always' }).format(count, unit);
}

export function dateOf(at: number): string {
  return new Date(at).toLocaleDateString('en', { dateStyle: 'medium' });
}

/** In full, for whoever rests on a short form. */
export function momentOf(at: number): string {
  return new Date(at).toLocaleString('en', { dateStyle: 'medium', timeStyle: 'short' });
}

/** A secret in groups of four, as people type it. */
export function grouped(secret: string): string {
  return secret.match(/.{1,4}/g)?.join(' ') ?? '';
}
