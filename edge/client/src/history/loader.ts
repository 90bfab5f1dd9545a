/**
 * Brings a room's log into a time line, page by page, and what comes later when the room says so. Owns the order of
 * the calls and their repetition; shows nothing.
 */
import { ApiError } from '../api.ts';
import type { HistoryPage } from '../wire.ts';
import { Timeline } from './timeline.ts';

/** The calls that it makes; see calls.ts. */
export interface Source {
  page(after: number, limit?: number): Promise<HistoryPage>;
  state(at: number): Promise<Uint8Array>;
}

export interface LoaderEvents {
  /** The time line that is being filled from now on. */
  onTimeline(timeline: Timeline): void;
  /** Some of it has come, or the room has gone on. */
  onProgress(): void;
  /** It stopped; `retry` goes on. */
  onFailure(error: unknown): void;
}

export class Loader {
  private timeline: Timeline | null = null;
  private busy = false;
  private disposed = false;

  constructor(
    private readonly source: Source,
    private readonly on: LoaderEvents,
  ) {}

  /** Loads everything there is. Also the way on after a failure. */
  async load(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      await this.fetchAll();
    } catch (error) {
      if (!this.disposed) this.on.onFailure(error);
    } finally {
      this.busy = false;
    }
  }

  /** Begins anew, as after a change of what is already loaded. */
  reload(): Promise<void> {
    this.timeline = null;
    return this.load();
  }

  /** The room's log is durable up to here. */
  reached(position: number): void {
    if (this.timeline === null || position <= this.timeline.last) return;
    this.timeline.reached(position);
    this.on.onProgress();
    void this.load();
  }

  dispose(): void {
    this.disposed = true;
  }

  private async fetchAll(): Promise<void> {
    while (!this.disposed) {
      const timeline = this.timeline ?? (await this.begin());
      if (timeline === null || timeline.loaded >= timeline.last) return;
      const page = await this.source.page(timeline.loaded);
      // Meanwhile somebody asked for another beginning.
      if (this.timeline !== timeline) continue;
      if (page.first > timeline.loaded) {
        // The room has just folded away what would come next, so the beginning is another.
        this.timeline = null;
        continue;
      }
      timeline.add(page);
      this.on.onProgress();
    }
  }

  private async begin(): Promise<Timeline | null> {
    for (let attempt = 1; ; attempt += 1) {
      const head = await this.source.page(0, 1);
      try {
        const base = head.first === 0 ? null : await this.source.state(head.first);
        if (this.disposed) return null;
        const timeline = new Timeline(head.first, base);
        timeline.add(head);
        this.timeline = timeline;
        this.on.onTimeline(timeline);
        return timeline;
      } catch (error) {
        // Between the two calls the room may have folded away that very position.
        const moved = error instanceof ApiError && error.code === 'VALIDATION_FAILED';
        if (!moved || attempt === 3) throw error;
      }
    }
  }
}
