// One client types, many read: how long each edit takes to each of them.

import { join, peerRoom, reportEdits, tuttiRoom } from "./support.mjs";

const READERS = 50;
const EDITS_PER_SECOND = 50;
const SECONDS = 8;

async function measure(room) {
  const writer = await join(room);
  const readers = [];
  for (let reader = 0; reader < READERS; reader++) readers.push(await join(room));
  const times = [];
  const sent = [];
  const expected = READERS * EDITS_PER_SECOND * SECONDS;
  const done = new Promise((resolve) => {
    for (const reader of readers) {
      let seen = 0;
      reader.text.observe(() => {
        // Each edit adds one character at the end, so the length tells which have arrived.
        for (const now = performance.now(); seen < reader.text.length; seen++) times.push(now - sent[seen]);
        if (times.length >= expected) resolve();
      });
    }
  });
  const start = performance.now();
  for (let edit = 0; edit < EDITS_PER_SECOND * SECONDS; edit++) {
    const due = start + (edit * 1000) / EDITS_PER_SECOND;
    while (performance.now() < due) await new Promise((resolve) => setTimeout(resolve, due - performance.now()));
    sent.push(performance.now());
    writer.text.insert(writer.text.length, "x");
  }
  await done;
  for (const client of [writer, ...readers]) client.leave();
  return times;
}

const peer = await peerRoom();
const theirs = await measure(peer);
peer.stop();
const ours = await measure(await tuttiRoom());
reportEdits(`edit to each of ${READERS} readers at ${EDITS_PER_SECOND} edits/s`, ours, theirs);
process.exit(0);
