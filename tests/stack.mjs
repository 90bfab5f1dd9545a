// The running stack, as the Node suites see it: where it is, its rooms, and waiting for conditions.
//
// `cargo xtask test` names it in TUTTI_URL and TUTTI_STACK, as it does for the Rust suites.

import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/** Finds npm packages where the page has them: the repository has one node_modules. */
export const require = createRequire(new URL('../edge/client/package.json', import.meta.url));

const DEADLINE_MS = 30_000;
const POLL_MS = 50;

export const url = process.env.TUTTI_URL;
if (!url) throw new Error('TUTTI_URL names no stack: `cargo xtask test` starts one and sets it');

const description = process.env.TUTTI_STACK ? JSON.parse(readFileSync(process.env.TUTTI_STACK, 'utf8')) : {};

export const chromium = description.chromium ?? '/usr/bin/chromium';

/** Ends a part in order and starts it again. */
export async function restart(part) {
  if (!description.control) throw new Error('TUTTI_STACK names no stack that can be disturbed');
  const answer = await fetch(`${description.control}/restart/${part}`, { method: 'POST' });
  if (!answer.ok) throw new Error(`restart of ${part}: ${answer.status} ${await answer.text()}`);
}

/** The token of the newest link of a name (`reset`, `verify`) that was mailed to an address. */
export function mailedToken(address, name) {
  return until(`a mail with the link ${name} to ${address}`, () => {
    const mails = filesIn(description.outboxDir).map((file) => JSON.parse(readFileSync(file, 'utf8')));
    const links = mails.filter((mail) => mail.to === address).map((mail) => new RegExp(`/#${name}=(\\S+)`).exec(mail.text)?.[1]);
    return links.findLast((token) => token !== undefined);
  });
}

/** In the order of their names, which is that of their times. */
function filesIn(folder) {
  if (!folder) throw new Error('TUTTI_STACK names no stack that writes its mails to files');
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.json')).sort().map((name) => path.join(folder, name));
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}

/** A call of the API; gives `data`, throws what was answered instead. */
export async function api(path, { method = 'POST', body, bearer } = {}) {
  const headers = { ...(bearer && { authorization: `Bearer ${bearer}` }), ...(body && { 'content-type': 'application/json' }) };
  const send = () => fetch(`${url}/api/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
  // While another file restarts the edge it answers 503, or nothing.
  const answer = await until(`an answer to ${method} ${path}`, async () => {
    const answer = await send().catch(() => undefined);
    return answer?.status === 503 ? undefined : answer;
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text).data;
}

/** A guest's room: its id, and tokens for people by a link of each role. */
export async function guestRoom(name) {
  const { room, ownerKey } = await api('/rooms', { body: { name } });
  const enter = (body) => api(`/rooms/${room.id}/token`, { body });
  const owner = await enter({ ownerKey, name: 'Owner' });
  const links = {};
  const linkOf = async (role) => {
    links[role] ??= (await api(`/rooms/${room.id}/links`, { body: { role }, bearer: owner.token })).link;
    return links[role];
  };
  return {
    id: room.id,
    linkOf,
    withdraw: (link) => api(`/rooms/${room.id}/links/${link}`, { method: 'DELETE', bearer: owner.token }),
    rebuild: () => api(`/rooms/${room.id}/rebuild`, { bearer: owner.token }),
    enterAs: async (person, role = 'editor') => enter({ link: (await linkOf(role)).token, name: person }),
    files: async () => (await api(`/rooms/${room.id}/files`, { method: 'GET', bearer: owner.token })).items,
  };
}

/** Looks until `condition` gives something truthy; `seen` may say what is there instead. */
export async function until(what, condition, seen = () => undefined, deadlineMs = DEADLINE_MS) {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const found = await condition();
    if (found) return found;
    if (Date.now() >= deadline) throw new Error(`still waiting for ${what}; seen: ${JSON.stringify(await seen())}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
