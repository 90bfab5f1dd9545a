/** A room for the tests of its history: people with documents of their own, and the log that the room would keep. */
import { toBase64 } from 'lib0/buffer';
import * as Y from 'yjs';
import type { HistoryItem, HistoryPage, RoomEvent } from '../src/wire.ts';

/** What the document was at a position. */
export type Files = Record<string, string>;

export class Recording {
  readonly items: HistoryItem[] = [];
  /** By index: how many items have happened; the first is the beginning. */
  readonly states: Files[] = [{}];
  private position = 0;
  private readonly server = new Y.Doc();
  private readonly people = new Map<string, Y.Doc>();
  private now = 1_000_000;

  /** Lets somebody write; what it takes is one item of the log. */
  write(author: string, work: (files: Y.Map<Y.Text>) => void, afterMs = 100): this {
    const doc = this.docOf(author);
    const updates: Uint8Array[] = [];
    const hear = (update: Uint8Array, origin: unknown): void =>
      void (origin !== this && updates.push(update));
    doc.on('update', hear);
    work(doc.getMap<Y.Text>('files'));
    doc.off('update', hear);
    return this.deliver(author, updates, afterMs);
  }

  /** An item with updates, whoever made them. */
  deliver(author: string, updates: readonly Uint8Array[], afterMs = 100): this {
    for (const other of [this.server, ...this.people.values()]) {
      for (const update of updates) Y.applyUpdate(other, update, this);
    }
    const bytes = updates.reduce((sum, update) => sum + update.length, 0);
    return this.log({ authorId: author, edit: { bytes, updates: updates.map(toBase64) } }, afterMs);
  }

  /** The next item shares the position of the last, as under load. */
  together(): this {
    this.position -= 1;
    return this;
  }

  tell(event: RoomEvent, afterMs = 100): this {
    return this.log({ event }, afterMs);
  }

  docOf(author: string): Y.Doc {
    let doc = this.people.get(author);
    if (doc === undefined) {
      doc = new Y.Doc();
      Y.applyUpdate(doc, Y.encodeStateAsUpdate(this.server), this);
      this.people.set(author, doc);
    }
    return doc;
  }

  /** As the server answers; every author's id is also the name. */
  page(after = 0, limit = Infinity, first = 0): HistoryPage {
    const later = [...new Set(this.items.map(({ position }) => position))].filter(
      (position) => position > Math.max(after, first),
    );
    const shown = new Set(later.slice(0, limit));
    const items = this.items.filter(({ position }) => shown.has(position));
    const authors = [...this.people.keys()].map((id) => ({ id, name: id }));
    const more = later.length > limit ? { nextCursor: Math.max(...shown) } : {};
    return { items, authors, first, last: this.position, ...more };
  }

  /** The document at a position, as one update. */
  stateAt(position: number): Uint8Array {
    const doc = new Y.Doc();
    for (const { edit } of this.items.filter((item) => item.position <= position)) {
      for (const update of edit?.updates ?? []) Y.applyUpdate(doc, Buffer.from(update, 'base64'));
    }
    return Y.encodeStateAsUpdate(doc);
  }

  private log(item: Pick<HistoryItem, 'authorId' | 'edit' | 'event'>, afterMs: number): this {
    this.now += afterMs;
    this.position += 1;
    this.items.push({ position: this.position, at: this.now, ...item });
    const files = this.server.getMap<Y.Text>('files');
    this.states.push(Object.fromEntries([...files].map(([path, text]) => [path, text.toString()])));
    return this;
  }
}

/** Numbers that are the same in every run: a failing plan can be looked at again. */
export function seeded(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Adds a file, or gives the text of the one that is there. */
export function file(files: Y.Map<Y.Text>, path: string): Y.Text {
  const known = files.get(path);
  if (known !== undefined) return known;
  const text = new Y.Text();
  files.set(path, text);
  return text;
}
