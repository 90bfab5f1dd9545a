import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { EventsSocket } from '../src/events-socket.ts';

class FakeSocket extends EventTarget {
  readonly sent: string[] = [];
  closed = false;

  send(text: string): void {
    this.sent.push(text);
  }

  close(): void {
    this.closed = true;
  }

  says(event: object): void {
    this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(event) }));
  }
}

/** An events' channel that was welcomed, and what it tells its owner. */
function channel(context: TestContext) {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const told: string[] = [];
  const sockets: FakeSocket[] = [];
  const events = new EventsSocket({
    open: () => {
      const socket = new FakeSocket();
      sockets.push(socket);
      return socket as unknown as WebSocket;
    },
    onEvent: (event) => told.push(event.type),
    onClosed: (code) => told.push(`closed ${code}`),
    onHang: () => told.push('hangs'),
  });
  events.connect('ws://host/events/room');
  context.after(() => events.close());
  const [socket] = sockets;
  assert.ok(socket !== undefined);
  assert.equal(events.send({ type: 'ping' }), false, 'not before the welcome');
  socket.says({ type: 'room:welcome' });
  return { events, socket, told, tick: (ms: number) => context.mock.timers.tick(ms) };
}

test('a silent socket is asked after 15 s, and given up 10 s later', (context) => {
  const { events, socket, told, tick } = channel(context);
  tick(14_999);
  assert.deepEqual(socket.sent, []);
  tick(1);
  assert.deepEqual(socket.sent, ['{"type":"ping"}']);
  tick(9_999);
  assert.equal(events.isOpen, true);
  tick(1);
  assert.deepEqual(told, ['room:welcome', 'hangs', 'closed 1006']);
  assert.deepEqual([events.isOpen, events.isActive, socket.closed], [false, false, true]);
});

test('whatever comes shows that the socket lives', (context) => {
  const { events, socket, told, tick } = channel(context);
  for (let time = 0; time < 5; time += 1) {
    tick(20_000);
    socket.says({ type: 'pong' });
  }
  assert.equal(events.isOpen, true);
  assert.deepEqual(told, ['room:welcome'], 'a pong is nobody else’s business');
});

test('what comes of a socket that was replaced is not heard', (context) => {
  const { events, socket, told } = channel(context);
  events.connect('ws://host/events/room');
  socket.says({ type: 'room:saved' });
  socket.dispatchEvent(Object.assign(new Event('close'), { code: 1012 }));
  socket.dispatchEvent(new MessageEvent('message', { data: 'no JSON' }));
  assert.deepEqual(told, ['room:welcome']);
  assert.equal(events.isOpen, false);
});
