/**
 * A moment that has not been loaded yet, as the room itself tells it: its files, without who wrote what. Stands in
 * while the log that leads there is on its way.
 */
import * as Y from 'yjs';

/** The log often comes sooner than this; then nothing is asked. */
const PATIENCE_MS = 400;

export class FarMoment {
  private timer: ReturnType<typeof setTimeout> | null = null;
  private asked: AbortController | null = null;
  private position: number | null = null;

  constructor(
    private readonly state: (position: number, signal: AbortSignal) => Promise<Uint8Array>,
    private readonly onFiles: (files: ReadonlyMap<string, string>) => void,
  ) {}

  /**
   * Shows a position unless `forget` is called before; asking again for the same one changes nothing. Without
   * `onFailure` a failure is not told: the log is on its way, and shows the moment or says why it cannot.
   */
  want(position: number, onFailure: (error: unknown) => void = () => undefined): void {
    if (position === this.position) return;
    this.forget();
    this.position = position;
    this.timer = setTimeout(() => void this.fetch(position, onFailure), PATIENCE_MS);
  }

  forget(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.asked?.abort();
    this.timer = null;
    this.asked = null;
    this.position = null;
  }

  private async fetch(position: number, onFailure: (error: unknown) => void): Promise<void> {
    const asked = new AbortController();
    this.asked = asked;
    try {
      const state = await this.state(position, asked.signal);
      if (!asked.signal.aborted) this.onFiles(filesOf(state));
    } catch (error) {
      if (!asked.signal.aborted) onFailure(error);
    }
  }
}

function filesOf(state: Uint8Array): Map<string, string> {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, state);
  const files = new Map<string, string>();
  for (const [path, value] of doc.getMap('files')) {
    if (value instanceof Y.Text) files.set(path, value.toString());
  }
  doc.destroy();
  return files;
}
