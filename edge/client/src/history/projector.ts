/**
 * Brings the wanted moment on screen, a slice of work per frame, and moves it on while playing. Owns which moment is
 * wanted and whether it plays; draws nothing.
 */
import { Player, type Speed } from './player.ts';
import { Replayer } from './replayer.ts';
import type { Timeline } from './timeline.ts';

/** Of a frame's 16 ms; the rest is for drawing. */
const SLICE_MS = 9;
/** A page that was in the background does not catch up on what it missed. */
const FRAME_MAX_MS = 100;

export interface ProjectorEvents {
  /** The document stands at the moment with this index. */
  onShown(index: number): void;
  /** The wanted moment is not on screen yet. */
  onWaiting(): void;
  onPlaying(isPlaying: boolean): void;
}

export class Projector {
  readonly replayer: Replayer;
  private readonly player: Player;
  private place: number;
  private shown: number | null = null;
  private isPlaying = false;
  private playedAt: number | null = null;
  private frame: number | null = null;

  constructor(
    private readonly timeline: Timeline,
    place: number,
    private readonly on: ProjectorEvents,
  ) {
    this.replayer = new Replayer(timeline);
    this.player = new Player(timeline);
    this.place = place;
    this.schedule();
  }

  /** The place that is wanted. */
  get wanted(): number {
    return this.place;
  }

  get first(): number {
    return this.timeline.first;
  }

  get last(): number {
    return this.timeline.last;
  }

  get playing(): boolean {
    return this.isPlaying;
  }

  /** Whether what is on screen is what is wanted. */
  get isThere(): boolean {
    return this.timeline.loaded >= this.place && this.shown === this.timeline.indexOf(this.place);
  }

  seek(place: number): void {
    this.player.reset();
    this.go(Math.min(Math.max(place, this.timeline.first), this.timeline.last));
  }

  /** To what happened just before or after. */
  step(direction: -1 | 1): void {
    this.pause();
    const index = this.timeline.indexOf(this.place) + direction;
    if (index >= 0) this.seek(this.timeline.placeOf(Math.min(index, this.timeline.items.length)));
  }

  /** To the next mark in a direction, or to the end where there is none. */
  toMark(direction: -1 | 1): void {
    this.pause();
    const mark = this.timeline.markFrom(this.place, direction);
    this.seek(mark?.position ?? (direction === 1 ? this.timeline.last : this.timeline.first));
  }

  /** Plays from the wanted moment; from the beginning where there is nothing after it. */
  play(): void {
    if (this.place >= this.timeline.last) this.seek(this.timeline.first);
    this.setPlaying(true);
    this.schedule();
  }

  pause(): void {
    this.setPlaying(false);
  }

  /** Something else is on screen: whatever is wanted next has to be shown again. */
  leave(): void {
    this.pause();
    this.shown = null;
  }

  setSpeed(speed: Speed): void {
    this.player.speed = speed;
  }

  /** More of the time line has been loaded. */
  progressed(): void {
    if (!this.isThere) this.schedule();
  }

  dispose(): void {
    if (this.frame !== null) cancelAnimationFrame(this.frame);
    this.frame = null;
  }

  private go(place: number): void {
    this.place = place;
    this.schedule();
  }

  private setPlaying(isPlaying: boolean): void {
    this.playedAt = null;
    if (isPlaying === this.isPlaying) return;
    this.isPlaying = isPlaying;
    this.player.reset();
    this.on.onPlaying(isPlaying);
  }

  private schedule(): void {
    this.frame ??= requestAnimationFrame((now) => this.tick(now));
  }

  private tick(now: number): void {
    this.frame = null;
    if (this.isPlaying && this.isThere) this.advance(now);
    const goal = this.timeline.indexOf(this.place);
    const until = performance.now() + SLICE_MS;
    const isReached = this.replayer.moveTo(goal, () => performance.now() < until);
    if (isReached && this.timeline.loaded >= this.place && this.shown !== goal) {
      this.shown = goal;
      this.on.onShown(goal);
    } else if (!this.isThere) {
      this.on.onWaiting();
    }
    if (!isReached || this.isPlaying) this.schedule();
  }

  private advance(now: number): void {
    const elapsed = this.playedAt === null ? 0 : Math.min(FRAME_MAX_MS, now - this.playedAt);
    this.playedAt = now;
    const index = this.timeline.indexOf(this.place);
    const next = this.player.advance(index, elapsed);
    if (next !== index) this.place = this.timeline.placeOf(next);
    const { items, loaded, last } = this.timeline;
    if (next === items.length && loaded >= last) this.pause();
  }
}
