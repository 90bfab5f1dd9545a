/** What the history's editor draws over a text: the colours of its authors, and the last change with a name at it. */
import { StateEffect, StateField, type Extension, type Range } from '@codemirror/state';
import {
  Decoration,
  EditorView,
  ViewPlugin,
  WidgetType,
  type DecorationSet,
  type ViewUpdate,
} from '@codemirror/view';
import type { AuthorSpan } from './authorship.ts';
import type { Change } from './replayer.ts';

export interface Sight {
  /** In the text's order. */
  readonly spans: readonly AuthorSpan[];
  /** The last change, if it was in this file. */
  readonly change: Change | null;
  readonly author: string | null;
  readonly nameOf: (author: string | null) => string;
  readonly colorOf: (author: string) => string;
}

export const setSight = StateEffect.define<Sight>();

const sightField = StateField.define<Sight | null>({
  create: () => null,
  update: (sight, transaction) =>
    transaction.effects.findLast((effect) => effect.is(setSight))?.value ?? sight,
});

/** The place of a change, with the name of who made it. */
class Caret extends WidgetType {
  constructor(
    readonly name: string,
    readonly color: string,
    /** Whether the name has no room above it. */
    readonly isFirstLine: boolean,
  ) {
    super();
  }

  override eq(other: Caret): boolean {
    return other.name === this.name && other.color === this.color && other.isFirstLine === this.isFirstLine;
  }

  override toDOM(): HTMLElement {
    const caret = document.createElement('span');
    caret.className = this.isFirstLine ? 'cm-change-caret first' : 'cm-change-caret';
    caret.style.setProperty('--voice', this.color);
    const label = document.createElement('span');
    label.className = 'cm-change-name';
    label.dataset['testid'] = 'history-caret';
    label.textContent = this.name;
    caret.append(label);
    return caret;
  }

  override ignoreEvent(): boolean {
    return true;
  }
}

/** Only what is in view is decorated: a long file has more pieces than a frame has time for. */
const plugin = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;

    constructor(view: EditorView) {
      this.decorations = decorate(view);
    }

    update(update: ViewUpdate): void {
      const isNew = update.state.field(sightField) !== update.startState.field(sightField);
      if (isNew || update.docChanged || update.viewportChanged) this.decorations = decorate(update.view);
    }
  },
  { decorations: (value) => value.decorations },
);

function decorate(view: EditorView): DecorationSet {
  const sight = view.state.field(sightField);
  if (sight === null) return Decoration.none;
  const marks: Range<Decoration>[] = [];
  for (const { from, to } of view.visibleRanges) {
    for (const span of spansIn(sight.spans, from, to)) {
      if (span.author === null) continue;
      const mark = byMark('cm-by', sight.colorOf(span.author), sight.nameOf(span.author));
      marks.push(mark.range(Math.max(from, span.from), Math.min(to, span.to)));
    }
  }
  if (sight.change?.kind === 'text') marks.push(...changeMarks(view, sight, sight.change));
  return Decoration.set(marks, true);
}

function changeMarks(view: EditorView, sight: Sight, change: Change): Range<Decoration>[] {
  const { length } = view.state.doc;
  const from = Math.min(change.at, length);
  const to = Math.min(change.at + change.inserted.length, length);
  const color = sight.author === null ? 'var(--text-muted)' : sight.colorOf(sight.author);
  const name = sight.nameOf(sight.author);
  const said = change.inserted === '' ? `${name} −${change.removed}` : name;
  const caret = new Caret(said, color, view.state.doc.lineAt(to).number === 1);
  const marks = [Decoration.widget({ widget: caret, side: 1 }).range(to)];
  if (to > from) marks.push(byMark('cm-change', color, name).range(from, to));
  return marks;
}

function byMark(kind: string, color: string, name: string): Decoration {
  return Decoration.mark({ class: kind, attributes: { style: `--voice: ${color}`, title: name } });
}

/** The spans that touch a range. */
function spansIn(spans: readonly AuthorSpan[], from: number, to: number): AuthorSpan[] {
  let [low, high] = [0, spans.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((spans[middle]?.to ?? 0) <= from) low = middle + 1;
    else high = middle;
  }
  const found: AuthorSpan[] = [];
  for (let index = low; index < spans.length; index += 1) {
    const span = spans[index];
    if (span === undefined || span.from >= to) break;
    found.push(span);
  }
  return found;
}

const theme = EditorView.baseTheme({
  '.cm-by': {
    backgroundColor: 'color-mix(in srgb, var(--voice) 13%, transparent)',
    boxShadow: 'inset 0 -1px 0 color-mix(in srgb, var(--voice) 55%, transparent)',
  },
  '.cm-change': {
    backgroundColor: 'color-mix(in srgb, var(--voice) 38%, transparent)',
    boxShadow: 'inset 0 -2px 0 var(--voice)',
    borderRadius: '2px',
  },
  '.cm-change-caret': {
    position: 'relative',
    borderLeft: '2px solid var(--voice)',
    marginLeft: '-1px',
    marginRight: '-1px',
  },
  '.cm-change-name': {
    position: 'absolute',
    zIndex: '5',
    left: '-2px',
    top: '-1.5em',
    padding: '2px 5px 3px',
    fontFamily: 'var(--sans)',
    fontSize: '11px',
    fontWeight: '600',
    lineHeight: '1',
    whiteSpace: 'nowrap',
    color: '#ffffff',
    backgroundColor: 'var(--voice)',
    borderRadius: '4px 4px 4px 0',
    pointerEvents: 'none',
  },
  '.cm-change-caret.first .cm-change-name': { top: '1.6em', borderRadius: '0 4px 4px 4px' },
});

export const authorship: Extension = [sightField, plugin, theme];
