/**
 * The line above a terminal's screen: how it stands, who holds its keyboard, and what can be done with it. Its
 * elements stay the same, so that the focus stays where it is.
 */
import { fill, h, iconButton } from '../dom.ts';
import * as icons from '../icons.ts';
import { avatar } from '../presence.ts';
import { setText } from '../run-status.ts';
import type { ParticipantId, TerminalProgram } from '../wire.ts';
import type { May, Stand } from './terminals.ts';
import { endWords, programTitle, waitWords } from './words.ts';

export interface BarState {
  readonly program: TerminalProgram;
  readonly stand: Stand;
  readonly holder: { readonly id: ParticipantId; readonly name: string; readonly isYou: boolean };
  readonly may: May;
}

export interface BarEvents {
  onTakeKeyboard(): void;
  onHandOver(anchor: HTMLElement): void;
  onTakeFiles(): void;
  onClose(): void;
  onAgain(): void;
  onDismiss(): void;
}

export class TerminalBar {
  readonly element: HTMLElement;
  private readonly mark = h('span', { class: 'terminal-mark', 'aria-hidden': 'true' });
  /** The only part that is read aloud: it changes with the state, not with the clock. */
  private readonly words = h('span', { role: 'status', 'data-testid': 'terminal-state' });
  private readonly wait = h('span', { class: 'terminal-wait' });
  private readonly take: HTMLButtonElement;
  private readonly hand: HTMLButtonElement;
  private readonly files: HTMLButtonElement;
  private readonly again: HTMLButtonElement;
  private readonly close: HTMLButtonElement;
  private readonly dismiss: HTMLButtonElement;
  private readonly tools: readonly HTMLButtonElement[];
  private marked = '';

  constructor(on: BarEvents) {
    this.take = button('Take the keyboard', 'take-keyboard', () => on.onTakeKeyboard());
    this.hand = button('Hand over…', 'hand-over', () => on.onHandOver(this.hand));
    this.hand.setAttribute('aria-haspopup', 'menu');
    this.hand.title = 'Give the keyboard to somebody else';
    this.files = button('Take files over…', 'take-files', () => on.onTakeFiles());
    this.files.title = 'Bring what changed in the terminal into the room’s files';
    this.again = button('Open again', 'open-again', () => on.onAgain());
    this.dismiss = button('Dismiss', 'dismiss-terminal', () => on.onDismiss());
    this.close = iconButton(icons.CLOSE, 'Close the terminal', () => on.onClose(), {
      'data-testid': 'close-terminal',
    });
    this.tools = [this.take, this.hand, this.files, this.again, this.dismiss, this.close];
    this.element = h(
      'div',
      { class: 'terminal-bar' },
      this.mark,
      h('span', { class: 'terminal-words' }, this.words, this.wait),
      h('span', { class: 'terminal-leave', 'aria-hidden': 'true' }, h('kbd', {}, 'Shift Esc'), 'leaves'),
      h('span', { class: 'terminal-tools' }, ...this.tools),
    );
  }

  render(state: BarState, now: number): void {
    const { stand, may } = state;
    const hadFocus = this.element.contains(document.activeElement);
    this.element.dataset['stand'] = stand.kind;
    this.renderMark(state);
    setText(this.words, wordsOf(state));
    setText(this.wait, stand.kind === 'waiting' ? waitWords(stand.since, now) : '');
    this.take.hidden = !may.take;
    this.hand.hidden = !may.hand;
    this.files.hidden = !may.files;
    this.again.hidden = !may.again;
    this.dismiss.hidden = stand.kind !== 'ended';
    this.close.hidden = !may.close;
    if (hadFocus) this.keepFocus();
  }

  /** What had it may be gone: handing over, for one, takes away the button that did it. */
  private keepFocus(): void {
    if (this.tools.some((tool) => tool === document.activeElement && !tool.hidden)) return;
    this.tools.find((tool) => !tool.hidden)?.focus();
  }

  /** Not disabled, which would take the focus away. */
  setBusy(isBusy: boolean): void {
    this.files.toggleAttribute('aria-busy', isBusy);
  }

  private renderMark({ stand, holder }: BarState): void {
    const key = stand.kind === 'open' ? `${holder.id} ${holder.name}` : stand.kind;
    if (key === this.marked) return;
    this.marked = key;
    const sign =
      stand.kind === 'open'
        ? avatar(holder)
        : h('span', { class: stand.kind === 'waiting' ? 'spinner' : 'dot' });
    fill(this.mark, sign);
  }
}

function wordsOf({ program, stand, holder }: BarState): string {
  if (stand.kind === 'waiting') return 'Waiting for a machine…';
  if (stand.kind === 'ended') return `${programTitle(program)}: ${endWords(stand)}`;
  return `${holder.isYou ? 'You have' : `${holder.name} has`} the keyboard`;
}

function button(label: string, testId: string, onclick: () => void): HTMLButtonElement {
  return h('button', { type: 'button', class: 'button small', 'data-testid': testId, onclick }, label);
}
