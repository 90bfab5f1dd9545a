/** What the panel shows where there is no terminal: what one is for, and what can be opened. */
import { fill, h } from '../dom.ts';
import type { TerminalProgram } from '../wire.ts';
import { NO_RIGHT, programName } from './words.ts';

export class TerminalStart {
  readonly element = h('div', { class: 'terminal-start', 'data-testid': 'terminal-start' });
  private drawn = '';

  constructor(private readonly onOpen: (program: TerminalProgram) => void) {}

  render(mayUse: boolean, programs: readonly TerminalProgram[], isBusy: boolean): void {
    const key = JSON.stringify([mayUse, programs, isBusy]);
    if (key === this.drawn) return;
    this.drawn = key;
    const hadFocus = this.element.contains(document.activeElement);
    if (mayUse) fill(this.element, ...this.offer(programs, isBusy));
    else fill(this.element, h('p', {}, NO_RIGHT), h('p', {}, 'When somebody opens one, you see it here.'));
    if (hadFocus) this.element.querySelector('button')?.focus();
  }

  private offer(programs: readonly TerminalProgram[], isBusy: boolean): HTMLElement[] {
    const buttons = programs.map((program, index) =>
      h(
        'button',
        {
          type: 'button',
          class: index === 0 ? 'button primary' : 'button',
          disabled: isBusy,
          'data-testid': `open-${program.kind}`,
          onclick: () => this.onOpen(program),
        },
        `Open a ${programName(program)}`,
      ),
    );
    return [
      h(
        'p',
        {},
        'A terminal for the whole room, over a copy of its files: everybody sees it, one person at a time types.',
      ),
      h('div', { class: 'terminal-programs' }, ...buttons),
    ];
  }
}
