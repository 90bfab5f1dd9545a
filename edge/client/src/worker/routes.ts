/** Which requests of a page the service worker answers. Pure. */

/** `page`: the one page, under any of its addresses. `file`: a built file, whose name carries its hash. */
export type Place = 'page' | 'file';

/** Null for what passes by: the API, sockets, other origins, everything that is no plain reading. */
export function placeOf(
  request: { url: string; method: string; mode: string },
  origin: string,
): Place | null {
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== origin) return null;
  if (url.pathname.startsWith('/assets/')) return 'file';
  const isPage = url.pathname === '/' || url.pathname.startsWith('/r/');
  return request.mode === 'navigate' && isPage ? 'page' : null;
}
