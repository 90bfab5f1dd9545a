// What the benchmarks in Node share: a stock client, a room of Tutti's, percentiles.

import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../edge/client/package.json", import.meta.url));
export const Y = require("yjs");
export const { WebsocketProvider } = require("y-websocket");
export const WebSocket = require("ws");

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

/** Hands the rows to whoever asked. */
export function report(rows) {
  writeFileSync(process.env.TUTTI_RESULT, JSON.stringify({ rows }, null, 2));
}
