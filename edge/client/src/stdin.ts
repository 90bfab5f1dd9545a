/** The field for a run's standard input. */
import { h } from './dom.ts';

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
        'Given to the program when you run it, as if typed at its start. Up to 10 KB, and only for runs that you start.',
      ),
    );
  }

  get value(): string {
    return this.field.value;
  }
}
