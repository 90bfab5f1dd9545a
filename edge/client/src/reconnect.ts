/** When to try again: backoff with chance in it, one timer. What trying means is the owner's. */

/** The last try failed, the room was restarted, or it has more to do than it can. */
export type Why = 'lost' | 'restarting' | 'busy';

const FIRST_MS = 300;
const LONGEST_MS = 15_000;
/** A room that is full or flooded is left alone at least this long. */
const BUSY_MS = 4_000;
/** A connection that held this long was a good one: the next loss starts from the shortest wait. */
const STABLE_MS = 10_000;
const RESTARTED = 1012;
const TRY_LATER = 1013;

export function whyOf(code: number): Why {
  if (code === RESTARTED) return 'restarting';
  return code === TRY_LATER ? 'busy' : 'lost';
}

/** Half of the wait is chance, so that a restart's clients do not come back all at once. */
export function waitMs(failures: number, why: Why, chance: number): number {
  const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 10));
  return Math.max(why === 'busy' ? BUSY_MS : 0, longest / 2) + chance * (longest / 2);
}

export class Reconnect {
  private failures = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private stableSince: number | null = null;
  private waiting: { readonly until: number; readonly why: Why } | null = null;

  constructor(private readonly attempt: () => void) {}

  /** The wait that is going on, if one is. */
  get wait(): { readonly until: number; readonly why: Why } | null {
    return this.waiting;
  }

  /** True before the first connection has failed. */
  get isFresh(): boolean {
    return this.failures === 0;
  }

  /** A connection was lost or did not come about. One that is waited for already is left as it is. */
  lost(code: number): void {
    const now = Date.now();
    if (this.stableSince !== null && now - this.stableSince >= STABLE_MS) this.failures = 0;
    this.stableSince = null;
    if (this.timer !== null) return;
    const why = whyOf(code);
    const ms = waitMs(this.failures, why, Math.random());
    this.failures += 1;
    this.waiting = { until: now + ms, why };
    this.timer = setTimeout(() => this.now(), ms);
  }

  /** Everything is connected. */
  succeeded(): void {
    this.stableSince ??= Date.now();
    this.cancel();
  }

  /** Tries at once. */
  now(): void {
    this.cancel();
    this.attempt();
  }

  cancel(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.waiting = null;
  }
}
