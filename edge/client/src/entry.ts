/** The way into a room: asks a guest's name, gets the room token, opens the page or says why it cannot. */
import { currentUser } from './account.ts';
import { openLogin } from './account-doors.ts';
import { Admission, linkOf, NotAdmitted } from './admission.ts';
import { explain } from './api.ts';
import { askText } from './dialogs.ts';
import { fill, h } from './dom.ts';
import { forgetOld } from './local-data.ts';
import { logo } from './logo.ts';
import { NAME_MAX_CHARS, rememberedGrant, rememberName } from './storage.ts';

/** Opens the room into `root`. The room's code is loaded while its token is fetched. */
export async function openRoom(root: HTMLElement, roomId: string): Promise<void> {
  showSpinner(root);
  const admission = new Admission(roomId, linkOf(location.hash), askName);
  try {
    await open(root, admission, admission.enter());
  } catch (error) {
    const openCopy = async (): Promise<void> => {
      showSpinner(root);
      admission.enterCopy();
      await open(root, admission, Promise.resolve());
    };
    const hasCopy = rememberedGrant(roomId) !== null;
    fill(root, notOpened(error, hasCopy ? () => void openCopy() : null));
  }
}

async function open(root: HTMLElement, admission: Admission, entered: Promise<void>): Promise<void> {
  const [{ RoomPage }] = await Promise.all([import('./room.ts'), entered]);
  const page = new RoomPage(admission);
  fill(root, page.layout.element);
  page.start();
  await forgetOld();
}

function showSpinner(root: HTMLElement): void {
  const spinner = h('span', { class: 'spinner large', role: 'img', 'aria-label': 'Opening the room' });
  fill(root, h('div', { class: 'opening' }, spinner));
}

async function askName(): Promise<string> {
  const name = await askText({
    title: 'What should others call you?',
    label: 'Your name',
    hint: 'It is shown beside your cursor and in the chat.',
    action: 'Join the room',
    testId: 'name-input',
    maxLength: NAME_MAX_CHARS,
    dismissable: false,
  });
  if (name === null) throw new NotAdmitted('A name is needed to join.');
  rememberName(name);
  return name;
}

/** `openCopy`: shows what this device has kept of the room. */
function notOpened(error: unknown, openCopy: (() => void) | null): HTMLElement {
  const refused = error instanceof NotAdmitted;
  const reload = (): void => location.reload();
  return h(
    'main',
    { class: 'not-opened' },
    logo(),
    h('h1', {}, refused ? 'This room is not open to you' : 'The room could not be opened'),
    h('p', { role: 'alert', 'data-testid': 'not-opened' }, explain(error)),
    refused && h('p', { class: 'hint' }, 'Ask whoever sent you here for a new link, or log in.'),
    h(
      'div',
      { class: 'dialog-actions' },
      h('a', { class: 'button', href: '/' }, 'Start page'),
      refused &&
        openCopy !== null &&
        h(
          'button',
          { type: 'button', class: 'button', 'data-testid': 'open-copy', onclick: openCopy },
          'Read the copy on this device',
        ),
      refused && currentUser() === null
        ? h(
            'button',
            {
              type: 'button',
              class: 'button primary',
              'data-testid': 'log-in',
              onclick: () => openLogin(reload),
            },
            'Log in',
          )
        : h('button', { type: 'button', class: 'button primary', onclick: reload }, 'Try again'),
    ),
  );
}
