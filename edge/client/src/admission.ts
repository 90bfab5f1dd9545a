/**
 * How a person gets into a room: finds the credential (owner's key, login, share link), exchanges it for a room
 * token, and renews that token for as long as the page is open. Asks for a name only when a guest has none.
 */
import * as api from './api.ts';
import * as account from './account.ts';
import {
  generationOf,
  rememberedGrant,
  rememberedName,
  rememberedRoom,
  rememberGrant,
  rememberRoom,
} from './storage.ts';
import type { Rights, Role, RoomToken, RoomTokenRequest } from './wire.ts';

/** No credential at hand opens this room. */
export class NotAdmitted extends Error {}

/** A token is renewed this long before it expires. */
const MARGIN_MS = 60_000;

/** Answers to a credential that does not open the room. */
const REFUSALS: ReadonlySet<string> = new Set(['UNAUTHORIZED', 'FORBIDDEN', 'NOT_FOUND', 'CONFLICT']);

/** A room that this device knows is not kept waiting any longer: it opens as it was, and the answer follows. */
const PATIENCE_MS = 4_000;

export class Admission {
  private current: RoomToken | null = null;
  private pending: Promise<RoomToken> | null = null;
  /** The server has granted `current` since the page was opened. */
  private confirmed = false;
  /** Why the last credential was refused, in the server's words. */
  private refusal: string | null = null;

  constructor(
    readonly roomId: string,
    private readonly link: string | null,
    /** Asks the person for a display name; called at most once, and only for guests. */
    private readonly askName: () => Promise<string>,
  ) {}

  /** The token in force. Only to be read after `enter` has answered. */
  get granted(): RoomToken {
    if (this.current === null) throw new Error('the room token is read before it was granted');
    return this.current;
  }

  /** False while the page goes by what the server said at an earlier visit. */
  get isConfirmed(): boolean {
    return this.confirmed;
  }

  /** The server has taken the right back: there is only the copy on this device, to be read. */
  get isWithdrawn(): boolean {
    return !this.confirmed && rememberedGrant(this.roomId)?.isWithdrawn === true;
  }

  /** The room's history that the token belongs to. A rebuilt room has a new one. */
  get generation(): number {
    return generationOf(this.granted);
  }

  /** Gets a token; without a network, or a quick answer, the one of the last visit has to do. */
  async enter(): Promise<void> {
    const remembered = rememberedGrant(this.roomId);
    if (remembered === null) return void (await this.token());
    const answer = this.token().then(() => undefined);
    const patience = new Promise<void>((resolve) => setTimeout(resolve, PATIENCE_MS));
    try {
      await Promise.race([answer, patience]);
    } catch (error) {
      if (error instanceof NotAdmitted || !(error instanceof api.ApiError)) throw error;
    }
    answer.catch(() => {
      // The connection asks again.
    });
    this.current ??= remembered.granted;
  }

  /** Opens what this device has kept of a room that is closed to the person. */
  enterCopy(): void {
    this.current = rememberedGrant(this.roomId)?.granted ?? null;
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

  /** The server has refused the token: `isConfirmed` again with the next one. */
  doubt(): void {
    this.confirmed = false;
  }

  /** The server has taken the right back, or deleted the room. */
  withdraw(): void {
    this.confirmed = false;
    const remembered = rememberedGrant(this.roomId);
    if (remembered !== null) rememberGrant(this.roomId, { ...remembered, isWithdrawn: true });
  }

  /** The room itself has said what the person may do now. */
  noteRights(role: Role, rights: Rights): void {
    if (this.current === null || !this.confirmed) return;
    this.current = { ...this.current, role, rights };
    this.remember(this.current);
  }

  private async exchange(): Promise<RoomToken> {
    try {
      const granted = await this.firstAccepted();
      this.current = granted;
      this.confirmed = true;
      this.remember(granted);
      rememberRoom(this.roomId, {
        visitedAt: Date.now(),
        ...(this.link === null ? {} : { link: this.link }),
      });
      return granted;
    } catch (error) {
      if (error instanceof NotAdmitted) this.withdraw();
      throw error;
    }
  }

  private remember(granted: RoomToken): void {
    const before = rememberedGrant(this.roomId);
    const ended = before !== null && generationOf(before.granted) < generationOf(granted);
    const older = ended ? generationOf(before.granted) : before?.older;
    rememberGrant(this.roomId, {
      granted,
      account: account.currentUser()?.id ?? null,
      isWithdrawn: false,
      older: older ?? null,
    });
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
    const previous = rememberedGrant(this.roomId)?.granted.token;
    try {
      return await api.roomToken(this.roomId, previous === undefined ? body : { ...body, previous }, bearer);
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
