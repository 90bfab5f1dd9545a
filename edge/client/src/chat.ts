/** The chat of a room: messages, who is typing, and how many have come while nobody looked. */
import { append, fill, h, icon } from './dom.ts';
import * as icons from './icons.ts';
import { avatar, colorOf } from './presence.ts';
import type { ChatMessage, ClientEvent } from './wire.ts';

/** The server's limit; counted in bytes there, checked in bytes here. */
const MESSAGE_MAX_BYTES = 4_000;
/** Somebody who has not typed for this long has stopped. */
const TYPING_MS = 4_000;
/** Messages by one author within this time share one heading. */
const GROUP_MS = 5 * 60_000;
const SHOWN_MAX = 500;

export interface ChatOptions {
  /** False if there is no connection to take it. */
  readonly send: (event: ClientEvent) => boolean;
  readonly nameOf: (participantId: string) => string | undefined;
  /** Whether the person can see the chat right now. */
  readonly isVisible: () => boolean;
  readonly onUnread: (count: number) => void;
}

export class Chat {
  readonly element: HTMLElement;
  private readonly list = h('ol', {
    class: 'messages',
    role: 'log',
    'aria-label': 'Messages',
    tabindex: '0',
  });
  private readonly typing = h('p', { class: 'typing', 'aria-live': 'polite' });
  private readonly error = h('p', { class: 'field-error', role: 'alert' });
  private readonly input: HTMLTextAreaElement;
  private readonly typers = new Map<string, ReturnType<typeof setTimeout>>();
  private last: ChatMessage | null = null;
  private unread = 0;
  private typingSentAt = 0;

  constructor(private readonly options: ChatOptions) {
    this.input = h('textarea', {
      class: 'input chat-input',
      rows: 1,
      placeholder: 'Message everyone here',
      'aria-label': 'Message',
      'data-testid': 'chat-input',
      onkeydown: (event) => this.keyPressed(event as KeyboardEvent),
      oninput: () => this.typed(),
      onblur: () => this.stopTyping(),
    });
    const submit = (event: Event): void => {
      event.preventDefault();
      this.submit();
    };
    this.element = h(
      'div',
      { class: 'chat' },
      this.list,
      this.typing,
      this.error,
      h(
        'form',
        { class: 'chat-form', onsubmit: submit },
        this.input,
        h(
          'button',
          {
            type: 'submit',
            class: 'icon-button send',
            'aria-label': 'Send message',
            title: 'Send (Enter)',
            'data-testid': 'chat-send',
          },
          icon(icons.SEND),
        ),
      ),
    );
    this.showEmpty();
  }

  /** Replaces everything by the messages that the room keeps; new ones among them count as unread. */
  welcome(messages: readonly ChatMessage[]): void {
    const seen = this.last?.id ?? null;
    fill(this.list);
    this.last = null;
    for (const message of messages) this.show(message);
    if (this.last === null) this.showEmpty();
    if (seen !== null) this.count(messages.filter((message) => message.id > seen).length);
    this.scrollToEnd();
  }

  receive(message: ChatMessage, isMine: boolean): void {
    if (this.last !== null && message.id <= this.last.id) return;
    const atEnd = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 60;
    this.show(message);
    this.stopped(message.authorId);
    if (atEnd || isMine) this.scrollToEnd();
    if (!isMine) this.count(1);
  }

  setTyping(participantId: string, typing: boolean): void {
    if (!typing) return this.stopped(participantId);
    clearTimeout(this.typers.get(participantId));
    this.typers.set(
      participantId,
      setTimeout(() => this.stopped(participantId), TYPING_MS + 1_000),
    );
    this.renderTyping();
  }

  /** The person sees the chat now. */
  read(): void {
    this.unread = 0;
    this.options.onUnread(0);
    this.scrollToEnd();
  }

  private count(messages: number): void {
    if (messages === 0 || this.options.isVisible()) return;
    this.unread += messages;
    this.options.onUnread(this.unread);
  }

  private showEmpty(): void {
    fill(this.list, h('li', { class: 'chat-empty' }, 'No messages yet. Say hello to whoever is here.'));
  }

  private show(message: ChatMessage): void {
    if (this.last === null) fill(this.list);
    const follows =
      this.last !== null && this.last.authorId === message.authorId && message.at - this.last.at < GROUP_MS;
    const at = new Date(message.at);
    const time = at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
    const item = h('li', { class: follows ? 'message follows' : 'message' });
    if (!follows) {
      const author = h('span', { class: 'author' }, message.authorName);
      author.style.setProperty('--voice', colorOf(message.authorId));
      append(item, [
        avatar({ id: message.authorId, name: message.authorName }),
        h('div', { class: 'message-head' }, author, h('time', { datetime: at.toISOString() }, time)),
      ]);
    }
    item.append(h('p', { class: 'message-text', title: at.toLocaleString() }, message.text));
    this.list.append(item);
    if (this.list.childElementCount > SHOWN_MAX) this.list.firstElementChild?.remove();
    this.last = message;
  }

  private keyPressed(event: KeyboardEvent): void {
    // Enter that ends an input method's composition is not meant to send.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.submit();
  }

  private submit(): void {
    const text = this.input.value.trim();
    if (text === '') return;
    if (new TextEncoder().encode(text).length > MESSAGE_MAX_BYTES) {
      return fill(this.error, 'This message is too long. Put longer texts into a file.');
    }
    if (!this.options.send({ type: 'chat:send', text })) {
      return fill(this.error, 'Not connected. Your message is kept here: send it again in a moment.');
    }
    fill(this.error);
    this.input.value = '';
    this.resize();
    this.stopTyping();
  }

  private typed(): void {
    this.resize();
    const now = Date.now();
    if (this.input.value === '') return this.stopTyping();
    if (now - this.typingSentAt < TYPING_MS - 1_000) return;
    this.typingSentAt = now;
    this.options.send({ type: 'typing', typing: true });
  }

  private stopTyping(): void {
    if (this.typingSentAt === 0) return;
    this.typingSentAt = 0;
    this.options.send({ type: 'typing', typing: false });
  }

  private resize(): void {
    this.input.style.height = 'auto';
    this.input.style.height = `${Math.min(this.input.scrollHeight + 2, 140)}px`;
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

  private scrollToEnd(): void {
    this.list.scrollTop = this.list.scrollHeight;
  }
}
