import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { decodeFrames, encodeFrame, type Frame } from '../src/poll-frames.ts';
import { PollingSocket } from '../src/polling-socket.ts';

type Context = { after(cleanUp: () => unknown): void };

/** The edge's side of the fallback for one session: records what it got, says what it is told to say. */
class Edge {
  readonly calls: string[] = [];
  readonly bearers = new Set<string | undefined>();
  readonly got: Frame[] = [];
  /** Answers to the opening call that are no session. */
  refusal: { status: number; body: Uint8Array | string } | null = null;
  private waiting: Uint8Array[] = [];
  private poller: ServerResponse | null = null;
  private readonly server = createServer((request, response) => void this.answer(request, response));

  async start(context: Context): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    context.after(() => {
      this.server.closeAllConnections();
      this.server.close();
    });
    return `ws://127.0.0.1:${(this.server.address() as AddressInfo).port}/sync/room?token=a%20b`;
  }

  say(frame: Uint8Array): void {
    this.waiting.push(frame);
    this.release();
  }

  /** Breaks the call that waits, as a network does. */
  breakPoll(): void {
    this.poller?.destroy();
    this.poller = null;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.calls.push(`${request.method} ${request.url}`);
    this.bearers.add(request.headers.authorization);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    if (request.url === '/sync/room/poll') return this.opened(response);
    if (request.method === 'GET') {
      this.poller = response;
      return this.release();
    }
    const bytes = body.buffer.slice(body.byteOffset, body.byteOffset + body.length) as ArrayBuffer;
    this.got.push(...(decodeFrames(bytes) ?? assert.fail('a body that is not made of frames')));
    response.setHeader('content-type', 'application/json').end('{"success":true,"data":{}}');
  }

  private opened(response: ServerResponse): void {
    if (this.refusal === null) {
      response.writeHead(201, { 'content-type': 'application/json' });
      response.end('{"success":true,"data":{"session":"s/1"}}');
      return;
    }
    const isText = typeof this.refusal.body === 'string';
    response.writeHead(this.refusal.status, {
      'content-type': isText ? 'application/json' : 'application/octet-stream',
    });
    response.end(this.refusal.body);
  }

  private release(): void {
    if (this.poller === null || this.waiting.length === 0) return;
    this.poller.setHeader('content-type', 'application/octet-stream').end(Buffer.concat(this.waiting));
    this.waiting = [];
    this.poller = null;
  }
}

const text = (content: string): Uint8Array => encodeFrame({ kind: 'text', text: content });
const binary = (...bytes: number[]): Uint8Array =>
  encodeFrame({ kind: 'binary', bytes: Uint8Array.from(bytes) });
/** Code 4403 and the reason "gone". */
const CLOSE_4403 = Uint8Array.of(2, 0, 0, 0, 6, 0x11, 0x33, 0x67, 0x6f, 0x6e, 0x65);

const event = <E extends Event>(target: EventTarget, name: string): Promise<E> =>
  new Promise((resolve) =>
    target.addEventListener(name, (happened) => resolve(happened as E), { once: true }),
  );

