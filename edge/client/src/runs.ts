/**
 * The runs of a room, as its events tell them. Pure: events in, records out; output.ts draws them.
 *
 * Invariant: the output of a run is that of one attempt, in the order of `seq`, each piece once.
 */
import type { OutputChunk, OutputStream, RoomEvent, Run, RunReason, RunWithOutput } from './wire.ts';

/** Runs that are kept; older ones are only in the room's history. */
const KEPT = 20;
const REASON_WORDS: Readonly<Record<RunReason, string>> = {
  time_limit: 'Stopped: it ran out of time',
  memory_limit: 'Stopped: it needed more memory than a run may have',
  output_limit: 'Stopped: it printed more than a run may',
  process_limit: 'Stopped: it started too many processes',
  disk_limit: 'Stopped: it wrote too much to disk',
  expired: 'Not run: it waited too long for a free runner. Run it again',
  lost: 'Not run: the runner was lost several times. Run it again',
  internal: 'Not run: something failed on our side. Run it again',
};

export interface RunRecord {
  run: Run;
  output: OutputChunk[];
  /** True if the room no longer keeps the beginning of the output. */
  lacksBeginning: boolean;
  /** What was typed into it since this page was opened. */
  typed: Typed[];
}

/** Input that went to a running program when its output had come as far as `after`. */
interface Typed {
  readonly after: number;
  readonly data: string;
}

/** A piece of what is shown of a run: what it printed and, between, what was typed into it. */
export interface Piece {
  readonly stream: OutputStream | 'typed';
  readonly data: string;
}

/** What a change means for whoever shows the run. */
export type RunChange =
  { kind: 'added' | 'changed' | 'restarted'; id: string } | { kind: 'output'; id: string; piece: Piece };

export class Runs {
  private records = new Map<string, RunRecord>();

  /** Newest last. */
  list(): RunRecord[] {
    return [...this.records.values()];
  }

  get(id: string): RunRecord | undefined {
    return this.records.get(id);
  }

  latest(): RunRecord | undefined {
    return this.list().at(-1);
  }

  /** The latest run that has not ended. */
  active(): RunRecord | undefined {
    return this.list().findLast(({ run }) => run.state === 'queued' || run.state === 'running');
  }

  /** Takes over what the room knows: after a reconnection it knows better than we do. */
  welcome(runs: readonly RunWithOutput[]): void {
    const before = this.records;
    this.records = new Map(
      runs.map(({ run, output }) => {
        const known = before.get(run.id);
        const typed = known?.run.attempt === run.attempt ? known.typed : [];
        return [run.id, { run, output: [...output], lacksBeginning: (output[0]?.seq ?? 1) > 1, typed }];
      }),
    );
  }

  /** A run that this client has started; its `run:queued` may come before or after. */
  add(run: Run): RunChange | null {
    if (this.records.has(run.id)) return null;
    this.records.set(run.id, { run, output: [], lacksBeginning: false, typed: [] });
    for (const id of [...this.records.keys()].slice(0, -KEPT)) this.records.delete(id);
    return { kind: 'added', id: run.id };
  }

  /** Applies an event; null if it changes nothing here. */
  apply(event: RoomEvent): RunChange | null {
    switch (event.type) {
      case 'run:queued':
        return this.add(event.run);
      case 'run:started':
        return this.started(event.runId, event.attempt);
      case 'run:output':
        return this.wrote(event.runId, { seq: event.seq, stream: event.stream, data: event.data });
      case 'run:stdin':
        return this.typed(event.runId, event.data);
      case 'run:finished':
        return this.finished(event);
      case 'run:cancelled':
        return this.update(event.runId, { state: 'cancelled', endedAt: Date.now() });
      default:
        return null;
    }
  }

  private started(id: string, attempt: number): RunChange | null {
    const record = this.records.get(id);
    if (record === undefined || attempt < record.run.attempt) return null;
    const restarted = attempt > record.run.attempt && record.output.length > 0;
    if (attempt > record.run.attempt) [record.output, record.typed] = [[], []];
    record.run = { ...record.run, state: 'running', attempt };
    return { kind: restarted ? 'restarted' : 'changed', id };
  }

  private wrote(id: string, chunk: OutputChunk): RunChange | null {
    const record = this.records.get(id);
    if (record === undefined || chunk.seq <= (record.output.at(-1)?.seq ?? 0)) return null;
    record.output.push(chunk);
    if (record.run.state === 'queued') record.run = { ...record.run, state: 'running' };
    return { kind: 'output', id, piece: chunk };
  }

  private typed(id: string, data: string): RunChange | null {
    const record = this.records.get(id);
    if (record === undefined || data === '') return null;
    record.typed.push({ after: record.output.at(-1)?.seq ?? 0, data });
    return { kind: 'output', id, piece: { stream: 'typed', data } };
  }

  private finished(event: Extract<RoomEvent, { type: 'run:finished' }>): RunChange | null {
    const { state, exitCode, signal, wallMs, cpuMs, memoryBytes, truncated, reason } = event;
    const end = { state, exitCode, signal, wallMs, cpuMs, memoryBytes, truncated, endedAt: Date.now() };
    return this.update(event.runId, reason === null ? end : { ...end, reason });
  }

  private update(id: string, change: Partial<Run>): RunChange | null {
    const record = this.records.get(id);
    if (record === undefined) return null;
    record.run = { ...record.run, ...change };
    return { kind: 'changed', id };
  }
}

/** How a run stands, in words. */
export function describe(run: Run): string {
  switch (run.state) {
    case 'queued':
      return 'Waiting for a runner…';
    case 'running':
      return run.attempt > 1 ? `Running (attempt ${run.attempt})…` : 'Running…';
    case 'cancelled':
      return 'Stopped by hand';
    case 'failed':
    case 'finished':
      return describeEnd(run);
  }
}

function describeEnd(run: Run): string {
  if (run.reason === 'time_limit' && run.wallMs !== null) {
    return `Stopped after ${Math.round(run.wallMs / 1_000)} s: a run has no more time`;
  }
  if (run.reason !== undefined) return REASON_WORDS[run.reason];
  if (run.signal !== null) return `Ended by ${run.signal}`;
  return run.exitCode === 0 ? 'Finished' : 'Finished with an error';
}

/** What was printed and what was typed, in the order in which it happened. */
export function piecesOf({ output, typed }: RunRecord): Piece[] {
  const printed = output.map(({ seq, stream, data }) => ({ at: seq, stream, data }));
  const between = typed.map(({ after, data }) => ({ at: after + 0.5, stream: 'typed' as const, data }));
  return [...printed, ...between].sort((a, b) => a.at - b.at);
}

export function isOver(run: Run): boolean {
  return run.state !== 'queued' && run.state !== 'running';
}

/** True if the program ended by itself and well. */
export function isGood(run: Run): boolean {
  return run.state === 'finished' && run.reason === undefined && run.exitCode === 0;
}

/** `412 ms`, `3.1 s`. */
export function duration(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

/** `812 KB`, `9.4 MB`. */
export function size(bytes: number): string {
  if (bytes < 1_000_000) return `${Math.max(1, Math.round(bytes / 1_000))} KB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
