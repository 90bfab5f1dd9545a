/**
 * The messages of a chat as a list: groups them by author, marks mentions, loads older ones at the top, and keeps
 * the reader's place whenever it grows.
 */
import { append, fill, h } from './dom.ts';
import { mentionsIn, type Named } from './mentions.ts';
import { avatar, colorOf } from './presence.ts';
import type { ChatMessage } from './wire.ts';

export interface MessageListOptions {
  /** Loads messages before an id, oldest first; absent where all there are come by `welcome`. */
  readonly older?: (before: number) => Promise<readonly ChatMessage[]>;
  /** Who is here, beside those who wrote. */
  readonly people: () => readonly Named[];
  readonly youId: () => string;
  /** What an empty list says. */
  readonly empty: string;
}

/** Messages by one author within this time share one heading. */
const GROUP_MS = 5 * 60_000;
/** Shown at most; what goes at the top can be loaded again. */
const SHOWN_MAX = 500;
const DROPPED_AT_ONCE = 100;
/** This close to an end counts as being there. */
const NEAR_PX = 60;
const FLASH_MS = 2_000;

export class MessageList {
  readonly element = h('ol', {
    class: 'messages',
    role: 'log',
    'aria-label': 'Messages',
    tabindex: '0',
    'data-testid': 'messages',
  });
  private messages: readonly ChatMessage[] = [];
  private loading = false;
  private failed = false;
  /** There is nothing older, although the numbers say so: the room keeps only so much. */
  private exhausted = false;
  /** The reader is at the end, and stays there as it grows. */
  private atEnd = true;

  constructor(private readonly options: MessageListOptions) {
    this.element.addEventListener('scroll', () => this.scrolled());
    this.render();
  }

  get last(): ChatMessage | null {
    return this.messages.at(-1) ?? null;
  }

  /** Those who wrote, by the name of their latest message. */
  get authors(): Named[] {
    const names = new Map(this.messages.map(({ authorId, authorName }) => [authorId, authorName]));
    return [...names].map(([id, name]) => ({ id, name }));
  }

  /** Takes the messages that the room keeps; older ones that connect to them stay. */
  welcome(messages: readonly ChatMessage[]): void {
    const first = messages[0]?.id ?? 0;
    const connects = (this.last?.id ?? 0) >= first - 1 && (messages.at(-1)?.id ?? 0) >= (this.last?.id ?? 0);
    const before = connects ? this.messages.filter(({ id }) => id < first) : [];
    this.messages = [...before, ...messages];
    this.redraw();
  }

  add(message: ChatMessage): void {
    const previous = this.last;
    this.messages = [...this.messages, message];
    if (this.messages.length > SHOWN_MAX && this.atEnd) {
      this.messages = this.messages.slice(DROPPED_AT_ONCE);
      return this.redraw();
    }
    if (previous === null) fill(this.element);
    this.element.append(this.item(message, previous));
    if (this.atEnd) this.scrollToEnd();
  }

  /** An author's name was erased, or put right. */
  rename(authorId: string, name: string): void {
    const renamed = (message: ChatMessage): ChatMessage => ({ ...message, authorName: name });
    this.messages = this.messages.map((message) =>
      message.authorId === authorId ? renamed(message) : message,
    );
    this.redraw();
  }

  /** Brings a message into view, loading what lies between. */
  async reveal(id: number): Promise<void> {
    while (this.hasOlder && id < (this.messages[0]?.id ?? 0) && (await this.loadOlder()));
    const item = this.element.querySelector(`[data-message="${id}"]`);
    item?.scrollIntoView({ block: 'center' });
    item?.classList.add('flash');
    setTimeout(() => item?.classList.remove('flash'), FLASH_MS);
  }

  scrollToEnd(): void {
    this.atEnd = true;
    this.element.scrollTop = this.element.scrollHeight;
  }

  /** The list was hidden, which loses a place, and is visible again. */
  shown(): void {
    if (this.atEnd) this.scrollToEnd();
  }

