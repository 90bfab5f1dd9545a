/**
 * What the page keeps in localStorage, under typed keys. Storage can be missing or full (private windows,
 * policies): reading then finds nothing and writing does nothing, since nothing here is the only copy of work.
 */

/** How this browser may enter a room, and when it was last there. */
export interface RememberedRoom {
  readonly id: string;
  readonly name: string;
  readonly visitedAt: number;
  /** Given to the creator of a guest room, once. Never part of a URL. */
  readonly ownerKey?: string;
  /** The token of the share link by which the room was entered. */
  readonly link?: string;
}

/** The server's limit for a display name. */
export const NAME_MAX_CHARS = 40;

const NAME_KEY = 'tutti.name';
const ROOMS_KEY = 'tutti.rooms';
const ROOMS_KEPT = 30;

export function readJson<T>(key: string): T | null {
  try {
    const text = localStorage.getItem(key);
    return text === null ? null : (JSON.parse(text) as T);
  } catch {
    return null;
  }
}

export function writeJson(key: string, value: unknown): void {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // See the module's comment.
  }
}

export function rememberedName(): string {
  return readJson<string>(NAME_KEY) ?? '';
}

export function rememberName(name: string): void {
  writeJson(NAME_KEY, name);
}

/** The rooms this browser has been in, latest first. */
export function rememberedRooms(): RememberedRoom[] {
  const rooms = readJson<RememberedRoom[]>(ROOMS_KEY);
  return Array.isArray(rooms) ? rooms.filter((room) => typeof room.id === 'string') : [];
}

export function rememberedRoom(id: string): RememberedRoom | undefined {
  return rememberedRooms().find((room) => room.id === id);
}

/** Adds or updates a room; keys that `change` leaves out stay as they are. */
export function rememberRoom(id: string, change: Partial<Omit<RememberedRoom, 'id'>>): void {
  const others = rememberedRooms().filter((room) => room.id !== id);
  const before = rememberedRoom(id) ?? { id, name: '', visitedAt: 0 };
  const rooms = [{ ...before, ...change, id }, ...others].sort((a, b) => b.visitedAt - a.visitedAt);
  // A room that this browser owns is never forgotten: its key exists nowhere else.
  const kept = rooms.filter((room, index) => index < ROOMS_KEPT || room.ownerKey !== undefined);
  writeJson(ROOMS_KEY, kept);
}

export function forgetRoom(id: string): void {
  writeJson(
    ROOMS_KEY,
    rememberedRooms().filter((room) => room.id !== id),
  );
}
