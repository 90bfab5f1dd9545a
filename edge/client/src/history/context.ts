/** What the history needs to know of the room that it stands in. */
import { rememberedRoom } from '../storage.ts';
import type { Rights, Role } from '../wire.ts';

export interface HistoryContext {
  readonly roomId: string;
  readonly token: () => Promise<string>;
  readonly rights: () => Rights;
  readonly role: () => Role;
  readonly youId: () => string;
  /** A participant's name, of those who are there. */
  readonly nameOf: (participant: string) => string | undefined;
  /** Answers once the room has everything typed so far, or after `patienceMs`. */
  readonly settled: (patienceMs: number) => Promise<void>;
}

/** How long the room may take to confirm what was typed, before a snapshot or a merge is made without it. */
export const SETTLE_MS = 5_000;

/** The room's name, as this browser knows it. */
export function roomName(roomId: string): string {
  return rememberedRoom(roomId)?.name || 'Room';
}

/** Date and time of a moment, to the second. */
export function timeWords(at: number): string {
  return new Date(at).toLocaleString([], { dateStyle: 'medium', timeStyle: 'medium' });
}

/** `1 change`, `1,204 changes`. */
export function countWords(count: number, one: string, many: string): string {
  return `${count.toLocaleString()} ${count === 1 ? one : many}`;
}
