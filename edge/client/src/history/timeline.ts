/**
 * The log of a room as far as it has been loaded: what happened, in order, with who and when. Pure; loader.ts fills
 * it, replayer.ts and stage.ts read it.
 *
 * A moment is named in three ways. Its position is the server's number of it; under load, what several people typed
 * within a blink shares one. Its place is the position, with such items spread between it and the one before, so that
 * each has a place of its own and the last of them the position itself. Its index is how many items have happened by
 * then; 0 is the state where the kept history begins.
 */
import { fromBase64 } from 'lib0/buffer';
import { Authorship } from './authorship.ts';
import type { HistoryItem, HistoryPage, RoomEvent } from '../wire.ts';

/** One place of the log. */
export interface Item {
  readonly place: number;
  readonly at: number;
  readonly author: string | null;
  /** Yjs updates, in order; none for an event. */
  readonly updates: readonly Uint8Array[];
  readonly event: RoomEvent | null;
}

export type MarkKind = 'snapshot' | 'run' | 'restore' | 'merge';

/** A place of the time line that people look for. */
export interface Mark {
  readonly position: number;
  readonly kind: MarkKind;
  readonly label: string;
}

/** Said of authors that the server did not name. */
const SOMEBODY = 'Somebody';

export class Timeline {
  readonly items: Item[] = [];
  readonly marks: Mark[] = [];
  readonly authorship = new Authorship();
  private readonly names = new Map<string, string>();
  private newest: number;
  private complete: number;

  constructor(
    /** History is kept after this position. */
    readonly first: number,
    /** The document at `first`; null if it was empty. */
    readonly base: Uint8Array | null,
    /** When the room was at `first`, where that is known. */
    readonly since: number | null = null,
  ) {
    this.newest = first;
    this.complete = first;
    if (base !== null) this.authorship.add(base, null);
  }

  /** How far the room has come, loaded or not. */
  get last(): number {
    return this.newest;
  }

  /** Everything up to here is loaded. */
  get loaded(): number {
    return this.complete;
  }

  /** The room has gone on. */
  reached(position: number): void {
    this.newest = Math.max(this.newest, position);
  }

  /** Takes in a page; what is known already is left out. */
  add(page: Pick<HistoryPage, 'items' | 'authors' | 'last' | 'nextCursor'>): void {
    for (const { id, name } of page.authors) this.names.set(id, name);
    const news = page.items.filter(({ position }) => position > this.complete);
    for (const [item, place] of placed(news)) this.append(item, place);
    this.complete = Math.max(this.complete, page.nextCursor ?? page.last);
    this.reached(page.last);
  }

  nameOf(author: string | null): string {
    return (author === null ? undefined : this.names.get(author)) ?? SOMEBODY;
  }

  authors(): { id: string; name: string }[] {
    return [...this.names].map(([id, name]) => ({ id, name }));
  }

  /** How many items have happened by a place. */
  indexOf(place: number): number {
    let [low, high] = [0, this.items.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.items[middle]?.place ?? 0) <= place) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  placeOf(index: number): number {
    return index === 0 ? this.first : (this.items[index - 1]?.place ?? this.complete);
  }

  /** The position that the server knows a moment by. */
  positionOf(index: number): number {
    return Math.ceil(this.placeOf(index));
  }

  /** When it was so; null for the beginning of a room in which nothing has happened. */
  timeOf(index: number): number | null {
    return index === 0 ? (this.since ?? this.items[0]?.at ?? null) : (this.items[index - 1]?.at ?? null);
  }

  /** The next mark in a direction; null if there is none. */
  markFrom(place: number, direction: -1 | 1): Mark | null {
    const found =
      direction === 1
        ? this.marks.find((mark) => mark.position > place)
        : this.marks.findLast((mark) => mark.position < place);
    return found ?? null;
  }

  private append(item: HistoryItem, place: number): void {
    const author = item.authorId ?? null;
    const updates = (item.edit?.updates ?? []).map((update) => fromBase64(update));
    for (const update of updates) this.authorship.add(update, author);
    const event = item.event ?? null;
    this.items.push({ place, at: item.at, author, updates, event });
    const mark = event === null ? null : this.markOf(event);
    if (mark !== null) this.marks.push({ position: item.position, ...mark });
  }

  private markOf(event: RoomEvent): Omit<Mark, 'position'> | null {
    switch (event.type) {
      case 'room:snapshot':
        return { kind: 'snapshot', label: `Snapshot “${event.snapshot.name}”` };
      case 'run:queued':
        return { kind: 'run', label: `${event.run.startedBy} ran ${event.run.entry}` };
      case 'room:restored':
        return { kind: 'restore', label: `${this.nameOf(event.authorId)} restored earlier files` };
      case 'room:merged':
        return { kind: 'merge', label: `${this.nameOf(event.authorId)} merged another room` };
      default:
        return null;
    }
  }
}

/** The items with their places; items of one position come together. */
function placed(items: readonly HistoryItem[]): [HistoryItem, number][] {
  const counts = new Map<number, number>();
  for (const { position } of items) counts.set(position, (counts.get(position) ?? 0) + 1);
  const left = new Map(counts);
  return items.map((item) => {
    const [all, rest] = [counts.get(item.position) ?? 1, (left.get(item.position) ?? 1) - 1];
    left.set(item.position, rest);
    return [item, item.position - rest / all];
  });
}
