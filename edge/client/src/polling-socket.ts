/**
 * A WebSocket without WebSockets: the same interface over HTTP calls, for networks that let nothing else through.
 * One call waits for what the room says; another brings what was sent, in order, one at a time.
 *
 * Invariant: an answer that got lost may have held frames, so the first failed call closes the socket with 1006,
 * and whoever uses it starts over as with a WebSocket that broke. A browser may send a call again by itself: calls
 * are counted in `turn`, so that the room handles each once and closes the session where an answer got lost.
 */
import { decodeFrames, encodeFrame, type Frame } from './poll-frames.ts';

interface Answer {
  readonly isStream: boolean;
  readonly body: ArrayBuffer;
}

type Handler<E extends Event> = ((event: E) => void) | null;

/** The room answers a poll after 20 s at the latest. */
const POLL_TIMEOUT_MS = 35_000;
const CALL_TIMEOUT_MS = 20_000;
/** What waits is sent together up to here; a larger frame goes alone. */
const BODY_MAX_BYTES = 1_000_000;
const ABNORMAL = 1006;
/** What a refusal by HTTP would have been as a close code; everything else is a broken connection. */
const CODES: Readonly<Record<number, number>> = {
  401: 4401,
  403: 4403,
  404: 4404,
  413: 4413,
  422: 4422,
  429: 1013,
};

export class PollingSocket extends EventTarget {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;
  readonly CONNECTING = 0;
  readonly OPEN = 1;
  readonly CLOSING = 2;
  readonly CLOSED = 3;

  readonly url: string;
  readonly protocol = '';
  readonly extensions = '';
  /** Frames always come as ArrayBuffer; a Blob is never made. */
  binaryType: BinaryType = 'arraybuffer';
  readyState: 0 | 1 | 2 | 3 = 0;
  bufferedAmount = 0;
  onopen: Handler<Event> = null;
  onmessage: Handler<MessageEvent> = null;
  onerror: Handler<Event> = null;
  onclose: Handler<CloseEvent> = null;

  private readonly base: string;
  private readonly headers: { readonly authorization: string };
  private readonly aborter = new AbortController();
  private session: string | null = null;
  private waiting: Uint8Array<ArrayBuffer>[] = [];
  private flushing: Promise<void> | null = null;
  private pulls = 0;
  private pushes = 0;

  /** The address is a WebSocket's, with the token as its `token` parameter. */
  constructor(url: string | URL) {
    super();
    const address = new URL(url);
    this.url = address.href;
    this.headers = { authorization: `Bearer ${address.searchParams.get('token') ?? ''}` };
    address.protocol = address.protocol.replace(/^ws/, 'http');
    this.base = `${address.origin}${address.pathname}/poll`;
    globalThis.window?.addEventListener('pagehide', this.leave);
    void this.connect();
  }

  send(data: string | ArrayBufferLike | ArrayBufferView | Blob): void {
    if (this.readyState === this.CONNECTING) {
      throw new DOMException('The connection is not open yet', 'InvalidStateError');
    }
    if (this.readyState !== this.OPEN) return;
    const frame = encodeFrame(frameOf(data));
    this.waiting.push(frame);
    this.bufferedAmount += frame.length;
    void this.flushed();
  }

  /** As a WebSocket's, the close comes behind what was sent before it. */
  close(code = 1000, reason = ''): void {
    if (this.readyState >= this.CLOSING) return;
    this.readyState = this.CLOSING;
    void this.flushed().then(() => {
      this.leave();
      this.closed(code, reason, true);
    });
  }

  private async connect(): Promise<void> {
    // Not to be aborted: the session that the room makes has to be left again.
    const answer = await this.call('POST', this.base, CALL_TIMEOUT_MS, null);
    if (answer === null) return;
    if (answer.isStream) return this.receive(answer.body);
    const session = sessionOf(answer.body);
    if (session === null) return this.fail();
    this.session = `${this.base}/${encodeURIComponent(session)}`;
    if (this.readyState !== this.CONNECTING) return this.leave();
    this.readyState = this.OPEN;
    this.tell(new Event('open'));
    void this.poll(this.session);
  }

  private async poll(session: string): Promise<void> {
    while (this.readyState === this.OPEN) {
      this.pulls += 1;
      const url = `${session}?turn=${this.pulls}`;
      const answer = await this.call('GET', url, POLL_TIMEOUT_MS, this.aborter.signal);
      if (answer === null) return;
      this.receive(answer.body);
    }
  }

