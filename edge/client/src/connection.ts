/**
 * The two sockets of a room: the document's (the stock Yjs provider) and the events' (JSON). Owns reconnecting,
 * backoff and the renewal of the room token. It knows nothing of what the frames mean.
 *
 * Invariant: after a close code that the room means for good, neither socket opens again until `resume`.
 */
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import type { Admission } from './admission.ts';
import { NotAdmitted } from './admission.ts';
import { ApiError } from './api.ts';
import { SavedTracker, trackedSocket, type SavedState } from './saved.ts';
import type { ClientEvent, RoomEvent } from './wire.ts';

export type ConnectionState = 'connecting' | 'online' | 'offline';

export interface ConnectionEvents {
  onEvent(event: RoomEvent): void;
  onState(state: ConnectionState): void;
  onSaved(state: SavedState): void;
  /** The document has the room's state; called at each (re)connection. */
  onSynced(): void;
  /** The room closed for good: `code` is one of 4400 to 4499. */
  onRefused(code: number, reason: string): void;
}

const EXPIRED = 4401;
const BACKOFF_FIRST_MS = 300;
const BACKOFF_MAX_MS = 10_000;
/** Kept below the usual 60 s at which proxies drop a silent socket; a `pong` must come before the next ping. */
const PING_MS = 20_000;
/** So many tokens in a row that the room calls expired: the clocks or keys disagree, and more would not help. */
const RENEWALS_MAX = 3;

export class Connection {
  readonly provider: WebsocketProvider;
  private readonly tracker: SavedTracker;
  private events: WebSocket | null = null;
  private eventsOpen = false;
  private answered = true;
  private failures = 0;
  private renewals = 0;
  private stopped = false;
  private retry: ReturnType<typeof setTimeout> | null = null;
  private readonly ping: ReturnType<typeof setInterval>;
  private reported: ConnectionState = 'connecting';

  constructor(
    readonly doc: Y.Doc,
    private readonly admission: Admission,
    private readonly on: ConnectionEvents,
  ) {
    const { syncUrl, token } = admission.granted;
    this.tracker = new SavedTracker(doc, (state) => on.onSaved(state));
    const slash = syncUrl.lastIndexOf('/');
    this.provider = new WebsocketProvider(syncUrl.slice(0, slash), syncUrl.slice(slash + 1), doc, {
      connect: false,
      // Tabs of one browser may have different rights and must agree with the room, not with each other.
      disableBc: true,
      maxBackoffTime: BACKOFF_MAX_MS,
      params: { token },
      WebSocketPolyfill: trackedSocket(this.tracker),
    });
    doc.on('update', this.onUpdate);
    this.provider.on('status', () => this.report());
    this.provider.on('sync', (synced: boolean) => {
      if (synced) this.renewals = 0;
      if (synced) on.onSynced();
      this.report();
    });
    this.provider.on('closed', ({ code, reason }) => void this.closedForGood(code, reason));
    this.ping = setInterval(() => this.sendPing(), PING_MS);
    window.addEventListener('online', this.hurry);
    window.addEventListener('offline', this.hurry);
    this.resume();
  }

  /** Connects both sockets; also the way back after a refusal. */
  resume(): void {
    this.stopped = false;
    this.provider.connect();
    this.openEvents();
    this.report();
  }

  get state(): ConnectionState {
    if (this.stopped || !navigator.onLine) return 'offline';
    if (this.provider.wsconnected && this.provider.synced && this.eventsOpen) return 'online';
    return this.failures > 1 || this.provider.wsUnsuccessfulReconnects > 1 ? 'offline' : 'connecting';
  }

  get saved(): SavedState {
    return this.tracker.state;
  }

  /** Answers once the room has everything typed so far, or after `patienceMs`. */
  settled(patienceMs: number): Promise<void> {
    return this.tracker.settled(patienceMs);
  }

  /** Sends an event; false if there is no socket to take it. */
  send(event: ClientEvent): boolean {
    if (this.events === null || !this.eventsOpen) return false;
    this.events.send(JSON.stringify(event));
    return true;
  }

