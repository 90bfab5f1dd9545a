/**
 * Who wrote which part of a document. A Yjs client numbers what it inserts; the log says who brought which numbers
 * first. So an author is known for every piece of text without following the text itself. Pure.
 *
 * Invariant: a client's runs are in order, each begins where the one before it ends, and the first who brings a
 * number keeps it.
 */
import * as Y from 'yjs';

/** Numbers of one client below `end`, from the end of the run before. */
interface Run {
  end: number;
  readonly author: string | null;
}

/** Neighbouring characters of one author; null for what was there before the kept history. */
export interface AuthorSpan {
  readonly from: number;
  readonly to: number;
  readonly author: string | null;
}

export class Authorship {
  private readonly runs = new Map<number, Run[]>();

  /** Takes down that `author` brought this update. */
  add(update: Uint8Array, author: string | null): void {
    for (const [client, end] of Y.parseUpdateMeta(update).to) this.bring(client, end, author);
  }

  authorOf(client: number, clock: number): string | null {
    return this.runAt(client, clock)?.author ?? null;
  }

  /** The authors of a text, in its order. */
  spans(text: Y.Text): AuthorSpan[] {
    const spans: AuthorSpan[] = [];
    let at = 0;
    for (let item = text._start; item !== null; item = item.right) {
      if (item.deleted || !item.countable) continue;
      at = this.addItem(spans, at, item);
    }
    return spans;
  }

  /** Yjs joins what one client typed in one go, also where two people brought it. */
  private addItem(spans: AuthorSpan[], start: number, item: Y.Item): number {
    let at = start;
    const { client, clock } = item.id;
    for (let offset = 0; offset < item.length;) {
      const run = this.runAt(client, clock + offset);
      const length = Math.min(item.length - offset, (run?.end ?? Infinity) - clock - offset);
      push(spans, { from: at, to: at + length, author: run?.author ?? null });
      offset += length;
      at += length;
    }
    return at;
  }

  /** The first run that ends after a number. */
  private runAt(client: number, clock: number): Run | undefined {
    const runs = this.runs.get(client) ?? [];
    let [low, high] = [0, runs.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((runs[middle]?.end ?? 0) > clock) high = middle;
      else low = middle + 1;
    }
    return runs[low];
  }

  private bring(client: number, end: number, author: string | null): void {
    const runs = this.runs.get(client);
    const last = runs?.at(-1);
    if (runs === undefined || last === undefined) this.runs.set(client, [{ end, author }]);
    else if (end <= last.end) return;
    else if (last.author === author) last.end = end;
    else runs.push({ end, author });
  }
}

function push(spans: AuthorSpan[], span: AuthorSpan): void {
  const last = spans.at(-1);
  if (last === undefined || last.author !== span.author) spans.push(span);
  else spans[spans.length - 1] = { ...last, to: span.to };
}
