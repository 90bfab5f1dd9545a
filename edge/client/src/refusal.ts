/** What to say, and what to offer, when a room closes its sockets for good (close codes 4400 to 4499). */
import { openDialog } from './dialogs.ts';
import { h } from './dom.ts';
import { NOT_ACCEPTED } from './saved.ts';

/**
 * `reload`: the page opens anew. `resume`: the same page connects again. `startOver`: what the room does not have is
 * kept aside, and the page goes on from the room's state.
 */
type Remedy = 'reload' | 'resume' | 'startOver';

interface Refusal {
  readonly title: string;
  readonly text: string;
  /** What may help, and the words of its button; null where nothing would. */
  readonly remedy: readonly [Remedy, string] | null;
}

const REFUSALS: Readonly<Record<number, Refusal>> = {
  [NOT_ACCEPTED]: {
    title: 'Your last changes were not accepted',
    text: 'You may only view this room now. What you wrote is kept aside for you to take out, and the page goes on with the room’s text.',
    remedy: ['startOver', 'Go on with the room’s text'],
  },
  4401: {
    title: 'You are signed out of this room',
    text: 'The room does not accept your pass any more. Open it again by its link, or log in. This device keeps its copy, which you can read.',
    remedy: ['reload', 'Try again'],
  },
  4403: {
    title: 'You no longer have access',
    text: 'The link was withdrawn, or somebody removed you from the room. Ask the owner for a new link. This device keeps its copy, which you can read.',
    remedy: null,
  },
  4404: {
    title: 'This room does not exist',
    text: 'It was deleted, or it was a guest’s room whose seven days are over. This device keeps its copy, which you can read.',
    remedy: null,
  },
  4409: {
    title: 'The room was rebuilt',
    text: 'It goes on from a new state; what is on your screen is the old text. What the room does not have of it is kept aside for you.',
    remedy: ['startOver', 'Go on with the room’s text'],
  },
  4413: {
    title: 'That was too much at once',
    text: 'Your last change is larger than the room accepts. What you wrote is kept aside for you: go on with the room’s text, and bring it in in smaller parts.',
    remedy: ['startOver', 'Go on with the room’s text'],
  },
  4422: {
    title: 'The room could not read a change',
    text: 'Something in this tab does not fit the room. What you wrote is kept aside for you, and the page goes on with the room’s text.',
    remedy: ['startOver', 'Go on with the room’s text'],
  },
  4429: {
    title: 'Slow down',
    text: 'This tab sent far more than one person types, so the room has closed the connection. Your changes stay on this device. Wait a minute, then connect again.',
    remedy: ['resume', 'Connect again'],
  },
};

const UNKNOWN: Refusal = {
  title: 'The room has closed',
  text: 'It did not say why. Reload to try again.',
  remedy: ['reload', 'Reload the room'],
};

/** Whether the code says that the person may not be in the room. */
export function isWithdrawal(code: number): boolean {
  return code === 4401 || code === 4403 || code === 4404;
}

/** Tells the person, who may go away, take the remedy, or keep the page to copy text out of it. */
export function showRefusal(
  code: number,
  reason: string,
  remedies: Readonly<Record<Remedy, () => void>>,
): void {
  const refusal = REFUSALS[code] ?? UNKNOWN;
  const { remedy } = refusal;
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
        remedy !== null &&
          h(
            'button',
            {
              type: 'button',
              class: 'button primary',
              autofocus: true,
              'data-testid': 'remedy',
              onclick: () => {
                dialog.close();
                remedies[remedy[0]]();
              },
            },
            remedy[1],
          ),
      ),
    ],
  });
}