  private receive(body: ArrayBuffer): void {
    const frames = decodeFrames(body);
    if (frames === null) return this.fail();
    for (const frame of frames) {
      if (this.readyState >= this.CLOSING) return;
      if (frame.kind === 'close') this.closed(frame.code, frame.reason, true);
      else if (frame.kind === 'text') this.tell(new MessageEvent('message', { data: frame.text }));
      else this.tell(new MessageEvent('message', { data: frame.bytes.buffer }));
    }
  }

  private flushed(): Promise<void> {
    this.flushing ??= this.flush();
    return this.flushing;
  }

  /** Sends what waits, and what comes meanwhile, one call after the other. */
  private async flush(): Promise<void> {
    // What is sent in one go leaves in one call.
    await Promise.resolve();
    while (this.session !== null && this.waiting.length > 0) {
      const batch = this.takeBatch();
      const { signal } = this.aborter;
      this.pushes += 1;
      const url = `${this.session}?turn=${this.pushes}`;
      if ((await this.call('POST', url, CALL_TIMEOUT_MS, signal, batch)) === null) break;
      this.bufferedAmount -= batch.size;
    }
    this.flushing = null;
  }

  private takeBatch(): Blob {
    let bytes = 0;
    const fits = this.waiting.findIndex((frame) => (bytes += frame.length) > BODY_MAX_BYTES);
    const count = fits === -1 ? this.waiting.length : Math.max(1, fits);
    return new Blob(this.waiting.splice(0, count), { type: 'application/octet-stream' });
  }

  /** `keepalive`: the room hears of it even if the page is going away. */
  private readonly leave = (): void => {
    if (this.session === null) return;
    const { session, headers } = this;
    this.session = null;
    fetch(session, { method: 'DELETE', headers, keepalive: true }).catch(() => {
      // The room closes a session that nobody polls.
    });
  };

  /** Null when the call failed, for which the socket has been closed, or when it is closed already. */
  private async call(
    method: string,
    url: string,
    timeoutMs: number,
    signal: AbortSignal | null,
    content?: Blob,
  ): Promise<Answer | null> {
    const timer = setTimeout(() => this.fail(), timeoutMs);
    try {
      const { headers } = this;
      const answer = await fetch(url, { method, headers, signal, body: content ?? null });
      const body = await answer.arrayBuffer();
      // A refusal comes as a stream with one close frame, as a refused WebSocket is accepted and then closed.
      const isStream = answer.headers.get('content-type')?.startsWith('application/octet-stream') ?? false;
      if (answer.ok) return { isStream, body };
      this.fail(CODES[answer.status], `HTTP ${answer.status}`);
    } catch {
      this.fail();
    } finally {
      clearTimeout(timer);
    }
    return null;
  }

  private fail(code = ABNORMAL, reason = ''): void {
    if (this.readyState === this.CLOSED) return;
    this.tell(new Event('error'));
    this.closed(code, reason, false);
  }

  private closed(code: number, reason: string, wasClean: boolean): void {
    if (this.readyState === this.CLOSED) return;
    this.readyState = this.CLOSED;
    this.aborter.abort();
    globalThis.window?.removeEventListener('pagehide', this.leave);
    // Node has no CloseEvent before version 23.
    this.tell(Object.assign(new Event('close'), { code, reason, wasClean }) as CloseEvent);
  }

  private tell(event: Event): void {
    this.dispatchEvent(event);
    if (event.type === 'open') this.onopen?.(event);
    else if (event.type === 'message') this.onmessage?.(event as MessageEvent);
    else if (event.type === 'error') this.onerror?.(event);
    else this.onclose?.(event as CloseEvent);
  }
}

function frameOf(data: string | ArrayBufferLike | ArrayBufferView | Blob): Exclude<Frame, { kind: 'close' }> {
  if (typeof data === 'string') return { kind: 'text', text: data };
  if (data instanceof Blob) throw new TypeError('a Blob cannot be sent over HTTP polling');
  const bytes = ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
  return { kind: 'binary', bytes: new Uint8Array(bytes) };
}

function sessionOf(body: ArrayBuffer): string | null {
  try {
    const answer = JSON.parse(new TextDecoder().decode(body)) as { data?: { session?: unknown } } | null;
    return typeof answer?.data?.session === 'string' ? answer.data.session : null;
  } catch {
    return null;
  }
}
