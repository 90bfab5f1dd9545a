/** The dialog that shows what work in a terminal did to the files, and takes over what is ticked. */
import type * as Y from 'yjs';
import { notice, openDialog } from '../dialogs.ts';
import { fill, h, type Child } from '../dom.ts';
import { countWords } from '../history/context.ts';
import { drawFile } from '../history/diff-view.ts';
import type { TerminalChange } from '../wire.ts';
import { Draft, type Offer } from './changes.ts';

/** Of so many files, the first few are unfolded. */
const OPEN_FILES = 3;

interface TakeOverDialogOptions {
  readonly doc: Y.Doc;
  readonly changes: readonly TerminalChange[];
  readonly leftOut: readonly string[];
  /** The files that were edited here since the terminal was opened. */
  readonly edited: ReadonlySet<string>;
  readonly onTaken: (paths: readonly string[]) => void;
}

export function openTakeOver(options: TakeOverDialogOptions): void {
  const draft = new Draft(options.doc, options.changes, options.edited);
  const { offers } = draft;
  const hasOffers = offers.length > 0;
  if (!hasOffers && options.leftOut.length === 0) {
    draft.dispose();
    return notice('The files in the terminal are the same as in the room.');
  }
  const boxes = offers.map((offer) => box(offer));
  const ticked = (): TerminalChange[] =>
    offers.filter((_, index) => boxes[index]?.checked === true).map(({ change }) => change);
  const take = (): void => {
    const changes = ticked();
    dialog.close();
    draft.apply(changes);
    options.onTaken(changes.map(({ path }) => path));
    notice(`${countWords(changes.length, 'file', 'files')} taken over.`);
  };
  const confirm = h('button', {
    ...{ type: 'button', class: 'button primary', onclick: take },
    'data-testid': 'confirm-take-over',
  });
  const render = (): void => {
    const count = ticked().length;
    confirm.disabled = count === 0;
    fill(confirm, count === 0 ? 'Take over' : `Take over ${countWords(count, 'file', 'files')}`);
  };
  for (const input of boxes) input.addEventListener('change', render);
  const cancel = { type: 'button', class: 'button', onclick: () => dialog.close() };
  const dialog = openDialog({
    title: 'Take files over from the terminal',
    testId: 'take-over-dialog',
    body: [
      ...intro(offers),
      h('ul', { class: 'take-over' }, ...offers.map((offer, index) => row(offer, boxes[index], index))),
      ...leftOut(options.leftOut),
      h(
        'div',
        { class: 'dialog-actions' },
        h('button', cancel, hasOffers ? 'Cancel' : 'Close'),
        hasOffers && confirm,
      ),
    ],
  });
  dialog.element.classList.add('wide');
  render();
}

function intro(offers: readonly Offer[]): Child[] {
  if (offers.length === 0) return [h('p', {}, 'No file that can be taken over differs from the room’s.')];
  return [
    h(
      'p',
      {},
      'What is ticked changes the room’s files, for everybody, at once. The history keeps what was there, and can bring it back.',
    ),
  ];
}

function box({ change, problem, isEdited }: Offer): HTMLInputElement {
  return h('input', {
    type: 'checkbox',
    class: 'take-box',
    checked: problem === null && !isEdited,
    disabled: problem !== null,
    'aria-label': `Take over ${change.path}`,
    'data-testid': 'take-file',
    'data-path': change.path,
  });
}

function row({ diff, problem, isEdited }: Offer, input: Child, index: number): HTMLElement {
  const warning = 'Edited in the room since the terminal was opened: taking it over undoes those edits.';
  const words = problem ?? (isEdited ? warning : null);
  return h(
    'li',
    {},
    input,
    h(
      'div',
      {},
      drawFile(diff, index < OPEN_FILES),
      words !== null && h('p', { class: 'take-warning' }, words),
    ),
  );
}

function leftOut(reasons: readonly string[]): Child[] {
  if (reasons.length === 0) return [];
  return [
    h('h3', { class: 'diff-title' }, 'Not offered'),
    h(
      'ul',
      { class: 'left-out', 'data-testid': 'left-out' },
      ...reasons.map((reason) => h('li', {}, reason)),
    ),
  ];
}
