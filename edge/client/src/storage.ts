/**
 * What the page keeps in localStorage, under typed keys. Storage can be missing or full (private windows,
 * policies): reading then finds nothing and writing does nothing, since nothing here is the only copy of work.
 */

import type { RoomToken } from './wire.ts';

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

/** What the server granted last in a room: the way in without a network, and the person's identity in the room. */
export interface RememberedGrant {
  readonly granted: RoomToken;
  /** The account that it was granted to; null for a guest. */
  readonly account: string | null;
  /** The server has taken the right back since. */
  readonly isWithdrawn: boolean;
  /** An earlier generation of which this device may still have a copy. */
  readonly older: number | null;
}

/** The server's limit for a display name. */
export const NAME_MAX_CHARS = 40;

const NAME_KEY = 'tutti.name';
const ROOMS_KEY = 'tutti.rooms';
const GRANT_PREFIX = 'tutti.grant.';
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

export function keysOf(prefix: string): string[] {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(prefix));
  } catch {
    return [];
  }
}

export function removeKey(key: string): void {
  try {
    localStorage.removeItem(key);
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

export function rememberedGrant(roomId: string): RememberedGrant | null {
  const grant = readJson<RememberedGrant>(grantKey(roomId));
  return typeof grant?.granted?.token === 'string' ? grant : null;
}

/** All of them, by room. */
export function rememberedGrants(): [string, RememberedGrant][] {
  return keysOf(GRANT_PREFIX).flatMap((key) => {
    const roomId = key.slice(GRANT_PREFIX.length);
    const grant = rememberedGrant(roomId);
    return grant === null ? [] : [[roomId, grant] as [string, RememberedGrant]];
  });
}

export function rememberGrant(roomId: string, grant: RememberedGrant): void {
  writeJson(grantKey(roomId), grant);
}

export function forgetGrant(roomId: string): void {
  removeKey(grantKey(roomId));
}

/** A rebuilt room has another history, which must never be merged with the one before. */
export function generationOf(granted: RoomToken): number {
  return granted.generation;
}

function grantKey(roomId: string): string {
  return GRANT_PREFIX + roomId;
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
