/**
 * Where this device keeps rooms: names of databases and keys, the marks of unsaved work, and how to remove it all.
 * It knows no document (offline.ts does), so that the start page can forget a room without loading the editor.
 */
import { deleteKept } from './kept.ts';
import {
  forgetGrant,
  forgetRoom,
  keysOf,
  rememberedGrants,
  rememberedRoom,
  rememberedRooms,
  removeKey,
} from './storage.ts';

/** The database of a room's document. Another generation is another history: the two must never be merged. */
export function databaseName(roomId: string, generation: number): string {
  return `tutti.room.${roomId}.${generation}`;
}

export function deleteDatabase(name: string): Promise<void> {
  return new Promise((resolve) => {
    try {
      const request = indexedDB.deleteDatabase(name);
      // Blocked means that another tab has it open: it goes when that tab does.
      request.onsuccess = request.onerror = request.onblocked = () => resolve();
    } catch {
      resolve();
    }
  });
}

/** Removes everything that this device keeps of a room. */
export async function forgetOnDevice(roomId: string): Promise<void> {
  const prefix = databaseName(roomId, 0).slice(0, -1);
  const databases = await listDatabases();
  await Promise.all(databases.filter((name) => name.startsWith(prefix)).map(deleteDatabase));
  await deleteKept(roomId);
  removeKeys(`tutti.unsaved.${roomId}.`);
  removeKeys(`tutti.links.${roomId}`);
  forgetGrant(roomId);
  forgetRoom(roomId);
}

/**
 * Removes the rooms that an account has opened here, for whoever uses this browser next. Rooms with work that is not
 * saved yet stay, as do those that only this browser can manage.
 */
export async function forgetAccount(account: string): Promise<void> {
  const mine = rememberedGrants().filter(([, grant]) => grant.account === account);
  const rooms = mine.map(([roomId]) => roomId).filter((id) => !hasUnsaved(id));
  await Promise.all(
    rooms.filter((id) => rememberedRoom(id)?.ownerKey === undefined).map((id) => forgetOnDevice(id)),
  );
}

/** Removes the rooms that are too long ago to be in the list of recent ones. */
export async function forgetOld(): Promise<void> {
  const recent = new Set(rememberedRooms().map(({ id }) => id));
  const old = rememberedGrants().filter(([id]) => !recent.has(id) && !hasUnsaved(id));
  await Promise.all(old.map(([id]) => forgetOnDevice(id)));
}

/** Whether this device has edits of the room that the room has not confirmed. */
export function hasUnsaved(roomId: string): boolean {
  return keysOf(`tutti.unsaved.${roomId}.`).length > 0;
}

async function listDatabases(): Promise<string[]> {
  try {
    return (await indexedDB.databases()).flatMap(({ name }) => name ?? []);
  } catch {
    return [];
  }
}

function removeKeys(prefix: string): void {
  keysOf(prefix).forEach(removeKey);
}

/** The parts of `Storage` and `LockManager` that marks need. */
type MarkStorage = Pick<Storage, 'setItem' | 'removeItem'>;
type MarkLocks = Pick<LockManager, 'query' | 'request'>;

/**
 * Says across reloads that a tab holds edits which the room has not confirmed. Each tab has a mark of its own and
 * a lock for as long as it lives; the marks of dead tabs are taken over by the next one that opens the room.
 *
 * Invariant: a mark is there from before the edit is stored until the room has confirmed it.
 */
export class UnsavedMark {
  private readonly key: string;
  private isSet = false;

  constructor(
    private readonly prefix: string,
    tab: string,
    private readonly storage: MarkStorage,
    private readonly locks: MarkLocks | null,
  ) {
    this.key = prefix + tab;
    // Held until the page is gone.
    locks?.request(lockOf(tab), () => new Promise(() => undefined)).catch(() => undefined);
  }

  /** True if any tab has left a mark, which this one then answers for. */
  async takeOver(): Promise<boolean> {
    const marks = this.keys().filter((key) => key !== this.key);
    if (marks.length === 0) return this.isSet;
    const held = new Set((await this.locks?.query())?.held?.map(({ name }) => name) ?? []);
    for (const key of marks) {
      if (held.has(lockOf(key.slice(this.prefix.length)))) continue;
      this.set();
      this.storage.removeItem(key);
    }
    return true;
  }

  set(): void {
    if (this.isSet) return;
    this.isSet = true;
    try {
      this.storage.setItem(this.key, '1');
    } catch {
      // Storage is full or forbidden: the sign is right until the page is reloaded.
    }
  }

  clear(): void {
    if (!this.isSet) return;
    this.isSet = false;
    this.storage.removeItem(this.key);
  }

  private keys(): string[] {
    return Object.keys(this.storage).filter((key) => key.startsWith(this.prefix));
  }
}

function lockOf(tab: string): string {
  return `tutti.tab.${tab}`;
}

export function unsavedPrefix(roomId: string, generation: number): string {
  return `tutti.unsaved.${roomId}.${generation}.`;
}

/** Where marks are kept; nowhere if the browser forbids storage. */
export function markStorage(): MarkStorage {
  try {
    return localStorage;
  } catch {
    return { setItem: () => undefined, removeItem: () => undefined };
  }
}
