/** The files of a moment on screen: which one is shown, with whose words in it. Follows the changes from file to file. */
import { fill, h } from '../dom.ts';
import { comparePaths } from '../files.ts';
import type { AuthorSpan } from './authorship.ts';
import { FileTabs } from './file-tabs.ts';
import type { Change, Replayer } from './replayer.ts';
import type { Timeline } from './timeline.ts';
import { Viewer } from './viewer.ts';
import { Voices } from './voices.ts';

/** More names than this are not told apart by colour anyway. */
const LEGEND_MAX = 6;

/** The files as some source tells them. */
interface FilesThen {
  readonly paths: readonly string[];
  readonly changes: readonly Change[];
  readonly author: string | null;
  readonly text: (path: string) => string;
  readonly spans: (path: string) => AuthorSpan[];
}

export class Scene {
  readonly tabs: FileTabs;
  readonly legend = h('ul', { class: 'legend', 'aria-label': 'Who wrote this file' });
  readonly editor = h('div', { class: 'editor-host' });
  private readonly nothing = h('p', { class: 'history-nothing', hidden: true }, 'There was no file yet.');
  private readonly viewer: Viewer;
  private readonly host = h('div', { class: 'editor-host' });
  private chosen: string | null;
  private last: FilesThen | null = null;
  private nameOf: (author: string | null) => string = () => '';
  private readonly voices = new Voices();
  private legendOf = '';

  constructor(path: string | null) {
    this.chosen = path;
    this.viewer = new Viewer(this.host);
    this.editor.append(this.host, this.nothing);
    this.tabs = new FileTabs((chosen) => {
      this.chosen = chosen;
      if (this.last !== null) this.draw(this.last, false);
    });
  }

  /** Shows the moment that the document stands at. */
  show(timeline: Timeline, replayer: Replayer): void {
    this.nameOf = (author) => timeline.nameOf(author);
    // In the room's order, so that everybody sees the same colours.
    for (const { id } of timeline.authors()) this.voices.of(id);
    const files: FilesThen = {
      paths: replayer.paths(),
      changes: replayer.changes,
      author: timeline.items[replayer.index - 1]?.author ?? null,
      text: (path) => replayer.text(path)?.toString() ?? '',
      spans: (path) => {
        const text = replayer.text(path);
        return text === null ? [] : timeline.authorship.spans(text);
      },
    };
    this.draw(files, true);
  }

  /** Shows files of which nothing is known but their text. */
  showPlain(files: ReadonlyMap<string, string>): void {
    const paths = [...files.keys()].sort(comparePaths);
    const text = (path: string): string => files.get(path) ?? '';
    this.draw({ paths, changes: [], author: null, text, spans: () => [] }, false);
  }

  dispose(): void {
    this.viewer.dispose();
  }

  private draw(files: FilesThen, follow: boolean): void {
    this.last = files;
    const changed = files.changes.find(({ path }) => files.paths.includes(path))?.path;
    if (follow && changed !== undefined) this.chosen = changed;
    const isThere = this.chosen !== null && files.paths.includes(this.chosen);
    const path = isThere ? this.chosen : (files.paths[0] ?? null);
    this.nothing.hidden = path !== null;
    this.tabs.render(files.paths, path);
    const spans = path === null ? [] : files.spans(path);
    const change = files.changes.find((candidate) => candidate.path === path) ?? null;
    const sight = { spans, change, author: files.author, nameOf: this.nameOf, colorOf: this.colorOf };
    this.viewer.show(path, path === null ? '' : files.text(path), sight);
    this.renderLegend(spans);
  }

  private readonly colorOf = (author: string): string => this.voices.of(author);

  private renderLegend(spans: readonly AuthorSpan[]): void {
    const authors = [...new Set(spans.flatMap(({ author }) => author ?? []))];
    const state = authors.map((author) => `${author} ${this.nameOf(author)}`).join('\n');
    if (state === this.legendOf) return;
    this.legendOf = state;
    const shown = authors.slice(0, LEGEND_MAX).map((author) => {
      const voice = h('span', { class: 'voice', 'aria-hidden': 'true' });
      voice.style.background = this.colorOf(author);
      return h('li', {}, voice, this.nameOf(author));
    });
    const more = authors.length - shown.length;
    fill(this.legend, ...shown, more > 0 && h('li', {}, `and ${more} more`));
  }
}
