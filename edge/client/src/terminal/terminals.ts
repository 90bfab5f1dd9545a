/**
 * The terminals of a room, as its events tell them. Pure: events in, records out; panel.ts draws them.
 *
 * Invariant: the output of a record is the end of what its terminal wrote since it was opened, in order.
 */
import type { ParticipantId, Rights, RoomEvent, Terminal, TerminalEnd, TerminalWithOutput } from '../wire.ts';

/** Characters of output that are kept, to be written anew: as much as the room keeps. */
const OUTPUT_MAX_CHARS = 128 * 1024;

/** How a terminal stands. */
export type Stand =
  /** For a machine, since this moment or longer. */
  | { readonly kind: 'waiting'; readonly since: number }
  | { readonly kind: 'open' }
  /** `reason` is null where it ended while this page was not connected. */
  | { readonly kind: 'ended'; readonly reason: TerminalEnd | null; readonly exitCode: number | null };

export interface TerminalRecord {
  terminal: Terminal;
  stand: Stand;
  output: string;
}

/** What a change means for whoever shows the terminal. */
export type TerminalChange =
  /** `ready`: a machine has come for it. */
  | { readonly kind: 'opened' | 'ready' | 'updated' | 'ended'; readonly id: string }
  | { readonly kind: 'output'; readonly id: string; readonly data: string };

export class Terminals {
  private records = new Map<string, TerminalRecord>();

  constructor(private readonly now: () => number = Date.now) {}

  /** Newest last. */
  list(): TerminalRecord[] {
    return [...this.records.values()];
  }

  get(id: string): TerminalRecord | undefined {
    return this.records.get(id);
  }

  /** Takes over what the room knows. What it knows no more has ended, and stays until it is dismissed. */
  welcome(terminals: readonly TerminalWithOutput[]): void {
    const known = new Set(terminals.map(({ terminal }) => terminal.id));
    const before = this.records;
    const gone = this.list().filter(({ terminal }) => !known.has(terminal.id));
    this.records = new Map();
    for (const record of gone) this.records.set(record.terminal.id, ended(record, null, null));
    for (const { terminal, output } of terminals) {
      const stand = this.standOf(terminal, before.get(terminal.id));
      this.records.set(terminal.id, { terminal, stand, output });
    }
  }

  /** Applies an event; null if it changes nothing here. */
  apply(event: RoomEvent): TerminalChange | null {
    switch (event.type) {
      case 'terminal:opened':
      case 'terminal:updated':
        return this.put(event.terminal);
      case 'terminal:output':
        return this.wrote(event.terminalId, event.data);
      case 'terminal:closed':
        return this.closed(event.terminalId, event.reason, event.exitCode);
      default:
        return null;
    }
  }

  /** Forgets a terminal that has ended. */
  dismiss(id: string): void {
    if (this.records.get(id)?.stand.kind === 'ended') this.records.delete(id);
  }

  /** A new one takes the place of those that have ended. */
  private put(terminal: Terminal): TerminalChange {
    const known = this.records.get(terminal.id);
    if (known === undefined) for (const id of [...this.records.keys()]) this.dismiss(id);
    const stand = this.standOf(terminal, known);
    this.records.set(terminal.id, { terminal, stand, output: known?.output ?? '' });
    const isReady = known?.stand.kind === 'waiting' && stand.kind === 'open';
    return { kind: known === undefined ? 'opened' : isReady ? 'ready' : 'updated', id: terminal.id };
  }

  private standOf(terminal: Terminal, known: TerminalRecord | undefined): Stand {
    if (terminal.isOpen) return { kind: 'open' };
    return known?.stand.kind === 'waiting' ? known.stand : { kind: 'waiting', since: this.now() };
  }

  private wrote(id: string, data: string): TerminalChange | null {
    const record = this.records.get(id);
    if (record === undefined) return null;
    record.output = endOf(record.output + data);
    return { kind: 'output', id, data };
  }

  private closed(id: string, reason: TerminalEnd, exitCode: number | null): TerminalChange | null {
    const record = this.records.get(id);
    if (record === undefined) return null;
    this.records.set(id, ended(record, reason, exitCode));
    return { kind: 'ended', id };
  }
}

/** True if what this person types reaches the program: the keyboard can be given to somebody without the right. */
export function mayType(record: TerminalRecord | undefined, youId: ParticipantId): boolean {
  return record?.stand.kind === 'open' && record.terminal.keyboard === youId;
}

/** What a person may do with a terminal. */
export interface May {
  /** Take the keyboard from whoever holds it. */
  readonly take: boolean;
  /** Give the keyboard to somebody else. */
  readonly hand: boolean;
  /** Take changed files over into the room. */
  readonly files: boolean;
  readonly close: boolean;
  /** Open one like it, once it has ended. */
  readonly again: boolean;
}

export function mayDo({ terminal, stand }: TerminalRecord, youId: ParticipantId, rights: Rights): May {
  const [isOpen, isEnded] = [stand.kind === 'open', stand.kind === 'ended'];
  const holds = terminal.keyboard === youId;
  return {
    take: isOpen && rights.terminal && !holds,
    hand: isOpen && holds,
    files: isOpen && rights.edit,
    close: !isEnded && (rights.terminal || holds),
    again: isEnded && rights.terminal,
  };
}

/** Input in messages of at most `max` UTF-16 units each; a character is never cut in two. */
export function messagesOf(input: string, max: number): string[] {
  const messages: string[] = [];
  for (let from = 0; from < input.length;) {
    const last = input.charCodeAt(from + max - 1);
    const isCut = last >= 0xd800 && last < 0xdc00 && from + max < input.length;
    const to = Math.min(input.length, from + max - (isCut ? 1 : 0));
    messages.push(input.slice(from, to));
    from = to;
  }
  return messages;
}

function ended(record: TerminalRecord, reason: TerminalEnd | null, exitCode: number | null): TerminalRecord {
  if (record.stand.kind === 'ended') return record;
  return { ...record, stand: { kind: 'ended', reason, exitCode } };
}

/** The end of a text that has become too long, from the beginning of a line, so that no control sequence is cut. */
function endOf(output: string): string {
  if (output.length <= OUTPUT_MAX_CHARS) return output;
  const end = output.slice(-OUTPUT_MAX_CHARS);
  return end.slice(end.indexOf('\n') + 1);
}
