/**
 * The connection of a room: the copy on this device, the document's channel (the stock Yjs provider) and the
 * events' channel (JSON). Owns when they open, and the renewal of the room token. It knows nothing of what the
 * frames mean.
 *
 * Invariant: after a close code that the room means for good, nothing opens again until `resume`. Nothing connects
 * before the copy on this device is loaded: its content would go out as if it had just been typed.
 */
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import type { Admission } from './admission.ts';
import { NotAdmitted } from './admission.ts';
import { ApiError } from './api.ts';
import { EventsSocket } from './events-socket.ts';
import { LocalCopy } from './offline.ts';
import { Reconnect, type Why } from './reconnect.ts';
import { NOT_ACCEPTED, SavedTracker, trackedSocket, type SavedState } from './saved.ts';
import { Transport, type Via } from './transport.ts';
import { generationOf } from './storage.ts';
import type { ClientEvent, RoomEvent } from './wire.ts';

export type ConnectionState =
  /** `again`: it was there before. */
  | { readonly kind: 'connecting'; readonly again: boolean }
  | { readonly kind: 'online'; readonly via: Via }
  /** The device has no network. */
  | { readonly kind: 'offline' }
  | { readonly kind: 'waiting'; readonly until: number; readonly why: Why }
  /** For good; `onRefused` has said why. */
  | { readonly kind: 'closed' };

export interface ConnectionEvents {
  onEvent(event: RoomEvent): void;
  onState(state: ConnectionState): void;
  onSaved(state: SavedState): void;
  /** Whether everything typed here is stored on this device. */
  onKept(isKept: boolean): void;
  /** The copy on this device is in the document; without a complete one, that says nothing of the room. */
  onLoaded(isComplete: boolean): void;
  /** The document has the room's state; called at each (re)connection. */
  onSynced(): void;
  /** The room closed for good, by a code of 4401 to 4499, or does not take the person's edits: `NOT_ACCEPTED`. */
  onRefused(code: number, reason: string): void;
}

const EXPIRED = 4401;
const WITHDRAWN = 4403;
const REBUILT = 4409;
const UNREACHABLE = 1006;
/** So many tokens in a row that the room calls expired: the clocks or keys disagree, and more would not help. */
const RENEWALS_MAX = 3;
/** A shorter wait is not worth a countdown. */
const SHOWN_WAIT_MS = 1_500;

export class Connection {
  readonly provider: WebsocketProvider;
  readonly copy: LocalCopy;
  private readonly tracker: SavedTracker;
  private readonly events: EventsSocket;
  private readonly transport: Transport;
  private readonly reconnect = new Reconnect(() => void this.attempt());
  private renewals = 0;
  private loaded = false;
  private halted = true;
  private reported = '';

  constructor(
    readonly doc: Y.Doc,
    private readonly admission: Admission,
    private readonly on: ConnectionEvents,
  ) {
    this.copy = new LocalCopy(admission.roomId, admission.generation, doc, (isKept) => on.onKept(isKept));
    this.tracker = new SavedTracker(doc, (state) => this.savedChanged(state));
    this.transport = new Transport({ onPromoted: () => this.again(), probeUrl: () => this.eventsUrl });
    this.events = new EventsSocket({
      open: (url) => this.transport.open(url),
      onEvent: (event) => this.heard(event),
      onClosed: (code, reason) => this.lost(code, reason),
      onHang: () => this.provider.disconnect(),
    });
    this.provider = this.makeProvider();
    doc.on('update', this.onUpdate);
    window.addEventListener('online', this.networkCame);
    window.addEventListener('offline', this.networkWent);
    document.addEventListener('visibilitychange', this.shown);
    void this.begin();
  }

  /** Connects, or tries at once instead of waiting; also the way back after a refusal. */
  resume(): void {
    this.halted = false;
    this.reconnect.now();
    this.report();
  }

  get state(): ConnectionState {
    if (this.halted && this.loaded) return { kind: 'closed' };
    const { provider, reconnect } = this;
    if (provider.wsconnected && provider.synced && this.events.isOpen) {
      return { kind: 'online', via: this.transport.via };
    }
    if (!navigator.onLine) return { kind: 'offline' };
    const { wait } = reconnect;
    if (wait !== null && wait.until - Date.now() > SHOWN_WAIT_MS) return { kind: 'waiting', ...wait };
    return { kind: 'connecting', again: !reconnect.isFresh };
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
    return this.events.send(event);
  }

  dispose(): void {
    this.halt();
    window.removeEventListener('online', this.networkCame);
    window.removeEventListener('offline', this.networkWent);
    document.removeEventListener('visibilitychange', this.shown);
    this.doc.off('update', this.onUpdate);
    this.provider.destroy();
    this.tracker.dispose();
    this.copy.dispose();
  }

