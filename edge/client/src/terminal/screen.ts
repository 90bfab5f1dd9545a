/**
 * The screen of a terminal: xterm.js in the page's colours and font. Owns its size, the clipboard and the keys; it
 * does not know what a room is. Loaded when a terminal is first shown.
 *
 * Invariant: nothing goes to `onInput` unless the person holds the keyboard, and nothing while old output is written
 * anew: xterm answers questions that programs once asked the terminal.
 */
import { FitAddon } from '@xterm/addon-fit';
import { Terminal } from '@xterm/xterm';
import xtermStyle from '@xterm/xterm/css/xterm.css' with { type: 'text' };
import { h } from '../dom.ts';
import { loadPreferences, onPreferences } from '../preferences.ts';
import type { TerminalSize } from '../wire.ts';
import { themeOf } from './theme.ts';

const SCROLLBACK_LINES = 5_000;
/** Somebody else's terminal is shown as small as this; beyond, one scrolls. */
const FONT_MIN_PX = 9;
const RESIZE_MS = 150;
const DARK = '(prefers-color-scheme: dark)';

export interface ScreenEvents {
  onInput(data: string): void;
  /** The person typed without holding the keyboard. */
  onRefusedInput(): void;
  /** The person holds the keyboard, and this is how much fits. */
  onResize(size: TerminalSize): void;
  /** By the key that leads out of the terminal. */
  onLeave(): void;
  onCopied(isCopied: boolean): void;
}

/** Whose size the screen has: what fits here, or what the holder of the keyboard has. */
export type Mode = { readonly kind: 'typing' } | { readonly kind: 'watching'; readonly size: TerminalSize };

export class Screen {
  private readonly term: Terminal;
  private readonly fit = new FitAddon();
  private readonly observer = new ResizeObserver(() => this.layOut());
  private readonly unsubscribe: () => void;
  private readonly dark = matchMedia(DARK);
  private mode: Mode = { kind: 'watching', size: { rows: 24, cols: 80 } };
  private replaying = 0;
  private resizeTimer: ReturnType<typeof setTimeout> | null = null;
  private announced = '';
  /** Where this page has scrolled the host to. */
  private followedTo = 0;

  /** Makes a screen in `host`, once the font is there that it is measured by. */
  static async open(host: HTMLElement, on: ScreenEvents): Promise<Screen> {
    await document.fonts.load(`14px ${fontFamily()}`).catch(() => undefined);
    return new Screen(host, on);
  }

  private constructor(
    private readonly host: HTMLElement,
    private readonly on: ScreenEvents,
  ) {
    addStyleOnce();
    this.term = new Terminal({
      fontFamily: fontFamily(),
      fontSize: this.fontSize(),
      lineHeight: 1.2,
      scrollback: SCROLLBACK_LINES,
      disableStdin: true,
      // The rows on screen are hidden from assistive technology; this gives it a copy to read.
      screenReaderMode: true,
      minimumContrastRatio: 4.5,
      theme: themeOf(host),
      cursorBlink: !matchMedia('(prefers-reduced-motion: reduce)').matches,
    });
    this.term.loadAddon(this.fit);
    this.term.open(host);
    this.term.textarea?.setAttribute('aria-label', 'Terminal. Shift Escape leaves it.');
    this.term.attachCustomKeyEventHandler((event) => this.keyPressed(event));
    this.term.onData((data) => this.on.onInput(data));
    host.addEventListener('paste', () => this.isTyping || this.on.onRefusedInput());
    this.observer.observe(host);
    this.unsubscribe = onPreferences(() => this.preferencesChanged());
    this.dark.addEventListener('change', this.preferencesChanged);
  }

  /** Shows a terminal from the beginning of what is known of it. */
  show(output: string): void {
    this.term.reset();
    this.announced = '';
    this.replaying += 1;
    this.renderAccess();
    this.term.write(output, () => {
      this.replaying -= 1;
      this.renderAccess();
      this.revealCursor();
    });
    this.layOut();
  }

  write(data: string): void {
    this.term.write(data, () => this.revealCursor());
  }

  setMode(mode: Mode): void {
    this.mode = mode;
    this.followedTo = this.host.scrollTop;
    this.renderAccess();
    this.layOut();
  }

  /** The size that a terminal opened here would have. */
  measure(): TerminalSize {
    this.term.options.fontSize = this.fontSize();
    const size = this.fitting();
    this.layOut();
    return size;
  }

  focus(): void {
    this.term.focus();
  }

  /** Sends what a key sends that the device may not have. */
  press(sequence: string): void {
    // An arrow, to a program that reads them in the other form.
    const isOther = this.term.modes.applicationCursorKeysMode;
    this.term.input(isOther ? sequence.replace('\x1b[', '\x1bO') : sequence);
    this.focus();
  }

