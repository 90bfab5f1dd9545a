/**
 * Draws one run: how it stands and what it printed, both streams in the order of arrival. However much a
 * program prints, the page holds only the end of it; the whole can be copied from the record.
 */
import { fill, h, iconButton, icon } from './dom.ts';
import { notice } from './dialogs.ts';
import * as icons from './icons.ts';
import { RunStatus } from './run-status.ts';
import { isOver, piecesOf, type Piece, type RunChange, type RunRecord, type Runs } from './runs.ts';
import type { Run } from './wire.ts';

/** Characters and pieces on screen: beyond this, layout takes longer than a frame. */
const SHOWN_MAX_CHARS = 200_000;
const SHOWN_MAX_PIECES = 4_000;
/** Closer to the end than this counts as being at the end. */
const END_PX = 40;

export class Output {
  readonly element: HTMLElement;
  /** Sits in the pane's head: which run is shown. */
  readonly picker: HTMLSelectElement;
  readonly copyButton: HTMLButtonElement;
  private readonly status: RunStatus;
  private readonly screen: HTMLElement;
  private readonly follow: HTMLButtonElement;
  private readonly clock: ReturnType<typeof setInterval>;
  private shown: string | null = null;
  /** True while the newest run is shown as soon as it comes. */
  private followsNewest = true;
  private atEnd = true;
  private chars = 0;
  private pending: Piece[] = [];
  private frame: number | null = null;

  constructor(
    private readonly runs: Runs,
    now: () => number = Date.now,
    /** Called when another run is shown, or the shown one stands otherwise. */
    private readonly onShown: (run: Run | null) => void = () => undefined,
  ) {
    this.status = new RunStatus(now);
    this.screen = h('div', {
      class: 'screen',
      'data-testid': 'output',
      tabindex: '0',
      role: 'log',
      'aria-live': 'off',
      'aria-label': 'Output of the program',
      onscroll: () => this.scrolled(),
    });
    this.follow = h(
      'button',
      { type: 'button', class: 'follow', hidden: true, onclick: () => this.toEnd() },
      icon(icons.DOWN, 14),
      'Latest output',
    );
    this.picker = h('select', {
      class: 'select compact',
      'aria-label': 'Which run to show',
      'data-testid': 'run-history',
      onchange: () => this.pick(),
    });
    this.copyButton = iconButton(icons.COPY, 'Copy the output', () => void this.copy());
    this.element = h('div', { class: 'output' }, this.status.element, this.screen, this.follow);
    this.clock = setInterval(() => this.renderStatus(), 1_000);
    this.welcome();
  }

  /** Draws anew after the runs were replaced as a whole. */
  welcome(): void {
    const latest = this.runs.latest()?.run.id ?? null;
    const keep = !this.followsNewest && this.shown !== null && this.runs.get(this.shown) !== undefined;
    this.show(keep ? this.shown : latest);
  }

  apply(change: RunChange): void {
    if (change.kind === 'added' && this.followsNewest) return this.show(change.id);
    if (change.id !== this.shown) return this.renderPicker();
    if (change.kind === 'restarted') return this.show(change.id);
    if (change.kind === 'output') this.enqueue(change.piece);
    this.renderStatus();
    if (change.kind !== 'output') this.renderPicker();
  }

  /** Shows the newest run from now on: what somebody who presses Run expects. */
  followNewest(): void {
    this.followsNewest = true;
  }

  dispose(): void {
    clearInterval(this.clock);
    if (this.frame !== null) cancelAnimationFrame(this.frame);
  }

  private show(id: string | null): void {
    this.shown = id;
    this.chars = 0;
    this.pending = [];
    this.atEnd = true;
    this.follow.hidden = true;
    const record = this.record();
    if (record === undefined) this.renderEmpty();
    else fill(this.screen, record.lacksBeginning && this.gap('The room no longer keeps the beginning.'));
    this.renderStatus();
    this.renderPicker();
    for (const piece of record === undefined ? [] : piecesOf(record)) this.enqueue(piece);
    this.flush();
  }

  private record(): RunRecord | undefined {
    return this.shown === null ? undefined : this.runs.get(this.shown);
  }

  private renderEmpty(): void {
    const mac = navigator.platform.startsWith('Mac');
    fill(
      this.screen,
      h(
        'div',
        { class: 'output-empty' },
        h('p', {}, 'What the program prints appears here, for everybody in the room.'),
        h(
          'p',
          { class: 'keys' },
          h('kbd', {}, mac ? '⌘' : 'Ctrl'),
          h('kbd', {}, 'Enter'),
          ' runs the open file',
        ),
      ),
    );
  }

