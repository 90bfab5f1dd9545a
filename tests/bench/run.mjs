// From pressing Run to the first output that another participant sees, and to the end of the run.

import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { WebSocket, Y, call, join, percentile, report, tuttiRoom } from "./support.mjs";

const WARM_UP = 3;
const RUNS = 20;
const PROGRAM = 'print("hello")\n';

const room = await tuttiRoom();
const writer = await join(room);
const file = new Y.Text(PROGRAM);
writer.doc.getMap("files").set("main.py", file);

const events = new WebSocket(`${room.eventsUrl}?token=${encodeURIComponent(room.token)}`);
const waiting = new Map();
events.on("message", (data) => {
  const event = JSON.parse(data);
  waiting.get(event.type)?.(performance.now());
});
await new Promise((resolve) => events.once("open", resolve));
const next = (type) => new Promise((resolve) => waiting.set(type, resolve));

const output = [];
const end = [];
for (let run = 0; run < WARM_UP + RUNS; run++) {
  const [wrote, finished] = [next("run:output"), next("run:finished")];
  const start = performance.now();
  await call("POST", `/rooms/${room.id}/runs`, { language: "python" }, room.token);
  const [first, last] = [await wrote, await finished];
  if (run >= WARM_UP) {
    output.push(first - start);
    end.push(last - start);
  }
}

const bare = [];
for (let run = 0; run < RUNS; run++) {
  const start = performance.now();
  await promisify(execFile)("/usr/bin/python3", ["-c", PROGRAM]);
  bare.push(performance.now() - start);
}

const row = (what, times, p) => ({
  what: `Python hello: ${what}, p${p * 100}`,
  tutti: percentile(times, p),
  peers: { "bare process": percentile(bare, p) },
  unit: "ms",
});
report([0.5, 0.95].flatMap((p) => [row("Run to first output", output, p), row("Run to recorded end", end, p)]));
process.exit(0);
