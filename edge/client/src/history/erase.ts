/** The dialog that takes an author's name out of the room: one's own, or for those who run the room anybody's. */
import { explain } from '../api.ts';
import { confirmAction, notice, openDialog } from '../dialogs.ts';
import { fill, h } from '../dom.ts';
import * as calls from './calls.ts';
import type { HistoryContext } from './context.ts';

interface Named {
  readonly id: string;
  readonly name: string;
}

export function openErase(context: HistoryContext, authors: readonly Named[]): void {
  const offered = offeredTo(context, authors);
  if (offered.length === 0) {
    const words = 'You have not written anything here, so there is no name of yours to erase.';
    openDialog({ title: 'Erase a name', testId: 'erase-dialog', body: [h('p', {}, words)] });
    return;
  }
  const you = context.youId();
  const error = h('p', { class: 'field-error', role: 'alert' });
  const select = h(
    'select',
    { class: 'select', id: 'erase-author', 'data-testid': 'erase-author' },
    ...offered.map(({ id, name }) => h('option', { value: id }, id === you ? `${name} (you)` : name)),
  );
  const erase = async (): Promise<void> => {
    const author = offered.find(({ id }) => id === select.value);
    if (author === undefined || !(await isMeant(author))) return;
    fill(error);
    try {
      await calls.eraseAuthor(context.roomId, author.id, await context.token());
      dialog.close();
      notice('The name is erased.');
    } catch (problem) {
      fill(error, explain(problem));
    }
  };
  const dialog = openDialog({
    title: 'Erase a name',
    testId: 'erase-dialog',
    body: [
      h('p', { class: 'dialog-text' }, 'The name goes from everything that this room keeps. The text stays.'),
      h('label', { class: 'field-label', for: 'erase-author' }, 'Whose name'),
      select,
      error,
      h(
        'div',
        { class: 'dialog-actions' },
        eraseButton(() => void erase()),
      ),
    ],
  });
}

/** Oneself first. */
function offeredTo(context: HistoryContext, authors: readonly Named[]): Named[] {
  const role = context.role();
  const you = context.youId();
  const mayAll = role === 'owner' || role === 'admin';
  return authors
    .filter(({ id }) => mayAll || id === you)
    .sort((a, b) => Number(b.id === you) - Number(a.id === you) || a.name.localeCompare(b.name));
}

function isMeant({ name }: Named): Promise<boolean> {
  const text = `What ${name} wrote stays, without the name: in the history, in the chat and at the snapshots. This cannot be taken back.`;
  return confirmAction(`Erase the name “${name}”?`, text, 'Erase the name');
}

function eraseButton(onclick: () => void): HTMLElement {
  const attributes = { type: 'button', class: 'button danger', 'data-testid': 'erase', onclick };
  return h('button', attributes, 'Erase…');
}
