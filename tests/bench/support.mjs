// What the benchmarks share: stock clients, a room of Tutti's, y-websocket's own server, percentiles.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";

const require = createRequire(new URL("../../edge/client/package.json", import.meta.url));
export const Y = require("yjs");
export const { WebsocketProvider } = require("y-websocket");
export const WebSocket = require("ws");

// Each provider listens for the end of the process; fifty of them are no leak.
process.setMaxListeners(0);

const origin = process.env.TUTTI_URL;

/** Calls the API and answers `data`. */
export async function call(method, path, body, bearer) {
  const headers = { "content-type": "application/json" };
  if (bearer) headers.authorization = `Bearer ${bearer}`;
  const response = await fetch(`${origin}/api/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
  const answer = await response.json();
  if (!answer.success) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer.error)}`);
  return answer.data;
}

/** A new room and its owner's token. */
export async function tuttiRoom() {
  const { room, ownerKey } = await call("POST", "/rooms", { name: "Benchmark" });
  const { token, eventsUrl } = await call("POST", `/rooms/${room.id}/token`, { ownerKey, name: "Bench" });
  return { id: room.id, token, eventsUrl, server: `${origin.replace("http", "ws")}/sync`, params: { token } };
}

/** A room at y-websocket's own server, in a process of its own. */
export async function peerRoom() {
  const port = await freePort();
  const program = fileURLToPath(new URL("../../edge/client/node_modules/y-websocket-server/bin/server.cjs", import.meta.url));
  const child = spawn(process.execPath, [program], { env: { PATH: process.env.PATH, HOST: "127.0.0.1", PORT: `${port}` } });
  child.stderr.pipe(process.stderr);
  await once(child.stdout, "data");
  return { id: "bench", server: `ws://127.0.0.1:${port}`, params: {}, stop: () => child.kill() };
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  return port;
}

/** A stock client that has synced. */
export async function join(room) {
  const doc = new Y.Doc();
  const options = { params: room.params, WebSocketPolyfill: WebSocket, disableBc: true };
  const provider = new WebsocketProvider(room.server, room.id, doc, options);
  await new Promise((synced) => provider.once("sync", synced));
  return { doc, provider, text: doc.getText("bench"), leave: () => provider.destroy() };
}

/** The p-th part of some numbers, 0 to 1. */
export function percentile(numbers, p) {
  const sorted = [...numbers].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))];
}

/** Hands over how long edits took at both, by percentile. */
export function reportEdits(what, ours, theirs) {
  const row = (p) => ({
    what: `${what}, p${p * 100}`,
    tutti: percentile(ours, p),
    peer: percentile(theirs, p),
    unit: "ms (peer: y-websocket's server)",
  });
  report([0.5, 0.95, 0.99].map(row));
}

/** Hands the rows to whoever asked. */
export function report(rows) {
  writeFileSync(process.env.TUTTI_RESULT, JSON.stringify({ rows }, null, 2));
}
