/** The profile: the name that others see, and the address that mails go to. */
import { noteUser } from '../account.ts';
import { fill, h, icon } from '../dom.ts';
import { form } from '../forms.ts';
import * as icons from '../icons.ts';
import type { User } from '../wire.ts';
import * as calls from './calls.ts';
import type { Calling } from './calling.ts';
import { usernameField } from './fields.ts';
import { Answer, section, workButton, type SectionFrame } from './parts.ts';

export class ProfileSection {
  readonly frame: SectionFrame;
  private readonly answer = new Answer();
  private readonly mailAnswer = new Answer();
  private readonly email = h('div', { class: 'account-email' });

  constructor(
    private readonly calling: Calling,
    user: User,
  ) {
    const username = usernameField(user.username);
    const submit = async (): Promise<void> => {
      this.answer.say('');
      const renamed = await calling.as((bearer) => calls.rename(username.value, bearer));
      noteUser(renamed.user);
      this.answer.say('Your username is changed. Open rooms show it when you enter them again.');
    };
    this.renderEmail(user);
    this.frame = section(
      'profile',
      'Profile',
      'Your name in rooms, and where mails go.',
      form({ fields: [username], action: 'Save', look: 'compact', testId: 'save-profile', submit }),
      this.answer.element,
      this.email,
      this.mailAnswer.element,
    );
  }

  private renderEmail(user: User): void {
    const state = user.emailVerified
      ? h('span', { class: 'tag good' }, icon(icons.CHECK, 12), 'Confirmed')
      : h('span', { class: 'tag warn' }, 'Not confirmed');
    const send = workButton(
      'Send the mail again',
      { testId: 'send-verification', kind: 'small' },
      this.mailAnswer,
      () => this.sendAgain(),
    );
    fill(
      this.email,
      h('p', { class: 'field-label' }, 'Email'),
      h(
        'div',
        { class: 'account-row' },
        h('span', { class: 'account-address', 'data-testid': 'email-address' }, user.email),
        state,
        !user.emailVerified && send,
      ),
      !user.emailVerified && h('p', { class: 'hint' }, 'Open the link that was mailed to you to confirm it.'),
    );
  }

  private async sendAgain(): Promise<void> {
    this.mailAnswer.say('');
    // The link may have been opened in another tab.
    const { user } = await this.calling.as(calls.me);
    if (user.emailVerified) return this.renderEmail(user);
    await this.calling.as(calls.sendVerification);
    this.mailAnswer.say(`A mail is on its way to ${user.email}. Its link works for a day.`);
  }
}
