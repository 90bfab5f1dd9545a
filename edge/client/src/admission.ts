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

  /** Tries the strongest credential first: the owner's key, the login's own role, then the link. */
  private async firstAccepted(): Promise<RoomToken> {
    const remembered = rememberedRoom(this.roomId);
    const link = this.link ?? remembered?.link;
    const bearer = await account.bearer();
    const previous = readJson<string>(this.tokenKey);
    const extra = previous === null ? {} : { previous };
    if (remembered?.ownerKey !== undefined) {
      const name = await this.name();
      const body = { ownerKey: remembered.ownerKey, name, ...extra };
      const granted = await this.attempt(body, bearer);
      if (granted !== null) return granted;
    }
    if (bearer !== null) {
      const granted = await this.attempt(extra, bearer);
      if (granted !== null) return granted;
    }
    if (link !== undefined) {
      const name = await this.name();
      const granted = await this.attempt({ link, name, ...extra }, bearer);
      if (granted !== null) return granted;
    }
    throw new NotAdmitted(
      link === undefined
        ? 'This room opens with a share link or with an account that belongs to it.'
        : 'This link has been withdrawn, has expired or belongs to another room.',
    );
  }

  /** Null when the credential does not open the room; other failures are thrown. */
  private async attempt(body: RoomTokenRequest, bearer: string | null): Promise<RoomToken | null> {
    try {
      return await api.roomToken(this.roomId, body, bearer);
    } catch (error) {
      const refused = error instanceof api.ApiError && REFUSALS.has(error.code);
      if (!refused) throw error;
      // The earlier token may be what is refused, such as one signed with a key that is gone.
      const { previous, ...rest } = body;
      return previous === undefined ? null : this.attempt(rest, bearer);
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
