/** Where a message is written: the field, its button, and the names that an `@` offers. */
import { fill, h, icon } from './dom.ts';
import * as icons from './icons.ts';
import { mentionAt, spell, suggest, type MentionStart, type Named } from './mentions.ts';
import { avatar } from './presence.ts';

export interface ComposerOptions {
  /** Null if the message is on its way, otherwise what is wrong. */
  readonly send: (text: string) => string | null;
  readonly onTyping: (isTyping: boolean) => void;
  /** Who can be mentioned. */
  readonly people: () => readonly Named[];
}

/** The server's limit; counted in bytes there, checked in bytes here. */
const MESSAGE_MAX_BYTES = 4_000;
/** Whoever goes on typing says so again after this time. */
const TYPING_AGAIN_MS = 3_000;
const HEIGHT_MAX_PX = 140;
const LIST_ID = 'mention-names';

export class Composer {
  readonly element: HTMLElement;
  private readonly error = h('p', { class: 'field-error', role: 'alert' });
  private readonly names = h('ul', {
    class: 'mention-names',
    id: LIST_ID,
    role: 'listbox',
    'aria-label': 'People to mention',
    hidden: true,
    'data-testid': 'mention-names',
  });
  private readonly input: HTMLTextAreaElement;
  private start: MentionStart | null = null;
  private offered: readonly Named[] = [];
  private chosen = 0;
  private typingSentAt = 0;

  constructor(private readonly options: ComposerOptions) {
    this.input = h('textarea', {
      class: 'input chat-input',
      rows: 1,
      placeholder: 'Message everyone here',
      'aria-label': 'Message',
      'aria-autocomplete': 'list',
      'aria-controls': LIST_ID,
      'data-testid': 'chat-input',
      onkeydown: (event) => this.keyPressed(event as KeyboardEvent),
      oninput: () => this.typed(),
      onclick: () => this.offer(),
      onblur: () => this.left(),
    });
    const button = h(
      'button',
      {
        type: 'submit',
        class: 'icon-button send',
        'aria-label': 'Send message',
        title: 'Send (Enter)',
        'data-testid': 'chat-send',
      },
      icon(icons.SEND),
    );
    const submit = (event: Event): void => {
      event.preventDefault();
      this.submit();
    };
    const form = h('form', { class: 'chat-form', onsubmit: submit }, this.names, this.input, button);
    this.element = h('div', { class: 'composer' }, this.error, form);
  }

  private keyPressed(event: KeyboardEvent): void {
    // A key that ends an input method's composition is meant for that.
    if (event.isComposing) return;
    if (this.offered.length > 0 && this.choose(event)) return event.preventDefault();
    if (event.key !== 'Enter' || event.shiftKey) return;
    event.preventDefault();
    this.submit();
  }

  /** What the list of names does with a key; false if nothing. */
  private choose(event: KeyboardEvent): boolean {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0) this.chosen = (this.chosen + step + this.offered.length) % this.offered.length;
    else if (event.key === 'Escape') this.offered = [];
    else if ((event.key === 'Enter' && !event.shiftKey) || event.key === 'Tab') this.accept(this.chosen);
    else return false;
    // Escape has done its work here; it is not meant for the page.
    event.stopPropagation();
    this.renderNames();
    return true;
  }

  private accept(index: number): void {
    const person = this.offered[index];
    if (person === undefined || this.start === null) return;
    const { value, selectionStart } = this.input;
    const before = `${value.slice(0, this.start.from)}${spell(person.name)} `;
    this.input.value = before + value.slice(selectionStart).replace(/^ /, '');
    this.input.setSelectionRange(before.length, before.length);
    this.input.focus();
    this.offered = [];
    this.renderNames();
  }

  private typed(): void {
    this.resize();
    this.offer();
    if (this.input.value === '') return this.stopTyping();
    const now = Date.now();
    if (now - this.typingSentAt < TYPING_AGAIN_MS) return;
    this.typingSentAt = now;
    this.options.onTyping(true);
  }

  /** Offers names if the caret is behind an `@`. */
  private offer(): void {
    this.start = mentionAt(this.input.value, this.input.selectionStart);
    this.offered = this.start === null ? [] : suggest(this.start.typed, this.options.people());
    this.chosen = 0;
    this.renderNames();
  }

  private renderNames(): void {
    this.names.hidden = this.offered.length === 0;
    this.input.setAttribute('aria-expanded', String(!this.names.hidden));
    fill(this.names, ...this.offered.map((person, index) => this.nameRow(person, index)));
    if (this.names.hidden) this.input.removeAttribute('aria-activedescendant');
    else this.input.setAttribute('aria-activedescendant', `${LIST_ID}-${this.chosen}`);
  }

  private nameRow(person: Named, index: number): HTMLElement {
    // The press would take the focus from the field, and with it the list.
    const press = (event: Event): void => {
      event.preventDefault();
      this.accept(index);
    };
    const attributes = {
      role: 'option',
      id: `${LIST_ID}-${index}`,
      'aria-selected': String(index === this.chosen),
      onpointerdown: press,
    };
    return h('li', attributes, avatar(person), h('span', {}, person.name));
  }

  private submit(): void {
    const text = this.input.value.trim();
    if (text === '') return;
    const isTooLong = new TextEncoder().encode(text).length > MESSAGE_MAX_BYTES;
    const problem = isTooLong
      ? 'This message is too long. Put longer texts into a file.'
      : this.options.send(text);
    fill(this.error, problem);
    if (problem !== null) return;
    this.input.value = '';
    this.resize();
    this.offer();
    this.stopTyping();
  }

  private left(): void {
    this.offered = [];
    this.renderNames();
    this.stopTyping();
  }

  private stopTyping(): void {
    if (this.typingSentAt === 0) return;
    this.typingSentAt = 0;
    this.options.onTyping(false);
  }

  private resize(): void {
    this.input.style.height = 'auto';
    this.input.style.height = `${Math.min(this.input.scrollHeight + 2, HEIGHT_MAX_PX)}px`;
  }
}
