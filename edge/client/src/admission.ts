/**
 * How a person gets into a room: finds the credential (owner's key, login, share link), exchanges it for a room
 * token, and renews that token for as long as the page is open. Asks for a name only when a guest has none.
 */
import * as api from './api.ts';
import * as account from './account.ts';
import { rememberRoom, rememberedName, rememberedRoom, readJson, writeJson } from './storage.ts';
import type { RoomToken, RoomTokenRequest } from './wire.ts';

/** No credential at hand opens this room. */
export class NotAdmitted extends Error {}

/** A token is renewed this long before it expires. */
const MARGIN_MS = 60_000;

/** Answers to a credential that does not open the room. */
const REFUSALS: ReadonlySet<string> = new Set(['UNAUTHORIZED', 'FORBIDDEN', 'NOT_FOUND', 'CONFLICT']);

export class Admission {
  private current: RoomToken | null = null;
  private pending: Promise<RoomToken> | null = null;
  /** Why the last credential was refused, in the server's words. */
  private refusal: string | null = null;

  constructor(
    readonly roomId: string,
    private readonly link: string | null,
    /** Asks the person for a display name; called at most once, and only for guests. */
    private readonly askName: () => Promise<string>,
  ) {}

  /** The token in force. Only to be read after the first `token()` has answered. */
  get granted(): RoomToken {
    if (this.current === null) throw new Error('the room token is read before it was granted');
    return this.current;
  }

  /** A token that is good for a while; `fresh` asks for a new one even if the old one has time left. */
  async token(fresh = false): Promise<RoomToken> {
    const usable = this.current !== null && this.current.expiresAt - MARGIN_MS > Date.now();
    if (usable && !fresh && this.current !== null) return this.current;
    this.pending ??= this.exchange().finally(() => {
      this.pending = null;
    });
    return this.pending;
  }

  private async exchange(): Promise<RoomToken> {
    const granted = await this.firstAccepted();
    this.current = granted;
    writeJson(this.tokenKey, granted.token);
    rememberRoom(this.roomId, { visitedAt: Date.now(), ...(this.link === null ? {} : { link: this.link }) });
    return granted;
  }

  /**
   * Tries one credential after the other: the owner's key, the link in the address together with the login (which
   * keeps the better role of the two), the login alone, a remembered link, and in a public room a mere name.
   */
  private async firstAccepted(): Promise<RoomToken> {
    const bearer = await account.bearer();
    const remembered = rememberedRoom(this.roomId);
    const link = this.link ?? remembered?.link;
    const bodies: (() => Promise<RoomTokenRequest | null>)[] = [];
    const { ownerKey } = remembered ?? {};
    if (ownerKey !== undefined) bodies.push(async () => ({ ownerKey, name: await this.name() }));
    if (this.link !== null) bodies.push(async () => ({ link: this.link ?? '', name: await this.name() }));
    if (bearer !== null) bodies.push(() => Promise.resolve({}));
    if (this.link === null && link !== undefined)
      bodies.push(async () => ({ link, name: await this.name() }));
    if (link === undefined && bearer === null) bodies.push(() => this.openToAll());
    for (const body of bodies) {
      const request = await body();
      const granted = request === null ? null : await this.attempt(request, bearer);
      if (granted !== null) return granted;
    }
    throw new NotAdmitted(
      link === undefined || this.refusal === null
        ? 'This room opens with a share link or with an account that belongs to it.'
        : this.refusal,
    );
  }

  /** In a public room a name is enough; nobody is asked for one in vain. */
  private async openToAll(): Promise<RoomTokenRequest | null> {
    try {
      await api.room(this.roomId, null);
    } catch (error) {
      if (error instanceof api.ApiError && REFUSALS.has(error.code)) return null;
      throw error;
    }
    return { name: await this.name() };
  }

  /** Null when the credential does not open the room; other failures are thrown. */
  private async attempt(body: RoomTokenRequest, bearer: string | null): Promise<RoomToken | null> {
    const previous = readJson<string>(this.tokenKey);
    try {
      return await api.roomToken(this.roomId, previous === null ? body : { ...body, previous }, bearer);
    } catch (error) {
      if (!(error instanceof api.ApiError) || !REFUSALS.has(error.code)) throw error;
      this.refusal = api.explain(error);
      return null;
    }
  }

  private async name(): Promise<string> {
    const known = account.currentUser()?.username ?? rememberedName();
    return known === '' ? this.askName() : known;
  }

  private get tokenKey(): string {
    return `tutti.token.${this.roomId}`;
  }
}

/** The share link in a URL's fragment (`#link=…`), or null. */
export function linkOf(hash: string): string | null {
  const token = new URLSearchParams(hash.replace(/^#/, '')).get('link');
  return token === null || token === '' ? null : token;
}

/** Reads what a person pasted: a whole share link or the path of one. Null if it names no room. */
export function parseRoomUrl(text: string): string | null {
  const match = /\/r\/([0-9a-z]{20})(?:\?[^#\s]*)?(#link=[\w.-]+)?$/.exec(text.trim());
  return match === null ? null : `/r/${match[1] ?? ''}${match[2] ?? ''}`;
}
