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

const unit = "ms (peer: the bare process)";
report([0.5, 0.95].flatMap((p) => [
  { what: `Python hello: Run to first output, p${p * 100}`, tutti: percentile(output, p), peer: percentile(bare, p), unit },
  { what: `Python hello: Run to recorded end, p${p * 100}`, tutti: percentile(end, p), peer: percentile(bare, p), unit },
]));
process.exit(0);
