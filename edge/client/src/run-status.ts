/** How a run stands, in one line: its state in words, its file, its figures. */
import { h } from './dom.ts';
import { describe, duration, isGood, isOver, size } from './runs.ts';
import type { Run } from './wire.ts';

export class RunStatus {
  readonly element: HTMLElement;
  private readonly mark = h('span', { 'aria-hidden': 'true' });
  /** The only part that is read aloud: it changes with the state, not with the clock. */
  private readonly words = h('span', { class: 'run-words', role: 'status', 'data-testid': 'run-state' });
  private readonly entry = h('span', { class: 'run-entry' });
  private readonly facts = h('span', { class: 'run-facts', 'data-testid': 'run-facts' });

  constructor(private readonly now: () => number) {
    this.element = h('div', { class: 'run-status' }, this.mark, this.words, this.entry, this.facts);
  }

  render(run: Run | undefined): void {
    this.element.hidden = run === undefined;
    if (run === undefined) return;
    const kind = kindOf(run);
    this.element.dataset['kind'] = kind;
    const facts = [
      run.exitCode !== null && isOver(run) ? `exit ${run.exitCode}` : null,
      run.wallMs !== null ? duration(run.wallMs) : this.elapsed(run),
      run.memoryBytes !== null ? size(run.memoryBytes) : null,
      `by ${run.startedBy}`,
    ].filter((fact) => fact !== null);
    this.mark.className = kind === 'busy' ? 'spinner' : 'dot';
    setText(this.words, describe(run));
    setText(this.entry, run.entry);
    setText(this.facts, facts.join(' · '));
  }

  private elapsed(run: Run): string | null {
    if (isOver(run)) return null;
    const seconds = Math.round((this.now() - run.createdAt) / 1_000);
    return seconds >= 1 && seconds < 600 ? `${seconds} s` : null;
  }
}

function kindOf(run: Run): 'busy' | 'good' | 'stopped' | 'bad' {
  if (!isOver(run)) return 'busy';
  if (isGood(run)) return 'good';
  return run.state === 'cancelled' ? 'stopped' : 'bad';
}

/** Leaves the node alone where nothing changes, so that nothing is announced twice. */
export function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
