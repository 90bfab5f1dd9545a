/** What can be done with the shown moment, and with the room as a whole: opens the dialogs for it. */
import { openMenu, type MenuItem } from '../menu.ts';
import type { Snapshot } from '../wire.ts';
import { choices, openCompare } from './compare.ts';
import type { HistoryContext } from './context.ts';
import { openErase } from './erase.ts';
import { openExport } from './export.ts';
import { openFork } from './fork.ts';
import { openMerge } from './merge.ts';
import { openRestore } from './restore.ts';
import type { Timeline } from './timeline.ts';

/** What is on screen; `position` is the server's name for it. */
export interface ShownMoment {
  readonly position: number;
  readonly at: number | null;
  readonly timeline: Timeline;
}

export interface ActionsOptions {
  readonly context: HistoryContext;
  /** Holds what is playing. Null until there is something on screen. */
  readonly hold: () => ShownMoment | null;
  readonly snapshots: () => readonly Snapshot[];
  /** Back to the living room. */
  readonly onLive: () => void;
}

export class Actions {
  constructor(private readonly options: ActionsOptions) {}

  readonly restore = (): void => {
    const { context, hold, onLive } = this.options;
    const shown = hold();
    if (shown === null) return;
    const { position, at, timeline } = shown;
    openRestore(context, { position, at, last: timeline.last, onRestored: onLive });
  };

  readonly fork = (): void => {
    const shown = this.options.hold();
    if (shown !== null) openFork(this.options.context, shown.position, shown.at);
  };

  readonly compare = (): void => {
    const { context, hold, snapshots } = this.options;
    const shown = hold();
    if (shown === null) return;
    const { first, last } = shown.timeline;
    const moments = { first, last, shown: shown.position, shownAt: shown.at, snapshots: snapshots() };
    openCompare(context, choices(moments), shown.position);
  };

  readonly more = (anchor: HTMLElement): void => {
    const { context, hold } = this.options;
    const authors = hold()?.timeline.authors() ?? [];
    const merge = { label: 'Merge…', testId: 'history-merge', work: () => openMerge(context) };
    const items: MenuItem[] = [
      { label: 'Export…', testId: 'history-export', work: () => openExport(context) },
      {
        label: 'Erase a name…',
        testId: 'history-erase',
        isDanger: true,
        work: () => openErase(context, authors),
      },
    ];
    openMenu(anchor, 'More', context.rights().edit ? [merge, ...items] : items);
  };
}
