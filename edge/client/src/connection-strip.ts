/**
 * The strip above the code while the room is out of reach: what that means for the person's work, when it is tried
 * again, and a button that tries now.
 */
import type { ConnectionState } from './connection.ts';
import { fill, h, icon } from './dom.ts';
import * as icons from './icons.ts';
import type { Why } from './reconnect.ts';

/** What the person may count on meanwhile. */
export interface Meanwhile {
  readonly mayEdit: boolean;
  /** Changes are stored on this device, not only in this tab. */
  readonly isKept: boolean;
}

const TICK_MS = 1_000;

const WHY_WORDS: Readonly<Record<Why, string>> = {
  lost: 'The room cannot be reached.',
  restarting: 'The room is being restarted.',
  busy: 'The room has more to do than it can take just now.',
};

/** What the strip says; null where there is nothing to say, or nothing new. */
export function stripWords(state: ConnectionState, meanwhile: Meanwhile): string | null {
  if (state.kind === 'offline') return `You are offline. ${workWords(meanwhile, 'the network')}`;
  if (state.kind === 'waiting') return `${WHY_WORDS[state.why]} ${workWords(meanwhile, 'it')}`;
  return null;
}

function workWords({ mayEdit, isKept }: Meanwhile, what: string): string {
  if (!mayEdit) return 'You see it as it was.';
  const where = isKept ? 'on this device' : 'in this tab, so keep it open';
  return `Go on typing: your changes stay ${where}${isKept ? ' and' : '; they'} are sent when ${what} is back.`;
}

export class ConnectionStrip {
  readonly element: HTMLElement;
  private readonly text = h('span', { role: 'status' });
  /** Not announced: it changes each second. */
  private readonly countdown = h('span', { class: 'strip-countdown', 'aria-hidden': 'true' });
  private state: ConnectionState = { kind: 'connecting', again: false };
  private ticker: ReturnType<typeof setInterval> | null = null;

  constructor(onTryNow: () => void) {
    const button = h(
      'button',
      { type: 'button', class: 'button small', 'data-testid': 'try-now', onclick: onTryNow },
      'Try now',
    );
    const sign = icon(icons.CLOUD);
    const attributes = { class: 'strip', hidden: true, 'data-testid': 'connection-strip' };
    this.element = h('div', attributes, sign, this.text, this.countdown, button);
  }

  show(state: ConnectionState, meanwhile: Meanwhile): void {
    this.state = state;
    const words = stripWords(state, meanwhile);
    // An attempt is no news: the strip comes with the first wait, and stays until there is a connection.
    if (words !== null) this.element.hidden = false;
    else if (state.kind !== 'connecting') this.element.hidden = true;
    if (words !== null && this.text.textContent !== words) fill(this.text, words);
    this.tick();
    if (state.kind === 'waiting') this.ticker ??= setInterval(() => this.tick(), TICK_MS);
    else this.stop();
  }

  dispose(): void {
    this.stop();
  }

  private tick(): void {
    const { state } = this;
    if (state.kind === 'connecting') return fill(this.countdown, 'Trying…');
    if (state.kind !== 'waiting') return fill(this.countdown);
    const seconds = Math.max(0, Math.ceil((state.until - Date.now()) / TICK_MS));
    fill(this.countdown, `Next try in ${seconds} s`);
  }

  private stop(): void {
    if (this.ticker !== null) clearInterval(this.ticker);
    this.ticker = null;
  }
}
