/**
 * The document at any moment of a time line. Moves forward by applying what was typed, and backward by starting
 * from a kept state before the moment. Pure: it knows nothing of the page, and stops whenever its caller says so.
 *
 * Invariant: the kept states weigh at most `KEPT_MAX_BYTES`; where they would not, every other one goes.
 */
import * as Y from 'yjs';
import { comparePaths } from '../files.ts';
import type { Item, Timeline } from './timeline.ts';

/** A state is kept after so many items: fewer take longer to make, more take longer to come back to. */
const SPACING = 1_000;
/** What a page may hold in a phone without being thrown out. */
const KEPT_MAX_BYTES = 48 * 1024 * 1024;

/** What an item did to a file. */
export interface Change {
  readonly path: string;
  readonly kind: 'text' | 'added' | 'removed';
  /** Where it was, in the text after the change. */
  readonly at: number;
  readonly inserted: string;
  readonly removed: number;
}

interface Kept {
  readonly index: number;
  readonly state: Uint8Array;
}

export class Replayer {
  /** What the last item of the moment did; empty for an event and for the beginning. */
  changes: readonly Change[] = [];
  private doc: Y.Doc;
  private at = 0;
  private kept: Kept[] = [];
  private keptBytes = 0;
  private spacing: number;

  constructor(
    private readonly timeline: Timeline,
    spacing = SPACING,
    private readonly keptMaxBytes = KEPT_MAX_BYTES,
  ) {
    this.spacing = spacing;
    this.doc = this.beginning();
  }

  /** The moment that the document is at. */
  get index(): number {
    return this.at;
  }

  paths(): string[] {
    const files = this.doc.getMap('files');
    return [...files.keys()].filter((path) => this.text(path) !== null).sort(comparePaths);
  }

  text(path: string): Y.Text | null {
    const value: unknown = this.doc.getMap('files').get(path);
    return value instanceof Y.Text ? value : null;
  }

  /** Goes towards a moment until it is there or `mayGoOn` says no; true if it is there. */
  moveTo(target: number, mayGoOn: () => boolean = () => true): boolean {
    const goal = Math.min(target, this.timeline.items.length);
    if (goal === this.at) return true;
    this.jump(goal);
    while (this.at < goal) {
      if (!mayGoOn()) return false;
      this.step(this.at === goal - 1);
    }
    if (goal === 0) this.changes = [];
    return true;
  }

  /** Takes a shorter way where a kept state lies closer before the moment than the document does. */
  private jump(goal: number): void {
    // The last item is always applied anew, to see what it does.
    const kept = this.kept.findLast(({ index }) => index < goal);
    const start = kept?.index ?? 0;
    if (this.at <= goal && start <= this.at) return;
    this.doc.destroy();
    this.doc = this.beginning(kept?.state);
    this.at = start;
  }

  private step(isLast: boolean): void {
    const item = this.timeline.items[this.at];
    if (item === undefined) throw new Error('the replay went past what is loaded');
    if (isLast) this.changes = observed(this.doc, () => this.apply(item));
    else this.apply(item);
    this.at += 1;
    if (this.at % this.spacing === 0) this.keep();
  }

  private apply(item: Item): void {
    if (item.updates.length === 0) return;
    this.doc.transact(() => {
      for (const update of item.updates) Y.applyUpdate(this.doc, update);
    });
  }

  private keep(): void {
    if ((this.kept.at(-1)?.index ?? 0) >= this.at) return;
    const state = Y.encodeStateAsUpdate(this.doc);
    this.kept.push({ index: this.at, state });
    this.keptBytes += state.length;
    while (this.keptBytes > this.keptMaxBytes && this.kept.length > 1) this.thin();
  }

  private thin(): void {
    this.spacing *= 2;
    this.kept = this.kept.filter(({ index }) => index % this.spacing === 0);
    this.keptBytes = this.kept.reduce((sum, { state }) => sum + state.length, 0);
  }

  private beginning(state = this.timeline.base): Y.Doc {
    const doc = new Y.Doc();
    if (state !== null) Y.applyUpdate(doc, state);
    return doc;
  }
}

/** What `work` changes in the files. */
function observed(doc: Y.Doc, work: () => void): Change[] {
  const files = doc.getMap('files');
  const changes: Change[] = [];
  const listener = (events: readonly Y.YEvent<Y.AbstractType<unknown>>[]): void => {
    for (const event of events) changes.push(...changesOf(event));
  };
  files.observeDeep(listener);
  try {
    work();
  } finally {
    files.unobserveDeep(listener);
  }
  return changes;
}

function changesOf(event: Y.YEvent<Y.AbstractType<unknown>>): Change[] {
  const path = event.path[0];
  if (event instanceof Y.YTextEvent && path !== undefined) return textChanges(String(path), event);
  if (event.path.length > 0) return [];
  return [...event.changes.keys].map(([key, { action }]) => {
    const value: unknown = (event.target as Y.Map<unknown>).get(key);
    const inserted = value instanceof Y.Text ? value.toString() : '';
    return { path: key, kind: action === 'delete' ? 'removed' : 'added', at: 0, inserted, removed: 0 };
  });
}

/** One change for each place; what is typed over a selection is one, not two. */
function textChanges(path: string, event: Y.YTextEvent): Change[] {
  const changes: Change[] = [];
  let at = 0;
  let isOpen = false;
  const note = (inserted: string, removed: number): void => {
    const last = isOpen ? changes.pop() : undefined;
    isOpen = true;
    const before = last ?? { path, kind: 'text', at, inserted: '', removed: 0 };
    changes.push({ ...before, inserted: before.inserted + inserted, removed: before.removed + removed });
    at += inserted.length;
  };
  for (const { retain, insert, delete: removed } of event.delta) {
    if (retain !== undefined) {
      at += retain;
      isOpen = false;
    } else note(typeof insert === 'string' ? insert : '', removed ?? 0);
  }
  return changes;
}