  private makeProvider(): WebsocketProvider {
    const { syncUrl } = this.admission.granted;
    const slash = syncUrl.lastIndexOf('/');
    const provider = new WebsocketProvider(syncUrl.slice(0, slash), syncUrl.slice(slash + 1), this.doc, {
      connect: false,
      // Tabs of one browser may have different rights and must agree with the room, not with each other.
      disableBc: true,
      // When to come back is decided here, for both channels.
      shouldReconnect: () => false,
      WebSocketPolyfill: trackedSocket(this.tracker, (url) => this.transport.open(url)),
    });
    provider.on('status', () => this.report());
    provider.on('closed', ({ code, reason }) => this.lost(code, reason));
    provider.on('sync', (isSynced: boolean) => {
      if (isSynced) {
        this.renewals = 0;
        this.copy.markComplete();
        this.on.onSynced();
      }
      this.report();
    });
    return provider;
  }

  private get eventsUrl(): string {
    const { eventsUrl, token } = this.admission.granted;
    return `${eventsUrl}?token=${encodeURIComponent(token)}`;
  }

  private async begin(): Promise<void> {
    const { isUnsaved, isComplete } = await this.copy.load();
    if (isUnsaved) {
      this.tracker.restored();
      this.copy.changed();
    }
    this.loaded = true;
    this.on.onLoaded(isComplete);
    if (this.admission.isWithdrawn) this.report();
    else this.resume();
  }

  private readonly onUpdate = (_update: Uint8Array, origin: unknown): void => {
    if (origin === this.provider) return;
    // What another tab has stored comes by the copy too, and then goes out by this one.
    if (this.copy.isOrigin(origin) && !this.loaded) return;
    this.tracker.edited();
    this.copy.changed();
  };

  private savedChanged(state: SavedState): void {
    this.copy.setUnsaved(state !== 'saved');
    this.on.onSaved(state);
    if (state === 'refused') this.refuse(NOT_ACCEPTED, '');
  }

  /** Opens what is not open. Needs a token that the server has granted since the page was opened. */
  private async attempt(): Promise<void> {
    if (this.halted) return;
    this.report();
    if (!this.admission.isConfirmed && !(await this.readmitted())) return;
    this.provider.params = { token: this.admission.granted.token };
    this.provider.connect();
    if (!this.events.isActive) this.events.connect(this.eventsUrl);
    this.report();
  }

  /** False if there is nothing to connect with now. */
  private async readmitted(): Promise<boolean> {
    try {
      const granted = await this.admission.token(true);
      if (this.halted) return false;
      if (generationOf(granted) === this.copy.generation) return true;
      this.refuse(REBUILT, '');
    } catch (error) {
      if (error instanceof NotAdmitted) this.refuse(WITHDRAWN, error.message);
      else if (error instanceof ApiError) this.lost(UNREACHABLE, '');
      else throw error;
    }
    return false;
  }

  private heard(event: RoomEvent): void {
    if (event.type === 'room:welcome') this.report();
    if (event.type === 'room:saved') this.tracker.confirmed(event.frames);
    this.on.onEvent(event);
  }

  private lost(code: number, reason: string): void {
    if (this.halted) return;
    if (code === EXPIRED && this.renewals < RENEWALS_MAX) this.renew();
    else if (code >= 4400 && code < 4500) this.refuse(code, reason);
    else this.reconnect.lost(code);
    this.report();
  }

  private renew(): void {
    this.renewals += 1;
    this.drop();
    this.admission.doubt();
    this.reconnect.now();
  }

  private refuse(code: number, reason: string): void {
    this.halt();
    this.on.onRefused(code, reason);
  }

  private halt(): void {
    this.halted = true;
    this.reconnect.cancel();
    this.transport.dispose();
    this.drop();
    this.report();
  }

  private drop(): void {
    this.provider.disconnect();
    this.events.close();
  }

  private again(): void {
    if (this.halted) return;
    this.drop();
    this.reconnect.now();
  }

  private readonly networkCame = (): void => {
    if (this.halted) return;
    this.transport.reset();
    this.again();
  };

  /** Sockets do not notice for minutes. Trying goes on: the browser may be wrong, as it is about a local server. */
  private readonly networkWent = (): void => {
    if (this.halted) return;
    this.drop();
    this.lost(UNREACHABLE, '');
  };

  /** Browsers hold timers back in tabs that nobody sees. */
  private readonly shown = (): void => {
    if (!this.halted && !document.hidden && this.reconnect.wait !== null) this.reconnect.now();
  };

  private report(): void {
    const { state } = this;
    if (state.kind === 'online') this.reconnect.succeeded();
    const key = JSON.stringify(state);
    if (key === this.reported) return;
    this.reported = key;
    this.on.onState(state);
  }
}
