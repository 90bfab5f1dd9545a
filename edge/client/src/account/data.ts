/** Taking one's data along, and deleting the account. */
import { forget } from '../account.ts';
import { h, icon } from '../dom.ts';
import * as icons from '../icons.ts';
import type { User } from '../wire.ts';
import { ask } from './ask.ts';
import * as calls from './calls.ts';
import type { Calling } from './calling.ts';
import { passwordField } from './fields.ts';
import { Answer, saveFile, section, workButton, type SectionFrame } from './parts.ts';

const FILE = 'tutti-account.json';

/** `onDeleted` is called when there is no account any more. */
export function dataSection(calling: Calling, user: User, onDeleted: () => void): SectionFrame {
  const answer = new Answer();
  const download = workButton('Download', { testId: 'export-account' }, answer, async () => {
    const data = await calling.as(calls.exported);
    saveFile(new Blob([JSON.stringify(data, null, 2)], { type: 'application/json' }), FILE);
    answer.say(`${FILE} is saved.`);
  });
  download.prepend(icon(icons.DOWN));
  const remove = workButton(
    'Delete account…',
    { testId: 'delete-account', kind: 'danger-line' },
    answer,
    async () => {
      if ((await askToDelete(calling, user)) === null) return;
      await forget();
      onDeleted();
    },
  );
  const row = (title: string, hint: string, button: HTMLElement): HTMLElement =>
    h(
      'div',
      { class: 'account-row' },
      h('div', { class: 'account-what' }, h('strong', {}, title), h('span', { class: 'hint' }, hint)),
      button,
    );
  return section(
    'data',
    'Your data',
    'Take along what is stored of your account, or end it.',
    row('Export', 'What is stored of your account as JSON, without secrets', download),
    row('Delete', 'For good, and at once', remove),
    answer.element,
  );
}

function askToDelete(calling: Calling, user: User): Promise<true | null> {
  const password = passwordField();
  return ask<true>({
    title: `Delete ${user.username}?`,
    about: [
      h('p', {}, 'This cannot be undone.'),
      h(
        'ul',
        { class: 'bullets' },
        h('li', {}, 'Your profile is deleted, and every login and API key ends.'),
        h('li', {}, 'Your username and your address become free for others.'),
        h('li', {}, 'Your rooms stay for those who have a link, but nobody owns them any more.'),
      ),
    ],
    fields: [password],
    action: 'Delete my account',
    look: 'danger',
    testId: 'confirm-delete-account',
    submit: async () => {
      await calling.as((bearer) => calls.deleteAccount(password.value, bearer));
      return true;
    },
  });
}
