/** The dialog that downloads the whole room as one archive. */
import { explain } from '../api.ts';
import { openDialog } from '../dialogs.ts';
import { fill, h } from '../dom.ts';
import { size } from '../runs.ts';
import * as calls from './calls.ts';
import { roomName, type HistoryContext } from './context.ts';

const WORDS =
  'One archive (zip) with the files as they are now, the chat, and the whole history in a form that programs can read.';

export function openExport(context: HistoryContext): void {
  const said = h('p', { class: 'hint', role: 'status', 'data-testid': 'export-state' });
  const error = h('p', { class: 'field-error', role: 'alert' });
  const download = async (): Promise<void> => {
    button.disabled = true;
    fill(error);
    fill(said, 'The room is being packed…');
    try {
      const onBytes = (received: number): void => fill(said, `${size(received)} have come…`);
      const archive = await calls.archive(context.roomId, await context.token(), onBytes);
      save(archive, fileName(roomName(context.roomId)));
      fill(said, `Done: ${size(archive.size)}.`);
    } catch (problem) {
      fill(said);
      fill(error, explain(problem));
    } finally {
      button.disabled = false;
    }
  };
  const attributes = { type: 'button', class: 'button primary', 'data-testid': 'confirm-export' };
  const button = h('button', { ...attributes, onclick: () => void download() }, 'Download');
  openDialog({
    title: 'Export the room',
    testId: 'export-dialog',
    body: [h('p', {}, WORDS), said, error, h('div', { class: 'dialog-actions' }, button)],
  });
}

/** A name that every system takes for a file. */
export function fileName(room: string): string {
  const plain = room.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-+|-+$/g, '');
  return `${plain === '' ? 'room' : plain}.zip`;
}

function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = h('a', { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  // The browser has taken hold of it once the click has been worked off.
  setTimeout(() => URL.revokeObjectURL(url), 0);
}
