/**
 * The events' channel of a room: JSON frames, and a ping that notices a socket which hangs without closing. It
 * opens and closes when told to; reconnecting is the owner's (connection.ts).
 */
import type { ClientEvent, RoomEvent } from './wire.ts';

export interface EventsSocketOptions {
  readonly open: (url: string) => WebSocket;
  readonly onEvent: (event: RoomEvent) => void;
  readonly onClosed: (code: number, reason: string) => void;
  /** A ping stayed unanswered; `onClosed` follows. */
  readonly onHang: () => void;
}

/** Kept below the usual 60 s at which proxies drop a silent socket. */
const PING_MS = 15_000;
const PONG_MAX_MS = 10_000;
const ABNORMAL = 1006;

export class EventsSocket {
  private socket: WebSocket | null = null;
  private welcomed = false;
  private ping: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly options: EventsSocketOptions) {}

  /** True once the room has said `room:welcome`. */
  get isOpen(): boolean {
    return this.welcomed;
  }

  /** True from `connect` until the socket has closed. */
  get isActive(): boolean {
    return this.socket !== null;
  }

  connect(url: string): void {
    this.close();
    const socket = this.options.open(url);
    this.socket = socket;
    socket.addEventListener('message', (message: MessageEvent<unknown>) => {
      if (socket === this.socket) this.received(message.data);
    });
    socket.addEventListener('close', (event) => {
      if (socket !== this.socket) return;
      this.close();
      this.options.onClosed(event.code, event.reason);
    });
  }

  /** False if there is nobody to send to. */
  send(event: ClientEvent): boolean {
    if (this.socket === null || !this.welcomed) return false;
    this.socket.send(JSON.stringify(event));
    return true;
  }

  close(): void {
    const { socket } = this;
    this.socket = null;
    this.welcomed = false;
    this.stopPing();
    socket?.close();
  }

  private received(data: unknown): void {
    // Whatever comes proves that the socket lives.
    this.schedulePing();
    const event = parse(data);
    if (event === null || event.type === 'pong') return;
    if (event.type === 'room:welcome') this.welcomed = true;
    this.options.onEvent(event);
  }

  private schedulePing(): void {
    this.stopPing();
    this.ping = setTimeout(() => {
      this.ping = setTimeout(() => this.hangs(), PONG_MAX_MS);
      this.send({ type: 'ping' });
    }, PING_MS);
  }

  private hangs(): void {
    this.close();
    this.options.onHang();
    this.options.onClosed(ABNORMAL, 'no answer to a ping');
  }

  private stopPing(): void {
    if (this.ping !== null) clearTimeout(this.ping);
    this.ping = null;
  }
}

function parse(data: unknown): RoomEvent | null {
  if (typeof data !== 'string') return null;
  try {
    return JSON.parse(data) as RoomEvent;
  } catch {
    return null;
  }
}
