/**
 * Texts that did not get into a room: what was written and not accepted, kept on this device until the person has
 * taken it out or thrown it away. Owns their database; showing them is recovery.ts's.
 */

export interface KeptFile {
  readonly path: string;
  readonly text: string;
}

export interface Kept {
  readonly roomId: string;
  readonly at: number;
  /** Why it is not in the room, as one sentence. */
  readonly reason: string;
  readonly files: readonly KeptFile[];
}

const DATABASE = 'tutti';
const STORE = 'kept';
/** A database that does not open by then, on however slow a disk, is treated as if there were none. */
const OPEN_MAX_MS = 20_000;

/** Null where the browser stores nothing (private windows, policies, a full disk). */
function open(): Promise<IDBDatabase | null> {
  return new Promise((resolve) => {
    const giveUp = setTimeout(() => resolve(null), OPEN_MAX_MS);
    const done = (database: IDBDatabase | null): void => {
      clearTimeout(giveUp);
      resolve(database);
    };
    try {
      const request = indexedDB.open(DATABASE, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(STORE);
      request.onsuccess = () => done(request.result);
      request.onerror = () => done(null);
    } catch {
      done(null);
    }
  });
}

/** Runs one transaction on the store; null if it did not go through. */
async function transact<T>(
  mode: IDBTransactionMode,
  work: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T | null> {
  const database = await open();
  if (database === null) return null;
  const result = await new Promise<T | null>((resolve) => {
    try {
      const transaction = database.transaction(STORE, mode);
      const request = work(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = transaction.onabort = () => resolve(null);
    } catch {
      resolve(null);
    }
  });
  database.close();
  return result;
}

/** Whether this browser lets pages store anything. */
export async function storageWorks(): Promise<boolean> {
  return (await transact('readonly', (store) => store.count())) !== null;
}

/** False if it could not be stored. What is kept again under the same id replaces what was. */
export async function keep(kept: Kept, id = String(kept.at)): Promise<boolean> {
  return (await transact('readwrite', (store) => store.put(kept, `${kept.roomId}:${id}`))) !== null;
}

/** What is kept of a room, oldest first. */
export async function keptOf(roomId: string): Promise<Kept[]> {
  return (await transact<Kept[]>('readonly', (store) => store.getAll(keysOf(roomId)))) ?? [];
}

export async function deleteKept(roomId: string): Promise<void> {
  await transact('readwrite', (store) => store.delete(keysOf(roomId)));
}

function keysOf(roomId: string): IDBKeyRange {
  return IDBKeyRange.bound(`${roomId}:`, `${roomId};`);
}
