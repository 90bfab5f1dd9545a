/** What the account's sections are built of: the frame of one, a place for what is loaded, and short answers. */
import { explain } from '../api.ts';
import { fill, h, icon, type Child } from '../dom.ts';
import * as icons from '../icons.ts';

export interface SectionFrame {
  readonly element: HTMLElement;
  /** Gets the focus when what had it is gone. */
  focus(): void;
}

/** A section under a heading, with a sentence on what it is for. */
export function section(id: string, title: string, text: string, ...body: Child[]): SectionFrame {
  const heading = h('h2', { id: `${id}-title`, tabindex: '-1' }, title);
  const element = h(
    'section',
    { class: 'account-section', 'aria-labelledby': `${id}-title`, 'data-testid': `account-${id}` },
    h('div', { class: 'account-about' }, heading, h('p', { class: 'hint' }, text)),
    h('div', { class: 'account-card' }, ...body),
  );
  return { element, focus: () => heading.focus() };
}

/** A place for one sentence on what was done or what went wrong. Screen readers hear it. */
export class Answer {
  readonly element = h('p', { class: 'answer', role: 'status', 'data-testid': 'answer' });

  say(text: string): void {
    this.element.classList.remove('wrong');
    fill(this.element, text);
  }

  fail(error: unknown): void {
    this.element.classList.add('wrong');
    fill(this.element, explain(error));
  }
}

/** A place for what has to be asked for: it turns while it waits, and offers to ask again when that failed. */
export class Loaded<T> {
  readonly element = h('div', { class: 'loaded' });

  constructor(
    private readonly what: string,
    private readonly load: () => Promise<T>,
    private readonly show: (value: T) => readonly Child[],
  ) {}

  /** What is shown stays until there is something newer. */
  async reload(): Promise<void> {
    if (this.element.childElementCount === 0) this.showWaiting();
    this.element.setAttribute('aria-busy', 'true');
    try {
      fill(this.element, ...this.show(await this.load()));
    } catch (error) {
      this.showFailure(error);
    } finally {
      this.element.removeAttribute('aria-busy');
    }
  }

  private showWaiting(): void {
    fill(
      this.element,
      h('p', { class: 'waiting', role: 'status' }, h('span', { class: 'spinner' }), `Loading ${this.what}…`),
    );
  }

  private showFailure(error: unknown): void {
    const again = (): void => {
      this.showWaiting();
      void this.reload();
    };
    fill(
      this.element,
      h('p', { class: 'field-error', role: 'alert' }, explain(error)),
      h('button', { type: 'button', class: 'button small', onclick: again }, 'Try again'),
    );
  }
}

interface ButtonOptions {
  readonly testId: string;
  readonly kind?: string;
  readonly label?: string;
}

/**
 * A button whose work takes a moment: it is busy meanwhile, and `answer` says what went wrong. It is not disabled, since
 * a dialog that the work opens gives the focus back to it.
 */
export function workButton(
  text: string,
  options: ButtonOptions,
  answer: Answer,
  work: () => Promise<void>,
): HTMLButtonElement {
  const run = async (): Promise<void> => {
    if (button.hasAttribute('aria-busy')) return;
    button.setAttribute('aria-busy', 'true');
    try {
      await work();
    } catch (error) {
      answer.fail(error);
    } finally {
      button.removeAttribute('aria-busy');
    }
  };
  const button = h(
    'button',
    {
      type: 'button',
      class: `button ${options.kind ?? ''}`,
      'data-testid': options.testId,
      'aria-label': options.label,
      onclick: () => void run(),
    },
    text,
  );
  return button;
}

/** A box to tick, with its words. */
export function tickBox(
  words: string,
  checked: boolean,
  testId: string,
): { element: HTMLElement; input: HTMLInputElement } {
  const input = h('input', { type: 'checkbox', checked, 'data-testid': testId });
  return { element: h('label', { class: 'tick' }, input, h('span', {}, words)), input };
}

/** A text to take along, whole and to be marked by one click, with a button that copies it. `shown`: as people read it. */
export function copyField(label: string, text: string, testId: string, shown = text): HTMLElement {
  const answer = new Answer();
  return h(
    'div',
    { class: 'copy-field' },
    h('output', { class: 'copy-text mono', 'aria-label': label, 'data-testid': testId }, shown),
    copyButton('Copy', text, answer),
    answer.element,
  );
}

export function copyButton(words: string, text: string, answer: Answer): HTMLElement {
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      answer.say('Copied.');
    } catch {
      answer.say('Select it and copy it: the browser does not allow it here.');
    }
  };
  return h(
    'button',
    { type: 'button', class: 'button', 'data-testid': 'copy', onclick: () => void copy() },
    icon(icons.COPY),
    words,
  );
}

/** Hands a file to the browser to be saved. */
export function saveFile(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = h('a', { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  // The browser has taken hold of it once the click has been worked off.
  setTimeout(() => URL.revokeObjectURL(url), 0);
}
