/**
 * What work in a terminal did to the files: what of it there is to take over, and taking it over as ordinary edits
 * of the shared document.
 *
 * Invariant: what is taken over are the edits that were shown. They are made on a copy of the document as it was then
 * and merged like those of a person who was away, so that what others wrote meanwhile stays, and their cursors too.
 */
import * as Y from 'yjs';
import { comparePaths, Files, pathProblem } from '../files.ts';
import type { FileDiff, TerminalChange } from '../wire.ts';
import { fileDiff, replacements } from './text-diff.ts';

/** A change as a person decides on it. */
export interface Offer {
  readonly change: TerminalChange;
  readonly diff: FileDiff;
  /** Why it cannot be taken over, or null. */
  readonly problem: string | null;
  /** True if the file was edited in the room since the terminal was opened: taking it over undoes that. */
  readonly isEdited: boolean;
}

export class Draft {
  /** In the order of the paths; without what is the same here already. */
  readonly offers: readonly Offer[];
  private readonly copy = new Y.Doc();
  private readonly files = new Files(this.copy);

  /** `edited`: the files that were edited here since the terminal was opened. */
  constructor(
    private readonly doc: Y.Doc,
    changes: readonly TerminalChange[],
    edited: ReadonlySet<string>,
  ) {
    Y.applyUpdate(this.copy, Y.encodeStateAsUpdate(doc));
    this.offers = changes
      .map((change) => this.offerOf(change, edited.has(change.path)))
      .filter((offer) => offer !== null)
      .sort((a, b) => comparePaths(a.change.path, b.change.path));
  }

  /** Makes the files what they are in the terminal, in one transaction. Can be called once. */
  apply(changes: readonly TerminalChange[]): void {
    const before = Y.encodeStateVector(this.copy);
    this.copy.transact(() => {
      for (const change of changes) this.write(change);
    });
    Y.applyUpdate(this.doc, Y.encodeStateAsUpdate(this.copy, before));
    this.dispose();
  }

  dispose(): void {
    this.copy.destroy();
  }

  private offerOf(change: TerminalChange, isEdited: boolean): Offer | null {
    const { path, content } = change;
    const before = this.files.text(path)?.toString() ?? null;
    if (before === content) return null;
    const problem = before === null ? pathProblem(path, this.files.paths()) : null;
    return { change, diff: fileDiff(path, before, content), problem, isEdited };
  }

  private write({ path, content }: TerminalChange): void {
    const text = this.files.text(path);
    if (content === null) this.files.remove(path);
    else if (text === null) this.files.add(path, content);
    else rewrite(text, content);
  }
}

/** By the smallest edits that a comparison finds. */
function rewrite(text: Y.Text, content: string): void {
  const current = text.toString();
  if (text.length !== current.length) {
    // Something that is no character stands in it, so places in the string are not places in the text.
    text.delete(0, text.length);
    return text.insert(0, content);
  }
  // From the end, so that the places of what comes before stay true.
  for (const { from, removed, inserted } of replacements(current, content).reverse()) {
    if (removed > 0) text.delete(from, removed);
    if (inserted !== '') text.insert(from, inserted);
  }
}
