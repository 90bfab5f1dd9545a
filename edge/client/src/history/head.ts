/** The head of the history view: which moment is shown, what happened at it, what can be done with it. */
import { fill, h, icon, iconButton } from '../dom.ts';
import * as icons from '../icons.ts';

export interface HeadEvents {
  restore(): void;
  fork(): void;
  compare(): void;
  more(anchor: HTMLElement): void;
  onLive(): void;
  onRetry(): void;
}

export class Head {
  readonly element: HTMLElement;
  private readonly time = h('strong', { class: 'moment-time', 'data-testid': 'history-time' });
  private readonly words = h('span', {
    class: 'moment-words',
    role: 'status',
    'data-testid': 'history-caption',
  });
  private readonly progress = h('div', { class: 'history-progress', 'aria-live': 'polite' });
  private readonly news = h('span', { class: 'live-count' });
  private readonly restore: HTMLButtonElement;

  constructor(private readonly on: HeadEvents) {
    this.restore = action(icons.RESTORE, 'Restore…', 'history-restore', on.restore);
    const more = iconButton(icons.MORE, 'More', () => on.more(more), {
      'aria-haspopup': 'menu',
      'data-testid': 'history-more',
    });
    const live = h(
      'button',
      {
        type: 'button',
        class: 'button live',
        title: 'Back to the living room (Escape)',
        'data-testid': 'history-live',
        onclick: on.onLive,
      },
      h('span', { class: 'dot' }),
      'Live',
      this.news,
    );
    this.element = h(
      'header',
      { class: 'history-head' },
      h('div', { class: 'moment' }, this.time, this.words),
      this.progress,
      h(
        'div',
        { class: 'history-actions' },
        this.restore,
        action(icons.FORK, 'Fork…', 'history-fork', on.fork),
        action(icons.COMPARE, 'Compare…', 'history-compare', on.compare),
        more,
      ),
      live,
    );
  }

  /** `isQuiet` keeps what changes many times a second from being read aloud. */
  setMoment(time: string, words: string, isQuiet: boolean): void {
    this.words.setAttribute('aria-live', isQuiet ? 'off' : 'polite');
    fill(this.time, time);
    fill(this.words, words);
    this.words.title = words;
  }

  setMayRestore(may: boolean): void {
    this.restore.hidden = !may;
  }

  /** How many things have happened in the room since the view was opened. */
  setNews(count: number): void {
    fill(this.news, count > 0 && ` +${count.toLocaleString()}`);
    this.news.title = `${count.toLocaleString()} changes since you opened the history`;
  }

  setProgress(words: string | null): void {
    if (words === null) return fill(this.progress);
    const text = this.progress.querySelector('.progress-words');
    if (text !== null) return fill(text, words);
    const spinner = h('span', { class: 'spinner', role: 'img', 'aria-label': 'Busy' });
    fill(this.progress, spinner, h('span', { class: 'progress-words' }, words));
  }

  setFailure(words: string): void {
    const retry = h(
      'button',
      { type: 'button', class: 'button', onclick: () => this.on.onRetry() },
      'Try again',
    );
    fill(this.progress, h('span', { class: 'field-error', role: 'alert' }, words), retry);
  }
}

function action(markup: string, label: string, testId: string, onclick: () => void): HTMLButtonElement {
  return h(
    'button',
    { type: 'button', class: 'button', 'data-testid': testId, onclick },
    icon(markup),
    h('span', {}, label),
  );
}
