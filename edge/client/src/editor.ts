/**
 * The code editor: one CodeMirror view that shows one file at a time, bound to its shared text. Keeps, for each
 * file, its undo history and where the person was in it.
 */
import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completeAnyWord,
  completionKeymap,
} from '@codemirror/autocomplete';
import { defaultKeymap, indentWithTab, toggleTabFocusMode } from '@codemirror/commands';
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit } from '@codemirror/language';
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
import { Compartment, EditorSelection, EditorState, type Extension } from '@codemirror/state';
import {
  crosshairCursor,
  drawSelection,
  dropCursor,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
  rectangularSelection,
} from '@codemirror/view';
import { yCollab, yUndoManagerKeymap } from 'y-codemirror.next';
import type { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { editorTheme } from './editor-theme.ts';
import { highlightingOf } from './languages.ts';
import { loadPreferences, onPreferences } from './preferences.ts';

/** Where a person was in a file when they left it. */
interface Place {
  readonly selection: EditorSelection;
  readonly scrollTop: number;
}

export class Editor {
  readonly view: EditorView;
  private readonly wrap = new Compartment();
  private readonly language = new Compartment();
  private readonly access = new Compartment();
  private readonly undo = new WeakMap<Y.Text, Y.UndoManager>();
  private readonly places = new WeakMap<Y.Text, Place>();
  private readonly unsubscribe: () => void;
  private path: string | null = null;
  private text: Y.Text | null = null;

  constructor(
    parent: HTMLElement,
    private readonly awareness: Awareness,
    private readonly options: { readonly label: string; readonly onRun: () => void },
    private readOnly: boolean,
  ) {
    this.view = new EditorView({ parent, state: EditorState.create() });
    this.unsubscribe = onPreferences((preferences) => {
      this.view.dispatch({ effects: this.wrap.reconfigure(preferences.wrap ? EditorView.lineWrapping : []) });
      // The font size is CSS; the editor has to measure its lines anew.
      this.view.requestMeasure();
    });
  }

  /** Shows a file, or nothing. Showing the text that is shown already does nothing. */
  show(path: string | null, text: Y.Text | null): void {
    if (this.path === path && this.text === text) return;
    this.leave();
    this.path = path;
    this.text = text;
    const user = this.awareness.getLocalState()?.['user'] as object | undefined;
    this.awareness.setLocalStateField('user', { ...user, file: path });
    if (path === null || text === null) return this.view.setState(EditorState.create());
    const place = this.places.get(text);
    const selection =
      place !== undefined && place.selection.ranges.every((range) => range.to <= text.length)
        ? { selection: place.selection }
        : {};
    this.view.setState(
      EditorState.create({ doc: text.toString(), extensions: this.extensions(path, text), ...selection }),
    );
    if (place !== undefined) this.view.scrollDOM.scrollTop = place.scrollTop;
    void this.highlight(path, text);
  }

  /** What is shown now. */
  get shown(): { readonly path: string; readonly text: Y.Text } | null {
    const { path, text } = this;
    return path === null || text === null ? null : { path, text };
  }

  setReadOnly(readOnly: boolean): void {
    this.readOnly = readOnly;
    if (this.text !== null) this.view.dispatch({ effects: this.access.reconfigure(this.accessExtensions()) });
  }

  focus(): void {
    this.view.focus();
  }

  dispose(): void {
    this.unsubscribe();
    this.view.destroy();
  }

  private leave(): void {
    if (this.text === null) return;
    this.places.set(this.text, {
      selection: this.view.state.selection,
      scrollTop: this.view.scrollDOM.scrollTop,
    });
    this.awareness.setLocalStateField('cursor', null);
  }

  private async highlight(path: string, text: Y.Text): Promise<void> {
    const highlighting = highlightingOf(path);
    if (highlighting === null) return;
    const language = await highlighting.load();
    if (this.text === text) this.view.dispatch({ effects: this.language.reconfigure(language) });
  }

  private undoManager(text: Y.Text): Y.UndoManager {
    let manager = this.undo.get(text);
    if (manager === undefined) {
      manager = new Y.UndoManager(text);
      this.undo.set(text, manager);
    }
    return manager;
  }

  private accessExtensions(): Extension {
    if (!this.readOnly) return [];
    return [
      EditorState.readOnly.of(true),
      EditorView.editable.of(false),
      EditorView.contentAttributes.of({ tabindex: '0' }),
    ];
  }

  private extensions(path: string, text: Y.Text): Extension[] {
    const indent = highlightingOf(path)?.indent ?? 4;
    const run = (): boolean => {
      this.options.onRun();
      return true;
    };
    return [
      keymap.of([
        { key: 'Mod-Enter', run, preventDefault: true },
        ...yUndoManagerKeymap,
        ...closeBracketsKeymap,
        ...completionKeymap,
        ...searchKeymap,
        ...foldKeymap,
        { key: 'Ctrl-m', mac: 'Shift-Alt-m', run: toggleTabFocusMode },
        ...defaultKeymap,
        indentWithTab,
      ]),
      lineNumbers(),
      foldGutter({ openText: '⌄', closedText: '›' }),
      highlightSpecialChars(),
      drawSelection(),
      dropCursor(),
      EditorState.allowMultipleSelections.of(true),
      indentOnInput(),
      indentUnit.of(indent === 0 ? '\t' : ' '.repeat(indent)),
      EditorState.tabSize.of(indent === 0 ? 4 : indent),
      bracketMatching(),
      closeBrackets(),
      autocompletion(),
      EditorState.languageData.of(() => [{ autocomplete: completeAnyWord }]),
      rectangularSelection(),
      crosshairCursor(),
      highlightActiveLine(),
      highlightActiveLineGutter(),
      highlightSelectionMatches(),
      search({ top: true }),
      editorTheme,
      EditorView.contentAttributes.of({
        'aria-label': `${this.options.label} ${path}`,
        'data-testid': 'editor-content',
      }),
      this.wrap.of(loadPreferences().wrap ? EditorView.lineWrapping : []),
      this.language.of([]),
      this.access.of(this.accessExtensions()),
      yCollab(text, this.awareness, { undoManager: this.undoManager(text) }),
    ];
  }
}
