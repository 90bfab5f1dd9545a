/**
 * Chooses what carries the frames: WebSockets, or HTTP calls where WebSockets do not get through. A network counts
 * as one that forbids them when a channel failed twice in a row without having brought a single frame.
 *
 * While HTTP carries the room, a WebSocket is tried from time to time; when one brings a frame, `onPromoted` tells
 * the owner to connect anew.
 */
import { PollingSocket } from './polling-socket.ts';

export type Via = 'websocket' | 'http';

export interface TransportOptions {
  /** WebSockets get through again: connect anew. */
  readonly onPromoted: () => void;
  /** The address at which a WebSocket may be tried. */
  readonly probeUrl: () => string;
  readonly WebSocket?: new (url: string) => WebSocket;
  readonly PollingSocket?: new (url: string) => WebSocket;
}

/** Silent failures in a row after which a network counts as one without WebSockets. */
const FAILURES_MAX = 2;
/** Where WebSockets have worked before, it is more likely that the room is away for a moment. */
const FAILURES_MAX_KNOWN = 4;
/** Some networks swallow the handshake instead of refusing it. */
const OPENING_MAX_MS = 7_000;
const PROBE_FIRST_MS = 15_000;
const PROBE_LONGEST_MS = 5 * 60_000;
const ABNORMAL = 1006;

export class Transport {
  via: Via = 'websocket';
  private readonly failures = new Map<string, number>();
  private readonly WebSocket: new (url: string) => WebSocket;
  private readonly PollingSocket: new (url: string) => WebSocket;
  /** A WebSocket has brought a frame since `reset`. */
  private worked = false;
  private probeAfterMs = PROBE_FIRST_MS;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private probe: WebSocket | null = null;

  constructor(private readonly options: TransportOptions) {
    this.WebSocket = options.WebSocket ?? WebSocket;
    this.PollingSocket =
      options.PollingSocket ?? (PollingSocket as unknown as new (url: string) => WebSocket);
  }

  /** A socket to this address, which is a WebSocket's whatever carries the frames. */
  open(url: string): WebSocket {
    if (this.via === 'http') return this.openHttp(url);
    try {
      return this.watched(url);
    } catch {
      // No such class, or a policy against it: there is nothing to wait for.
      this.demote();
      return this.openHttp(url);
    }
  }

  /** This may be another network now: nothing is known of it. */
  reset(): void {
    this.promote(0);
    this.worked = false;
    this.probeAfterMs = PROBE_FIRST_MS;
  }

  dispose(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.probe?.close();
    this.probe = null;
  }

  private openHttp(url: string): WebSocket {
    const socket = new this.PollingSocket(url);
    let opened = false;
    socket.addEventListener('open', () => {
      opened = true;
      this.scheduleProbe();
    });
    socket.addEventListener('close', (event) => {
      // HTTP does not get through either, so the fault is not in WebSockets; HTTP has its turn again later.
      if (!opened && event.code === ABNORMAL) this.promote(this.worked ? 0 : FAILURES_MAX - 1);
    });
    return socket;
  }

  /** A WebSocket whose silent failure counts, unless this side closed it. */
  private watched(url: string): WebSocket {
    const socket = new this.WebSocket(url);
    const channel = channelOf(url);
    const close = socket.close.bind(socket);
    const giveUp = setTimeout(() => close(), OPENING_MAX_MS);
    let counts = true;
    socket.close = (code?: number, reason?: string): void => {
      counts = false;
      close(code, reason);
    };
    socket.addEventListener('open', () => clearTimeout(giveUp));
    socket.addEventListener(
      'message',
      () => {
        counts = false;
        this.worked = true;
        this.failures.delete(channel);
      },
      { once: true },
    );
    socket.addEventListener('close', (event) => {
      clearTimeout(giveUp);
      if (counts && event.code === ABNORMAL) this.failed(channel);
    });
    return socket;
  }

  private failed(channel: string): void {
    const count = (this.failures.get(channel) ?? 0) + 1;
    this.failures.set(channel, count);
    if (count >= (this.worked ? FAILURES_MAX_KNOWN : FAILURES_MAX)) this.demote();
  }

  private demote(): void {
    this.via = 'http';
    this.failures.clear();
  }

  private promote(failures: number): void {
    this.via = 'websocket';
    const channel = channelOf(this.options.probeUrl());
    this.failures.clear();
    if (failures > 0) this.failures.set(channel, failures);
    this.dispose();
  }

  private scheduleProbe(): void {
    if (this.timer !== null || this.probe !== null) return;
    this.timer = setTimeout(() => this.tryWebSocket(), this.probeAfterMs);
    this.probeAfterMs = Math.min(this.probeAfterMs * 2, PROBE_LONGEST_MS);
  }

  private tryWebSocket(): void {
    this.timer = null;
    let probe: WebSocket;
    try {
      probe = new this.WebSocket(this.options.probeUrl());
    } catch {
      return this.scheduleProbe();
    }
    this.probe = probe;
    const giveUp = setTimeout(() => probe.close(), OPENING_MAX_MS);
    const ended = (): void => {
      clearTimeout(giveUp);
      if (this.probe !== probe) return;
      this.probe = null;
      this.scheduleProbe();
    };
    probe.addEventListener('close', ended);
    probe.addEventListener('message', () => {
      if (this.probe !== probe) return;
      clearTimeout(giveUp);
      this.promote(0);
      this.options.onPromoted();
    });
  }
}

/** `/sync/…` and `/events/…` fail independently of each other. */
function channelOf(url: string): string {
  return new URL(url).pathname.split('/')[1] ?? '';
}
