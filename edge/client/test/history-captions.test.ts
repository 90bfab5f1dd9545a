import assert from 'node:assert/strict';
import { test } from 'node:test';
import { caption } from '../src/history/captions.ts';
import { Timeline } from '../src/history/timeline.ts';
import type { RoomEvent, Terminal } from '../src/wire.ts';
import { file, Recording } from './recording.ts';

const terminalId = 't'.repeat(20);
const runId = 'r'.repeat(20);

const terminal: Terminal = {
  id: terminalId,
  program: { kind: 'shell' },
  size: { rows: 24, cols: 80 },
  openedBy: 'ada',
  keyboard: 'grace',
  isOpen: true,
};

/** What the history says of events, one after the other. */
function captionsOf(events: readonly RoomEvent[]): string[] {
  const recording = new Recording()
    .write('ada', (files) => file(files, 'a.py'))
    .write('grace', (files) => file(files, 'b.py'));
  for (const event of events) recording.tell(event);
  const timeline = new Timeline(0, null);
  timeline.add(recording.page());
  return timeline.items.slice(2).map((item) => caption(item, [], timeline, () => undefined));
}

test('what happened in terminals and was typed into programs has words', () => {
  assert.deepEqual(
    captionsOf([
      { type: 'terminal:opened', terminalId, terminal: { ...terminal, isOpen: false } },
      { type: 'terminal:updated', terminalId, terminal: { ...terminal, isOpen: false } },
      { type: 'terminal:updated', terminalId, terminal },
      {
        type: 'terminal:output',
        terminalId,
        data: '\x1b[?2004h\x1b]0;title\x07\x1b[1;31mred\x1b[0m\r\n\x1b(B$ ',
      },
      { type: 'terminal:closed', terminalId, reason: 'exited', exitCode: 0 },
      { type: 'run:stdin', runId, participantId: 'grace', data: 'Ada\n', end: false },
      { type: 'run:stdin', runId, participantId: 'ada', data: '', end: true },
    ]),
    [
      'ada opened a terminal',
      'A terminal waited for a machine',
      'grace had the keyboard of a terminal',
      'A terminal showed “red $”',
      'A terminal was closed',
      'grace typed “Ada” into a program',
      'ada ended the input of a program',
    ],
  );
});
