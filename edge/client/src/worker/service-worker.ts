/**
 * Keeps the page's own files on the device, so that a room that is known there opens without a network. Pages come
 * from the network first, built files (whose names carry a hash of their content) from the device first. Calls of the
 * API and sockets pass by.
 *
 * A new version takes over when no page of the old one is open any more: an open page then still finds the parts of
 * itself that it loads later. The kept page and the built files always belong to the same version.
 */
/// <reference lib="webworker" />
import { placeOf } from './routes.ts';

/** Filled in by the build: the files of the page, and the address of the script that the page starts with. */
declare const FILES: readonly string[];
declare const ENTRY: string;
declare const self: ServiceWorkerGlobalScope;

const CACHE = 'tutti-files';
/** Under which the page of this version is kept; the page itself is at `/`. */
const PAGE = `/?version=${encodeURIComponent(ENTRY)}`;
/** A network that takes longer is as good as none: the page that is on the device opens instead. */
const PATIENCE_MS = 5_000;

self.addEventListener('install', (event) => event.waitUntil(install()));
self.addEventListener('activate', (event) => event.waitUntil(activate()));
self.addEventListener('fetch', (event) => {
  const { request } = event;
  const place = placeOf(request, self.location.origin);
  if (place === 'page') event.respondWith(page(request));
  else if (place === 'file') event.respondWith(file(request));
});

async function install(): Promise<void> {
  const cache = await caches.open(CACHE);
  const answer = await fetch('/', { cache: 'reload' });
  // Between two deployments the page may be the other one's: this version is then installed at a later visit.
  const isOurs = answer.ok && (await answer.clone().text()).includes(ENTRY);
  if (!isOurs) throw new Error('the page is of another version');
  const kept = new Set((await cache.keys()).map(pathOf));
  await cache.addAll(FILES.filter((path) => !kept.has(path)));
  await cache.put(PAGE, answer);
}

async function activate(): Promise<void> {
  const cache = await caches.open(CACHE);
  const current = new Set([...FILES, PAGE]);
  for (const request of await cache.keys()) {
    if (!current.has(pathOf(request))) await cache.delete(request);
  }
  await self.clients.claim();
}

async function page(request: Request): Promise<Response> {
  const answer = fetch(request);
  const inTime = await Promise.race([answer.catch(() => null), patience()]);
  if (inTime !== null && inTime.status < 500) return inTime;
  return (await caches.match(PAGE)) ?? answer;
}

async function file(request: Request): Promise<Response> {
  const kept = await caches.match(request);
  if (kept !== undefined) return kept;
  const answer = await fetch(request);
  if (answer.ok) {
    const cache = await caches.open(CACHE);
    await cache.put(request, answer.clone());
  }
  return answer;
}

function patience(): Promise<null> {
  return new Promise((resolve) => setTimeout(() => resolve(null), PATIENCE_MS));
}

function pathOf(request: Request): string {
  const url = new URL(request.url);
  return url.pathname + url.search;
}
