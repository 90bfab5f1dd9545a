/** Draws what changed between two moments: for each file its lines, with a sign before each that came or went. */
import { fill, h, type Child } from '../dom.ts';
import type { DocumentDiff, FileChange, FileDiff } from '../wire.ts';
import { countWords } from './context.ts';

/** More lines than this are drawn when asked for: each costs the page an element. */
const LINES_AT_ONCE = 1_000;
/** Of so many files, the first few are unfolded. */
const OPEN_FILES = 5;

const WORDS: Readonly<Record<FileChange, string>> = { added: 'new', removed: 'removed', changed: 'changed' };

export interface DiffLine {
  readonly kind: 'added' | 'removed' | 'same' | 'hunk' | 'note';
  readonly text: string;
}

/** The diff's files; a sentence where nothing differs. */
export function drawDiff(diff: DocumentDiff, same = 'Nothing differs.'): HTMLElement {
  if (diff.files.length === 0) return h('p', { class: 'diff-same', 'data-testid': 'diff-same' }, same);
  return h(
    'div',
    { class: 'diff', 'data-testid': 'diff' },
    ...diff.files.map((file, index) => drawFile(file, index < OPEN_FILES)),
  );
}

/** `2 files, 10 lines added, 1 line removed`. */
export function summary(diff: DocumentDiff): string {
  const count = (pick: (file: FileDiff) => number): number =>
    diff.files.reduce((sum, file) => sum + pick(file), 0);
  const lines = (pick: (file: FileDiff) => number): string => countWords(count(pick), 'line', 'lines');
  const files = countWords(diff.files.length, 'file', 'files');
  return `${files}, ${lines((file) => file.added)} added, ${lines((file) => file.removed)} removed`;
}

/** The lines of a diff in unified form, without its head. */
export function unifiedLines(unified: string): DiffLine[] {
  const lines = unified.split('\n');
  if (lines.at(-1) === '') lines.pop();
  const first = lines.findIndex((line) => line.startsWith('@@'));
  return lines.slice(Math.max(0, first)).map(parseLine);
}

function parseLine(line: string): DiffLine {
  const text = line.slice(1);
  if (line.startsWith('@@')) return { kind: 'hunk', text: line };
  if (line.startsWith('+')) return { kind: 'added', text };
  if (line.startsWith('-')) return { kind: 'removed', text };
  if (line.startsWith('\\')) return { kind: 'note', text: text.trim() };
  return { kind: 'same', text };
}

/** One file of a diff, to be folded and unfolded. */
export function drawFile(file: FileDiff, isOpen: boolean): HTMLElement {
  const lines = h('div', { class: 'diff-lines', tabindex: '0', role: 'group', 'aria-label': file.path });
  const all = unifiedLines(file.unified);
  const draw = (from: number): void => {
    lines.querySelector('.diff-more')?.remove();
    lines.append(...all.slice(from, from + LINES_AT_ONCE).map(drawLine));
    const left = all.length - from - LINES_AT_ONCE;
    if (left > 0) lines.append(more(left, () => draw(from + LINES_AT_ONCE)));
  };
  const details = h(
    'details',
    { class: 'diff-file', open: isOpen, 'data-testid': 'diff-file', 'data-path': file.path },
    h('summary', {}, ...head(file)),
    lines,
  );
  // A folded file costs nothing until it is looked at.
  const drawOnce = (): void => {
    if (details.open && lines.childElementCount === 0) draw(0);
  };
  details.addEventListener('toggle', drawOnce);
  drawOnce();
  return details;
}

function head(file: FileDiff): Child[] {
  return [
    h('span', { class: 'diff-path' }, file.path),
    h('span', { class: 'diff-word' }, WORDS[file.change]),
    h('span', { class: 'diff-count added', 'aria-label': `${file.added} lines added` }, `+${file.added}`),
    h(
      'span',
      { class: 'diff-count removed', 'aria-label': `${file.removed} lines removed` },
      `−${file.removed}`,
    ),
  ];
}

function drawLine({ kind, text }: DiffLine): HTMLElement {
  if (kind === 'hunk' || kind === 'note') return h('div', { class: `diff-line ${kind}` }, text);
  const sign = kind === 'added' ? '+' : kind === 'removed' ? '−' : ' ';
  return h(
    'div',
    { class: `diff-line ${kind}` },
    h('span', { class: 'diff-sign' }, sign),
    h(kind === 'added' ? 'ins' : kind === 'removed' ? 'del' : 'span', { class: 'diff-text' }, text),
  );
}

function more(left: number, draw: () => void): HTMLElement {
  return h(
    'button',
    { type: 'button', class: 'button diff-more', onclick: draw },
    `Show more (${left.toLocaleString()} lines are left)`,
  );
}

/** A place for a diff that is on its way: shows that, then the diff or why there is none and a way to ask again. */
export class DiffPane {
  readonly element = h('div', { class: 'diff-pane', 'aria-live': 'polite' });
  private asked = 0;

  constructor(
    private readonly options: {
      readonly same: string;
      readonly explain: (error: unknown) => string;
    },
  ) {}

  /** Asks for a diff and shows it; null if it failed or another was asked for meanwhile. */
  async show(ask: () => Promise<DocumentDiff>): Promise<DocumentDiff | null> {
    const serial = (this.asked += 1);
    const spinner = h('span', { class: 'spinner', role: 'img', 'aria-label': 'Busy' });
    fill(this.element, h('p', { class: 'diff-wait' }, spinner, 'Comparing…'));
    try {
      const diff = await ask();
      if (serial !== this.asked) return null;
      const words = diff.files.length > 0 && h('p', { class: 'diff-summary' }, summary(diff));
      fill(this.element, words, drawDiff(diff, this.options.same));
      return diff;
    } catch (error) {
      if (serial === this.asked) this.failed(error, ask);
      return null;
    }
  }

  private failed(error: unknown, ask: () => Promise<DocumentDiff>): void {
    const again = (): void => void this.show(ask);
    fill(
      this.element,
      h('p', { class: 'field-error', role: 'alert' }, this.options.explain(error)),
      h('button', { type: 'button', class: 'button', onclick: again }, 'Try again'),
    );
  }
}
