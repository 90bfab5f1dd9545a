// A keystroke's way from one stock client to another, in a quiet room: one edit at a time, 20 ms apart.

import { join, peerRoom, reportEdits, tuttiRoom } from "./support.mjs";

const WARM_UP = 50;
const EDITS = 300;
const PAUSE_MS = 20;

async function measure(room) {
  const [writer, reader] = [await join(room), await join(room)];
  const times = [];
  for (let edit = 0; edit < WARM_UP + EDITS; edit++) {
    const arrived = new Promise((resolve) => reader.text.observe(function seen() {
      reader.text.unobserve(seen);
      resolve();
    }));
    const start = performance.now();
    writer.text.insert(0, "x");
    await arrived;
    if (edit >= WARM_UP) times.push(performance.now() - start);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  writer.leave();
  reader.leave();
  return times;
}

const peer = await peerRoom();
const theirs = await measure(peer);
peer.stop();
const ours = await measure(await tuttiRoom());
reportEdits("keystroke to the other client, quiet room", ours, theirs);
process.exit(0);
