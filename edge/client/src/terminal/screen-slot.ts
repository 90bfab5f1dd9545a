/**
 * The place of the screen: loads it when it is first wanted, keeps for it what is to be shown until then, and says
 * above it what the person should know now.
 */
import { h } from '../dom.ts';
import { setText } from '../run-status.ts';
import type { TerminalSize } from '../wire.ts';
import { terminalKeys } from './keys.ts';
import type { Mode, Screen, ScreenEvents } from './screen.ts';

const SIZE_UNKNOWN: TerminalSize = { rows: 24, cols: 80 };
const NOTE_MS = 6_000;
const NOT_LOADED = 'The terminal could not be loaded. Check the connection and try again.';

export class ScreenSlot {
  readonly element: HTMLElement;
  private readonly host = h('div', { class: 'terminal-screen', 'data-testid': 'terminal' });
  /** Lies over the screen: a line that comes and goes must not change how much fits. */
  private readonly note = h('p', { class: 'terminal-note', role: 'status', 'data-testid': 'terminal-note' });
  private readonly keys: HTMLElement;
  private loading: Promise<Screen | null> | null = null;
  private screen: Screen | null = null;
  private output = '';
  private mode: Mode = { kind: 'watching', size: SIZE_UNKNOWN };
  private wantsFocus = false;
  private noteTimer: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly on: ScreenEvents) {
    this.keys = terminalKeys((sequence) => this.screen?.press(sequence));
    const place = h('div', { class: 'terminal-place' }, this.host, this.note);
    this.element = h('div', { class: 'terminal-slot' }, place, this.keys);
  }

  /** The screen, or null if its code could not be fetched: the next call tries again. */
  load(): Promise<Screen | null> {
    this.loading ??= this.fetch();
    return this.loading;
  }

  /** How much fits here. */
  async size(): Promise<TerminalSize> {
    return (await this.load())?.measure() ?? SIZE_UNKNOWN;
  }

  /** Shows a terminal from the beginning of what is known of it. */
  show(output: string): void {
    this.output = output;
    this.say('');
    this.screen?.show(output);
  }

  write(data: string): void {
    if (this.screen === null) this.output += data;
    else this.screen.write(data);
  }

  setMode(mode: Mode): void {
    if (JSON.stringify(mode) === JSON.stringify(this.mode)) return;
    this.mode = mode;
    this.keys.hidden = mode.kind !== 'typing';
    this.screen?.setMode(mode);
  }

  focus(): void {
    this.wantsFocus = this.screen === null;
    this.screen?.focus();
  }

  copy(): void {
    void this.screen?.copy();
  }

  /** A sentence over the screen for a few seconds; an empty one takes it away. */
  say(words: string): void {
    if (this.noteTimer !== null) clearTimeout(this.noteTimer);
    this.noteTimer = words === '' ? null : setTimeout(() => this.say(''), NOTE_MS);
    setText(this.note, words);
  }

  private async fetch(): Promise<Screen | null> {
    try {
      const { Screen } = await import('./screen.ts');
      const screen = await Screen.open(this.host, this.on);
      screen.show(this.output);
      screen.setMode(this.mode);
      if (this.wantsFocus) screen.focus();
      this.screen = screen;
      return screen;
    } catch {
      this.loading = null;
      this.say(NOT_LOADED);
      return null;
    }
  }
}
