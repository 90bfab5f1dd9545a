/** The time line's controls: the slider with its marks, play and pause, steps, speed. Draws; decides nothing. */
import { fill, h, icon, iconButton } from '../dom.ts';
import * as icons from '../icons.ts';
import { SPEEDS, type Speed } from './player.ts';
import type { Mark, MarkKind, Timeline } from './timeline.ts';

export interface ScrubberEvents {
  onSeek(place: number): void;
  /** To the item before or after. */
  onStep(direction: -1 | 1): void;
  onMark(direction: -1 | 1): void;
  onPlay(): void;
  onSpeed(speed: Speed): void;
}

/** What each kind of mark looks like besides its colour. */
const SIGNS: Readonly<Record<MarkKind, string>> = { snapshot: '◆', run: '▸', restore: '↶', merge: '⑂' };
/** Marks closer than this share of the line would cover each other: the later one is left out. */
const MARK_APART = 0.004;

export class Scrubber {
  readonly element: HTMLElement;
  private readonly slider: HTMLInputElement;
  private readonly play: HTMLButtonElement;
  private readonly marks = h('div', { class: 'marks', 'aria-hidden': 'true' });
  private drawn = '';

  constructor(private readonly on: ScrubberEvents) {
    this.slider = h('input', {
      type: 'range',
      class: 'slider',
      step: 1,
      min: 0,
      max: 0,
      'aria-label': 'Moment',
      'data-testid': 'history-slider',
      oninput: () => on.onSeek(Number(this.slider.value)),
    });
    this.play = h('button', {
      type: 'button',
      class: 'button primary play',
      'data-testid': 'history-play',
      onclick: () => on.onPlay(),
    });
    this.element = h(
      'div',
      { class: 'scrubber' },
      h('div', { class: 'scrubber-line' }, this.marks, this.slider),
      h('div', { class: 'scrubber-buttons' }, ...this.buttons()),
    );
    this.setPlaying(false);
  }

  setPlaying(isPlaying: boolean): void {
    const label = isPlaying ? 'Pause' : 'Play';
    fill(this.play, icon(isPlaying ? icons.PAUSE : icons.PLAY), h('span', {}, label));
    this.play.title = `${label} (Space)`;
    this.play.dataset['playing'] = String(isPlaying);
  }

  /** Draws the line and where on it the moment is; `words` say it to those who do not see it. */
  render(timeline: Timeline, place: number, words: string): void {
    const { first, last, loaded } = timeline;
    this.slider.min = String(first);
    this.slider.max = String(last);
    this.slider.value = String(place);
    this.slider.setAttribute('aria-valuetext', words);
    const share = (at: number): number => (last === first ? 1 : (at - first) / (last - first));
    this.element.style.setProperty('--at', String(share(place)));
    this.element.style.setProperty('--loaded', String(share(loaded)));
    this.renderMarks(timeline, share);
  }

  focus(): void {
    this.slider.focus();
  }

  private renderMarks(timeline: Timeline, share: (position: number) => number): void {
    const state = `${timeline.marks.length} ${timeline.last}`;
    if (state === this.drawn) return;
    this.drawn = state;
    const shown: HTMLElement[] = [];
    let end = -1;
    for (const mark of timeline.marks) {
      const at = share(mark.position);
      // A run is one of many; what people made on purpose is always shown.
      if (mark.kind === 'run' && at - end < MARK_APART) continue;
      end = at;
      shown.push(this.mark(mark, at));
    }
    fill(this.marks, ...shown);
  }

  private mark(mark: Mark, at: number): HTMLElement {
    const element = h(
      'span',
      {
        class: 'mark',
        'data-kind': mark.kind,
        title: mark.label,
        onclick: () => this.on.onSeek(mark.position),
      },
      SIGNS[mark.kind],
    );
    element.style.setProperty('--mark', String(at));
    return element;
  }

  private buttons(): HTMLElement[] {
    const { on } = this;
    const speed = h(
      'select',
      {
        class: 'select compact',
        'aria-label': 'Speed',
        'data-testid': 'history-speed',
        onchange: () => on.onSpeed(SPEEDS.find((choice) => choice === Number(speed.value)) ?? 1),
      },
      ...SPEEDS.map((choice) => h('option', { value: choice }, `${choice}×`)),
    );
    const button = (markup: string, label: string, testId: string, work: () => void): HTMLButtonElement =>
      iconButton(markup, label, work, { 'data-testid': testId });
    return [
      button(icons.MARK_BACK, 'To the mark before (Shift ←)', 'history-mark-back', () => on.onMark(-1)),
      button(icons.STEP_BACK, 'One step back (←)', 'history-back', () => on.onStep(-1)),
      this.play,
      button(icons.STEP_ON, 'One step on (→)', 'history-on', () => on.onStep(1)),
      button(icons.MARK_ON, 'To the next mark (Shift →)', 'history-mark-on', () => on.onMark(1)),
      speed,
    ];
  }
}
