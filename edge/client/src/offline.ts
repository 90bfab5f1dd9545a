/**
 * The copy of a room's document on this device (y-indexeddb), and whether it holds edits that the room has not
 * confirmed. Where the browser stores nothing, everything works as long as the page is open.
 */
import { uuidv4 } from 'lib0/random';
import { IndexeddbPersistence } from 'y-indexeddb';
import * as Y from 'yjs';
import { Files } from './files.ts';
import { keep, storageWorks, type KeptFile } from './kept.ts';
import { databaseName, deleteDatabase, markStorage, UnsavedMark, unsavedPrefix } from './local-data.ts';

export interface LoadedCopy {
  /** It holds edits of an earlier visit, or of another tab, that the room has not confirmed. */
  readonly isUnsaved: boolean;
  /** It had the room's whole state once; without that, an empty copy says nothing. */
  readonly isComplete: boolean;
}

/** A copy that takes longer comes when it comes: the room itself has the text too. */
const LOAD_MAX_MS = 4_000;
/** An older copy is read to the end unless something is wrong with it. */
const READ_MAX_MS = 30_000;
const COMPLETE = 'complete';
const PROBE = 'probe';

export class LocalCopy {
  private persistence: IndexeddbPersistence | null = null;
  private readonly mark: UnsavedMark;
  private full = false;
  private isComplete = false;
  private isGone = false;
  /** Counts the changes. */
  private changes = 0;

  constructor(
    readonly roomId: string,
    readonly generation: number,
    private readonly doc: Y.Doc,
    private readonly onKept: (isKept: boolean) => void,
  ) {
    this.mark = markOf(roomId, generation);
  }

  /** False where this browser stores nothing, or nothing more; known once `load` has answered. */
  get works(): boolean {
    return this.persistence !== null && !this.full;
  }

  /** Brings the copy into the document, from which on every change is stored. A slow disk is not waited for. */
  async load(): Promise<LoadedCopy> {
    const isUnsaved = await this.mark.takeOver();
    const isComplete = await Promise.race([this.open(), delay(LOAD_MAX_MS).then(() => false)]);
    return { isUnsaved, isComplete };
  }

  /** Whether a change of the document came out of this copy. */
  isOrigin(origin: unknown): boolean {
    return origin !== null && origin === this.persistence;
  }

  /** The document has had the room's whole state. */
  markComplete(): void {
    this.isComplete = true;
    this.persistence?.set(COMPLETE, 1).catch(() => undefined);
  }

  setUnsaved(isUnsaved: boolean): void {
    if (!isUnsaved) return this.mark.clear();
    this.mark.set();
    this.probe();
  }

  /** The document is changing; `onKept` tells when that is on disk, and that it is not until then. */
  changed(): void {
    this.changes += 1;
    const { changes } = this;
    this.onKept(false);
    // y-indexeddb hears of a change after this.
    void Promise.resolve()
      .then(() => this.flushed())
      .then(() => {
        if (changes === this.changes && this.works) this.onKept(true);
      });
  }

  /** Writes on the disk fail silently in y-indexeddb; this one tells. */
  private probe(): void {
    this.persistence?.set(PROBE, Date.now()).then(
      () => (this.full = false),
      () => (this.full = true),
    );
  }

  /** Answers when everything written so far is on disk. */
  async flushed(): Promise<void> {
    const database = this.persistence?.db;
    if (!database) return;
    await new Promise<void>((resolve) => {
      // It waits for the writes that were asked for before it.
      const transaction = database.transaction('updates', 'readonly');
      transaction.objectStore('updates').count();
      transaction.oncomplete = transaction.onabort = () => resolve();
    });
  }

  /** Removes the copy; the document stays as it is. */
  async remove(): Promise<void> {
    this.isGone = true;
    this.mark.clear();
    await this.persistence?.destroy();
    this.persistence = null;
    await deleteDatabase(databaseName(this.roomId, this.generation));
  }

  dispose(): void {
    this.isGone = true;
    void this.persistence?.destroy();
    this.persistence = null;
  }

  private async open(): Promise<boolean> {
    if (!(await storageWorks()) || this.isGone) return false;
    const persistence = new IndexeddbPersistence(databaseName(this.roomId, this.generation), this.doc);
    this.persistence = persistence;
    await persistence.whenSynced;
    if (this.isComplete) this.markComplete();
    return (await persistence.get(COMPLETE)) === 1;
  }
}

/**
 * Ends the copy of an older generation: a rebuilt room has another history. What the copy holds unconfirmed is kept
 * as text; false if that failed, and the copy still is there.
 */
export async function retire(roomId: string, older: number, reason: string): Promise<boolean> {
  const name = databaseName(roomId, older);
  const mark = markOf(roomId, older);
  if (await mark.takeOver()) {
    const files = await filesOf(name);
    const kept = { roomId, at: Date.now(), reason, files };
    // The page may go in the middle of this, and begin again at the next visit.
    if (files.length > 0 && !(await keep(kept, `generation-${older}`))) return false;
  }
  mark.clear();
  await deleteDatabase(name);
  return true;
}

async function filesOf(database: string): Promise<KeptFile[]> {
  const doc = new Y.Doc();
  const persistence = new IndexeddbPersistence(database, doc);
  await Promise.race([persistence.whenSynced, delay(READ_MAX_MS)]);
  const files = textsOf(new Files(doc));
  await persistence.destroy();
  doc.destroy();
  return files;
}

export function textsOf(files: Files): KeptFile[] {
  return files.paths().map((path) => ({ path, text: files.text(path)?.toString() ?? '' }));
}

function markOf(roomId: string, generation: number): UnsavedMark {
  // Locks need a secure context.
  const locks = 'locks' in navigator ? navigator.locks : null;
  return new UnsavedMark(unsavedPrefix(roomId, generation), uuidv4(), markStorage(), locks);
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
