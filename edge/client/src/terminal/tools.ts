/** The terminal's part of the pane's head: which terminal is shown, opening another, copying. */
import { fill, h, iconButton } from '../dom.ts';
import * as icons from '../icons.ts';
import { openMenu } from '../menu.ts';
import type { TerminalProgram } from '../wire.ts';
import type { TerminalRecord } from './terminals.ts';
import { programName, programTitle } from './words.ts';

export interface ToolsEvents {
  onPick(id: string): void;
  onOpen(program: TerminalProgram): void;
  onCopy(): void;
}

export interface ToolsState {
  readonly records: readonly TerminalRecord[];
  readonly shownId: string | null;
  readonly mayUse: boolean;
  readonly isOpening: boolean;
  readonly programs: readonly TerminalProgram[];
}

export class TerminalTools {
  readonly elements: readonly HTMLElement[];
  private readonly picker: HTMLSelectElement;
  private readonly another: HTMLButtonElement;
  private readonly copy: HTMLButtonElement;
  private programs: readonly TerminalProgram[] = [];
  private drawn = '';

  constructor(private readonly on: ToolsEvents) {
    this.picker = h('select', {
      class: 'select compact',
      'aria-label': 'Which terminal to show',
      'data-testid': 'terminal-picker',
      onchange: () => on.onPick(this.picker.value),
    });
    const id = { 'data-testid': 'new-terminal', 'aria-haspopup': 'menu' };
    this.another = iconButton(icons.PLUS, 'Open another terminal', () => this.offer(), id);
    this.copy = iconButton(icons.COPY, 'Copy the selection, or everything', () => on.onCopy());
    this.elements = [this.picker, this.another, this.copy];
  }

  render({ records, shownId, mayUse, isOpening, programs }: ToolsState): void {
    this.programs = programs;
    this.another.hidden = !mayUse || records.length === 0;
    this.another.disabled = isOpening;
    this.copy.hidden = records.length === 0;
    this.picker.hidden = records.length < 2;
    const choices = records.map(({ terminal }) => [terminal.id, programTitle(terminal.program)] as const);
    const key = JSON.stringify([choices, shownId]);
    // An open list would close if its options were replaced.
    if (key === this.drawn) return;
    this.drawn = key;
    const options = choices.map(([value, name], index) =>
      h('option', { value, selected: value === shownId }, `${index + 1} · ${name}`),
    );
    fill(this.picker, ...options);
  }

  private offer(): void {
    const items = this.programs.map((program) => ({
      label: `Open a ${programName(program)}`,
      testId: `open-another-${program.kind}`,
      work: () => this.on.onOpen(program),
    }));
    openMenu(this.another, 'Open another terminal', items);
  }
}
