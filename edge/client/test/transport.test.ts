import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { waitMs, whyOf } from '../src/reconnect.ts';
import { Transport } from '../src/transport.ts';

class FakeSocket extends EventTarget {
  closed = false;

  constructor(readonly url: string) {
    super();
  }

  close(): void {
    this.closed = true;
  }

  opens(): void {
    this.dispatchEvent(new Event('open'));
  }

  speaks(): void {
    this.dispatchEvent(new Event('message'));
  }

  ends(code = 1006): void {
    this.dispatchEvent(Object.assign(new Event('close'), { code }));
  }
}

/** A transport, and the sockets that it made, newest last. */
function transport(context: TestContext) {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const webSockets: FakeSocket[] = [];
  const polls: FakeSocket[] = [];
  let promoted = 0;
  const made = (list: FakeSocket[]) =>
    class extends FakeSocket {
      constructor(url: string) {
        super(url);
        list.push(this);
      }
    } as unknown as new (url: string) => WebSocket;
  const chosen = new Transport({
    onPromoted: () => (promoted += 1),
    probeUrl: () => 'ws://host/events/room?token=t',
    WebSocket: made(webSockets),
    PollingSocket: made(polls),
  });
  context.after(() => chosen.dispose());
  return {
    chosen,
    webSockets,
    polls,
    promoted: () => promoted,
    sync: () => chosen.open('ws://host/sync/room') as unknown as FakeSocket,
    events: () => chosen.open('ws://host/events/room') as unknown as FakeSocket,
    tick: (ms: number) => context.mock.timers.tick(ms),
  };
}

test('a channel that fails twice without a frame goes over HTTP', (context) => {
  const { chosen, sync, events, polls } = transport(context);
  sync().ends();
  events().ends();
  assert.equal(chosen.via, 'websocket', 'each channel has failed once');
  sync().ends();
  assert.equal(chosen.via, 'http');
  assert.equal(sync(), polls[0]);
});

test('a refusal, a close of our own and a socket that spoke are no signs of a network without WebSockets', (context) => {
  const { chosen, sync } = transport(context);
  for (let time = 0; time < 5; time += 1) {
    sync().ends(4401);
    const ours = sync();
    ours.close();
    ours.ends();
    const spoke = sync();
    spoke.opens();
    spoke.speaks();
    spoke.ends();
  }
  assert.equal(chosen.via, 'websocket');
});

test('a handshake that is swallowed is given up', (context) => {
  const { chosen, sync, tick } = transport(context);
  const first = sync();
  tick(7_000);
  assert.equal(first.closed, true);
  first.ends();
  const second = sync();
  tick(7_000);
  second.ends();
  assert.equal(chosen.via, 'http');
});

test('where HTTP fails as well, WebSockets have their turn again', (context) => {
  const { chosen, sync, events } = transport(context);
  sync().ends();
  sync().ends();
  sync().ends();
  assert.equal(chosen.via, 'websocket');
  events().ends();
  assert.equal(chosen.via, 'http', 'HTTP comes back sooner the second time');
});

test('while HTTP carries the room, WebSockets are tried, ever more rarely', (context) => {
  const { chosen, sync, webSockets, promoted, tick } = transport(context);
  sync().ends();
  sync().ends();
  sync().opens();
  tick(15_000);
  assert.equal(webSockets.length, 3, 'the first probe');
  webSockets[2]?.ends();
  tick(29_000);
  assert.equal(webSockets.length, 3);
  tick(1_000);
  assert.equal(webSockets.length, 4, 'the second probe');
  webSockets[3]?.speaks();
  assert.deepEqual([chosen.via, promoted(), webSockets[3]?.closed], ['websocket', 1, true]);
});

test('a class that throws is a policy against it', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const polls: string[] = [];
  const forbidden = class {
    constructor() {
      throw new Error('forbidden');
    }
  };
  const polling = class extends FakeSocket {
    constructor(url: string) {
      super(url);
      polls.push(url);
    }
  };
  const chosen = new Transport({
    onPromoted: () => undefined,
    probeUrl: () => 'ws://host/events/room',
    WebSocket: forbidden as unknown as new (url: string) => WebSocket,
    PollingSocket: polling as unknown as new (url: string) => WebSocket,
  });
  chosen.open('ws://host/sync/room');
  assert.deepEqual(polls, ['ws://host/sync/room']);
});

test('waits grow, have chance in them, and leave a busy room alone', () => {
  const longest = Array.from({ length: 12 }, (_, failures) => waitMs(failures, 'lost', 1));
  assert.deepEqual(longest.slice(0, 4), [300, 600, 1_200, 2_400]);
  assert.equal(Math.max(...longest), 15_000);
  assert.equal(waitMs(0, 'lost', 0), 150);
  assert.ok(waitMs(0, whyOf(1013), 0) >= 4_000);
  assert.equal(whyOf(1012), 'restarting');
});
