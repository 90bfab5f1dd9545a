/** Two-step login: setting an authenticator up, its recovery codes, and turning it off. */
import { noteUser } from '../account.ts';
import { h, icon, fill } from '../dom.ts';
import * as icons from '../icons.ts';
import type { User } from '../wire.ts';
import { ask } from './ask.ts';
import * as calls from './calls.ts';
import type { Calling } from './calling.ts';
import { codeField, passwordField } from './fields.ts';
import { Answer, section, workButton, type SectionFrame } from './parts.ts';
import { showRecoveryCodes } from './recovery-codes.ts';
import { setUp } from './totp-setup.ts';

const ABOUT = 'Beside your password, a login then asks for a code that only your phone can show.';

export class SecondFactorSection {
  readonly frame: SectionFrame;
  private readonly answer = new Answer();
  private readonly state = h('div');

  constructor(
    private readonly calling: Calling,
    private user: User,
  ) {
    this.frame = section('second-factor', 'Two-step login', ABOUT, this.state, this.answer.element);
    this.render();
  }

  private render(): void {
    fill(this.state, ...(this.user.secondFactor ? this.whenOn() : this.whenOff()));
  }

  private whenOff(): HTMLElement[] {
    const button = workButton(
      'Set up two-step login',
      { testId: 'set-up-totp', kind: 'primary' },
      this.answer,
      () => this.turnOn(),
    );
    return [
      h(
        'p',
        { class: 'account-state', 'data-testid': 'second-factor-state' },
        h('span', { class: 'tag' }, 'Off'),
      ),
      h('div', { class: 'account-actions' }, button),
    ];
  }

  private whenOn(): HTMLElement[] {
    const on = h('span', { class: 'tag good' }, icon(icons.CHECK, 12), 'On');
    return [
      h('p', { class: 'account-state', 'data-testid': 'second-factor-state' }, on),
      h(
        'div',
        { class: 'account-actions' },
        workButton('New recovery codes', { testId: 'renew-codes' }, this.answer, () => this.renewCodes()),
        workButton('Turn off', { testId: 'turn-off-totp' }, this.answer, () => this.turnOff()),
      ),
    ];
  }

  private async turnOn(): Promise<void> {
    this.answer.say('');
    const setup = await this.calling.as(calls.beginTotp);
    const codes = await setUp(setup, (code) => this.calling.as((bearer) => calls.confirmTotp(code, bearer)));
    if (codes === null) return;
    this.became(true);
    await showRecoveryCodes(codes.recoveryCodes);
    this.done('Two-step login is on.');
  }

  private async renewCodes(): Promise<void> {
    this.answer.say('');
    const code = codeField('code');
    const codes = await ask({
      title: 'New recovery codes',
      about: [h('p', {}, 'The ones you have stop working.')],
      fields: [code],
      action: 'Make new codes',
      testId: 'confirm-renew-codes',
      submit: () => this.calling.as((bearer) => calls.renewRecoveryCodes(code.value, bearer)),
    });
    if (codes === null) return;
    await showRecoveryCodes(codes.recoveryCodes);
    this.done('You have new recovery codes.');
  }

  private async turnOff(): Promise<void> {
    this.answer.say('');
    const password = passwordField();
    const isOff = await ask({
      title: 'Turn two-step login off?',
      about: [h('p', {}, 'Your password alone opens the account then. Your recovery codes stop working.')],
      fields: [password],
      action: 'Turn off',
      look: 'danger',
      testId: 'confirm-turn-off',
      submit: async () => {
        await this.calling.as((bearer) => calls.endTotp(password.value, bearer));
        return true;
      },
    });
    if (isOff === null) return;
    this.became(false);
    this.done('Two-step login is off.');
  }

  private became(secondFactor: boolean): void {
    this.user = { ...this.user, secondFactor };
    noteUser(this.user);
    this.render();
  }

  private done(words: string): void {
    this.answer.say(words);
    this.frame.focus();
  }
}
