/**
 * Chat and runs as they were at a moment. Feeds the log's events to the code that shows them in the living room:
 * forward one by one, backward from the beginning.
 */
import { MessageList } from '../message-list.ts';
import { Output } from '../output.ts';
import { Runs, type RunChange } from '../runs.ts';
import type { ChatMessage, RoomEvent, Run } from '../wire.ts';
import type { Timeline } from './timeline.ts';

/** Beyond so many events at once, drawing the end is faster than drawing the way there. */
const DRAWN_ONE_BY_ONE = 200;
/** Of a long chat, what was said last: drawing all of it would take longer than a frame. */
const MESSAGES_DRAWN = 300;

export class Stage {
  readonly chat: MessageList;
  readonly output: Output;
  private readonly runs = new Runs();
  private messages: ChatMessage[] = [];
  private index = 0;

  constructor(
    private readonly timeline: Timeline,
    youId: () => string,
  ) {
    this.output = new Output(this.runs, () => this.now());
    const people = (): { id: string; name: string }[] => timeline.authors();
    this.chat = new MessageList({ people, youId, empty: 'Nobody had written anything yet.' });
  }

  run(id: string): Run | undefined {
    return this.runs.get(id)?.run;
  }

  show(index: number): void {
    const isBack = index < this.index;
    if (isBack) this.clear();
    const events = this.timeline.items.slice(this.index, index).flatMap(({ event }) => event ?? []);
    this.index = index;
    const isFar = isBack || events.length > DRAWN_ONE_BY_ONE;
    for (const event of events) this.apply(event, !isFar);
    if (!isFar) return;
    this.output.welcome();
    this.chat.welcome(this.messages.slice(-MESSAGES_DRAWN));
  }

  dispose(): void {
    this.output.dispose();
  }

  private apply(event: RoomEvent, draw: boolean): void {
    if (event.type === 'chat:message') {
      this.messages.push(event.message);
      if (draw) this.chat.add(event.message);
    }
    const change = this.runs.apply(event);
    if (draw && change !== null) this.draw(change);
  }

  private draw(change: RunChange): void {
    // Whoever watches a replay wants to see what is being run.
    if (change.kind === 'added') this.output.followNewest();
    this.output.apply(change);
  }

  private clear(): void {
    this.index = 0;
    this.messages = [];
    this.runs.welcome([]);
    this.output.followNewest();
  }

  private now(): number {
    return this.timeline.timeOf(this.index) ?? 0;
  }
}
