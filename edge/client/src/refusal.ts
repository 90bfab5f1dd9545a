/** What to say, and what to offer, when a room closes its sockets for good (close codes 4400 to 4499). */
import { openDialog } from './dialogs.ts';
import { h } from './dom.ts';

interface Refusal {
  readonly title: string;
  readonly text: string;
  /** The button that reloads the page; null where that would not help. */
  readonly again: string | null;
}

const REFUSALS: Readonly<Record<number, Refusal>> = {
  4401: {
    title: 'You are signed out of this room',
    text: 'The room does not accept your pass any more. Open it again by its link, or log in.',
    again: 'Try again',
  },
  4403: {
    title: 'You no longer have access',
    text: 'The link was withdrawn, or somebody removed you from the room. Ask the owner for a new link.',
    again: null,
  },
  4404: {
    title: 'This room does not exist',
    text: 'It was deleted, or it was a guest’s room whose seven days are over.',
    again: null,
  },
  4409: {
    title: 'The room was restored',
    text: 'Its files were set back to an earlier state. Reload to go on from there; what is on your screen is the old text.',
    again: 'Reload the room',
  },
  4413: {
    title: 'That was too much at once',
    text: 'Your last change is larger than the room accepts. Reload, and bring it in in smaller parts.',
    again: 'Reload the room',
  },
  4422: {
    title: 'The room could not read a change',
    text: 'Something in this tab does not fit the room. Reload to go on from the room’s state.',
    again: 'Reload the room',
  },
  4429: {
    title: 'Slow down',
    text: 'This tab sent far more than one person types, so the room has closed the connection. Wait a minute, then reload.',
    again: 'Reload the room',
  },
};

const UNKNOWN: Refusal = {
  title: 'The room has closed',
  text: 'It did not say why. Reload to try again.',
  again: 'Reload the room',
};

/** Tells the person, who may go away, reload, or keep the page to copy text out of it. */
export function showRefusal(code: number, reason: string): void {
  const refusal = REFUSALS[code] ?? UNKNOWN;
  const dialog = openDialog({
    title: refusal.title,
    testId: 'refused',
    body: [
      h('p', {}, refusal.text),
      refusal === UNKNOWN && reason !== '' && h('p', { class: 'hint' }, reason),
      h('p', { class: 'hint' }, 'You can close this and copy text out of the editor.'),
      h(
        'div',
        { class: 'dialog-actions' },
        h('a', { class: 'button', href: '/' }, 'Start page'),
        refusal.again !== null &&
          h(
            'button',
            {
              type: 'button',
              class: 'button primary',
              autofocus: true,
              onclick: () => {
                dialog.close();
                location.reload();
              },
            },
            refusal.again,
          ),
      ),
    ],
  });
}