  /** Copies the selection, else everything. */
  async copy(): Promise<void> {
    const selected = this.term.getSelection();
    if (selected !== '') return this.copyText(selected);
    this.term.selectAll();
    const all = this.term.getSelection().trimEnd();
    this.term.clearSelection();
    await this.copyText(all);
  }

  dispose(): void {
    if (this.resizeTimer !== null) clearTimeout(this.resizeTimer);
    this.observer.disconnect();
    this.dark.removeEventListener('change', this.preferencesChanged);
    this.unsubscribe();
    this.term.dispose();
  }

  private get isTyping(): boolean {
    return this.mode.kind === 'typing';
  }

  private async copyText(text: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
      this.on.onCopied(true);
    } catch {
      this.on.onCopied(false);
    }
  }

  private renderAccess(): void {
    this.term.options.disableStdin = !this.isTyping || this.replaying > 0;
  }

  /** False for what xterm must leave to this page or to the browser. */
  private keyPressed(event: KeyboardEvent): boolean {
    const key = event.key.toLowerCase();
    const command = event.ctrlKey || event.metaKey;
    if (event.type !== 'keydown') return true;
    if (key === 'escape' && event.shiftKey) return this.leave(event);
    // The browser's own paste, which xterm brackets for the program.
    if (command && key === 'v') return false;
    if (command && key === 'c' && this.term.hasSelection()) return this.copySelection(event);
    // The other ways to say "copy" never mean "interrupt".
    if (command && key === 'c' && (event.shiftKey || event.metaKey)) return false;
    if (!this.isTyping) return this.refuse(event);
    return true;
  }

  private copySelection(event: KeyboardEvent): boolean {
    event.preventDefault();
    void this.copyText(this.term.getSelection());
    this.term.clearSelection();
    return false;
  }

  private leave(event: KeyboardEvent): boolean {
    event.preventDefault();
    event.stopPropagation();
    this.on.onLeave();
    return false;
  }

  /** Tab leads on: there is nothing here that it could complete. */
  private refuse(event: KeyboardEvent): boolean {
    const isText = event.key.length === 1 || event.key === 'Enter' || event.key === 'Backspace';
    if (isText && !event.metaKey && !event.altKey) this.on.onRefusedInput();
    return event.key !== 'Tab';
  }

  private readonly preferencesChanged = (): void => {
    this.term.options.theme = themeOf(this.host);
    this.layOut();
  };

  /** How much fits here in letters of the present size. */
  private fitting(): TerminalSize {
    const found = this.fit.proposeDimensions();
    const isSound = found !== undefined && found.rows >= 1 && found.cols >= 2;
    return isSound ? { rows: found.rows, cols: found.cols } : { rows: 24, cols: 80 };
  }

  private fontSize(): number {
    return loadPreferences().fontSize - 1;
  }

  /** Without a place in the layout there is nothing to measure; the observer calls again. */
  private layOut(): void {
    if (this.host.clientWidth === 0 || this.host.clientHeight === 0) return;
    if (this.term.options.fontSize !== this.fontSize()) this.term.options.fontSize = this.fontSize();
    if (this.mode.kind === 'typing') return this.layOutOwn();
    const { rows, cols } = this.mode.size;
    const fits = this.fitting();
    const scale = Math.min(1, fits.rows / rows, fits.cols / cols);
    // Cells are rounded up to whole pixels: rounded up as well, the last column would be cut.
    const shrunk = Math.max(FONT_MIN_PX, Math.floor(this.fontSize() * scale * 2) / 2);
    if (scale < 1) this.term.options.fontSize = shrunk;
    this.term.resize(cols, rows);
    this.revealCursor();
  }

  private layOutOwn(): void {
    const { rows, cols } = this.fitting();
    this.term.resize(cols, rows);
    if (this.resizeTimer !== null) clearTimeout(this.resizeTimer);
    this.resizeTimer = setTimeout(() => this.announce({ rows, cols }), RESIZE_MS);
  }

  private announce(size: TerminalSize): void {
    const key = `${size.rows}×${size.cols}`;
    if (!this.isTyping || key === this.announced) return;
    this.announced = key;
    this.on.onResize(size);
  }

  /** Where somebody else's terminal is larger than the place for it: follows the cursor until the person scrolls. */
  private revealCursor(): void {
    const { host, term } = this;
    const isFollowing = Math.abs(host.scrollTop - this.followedTo) < 2;
    if (this.isTyping || !isFollowing) return;
    const cellPx = (host.querySelector('.xterm-screen')?.clientHeight ?? 0) / term.rows;
    host.scrollTop = (term.buffer.active.cursorY + 1) * cellPx - host.clientHeight;
    this.followedTo = host.scrollTop;
  }
}

function fontFamily(): string {
  return getComputedStyle(document.documentElement).getPropertyValue('--mono').trim();
}

function addStyleOnce(): void {
  const id = 'xterm-style';
  if (document.getElementById(id) === null) document.head.append(h('style', { id }, xtermStyle));
}