  private renderPicker(): void {
    const records = this.runs.list().reverse();
    this.picker.hidden = records.length < 2;
    this.copyButton.hidden = records.length === 0;
    const options = records.map(({ run }) => {
      const at = new Date(run.createdAt).toLocaleTimeString([], {
        hour: '2-digit',
        minute: '2-digit',
        second: '2-digit',
      });
      return h(
        'option',
        { value: run.id, selected: run.id === this.shown },
        `${at} · ${run.entry} · ${run.startedBy}`,
      );
    });
    fill(this.picker, ...options);
  }

  private pick(): void {
    this.followsNewest = this.picker.value === this.runs.latest()?.run.id;
    this.show(this.picker.value);
  }

  private renderStatus(): void {
    const run = this.record()?.run;
    this.status.render(run);
    this.onShown(run ?? null);
    if (run === undefined) return;
    const isEmpty = this.chars === 0 && this.pending.length === 0;
    const silent = this.screen.querySelector('.silent');
    if (isOver(run) && isEmpty && silent === null)
      fill(this.screen, h('p', { class: 'silent' }, 'It printed nothing.'));
    const cut = run.truncated && this.screen.querySelector('.truncated') === null;
    if (cut && isOver(run)) queueMicrotask(() => this.renderTruncated());
  }

  /** Said once, below everything that was kept. */
  private renderTruncated(): void {
    this.flush();
    if (this.screen.querySelector('.truncated') !== null) return;
    const gap = this.gap('It printed more than is kept: the rest is not shown.');
    gap.classList.add('truncated');
    this.screen.append(gap);
    if (this.atEnd) this.toEnd();
  }

  private enqueue(piece: Piece): void {
    this.pending.push(piece);
    this.frame ??= requestAnimationFrame(() => this.flush());
  }

  /** Once a frame: puts what has come on screen, and takes the oldest away where it is too much. */
  private flush(): void {
    if (this.frame !== null) cancelAnimationFrame(this.frame);
    this.frame = null;
    if (this.pending.length === 0) return;
    this.screen.querySelector('.silent')?.remove();
    const fragment = document.createDocumentFragment();
    for (const [stream, text] of joined(this.pending)) {
      const end = text.slice(-SHOWN_MAX_CHARS);
      this.chars += end.length;
      fragment.append(h('span', { class: stream }, end));
    }
    this.pending = [];
    this.screen.append(fragment);
    this.trim();
    if (this.atEnd) this.toEnd();
    else this.follow.hidden = false;
  }

  private trim(): void {
    let dropped = false;
    let pieces = this.screen.childElementCount;
    let first = this.screen.querySelector(':scope > span');
    while (first !== null && pieces > 1 && (this.chars > SHOWN_MAX_CHARS || pieces > SHOWN_MAX_PIECES)) {
      this.chars -= first.textContent?.length ?? 0;
      const next = first.nextElementSibling;
      first.remove();
      first = next;
      pieces -= 1;
      dropped = true;
    }
    if (dropped && this.screen.querySelector('.gap') === null) {
      this.screen.prepend(this.gap('Earlier output is hidden to keep the page fast. Copy has all of it.'));
    }
  }

  private gap(text: string): HTMLElement {
    return h('p', { class: 'gap' }, text);
  }

  private scrolled(): void {
    const { scrollHeight, scrollTop, clientHeight } = this.screen;
    this.atEnd = scrollHeight - scrollTop - clientHeight < END_PX;
    if (this.atEnd) this.follow.hidden = true;
  }

  private toEnd(): void {
    this.atEnd = true;
    this.follow.hidden = true;
    this.screen.scrollTop = this.screen.scrollHeight;
  }

  private async copy(): Promise<void> {
    const text = (this.record()?.output ?? []).map((chunk) => chunk.data).join('');
    try {
      await navigator.clipboard.writeText(text);
      notice('Output copied.');
    } catch {
      notice('The browser does not allow copying here.', 'error');
    }
  }
}

/** Neighbours of the same stream as one text, each at most as long as what one piece should be. */
export function joined(pieces: readonly Piece[]): [Piece['stream'], string][] {
  const longer: [Piece['stream'], string][] = [];
  for (const { stream, data } of pieces) {
    const last = longer.at(-1);
    if (last !== undefined && last[0] === stream && last[1].length < 16_384) last[1] += data;
    else longer.push([stream, data]);
  }
  return longer;
}
