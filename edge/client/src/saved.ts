/**
 * Knows whether everything typed here is durable in the room. Two signals say so: `room:saved` counts the
 * update frames of this socket that are in the log, and the room answers a SyncStep1 only when everything that
 * came earlier on the socket is durable.
 *
 * Invariant (safety): the state is `saved` only if each local edit was sent on the open socket and confirmed by
 * one of the two. Invariant (liveness): while the socket is open and something is unconfirmed, a SyncStep1 goes
 * out every PROBE_MS, so a lost `room:saved` never leaves the state hanging.
 */
import * as Y from 'yjs';
import * as encoding from 'lib0/encoding';
import { writeSyncStep1 } from 'y-protocols/sync';

/** `unsent`: there are edits that no open socket has carried yet. `refused`: the room does not take them. */
export type SavedState = 'saved' | 'saving' | 'unsent' | 'refused';

/**
 * For `onRefused`, beside the close codes: the room takes no edits from here, of which there are some. The room
 * closes nothing for it.
 */
export const NOT_ACCEPTED = 4400;

const PROBE_MS = 2_000;
/** The first two numbers of a frame: the kind of message, and within `sync` the step. */
const SYNC = 0;
const AUTH = 2;
const STEP_1 = 0;
const STEP_2 = 1;
const UPDATE = 2;

interface Barrier {
  /** Update frames that went out before it. */
  readonly covers: number;
  /** Whether the SyncStep2 that carries edits made offline went out before it. */
  readonly carries: boolean;
}

export class SavedTracker {
  private send: ((frame: Uint8Array<ArrayBuffer>) => void) | null = null;
  /** Update frames sent on the current socket, and how many of them are known to be durable. */
  private sent = 0;
  private durable = 0;
  /** The SyncStep1 frames that await their answers, oldest first. */
  private barriers: Barrier[] = [];
  /** There are edits that only a SyncStep2 can bring to the room. */
  private carrying = false;
  /** A SyncStep2 went out on the current socket. */
  private carried = false;
  /** Update frames sent since the last `edited`. */
  private fresh = 0;
  /** The room has said that it takes no edits from here, of which there were some. */
  private refused = false;
  private reported: SavedState = 'saved';
  private readonly waiting = new Set<() => void>();
  private readonly probe: ReturnType<typeof setInterval>;

  constructor(
    private readonly doc: Y.Doc,
    private readonly onChange: (state: SavedState) => void,
  ) {
    this.probe = setInterval(() => {
      if (this.state === 'saving') this.sendBarrier();
    }, PROBE_MS);
  }

  get state(): SavedState {
    if (this.refused) return 'refused';
    const complete = this.durable >= this.sent && !this.carrying;
    if (complete) return 'saved';
    return this.send === null ? 'unsent' : 'saving';
  }

  /** Edits of an earlier visit, kept on this device, are not known to have reached the room. */
  restored(): void {
    this.carrying = true;
    this.report();
  }

  /** An edit was made here, and the provider has had its chance to send it. */
  edited(): void {
    if (this.fresh === 0) this.carrying = true;
    this.fresh = 0;
    this.report();
  }

  opened(send: (frame: Uint8Array<ArrayBuffer>) => void): void {
    this.closed();
    this.send = send;
    this.report();
  }

  /** What was sent and not confirmed may be lost with the socket; the next SyncStep2 carries it. */
  closed(): void {
    if (this.durable < this.sent) this.carrying = true;
    this.send = null;
    this.sent = this.durable = 0;
    this.carried = false;
    this.barriers = [];
    this.report();
  }

  /** `room:saved`. A count beyond what was sent belongs to an earlier socket. */
  confirmed(frames: number): void {
    if (frames <= this.sent) this.durable = Math.max(this.durable, frames);
    this.report();
  }

  /** Looks at a frame that has gone out. */
  outgoing(frame: Uint8Array): void {
    if (frame[0] !== SYNC) return;
    if (frame[1] === STEP_1) this.barriers.push({ covers: this.sent, carries: this.carried });
    if (frame[1] === UPDATE) {
      this.sent += 1;
      this.fresh += 1;
    }
    if (frame[1] === STEP_2) {
      this.carried = true;
      if (this.carrying) this.sendBarrier();
    }
    this.report();
  }

  /** Looks at a frame that has come in. */
  incoming(frame: Uint8Array): void {
    if (frame[0] === AUTH) this.refused = true;
    this.answered(frame);
    this.report();
  }

  private answered(frame: Uint8Array): void {
    if (frame[0] !== SYNC || frame[1] !== STEP_2) return;
    const answered = this.barriers.shift();
    if (answered === undefined) return;
    this.durable = Math.max(this.durable, answered.covers);
    if (answered.carries) this.carrying = false;
  }

  /** Answers once everything typed so far is durable, or after `patienceMs` without that. */
  settled(patienceMs: number): Promise<void> {
    if (this.state === 'saved') return Promise.resolve();
    this.sendBarrier();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, patienceMs);
      this.waiting.add(done);
    });
  }

  dispose(): void {
    clearInterval(this.probe);
  }

  /** A SyncStep1 with this document's own state vector, so that the answer to it is small. */
  private sendBarrier(): void {
    if (this.send === null) return;
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, SYNC);
    writeSyncStep1(encoder, this.doc);
    const frame = encoding.toUint8Array(encoder);
    this.send(frame);
    this.outgoing(frame);
  }

  private report(): void {
    if (this.state === this.reported) return;
    this.reported = this.state;
    this.onChange(this.reported);
    if (this.reported !== 'saved') return;
    for (const done of [...this.waiting]) done();
  }
}

/** The WebSocket class for the provider: makes sockets by `open`, whose frames pass by the tracker. */
export function trackedSocket(tracker: SavedTracker, open: (url: string) => WebSocket): typeof WebSocket {
  let current: WebSocket | null = null;
  class Tracked {
    constructor(url: string | URL) {
      const socket = open(String(url));
      const send = socket.send.bind(socket);
      socket.send = (data): void => {
        send(data);
        if (current === socket && data instanceof Uint8Array) tracker.outgoing(data);
      };
      // A socket without a network learns of its own end only minutes after this.
      const close = socket.close.bind(socket);
      const ended = (): void => {
        if (current !== socket) return;
        current = null;
        tracker.closed();
      };
      socket.close = (code?: number, reason?: string): void => {
        ended();
        close(code, reason);
      };
      // These listeners come before the provider's own, which it sets after constructing the socket.
      socket.addEventListener('open', () => {
        current = socket;
        tracker.opened(send);
      });
      socket.addEventListener('close', ended);
      socket.addEventListener('message', (event: MessageEvent<unknown>) => {
        if (current === socket && event.data instanceof ArrayBuffer)
          tracker.incoming(new Uint8Array(event.data));
      });
      // What a constructor answers is what `new` gives: a socket of whichever class carries the frames.
      return socket;
    }
  }
  return Tracked as unknown as typeof WebSocket;
}
