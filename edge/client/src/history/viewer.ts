/**
 * One file at one moment, read-only: who wrote which part, and the last change with its author's name at it. Owns
 * the editor's view; which file and which moment is decided elsewhere.
 */
import { bracketMatching, foldGutter } from '@codemirror/language';
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
import { Compartment, EditorState, type Extension } from '@codemirror/state';
import { drawSelection, EditorView, highlightSpecialChars, keymap, lineNumbers } from '@codemirror/view';
import { editorTheme } from '../editor-theme.ts';
import { highlightingOf } from '../languages.ts';
import { loadPreferences, onPreferences } from '../preferences.ts';
import { authorship, setSight, type Sight } from './viewer-marks.ts';

/** Lines that stay visible around a change that is brought into view. */
const REVEAL_MARGIN_PX = 80;

export class Viewer {
  private readonly view: EditorView;
  private readonly wrap = new Compartment();
  private readonly language = new Compartment();
  private readonly unsubscribe: () => void;
  private path: string | null = null;
  private text = '';

  constructor(parent: HTMLElement) {
    this.view = new EditorView({ parent, state: EditorState.create() });
    this.unsubscribe = onPreferences((preferences) => {
      this.view.dispatch({ effects: this.wrap.reconfigure(preferences.wrap ? EditorView.lineWrapping : []) });
      this.view.requestMeasure();
    });
  }

  /** Shows a file as it was, or nothing. */
  show(path: string | null, text: string, sight: Sight): void {
    if (path === null) {
      this.path = null;
      return this.view.setState(EditorState.create());
    }
    if (path !== this.path) this.open(path, text);
    const changes = replacement(this.text, text);
    this.text = text;
    const at = sight.change === null ? null : sight.change.at + sight.change.inserted.length;
    const reveal = at === null ? [] : [EditorView.scrollIntoView(at, { yMargin: REVEAL_MARGIN_PX })];
    this.view.dispatch({
      ...(changes === null ? {} : { changes }),
      effects: [setSight.of(sight), ...reveal],
    });
  }

  dispose(): void {
    this.unsubscribe();
    this.view.destroy();
  }

  private open(path: string, text: string): void {
    this.path = path;
    this.text = text;
    this.view.setState(EditorState.create({ doc: text, extensions: this.extensions(path) }));
    void this.highlight(path);
  }

  private async highlight(path: string): Promise<void> {
    const language = await highlightingOf(path)?.load();
    if (language !== undefined && this.path === path) {
      this.view.dispatch({ effects: this.language.reconfigure(language) });
    }
  }

  private extensions(path: string): Extension[] {
    const tab = highlightingOf(path)?.indent ?? 4;
    return [
      keymap.of(searchKeymap),
      lineNumbers(),
      foldGutter({ openText: '⌄', closedText: '›' }),
      highlightSpecialChars(),
      drawSelection(),
      bracketMatching(),
      highlightSelectionMatches(),
      search({ top: true }),
      // Places are counted as the shared text counts them, so a carriage return stays a character.
      EditorState.lineSeparator.of('\n'),
      EditorState.tabSize.of(tab === 0 ? 4 : tab),
      EditorState.readOnly.of(true),
      EditorView.editable.of(false),
      EditorView.contentAttributes.of({
        tabindex: '0',
        'aria-label': `${path} at the shown moment`,
        'data-testid': 'history-content',
      }),
      editorTheme,
      authorship,
      this.wrap.of(loadPreferences().wrap ? EditorView.lineWrapping : []),
      this.language.of([]),
    ];
  }
}

/** The one piece in which two texts differ; null if they do not. */
export function replacement(
  before: string,
  after: string,
): { from: number; to: number; insert: string } | null {
  if (before === after) return null;
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before.charCodeAt(start) === after.charCodeAt(start)) start += 1;
  let end = 0;
  while (
    end < shorter - start &&
    before.charCodeAt(before.length - 1 - end) === after.charCodeAt(after.length - 1 - end)
  ) {
    end += 1;
  }
  return { from: start, to: before.length - end, insert: after.slice(start, after.length - end) };
}
