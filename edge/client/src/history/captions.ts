/** What happened at a moment, as a sentence. Pure. */
import { describe } from '../runs.ts';
import type { RoomEvent, Run } from '../wire.ts';
import type { Change } from './replayer.ts';
import type { Item, Timeline } from './timeline.ts';

/** Longer texts are cut: the files themselves show all of it. */
const QUOTE_MAX_CHARS = 40;

/** The sentence for an item that has just happened; `runOf` finds the run that an event is about. */
export function caption(
  item: Item | null,
  changes: readonly Change[],
  timeline: Timeline,
  runOf: (id: string) => Run | undefined,
): string {
  if (item === null) return beginning(timeline.first);
  if (item.event !== null) return eventWords(item.event, timeline, runOf);
  const who = timeline.nameOf(item.author);
  const [first, second] = changes;
  if (first === undefined) return `${who} changed nothing that shows`;
  if (second !== undefined) return `${who} made ${changes.length} changes, the first in ${first.path}`;
  return `${who} ${changeWords(first)}`;
}

/** What the state before the first kept item is called. */
export function beginning(first: number): string {
  return first === 0 ? 'The beginning' : 'The beginning of the kept history';
}

function changeWords({ kind, path, inserted, removed }: Change): string {
  if (kind === 'added') return `put ${path} there`;
  if (kind === 'removed') return `removed ${path}`;
  const gone = removed === 1 ? '1 character' : `${removed.toLocaleString()} characters`;
  if (inserted === '') return `deleted ${gone} in ${path}`;
  const typed = `typed ${quote(inserted)} in ${path}`;
  return removed === 0 ? typed : `${typed} in place of ${gone}`;
}

function quote(text: string): string {
  if (text.trim() === '') return text.includes('\n') ? 'a new line' : 'a space';
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > QUOTE_MAX_CHARS ? `“${line.slice(0, QUOTE_MAX_CHARS)}…”` : `“${line}”`;
}

function eventWords(event: RoomEvent, timeline: Timeline, runOf: (id: string) => Run | undefined): string {
  const entry = (id: string): string => runOf(id)?.entry ?? 'a program';
  switch (event.type) {
    case 'chat:message':
      return `${event.message.authorName} wrote ${quote(event.message.text)} in the chat`;
    case 'run:queued':
      return `${event.run.startedBy} ran ${event.run.entry}`;
    case 'run:started':
      return `${entry(event.runId)} began to run`;
    case 'run:output':
      return `${entry(event.runId)} printed ${quote(event.data)}`;
    case 'run:stdin':
      return stdinWords(timeline.nameOf(event.participantId), event.data, entry(event.runId));
    case 'run:finished':
    case 'run:cancelled': {
      const run = runOf(event.runId);
      return run === undefined ? 'A run ended' : `${run.entry}: ${describe(run)}`;
    }
    case 'room:snapshot':
      return `${event.snapshot.authorName} took the snapshot “${event.snapshot.name}”`;
    case 'room:restored':
      return `${timeline.nameOf(event.authorId)} restored the files of an earlier moment`;
    case 'room:merged':
      return `${timeline.nameOf(event.authorId)} merged another room`;
    case 'terminal:opened':
      return `${timeline.nameOf(event.terminal.openedBy)} opened a terminal`;
    case 'terminal:updated':
      return event.terminal.isOpen
        ? `${timeline.nameOf(event.terminal.keyboard)} had the keyboard of a terminal`
        : 'A terminal waited for a machine';
    case 'terminal:output':
      return `A terminal showed ${quote(withoutControls(event.data))}`;
    case 'terminal:closed':
      return 'A terminal was closed';
    default:
      return 'Something happened in the room';
  }
}

function stdinWords(who: string, data: string, entry: string): string {
  return data === '' ? `${who} ended the input of ${entry}` : `${who} typed ${quote(data)} into ${entry}`;
}

/** What a terminal's output says, without how it is shown. */
function withoutControls(output: string): string {
  return output.replace(
    /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]+.|.)|[\0-\x08\x0e-\x1f]/g,
    '',
  );
}
