/**
 * The login of this browser. The access token lives in memory only; the refresh token is a cookie that scripts
 * cannot read. Invariant: at most one refresh runs at a time over all tabs (a lock), because each refresh
 * replaces the cookie that the others would use.
 */
import * as api from './api.ts';
import { forgetAccount } from './local-data.ts';
import type { LoginRequest, Session, User } from './wire.ts';
import { readJson, writeJson } from './storage.ts';

/** Set while a login is believed to exist, so that guests cause no refresh calls that must fail. */
const MARK_KEY = 'tutti.loggedIn';
/** A token this close to its end is renewed before it is used. */
const MARGIN_MS = 30_000;

let session: Session | null = null;

export function currentUser(): User | null {
  return session?.user ?? null;
}

export async function register(username: string, email: string, password: string): Promise<void> {
  keep(await api.register({ username, email, password }));
}

export async function login(request: LoginRequest): Promise<void> {
  keep(await api.login(request));
}

/** The browser is about to be sent to another provider, and may come back with a login. */
export function expectLogin(): void {
  writeJson(MARK_KEY, true);
}

/** The account has changed since its login began. */
export function noteUser(user: User): void {
  if (session !== null) session = { ...session, user };
}

export async function logout(): Promise<void> {
  const user = currentUser();
  try {
    await api.logout(await bearer());
  } finally {
    drop();
    if (user !== null) await forgetAccount(user.id);
  }
}

/** The account is deleted: this browser keeps nothing of it. */
export async function forget(): Promise<void> {
  const user = currentUser();
  drop();
  if (user !== null) await forgetAccount(user.id);
}

/** A valid access token, renewed where needed; null for a guest. */
export async function bearer(): Promise<string | null> {
  if (session !== null && session.expiresAt - MARGIN_MS > Date.now()) return session.accessToken;
  if (readJson<boolean>(MARK_KEY) !== true) return null;
  return locked(renew);
}

/** Another access token, after one was refused that should have been good; null if the login has ended. */
export async function renewed(): Promise<string | null> {
  if (readJson<boolean>(MARK_KEY) !== true) return null;
  return locked(renew);
}

async function renew(): Promise<string | null> {
  try {
    keep(await api.refresh());
  } catch (error) {
    // Only an answer ends the login; without one the next call may succeed.
    if (error instanceof api.ApiError && error.code === 'UNAUTHORIZED') drop();
    else throw error;
  }
  return session?.accessToken ?? null;
}

function keep(next: Session): void {
  session = next;
  writeJson(MARK_KEY, true);
}

function drop(): void {
  session = null;
  writeJson(MARK_KEY, false);
}

/** Web Locks need a secure context; on a plain-http host the refresh goes unguarded. */
async function locked<T>(work: () => Promise<T>): Promise<T> {
  if (!('locks' in navigator)) return work();
  return (await navigator.locks.request('tutti.refresh', work)) as T;
}
