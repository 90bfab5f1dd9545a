/** The way into a room: asks a guest's name, gets the room token, opens the page or says why it cannot. */
import { currentUser } from './account.ts';
import { openLogin } from './account-forms.ts';
import { Admission, linkOf, NotAdmitted } from './admission.ts';
import { explain } from './api.ts';
import { askText } from './dialogs.ts';
import { fill, h } from './dom.ts';
import { logo } from './logo.ts';
import { NAME_MAX_CHARS, rememberName } from './storage.ts';

/** Opens the room into `root`. The room's code is loaded while its token is fetched. */
export async function openRoom(root: HTMLElement, roomId: string): Promise<void> {
  fill(
    root,
    h(
      'div',
      { class: 'opening' },
      h('span', { class: 'spinner large', role: 'img', 'aria-label': 'Opening the room' }),
    ),
  );
  const admission = new Admission(roomId, linkOf(location.hash), askName);
  try {
    const [{ RoomPage }] = await Promise.all([import('./room.ts'), admission.token()]);
    const page = new RoomPage(admission);
    fill(root, page.layout.element);
    page.start();
  } catch (error) {
    fill(root, notOpened(error));
  }
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

function notOpened(error: unknown): HTMLElement {
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
