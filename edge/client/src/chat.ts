/**
 * The chat of a room: messages, who is typing, and what has come while nobody looked. The list and the field are
 * message-list.ts's and composer.ts's.
 */
import { Composer } from './composer.ts';
import { fill, h } from './dom.ts';
import type { Named } from './mentions.ts';
import { MessageList } from './message-list.ts';
import type { ChatMessage, ClientEvent } from './wire.ts';

/** Somebody who has not said for this long that they are typing has stopped. */
const TYPING_MS = 5_000;

export interface ChatOptions {
  /** False if there is no connection to take it. */
  readonly send: (event: ClientEvent) => boolean;
  readonly nameOf: (participantId: string) => string | undefined;
  /** Whether the person can see the chat right now. */
  readonly isVisible: () => boolean;
  /** How many messages are unread, and in how many of them the person is mentioned. */
  readonly onUnread: (count: number, mentions: number) => void;
  /** Somebody has mentioned the person, just now or while there was no connection. */
  readonly onMention?: (message: ChatMessage) => void;
  /** Messages before an id, oldest first. */
  readonly older?: (before: number) => Promise<readonly ChatMessage[]>;
  /** Who is here. */
  readonly people?: () => readonly Named[];
  readonly youId?: () => string;
}

export class Chat {
  readonly element: HTMLElement;
  private readonly list: MessageList;
  private readonly typing = h('p', { class: 'typing', 'aria-live': 'polite' });
  private readonly typers = new Map<string, ReturnType<typeof setTimeout>>();
  private unread = 0;
  private unreadMentions = 0;
  /** The latest message that was told as a mention: the room tells it twice, as a message and as a mention. */
  private mentionTold = 0;

  constructor(private readonly options: ChatOptions) {
    const people = options.people ?? (() => []);
    const youId = options.youId ?? (() => '');
    this.list = new MessageList({
      ...(options.older === undefined ? {} : { older: options.older }),
      people,
      youId,
      empty: 'No messages yet. Say hello to whoever is here.',
    });
    const others = (): Named[] => {
      const known = new Map([...this.list.authors, ...people()].map((person) => [person.id, person]));
      return [...known.values()].filter(({ id }) => id !== youId());
    };
    const composer = new Composer({
      send: (text) => (options.send({ type: 'chat:send', text }) ? null : NOT_SENT),
      onTyping: (typing) => options.send({ type: 'typing', typing }),
      people: others,
    });
    this.element = h('div', { class: 'chat' }, this.list.element, this.typing, composer.element);
  }

  /** Takes the messages that the room keeps; new ones among them count as unread. */
  welcome(messages: readonly ChatMessage[]): void {
    const seen = this.list.last?.id ?? null;
    this.list.welcome(messages);
    if (seen === null) return this.list.scrollToEnd();
    const missed = messages.filter((message) => message.id > seen && !this.isMine(message));
    this.count(missed);
    for (const message of missed) if (this.isForYou(message)) this.mentioned(message);
  }

  receive(message: ChatMessage, isMine: boolean): void {
    if (this.list.last !== null && message.id <= this.list.last.id) return;
    this.list.add(message);
    this.stopped(message.authorId);
    if (isMine) this.list.scrollToEnd();
    else this.count([message]);
  }

  /** The room says that a message mentions the person. */
  mentioned(message: ChatMessage): void {
    if (message.id <= this.mentionTold || this.isMine(message)) return;
    this.mentionTold = message.id;
    this.options.onMention?.(message);
  }

  rename(authorId: string, name: string): void {
    this.list.rename(authorId, name);
  }

  /** Brings a message into view; the chat itself has to be visible. */
  reveal(id: number): void {
    void this.list.reveal(id);
  }

  setTyping(participantId: string, typing: boolean): void {
    if (!typing) return this.stopped(participantId);
    clearTimeout(this.typers.get(participantId));
    this.typers.set(
      participantId,
      setTimeout(() => this.stopped(participantId), TYPING_MS),
    );
    this.renderTyping();
  }

  /** The person sees the chat now. */
  read(): void {
    this.unread = this.unreadMentions = 0;
    this.options.onUnread(0, 0);
    this.list.shown();
  }

  private isMine(message: ChatMessage): boolean {
    return message.authorId === this.options.youId?.();
  }

  private isForYou(message: ChatMessage): boolean {
    const you = this.options.youId?.();
    return you !== undefined && message.mentions?.includes(you) === true;
  }

  private count(messages: readonly ChatMessage[]): void {
    if (messages.length === 0 || this.options.isVisible()) return;
    this.unread += messages.length;
    this.unreadMentions += messages.filter((message) => this.isForYou(message)).length;
    this.options.onUnread(this.unread, this.unreadMentions);
  }

  private stopped(participantId: string): void {
    clearTimeout(this.typers.get(participantId));
    this.typers.delete(participantId);
    this.renderTyping();
  }

  private renderTyping(): void {
    const names = [...this.typers.keys()].flatMap((id) => this.options.nameOf(id) ?? []);
    const [first, second] = names;
    if (first === undefined) return fill(this.typing);
    if (second === undefined) return fill(this.typing, `${first} is typing…`);
    fill(
      this.typing,
      names.length === 2 ? `${first} and ${second} are typing…` : 'Several people are typing…',
    );
  }
}

const NOT_SENT = 'Not connected. Your message is kept here: send it again in a moment.';