  dispose(): void {
    this.halt();
    clearInterval(this.ping);
    window.removeEventListener('online', this.hurry);
    window.removeEventListener('offline', this.hurry);
    this.doc.off('update', this.onUpdate);
    this.provider.destroy();
    this.tracker.dispose();
  }

  private readonly onUpdate = (_update: Uint8Array, origin: unknown): void => {
    if (origin !== this.provider) this.tracker.edited();
  };

  /** The network came or went: show it, and don't wait for the backoff when it is back. */
  private readonly hurry = (): void => {
    if (this.stopped) return;
    if (this.events === null && navigator.onLine) this.openEvents();
    this.report();
  };

  private openEvents(): void {
    this.clearRetry();
    this.events?.close();
    const { eventsUrl, token } = this.admission.granted;
    const socket = new WebSocket(`${eventsUrl}?token=${encodeURIComponent(token)}`);
    this.events = socket;
    this.answered = true;
    socket.onmessage = (message: MessageEvent<string>) => this.received(socket, message.data);
    socket.onclose = (event) => this.eventsClosed(socket, event);
  }

  private received(socket: WebSocket, data: string): void {
    if (socket !== this.events) return;
    const event = parseEvent(data);
    this.answered = true;
    if (event === null || event.type === 'pong') return;
    if (event.type === 'room:welcome') {
      this.eventsOpen = true;
      this.failures = 0;
      this.report();
    }
    if (event.type === 'room:saved') this.tracker.confirmed(event.frames);
    this.on.onEvent(event);
  }

  private eventsClosed(socket: WebSocket, event: CloseEvent): void {
    if (socket !== this.events) return;
    this.events = null;
    this.eventsOpen = false;
    this.failures += 1;
    if (this.stopped) return;
    if (event.code >= 4400 && event.code < 4500) void this.closedForGood(event.code, event.reason);
    else this.retryEvents();
    this.report();
  }

  private retryEvents(): void {
    const longest = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.min(this.failures, 10));
    // Half of the wait is random, so that a restart's clients do not come back all at once.
    const wait = longest * (0.5 + Math.random() / 2);
    this.clearRetry();
    this.retry = setTimeout(() => this.openEvents(), wait);
  }

  /** A token that has run out is renewed; every other refusal is the person's to decide. */
  private async closedForGood(code: number, reason: string): Promise<void> {
    if (this.stopped) return;
    this.halt();
    if (code !== EXPIRED || this.renewals >= RENEWALS_MAX) return this.on.onRefused(code, reason);
    this.renewals += 1;
    try {
      const { token } = await this.admission.token(true);
      this.provider.params = { token };
      this.resume();
    } catch (error) {
      if (error instanceof NotAdmitted) return this.on.onRefused(4403, error.message);
      this.retry = setTimeout(() => void this.renewLater(code, reason), BACKOFF_MAX_MS / 2);
      if (!(error instanceof ApiError)) throw error;
    }
  }

  private renewLater(code: number, reason: string): Promise<void> {
    this.stopped = false;
    this.renewals = 0;
    return this.closedForGood(code, reason);
  }

  private halt(): void {
    this.stopped = true;
    this.clearRetry();
    this.provider.disconnect();
    const socket = this.events;
    this.events = null;
    this.eventsOpen = false;
    socket?.close();
    this.report();
  }

  /** A socket that leaves a ping unanswered is dead although nobody has closed it. */
  private sendPing(): void {
    const socket = this.events;
    if (socket === null || !this.eventsOpen) return;
    if (!this.answered) {
      this.eventsClosed(socket, new CloseEvent('close', { code: 1006 }));
      socket.close();
      return;
    }
    this.answered = false;
    this.send({ type: 'ping' });
  }

  private clearRetry(): void {
    if (this.retry !== null) clearTimeout(this.retry);
    this.retry = null;
  }

  private report(): void {
    const state = this.state;
    if (state === this.reported) return;
    this.reported = state;
    this.on.onState(state);
  }
}

function parseEvent(data: string): RoomEvent | null {
  try {
    return JSON.parse(data) as RoomEvent;
  } catch {
    return null;
  }
}
