/**
 * The files of a room: the `files` map of the shared document, from path to text. Owns the rules for paths (the
 * same as the server's) and every change of the map; what a text contains is the editor's.
 */
import * as Y from 'yjs';

const PATH_MAX_BYTES = 255;
const PATH_MAX_SEGMENTS = 16;
export const FILES_MAX = 500;

export class Files {
  private readonly map: Y.Map<Y.Text>;

  constructor(private readonly doc: Y.Doc) {
    this.map = doc.getMap<Y.Text>('files');
  }

  /** All paths in alphabetical order: the order of the tabs, the same for everybody. */
  paths(): string[] {
    return [...this.map.keys()].filter((path) => this.text(path) !== null).sort(comparePaths);
  }

  /** The file's text; null if there is no such file (other clients may put anything into the map). */
  text(path: string): Y.Text | null {
    const value: unknown = this.map.get(path);
    return value instanceof Y.Text ? value : null;
  }

  add(path: string, content = ''): void {
    this.map.set(path, new Y.Text(content));
  }

  /**
   * Gives a file another path. A shared text cannot change its place, so this makes a copy under the new path:
   * what others type into the old one at this very moment is lost.
   */
  rename(from: string, to: string): void {
    const text = this.text(from);
    if (text === null || from === to) return;
    this.doc.transact(() => {
      this.map.set(to, new Y.Text(text.toString()));
      this.map.delete(from);
    });
  }

  remove(path: string): void {
    this.map.delete(path);
  }

  /** Calls `listener` whenever files come, go or are replaced; the answer unsubscribes. */
  observe(listener: () => void): () => void {
    this.map.observe(listener);
    return () => this.map.unobserve(listener);
  }

  /** Calls `listener` with the paths of files that come, go or are written in. */
  observeEdits(listener: (paths: readonly string[]) => void): void {
    this.map.observeDeep((events) =>
      listener(
        events.flatMap((event) => {
          const [path] = event.path;
          return path === undefined ? [...event.changes.keys.keys()] : [String(path)];
        }),
      ),
    );
  }
}

/** What is wrong with a path for a file, or null. `taken` are the paths that exist. */
export function pathProblem(path: string, taken: readonly string[]): string | null {
  const segments = path.split('/');
  if (path === '') return 'A file needs a name.';
  if (new TextEncoder().encode(path).length > PATH_MAX_BYTES) return 'This name is too long.';
  if (/[\u0000-\u001f\u007f-\u009f\\]/.test(path))
    return 'A name has no backslash and no control characters.';
  if (segments.some((part) => part === '' || part === '.' || part === '..')) {
    return 'Use a relative path such as src/main.py, without “.” or “..” parts.';
  }
  if (segments.length > PATH_MAX_SEGMENTS) return `At most ${PATH_MAX_SEGMENTS} folders deep.`;
  if (taken.includes(path)) return 'There is a file of this name already.';
  if (taken.some((other) => other.startsWith(`${path}/`))) return 'There is a folder of this name already.';
  if (taken.some((other) => path.startsWith(`${other}/`))) return 'A folder of this path is a file already.';
  if (taken.length >= FILES_MAX) return `A room has at most ${FILES_MAX} files.`;
  return null;
}

/** A path for a new file that is not taken: `main.py`, then `main-2.py`, `main-3.py`… */
export function freePath(wanted: string, taken: readonly string[]): string {
  const dot = wanted.lastIndexOf('.');
  const [stem, end] = dot > 0 ? [wanted.slice(0, dot), wanted.slice(dot)] : [wanted, ''];
  let path = wanted;
  for (let number = 2; taken.includes(path); number += 1) path = `${stem}-${number}${end}`;
  return path;
}

/** The order in which files are shown. */
export function comparePaths(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true }) || (a < b ? -1 : 1);
}
