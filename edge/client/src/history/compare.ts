/** The dialog that compares two moments: each of them the beginning, a snapshot, the shown one, or now. */
import { explain } from '../api.ts';
import { openDialog } from '../dialogs.ts';
import { h } from '../dom.ts';
import type { Snapshot } from '../wire.ts';
import * as calls from './calls.ts';
import { beginning } from './captions.ts';
import { timeWords, type HistoryContext } from './context.ts';
import { DiffPane } from './diff-view.ts';

/** A moment that can be chosen. */
export interface Choice {
  readonly id: string;
  readonly label: string;
  readonly position: number;
}

/** The moments to choose from, in the order of the time line; the shown one is left out where it is another. */
export function choices(moments: {
  readonly first: number;
  readonly last: number;
  readonly shown: number;
  readonly shownAt: number | null;
  readonly snapshots: readonly Snapshot[];
}): Choice[] {
  const { first, last, shown, shownAt, snapshots } = moments;
  const named = snapshots.map(({ id, name, position }) => ({ id, label: `Snapshot “${name}”`, position }));
  const time = shownAt === null ? '' : `, ${timeWords(shownAt)}`;
  const here = { id: 'shown', label: `The moment shown${time}`, position: shown };
  const all = [{ id: 'first', label: beginning(first), position: first }, ...named];
  if (shown > first && shown < last) all.push(here);
  all.sort((a, b) => a.position - b.position);
  return [...all, { id: 'now', label: 'Now', position: last }];
}

export function openCompare(context: HistoryContext, moments: readonly Choice[], shown: number): void {
  const pane = new DiffPane({ same: 'The files are the same at both moments.', explain });
  const compare = (): void => {
    const [a, b] = [chosen(from), chosen(to)];
    void pane.show(async () => calls.diff(context.roomId, a, b, await context.token()));
  };
  const chosen = (select: HTMLSelectElement): number =>
    moments.find(({ id }) => id === select.value)?.position ?? shown;
  const [from, to] = [
    picker('diff-from', startOf(moments, shown), moments, compare),
    picker('diff-to', 'now', moments, compare),
  ];
  const dialog = openDialog({
    title: 'Compare two moments',
    testId: 'compare-dialog',
    body: [h('div', { class: 'compare' }, field('From', from), field('To', to)), pane.element],
  });
  dialog.element.classList.add('wide');
  compare();
}

/** What one most likely wants to compare with now: the shown moment, else the latest named one. */
function startOf(moments: readonly Choice[], shown: number): string {
  const found = moments.find(({ id, position }) => id !== 'now' && position === shown);
  return (found ?? moments.findLast(({ id }) => id !== 'now'))?.id ?? 'first';
}

function picker(
  id: string,
  selected: string,
  moments: readonly Choice[],
  onchange: () => void,
): HTMLSelectElement {
  return h(
    'select',
    { class: 'select', id, 'data-testid': id, onchange },
    ...moments.map((moment) =>
      h('option', { value: moment.id, selected: moment.id === selected }, moment.label),
    ),
  );
}

function field(label: string, select: HTMLSelectElement): HTMLElement {
  return h('div', { class: 'field' }, h('label', { class: 'field-label', for: select.id }, label), select);
}