  private get hasOlder(): boolean {
    // Numbers have no gaps, and start with 1.
    return this.options.older !== undefined && !this.exhausted && (this.messages[0]?.id ?? 1) > 1;
  }

  private scrolled(): void {
    const { scrollHeight, scrollTop, clientHeight } = this.element;
    // A list that is hidden has no place.
    if (clientHeight === 0) return;
    this.atEnd = scrollHeight - scrollTop - clientHeight < NEAR_PX;
    if (scrollTop < NEAR_PX && scrollHeight > clientHeight && !this.failed) void this.loadOlder();
  }

  /** False if nothing came. */
  private async loadOlder(): Promise<boolean> {
    const first = this.messages[0];
    if (this.loading || first === undefined || !this.hasOlder) return false;
    this.loading = true;
    try {
      const older = (await this.options.older?.(first.id)) ?? [];
      this.failed = false;
      this.exhausted = older.length === 0;
      if (this.messages[0] === first) this.messages = [...older, ...this.messages];
    } catch {
      // The button stays, and by it the way to try again.
      this.failed = true;
    } finally {
      this.loading = false;
    }
    this.redraw();
    return !this.failed && !this.exhausted;
  }

  /** Draws everything anew; who reads further up keeps their place, counted from the end. */
  private redraw(): void {
    const isAtEnd = this.atEnd;
    const fromEnd = this.element.scrollHeight - this.element.scrollTop;
    this.render();
    if (isAtEnd) this.scrollToEnd();
    else this.element.scrollTop = this.element.scrollHeight - fromEnd;
  }

  private render(): void {
    const items = this.messages.map((message, index) => this.item(message, this.messages[index - 1] ?? null));
    const empty = items.length === 0 && h('li', { class: 'chat-empty' }, this.options.empty);
    fill(this.element, this.hasOlder && this.olderButton(), empty, ...items);
  }

  private olderButton(): HTMLElement {
    const load = (): void => void this.loadOlder();
    const words = this.failed ? 'Older messages did not come. Try again' : 'Show older messages';
    const attributes = {
      type: 'button',
      class: 'button small',
      'data-testid': 'older-messages',
      onclick: load,
    };
    return h('li', { class: 'chat-older' }, h('button', attributes, words));
  }

  private item(message: ChatMessage, previous: ChatMessage | null): HTMLElement {
    const follows =
      previous !== null && previous.authorId === message.authorId && message.at - previous.at < GROUP_MS;
    const at = new Date(message.at);
    const isForYou = message.mentions?.includes(this.options.youId()) === true;
    const kind = `message${follows ? ' follows' : ''}${isForYou ? ' for-you' : ''}`;
    const item = h('li', { class: kind, 'data-message': message.id });
    if (!follows) append(item, [avatarOf(message), headOf(message, at)]);
    item.append(h('p', { class: 'message-text', title: at.toLocaleString() }, ...this.textOf(message)));
    return item;
  }

  private textOf({ text, mentions }: ChatMessage): (Node | string)[] {
    if (mentions === undefined || mentions.length === 0) return [text];
    const people = [...this.authors, ...this.options.people()].filter(({ id }) => mentions.includes(id));
    const parts: (Node | string)[] = [];
    let done = 0;
    for (const { from, to, id } of mentionsIn(text, people)) {
      const isYou = id === this.options.youId();
      parts.push(text.slice(done, from));
      parts.push(h('span', { class: isYou ? 'mention you' : 'mention' }, text.slice(from, to)));
      done = to;
    }
    return [...parts, text.slice(done)];
  }
}

function avatarOf({ authorId, authorName }: ChatMessage): HTMLElement {
  return avatar({ id: authorId, name: authorName });
}

function headOf(message: ChatMessage, at: Date): HTMLElement {
  const author = h('span', { class: 'author' }, message.authorName);
  author.style.setProperty('--voice', colorOf(message.authorId));
  const time = at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  return h('div', { class: 'message-head' }, author, h('time', { datetime: at.toISOString() }, time));
}