/** Answers when the condition holds; what it waits for are events of the local server. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

test('frames come back as they went, and what is cut short is no body', () => {
  const body = Uint8Array.from([...text('ä'), ...binary(1, 2), ...binary(), ...CLOSE_4403]).buffer;
  assert.deepEqual(decodeFrames(body), [
    { kind: 'text', text: 'ä' },
    { kind: 'binary', bytes: Uint8Array.of(1, 2) },
    { kind: 'binary', bytes: new Uint8Array(0) },
    { kind: 'close', code: 4403, reason: 'gone' },
  ]);
  assert.deepEqual(decodeFrames(new ArrayBuffer(0)), []);
  for (let length = 1; length < 7; length += 1) {
    assert.equal(
      decodeFrames(text('ä').slice(0, length).buffer as ArrayBuffer) === null,
      length < 7,
      `${length}`,
    );
  }
  assert.equal(decodeFrames(Uint8Array.of(7, 0, 0, 0, 0).buffer), null, 'an unknown kind');
});

test('it opens, carries frames both ways in order and leaves', async (context) => {
  const edge = new Edge();
  const socket = new PollingSocket(await edge.start(context));
  const heard: unknown[] = [];
  socket.onmessage = ({ data }: MessageEvent<unknown>) =>
    heard.push(data instanceof ArrayBuffer ? [...new Uint8Array(data)] : data);
  assert.equal(socket.readyState, socket.CONNECTING);
  assert.throws(() => socket.send('too early'), { name: 'InvalidStateError' });
  await event(socket, 'open');
  assert.equal(socket.readyState, socket.OPEN);

  edge.say(text('one'));
  edge.say(binary(2, 3));
  await until(() => heard.length === 2);
  edge.say(text('four'));
  await until(() => heard.length === 3);
  assert.deepEqual(heard, ['one', [2, 3], 'four']);

  const whole = Uint8Array.of(9, 8, 7, 6);
  for (let number = 0; number < 50; number += 1) socket.send(`${number}`);
  socket.send(whole.subarray(1, 3));
  assert.notEqual(socket.bufferedAmount, 0);
  socket.close();
  const closed = await event<CloseEvent>(socket, 'close');
  assert.deepEqual([closed.code, closed.wasClean, socket.readyState], [1000, true, socket.CLOSED]);
  const numbers = Array.from({ length: 50 }, (_, number) => ({ kind: 'text', text: `${number}` }));
  assert.deepEqual(edge.got, [...numbers, { kind: 'binary', bytes: Uint8Array.of(8, 7) }]);
  await until(() => edge.calls.includes('DELETE /sync/room/poll/s%2F1'));
  assert.ok(
    edge.calls.filter((call) => call.startsWith('POST')).length < 5,
    'what waits is sent together, not frame by frame',
  );
  assert.deepEqual([...edge.bearers], ['Bearer a b']);
  for (const method of ['GET', 'POST']) {
    const calls = edge.calls.filter((call) => call.startsWith(`${method} /sync/room/poll/`));
    const counted = calls.map((_, index) => `${method} /sync/room/poll/s%2F1?turn=${index + 1}`);
    assert.deepEqual(calls, counted);
  }
});

test('a refusal is a close with its code and reason', async (context) => {
  const edge = new Edge();
  edge.refusal = { status: 200, body: CLOSE_4403 };
  const socket = new PollingSocket(await edge.start(context));
  const { code, reason } = await event<CloseEvent>(socket, 'close');
  assert.deepEqual([code, reason, edge.calls.length], [4403, 'gone', 1]);
});

test('an answer that is no session is a broken connection, a refused token is not', async (context) => {
  for (const [status, body, code] of [
    [502, '<html>', 1006],
    [201, '{}', 1006],
    [401, '{"success":false}', 4401],
  ] as const) {
    const edge = new Edge();
    edge.refusal = { status, body };
    const socket = new PollingSocket(await edge.start(context));
    assert.equal((await event<CloseEvent>(socket, 'close')).code, code);
  }
});

test('the room closes an open socket', async (context) => {
  const edge = new Edge();
  const socket = new PollingSocket(await edge.start(context));
  await event(socket, 'open');
  edge.say(Uint8Array.from([...text('last words'), ...CLOSE_4403, ...text('too late')]));
  const words = event<MessageEvent<string>>(socket, 'message');
  const closed = event<CloseEvent>(socket, 'close');
  assert.equal((await words).data, 'last words');
  assert.equal((await closed).code, 4403);
});

test('a poll that breaks may have held frames: the socket closes as a broken WebSocket does', async (context) => {
  const edge = new Edge();
  const socket = new PollingSocket(await edge.start(context));
  await event(socket, 'open');
  await until(() => edge.calls.some((call) => call.startsWith('GET')));
  const failed = event(socket, 'error');
  edge.breakPoll();
  await failed;
  assert.equal(socket.readyState, socket.CLOSED);
});

test('closed before it was open, it leaves the session that the room made meanwhile', async (context) => {
  const edge = new Edge();
  const socket = new PollingSocket(await edge.start(context));
  socket.close();
  await event(socket, 'close');
  await until(() => edge.calls.includes('DELETE /sync/room/poll/s%2F1'));
  assert.equal(
    edge.calls.some((call) => call.startsWith('GET')),
    false,
  );
});
