/** The line under the output for typing into a running program. What was typed everybody sees in the output. */
import { fill, h, icon } from './dom.ts';
import * as icons from './icons.ts';
import type { ClientEvent, Run } from './wire.ts';

const HINT = 'Type input, Enter sends; Ctrl-D ends the input';
/** What of it fits on narrow screens, where there may be no Ctrl key. */
const SHORT_HINT = 'Type input, Enter sends';
const NARROW = '(max-width: 899px)';
const NOT_CONNECTED = 'Not sent: there is no connection to the room. Try again in a moment.';
/** The server's limit, of one message. */
const PART_MAX_BYTES = 64 * 1024;

export interface InputLineOptions {
  /** False if there is no connection to send by. */
  readonly send: (event: ClientEvent) => boolean;
}

/** True while a person can type into a run. */
export function takesInput(run: Run | null, mayRun: boolean): boolean {
  return run !== null && mayRun && run.interactive && run.state === 'running';
}

export class InputLine {
  readonly element: HTMLElement;
  private readonly field = h('input', {
    class: 'input mono',
    type: 'text',
    autocomplete: 'off',
    autocapitalize: 'off',
    autocorrect: 'off',
    spellcheck: 'false',
    enterkeyhint: 'send',
    placeholder: shownHint(),
    'aria-label': 'Input for the running program',
    'aria-describedby': 'input-line-hint input-line-error',
    'data-testid': 'program-input',
  });
  private readonly end: HTMLButtonElement;
  private readonly send: HTMLButtonElement;
  private readonly error = h('p', { class: 'field-error', id: 'input-line-error', role: 'alert' });
  private runId: string | null = null;
  /** The run whose input has ended. */
  private endedId: string | null = null;

  constructor(private readonly options: InputLineOptions) {
    const submit = (event: Event): void => {
      event.preventDefault();
      this.type(`${this.field.value}\n`, false);
    };
    this.send = h(
      'button',
      { type: 'submit', class: 'icon-button', 'aria-label': 'Send the line', title: 'Send the line (Enter)' },
      icon(icons.SEND),
    );
    const onend = (): void => this.type(this.field.value, true);
    this.end = h(
      'button',
      {
        type: 'button',
        class: 'button small',
        title: 'The program reads the end of its input (Ctrl-D)',
        'data-testid': 'end-input',
        onclick: onend,
      },
      'End input',
    );
    this.field.addEventListener('keydown', (event) => this.keyPressed(event));
    this.element = h(
      'form',
      { class: 'input-line', onsubmit: submit, hidden: true, 'data-testid': 'input-line' },
      h('span', { class: 'visually-hidden', id: 'input-line-hint' }, HINT),
      h('div', { class: 'input-line-row' }, this.field, this.send, this.end),
      this.error,
    );
  }

  /** Shows the line for this run, or takes it away. */
  render(run: Run | null, mayRun: boolean): void {
    const id = takesInput(run, mayRun) ? (run?.id ?? null) : null;
    if (id !== this.runId) {
      this.field.value = '';
      fill(this.error);
    }
    this.runId = id;
    this.element.hidden = id === null;
    this.renderEnded();
  }

  /** Somebody has ended a run's input. */
  ended(runId: string): void {
    this.endedId = runId;
    this.renderEnded();
  }

  /** The room did not pass on what was typed last. */
  refused(words: string): void {
    this.endedId = null;
    fill(this.error, words);
    this.renderEnded();
  }

  private keyPressed(event: KeyboardEvent): void {
    if (event.key.toLowerCase() !== 'd' || !event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.type(this.field.value, true);
  }

  private type(data: string, end: boolean): void {
    const runId = this.runId;
    if (runId === null || this.endedId === runId) return;
    const problem = this.problemOf(runId, data, end);
    fill(this.error, problem);
    if (problem !== null) return;
    this.field.value = '';
    if (end) this.endedId = runId;
    this.renderEnded();
  }

  /** Sends it; why that was not possible, or null. */
  private problemOf(runId: string, data: string, end: boolean): string | null {
    if (new TextEncoder().encode(data).length > PART_MAX_BYTES) return 'This line is longer than 64 KB.';
    const event: ClientEvent = { type: 'run:stdin', runId, data, ...(end ? { end } : {}) };
    return this.options.send(event) ? null : NOT_CONNECTED;
  }

  private renderEnded(): void {
    const isEnded = this.runId !== null && this.endedId === this.runId;
    this.field.readOnly = isEnded;
    this.field.placeholder = isEnded ? 'The input has ended' : shownHint();
    this.send.disabled = isEnded;
    this.end.disabled = isEnded;
  }
}

function shownHint(): string {
  return matchMedia(NARROW).matches ? SHORT_HINT : HINT;
}
