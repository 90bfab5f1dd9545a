/** The field for input that is given to a run at its start. */
import { h } from './dom.ts';
import type { RoomRunRequest } from './wire.ts';

/** A run without input given beforehand can be typed into; with it, its input ends where that ends. */
export function inputOf(stdin: string): Pick<RoomRunRequest, 'stdin' | 'interactive'> {
  return stdin === '' ? { interactive: true } : { stdin };
}

export class StdinField {
  readonly element: HTMLElement;
  private readonly field = h('textarea', {
    class: 'stdin',
    id: 'stdin',
    'data-testid': 'stdin',
    spellcheck: 'false',
    autocapitalize: 'off',
    placeholder: 'One line per question your program asks',
    'aria-describedby': 'stdin-hint',
  });

  constructor() {
    this.element = h(
      'div',
      { class: 'stdin-panel' },
      h('label', { class: 'field-label', for: 'stdin' }, 'Input for the program'),
      this.field,
      h(
        'p',
        { class: 'hint', id: 'stdin-hint' },
        'Given to the program when you run it, as if typed at its start. Up to 10 KB, and only for runs that you start. Left empty, you can type under the output while the program runs.',
      ),
    );
  }

  get value(): string {
    return this.field.value;
  }
}
