/** When playing reaches which moment: the gaps between items, long ones shortened, at a speed. Pure. */
import type { Timeline } from './timeline.ts';

/** Nobody wants to watch a room in which nothing happens. */
const PAUSE_MAX_MS = 1_000;

export const SPEEDS = [1, 2, 8, 32] as const;
export type Speed = (typeof SPEEDS)[number];

export class Player {
  speed: Speed = 1;
  /** Time that has been played since the current moment. */
  private sinceMs = 0;

  constructor(private readonly timeline: Timeline) {}

  /** Starts counting anew: somebody has moved the moment by hand. */
  reset(): void {
    this.sinceMs = 0;
  }

  /** The moment that is reached from `index` after `elapsedMs` of the viewer's time. */
  advance(index: number, elapsedMs: number): number {
    const { items } = this.timeline;
    this.sinceMs += elapsedMs * this.speed;
    let now = index;
    while (now < items.length && this.sinceMs >= this.gapBefore(now)) {
      this.sinceMs -= this.gapBefore(now);
      now += 1;
    }
    if (now === items.length) this.sinceMs = 0;
    return now;
  }

  /** How long the item at `index` is waited for. */
  private gapBefore(index: number): number {
    const [before, next] = [this.timeline.items[index - 1], this.timeline.items[index]];
    if (before === undefined || next === undefined) return 0;
    return Math.min(PAUSE_MAX_MS, Math.max(0, next.at - before.at));
  }
}
