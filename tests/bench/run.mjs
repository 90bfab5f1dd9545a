// From pressing Run to the first output that a participant sees, and to the end of the run: in a room whose runner is
// there, in a room that has none yet, and for many runs at once.

import { execFile } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";

import { WebSocket, Y, call, join, percentile, report, tuttiRoom } from "./support.mjs";

const WARM_UP = 3;
const RUNS = 40;
const FIRST_RUNS = 8;
const AT_ONCE = 50;
const PROGRAM = 'print("hello")\n';
const execute = promisify(execFile);

/** A room with the program, and somebody who watches it. */
async function openRoom() {
  const room = await tuttiRoom();
  const writer = await join(room);
  writer.doc.getMap("files").set("main.py", new Y.Text(PROGRAM));
  const events = new WebSocket(`${room.eventsUrl}?token=${encodeURIComponent(room.token)}`);
  const waiting = new Map();
  events.on("message", (data) => waiting.get(JSON.parse(data).type)?.(performance.now()));
  await new Promise((resolve) => events.once("open", resolve));
  const next = (type) => new Promise((resolve) => waiting.set(type, resolve));
  return {
    /** Runs the program: milliseconds to the first output and to the end. */
    async run() {
      const [wrote, finished] = [next("run:output"), next("run:finished")];
      const start = performance.now();
      await call("POST", `/rooms/${room.id}/runs`, { language: "python" }, room.token);
      return { output: (await wrote) - start, end: (await finished) - start };
    },
    leave() {
      events.close();
      writer.leave();
    },
  };
}

const leased = [];
const room = await openRoom();
for (let run = 0; run < WARM_UP + RUNS; run++) {
  const times = await room.run();
  if (run >= WARM_UP) leased.push(times);
}
room.leave();

// Each takes a runner of its own; the pause lets the one to spare start.
const first = [];
for (let tenant = 0; tenant < FIRST_RUNS; tenant++) {
  await pause(3_000);
  const fresh = await openRoom();
  first.push(await fresh.run());
  fresh.leave();
}

const files = [{ path: "main.py", content: PROGRAM }];
const crowdStart = performance.now();
const crowd = await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    let { run } = await call("POST", "/runs?wait=true", { language: "python", files });
    while (run.state === "queued" || run.state === "running") {
      await pause(100);
      ({ run } = await call("GET", `/runs/${run.id}`));
    }
    return run;
  }),
);
const crowdTook = performance.now() - crowdStart;
const good = crowd.filter((run) => run.stdout === "hello\n").length;
if (good !== AT_ONCE) throw new Error(`${AT_ONCE - good} of ${AT_ONCE} runs did not say hello`);

const bare = [];
for (let run = 0; run < RUNS; run++) {
  const start = performance.now();
  await execute("/usr/bin/python3", ["-c", PROGRAM]);
  bare.push(performance.now() - start);
}
const bareStart = performance.now();
for (let run = 0; run < AT_ONCE; run += 2) {
  await Promise.all([execute("/usr/bin/python3", ["-c", PROGRAM]), execute("/usr/bin/python3", ["-c", PROGRAM])]);
}
const bareTook = performance.now() - bareStart;

const row = (what, times, p) => ({
  what: `Python hello: ${what}, p${p * 100}`,
  tutti: percentile(times, p),
  peers: { "bare process": percentile(bare, p) },
  unit: "ms",
});
const of = (times, what) => times.map((time) => time[what]);
report([
  ...[0.5, 0.95].flatMap((p) => [
    row("Run to first output, over the lease", of(leased, "output"), p),
    row("Run to recorded end, over the lease", of(leased, "end"), p),
    row("first Run of a room to first output, with a runner to spare", of(first, "output"), p),
  ]),
  { what: `${AT_ONCE} runs without a room at once`, tutti: crowdTook, peers: { "bare, two at a time": bareTook }, unit: "ms" },
]);
process.exit(0);
