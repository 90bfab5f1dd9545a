/**
 * The dialog for logging in: address and password, then a code where the account asks for one, and the way out for
 * who has forgotten the password. One dialog whose body changes, so that nothing is typed twice.
 */
import * as account from '../account.ts';
import { ApiError } from '../api.ts';
import { openDialog, type DialogHandle } from '../dialogs.ts';
import { fill, h, type Child } from '../dom.ts';
import { form, type Field } from '../forms.ts';
import type { LoginRequest } from '../wire.ts';
import * as calls from './calls.ts';
import { codeField, emailField, passwordField, recoveryCodeField } from './fields.ts';
import { tickBox } from './parts.ts';
import { providerLinks } from './providers.ts';
import { addAccountStyle } from './style.ts';

/** `onDone` is called once there is a login. */
export function openLogin(onDone: () => void): void {
  addAccountStyle();
  new LoginDialog(onDone).showPassword();
}

class LoginDialog {
  private readonly body = h('div', { class: 'login' });
  private readonly dialog: DialogHandle;
  private readonly email = emailField();
  private readonly password = passwordField();
  private readonly remember = tickBox('Keep me logged in', true, 'remember');
  private readonly providers = h('div', { class: 'providers' });

  constructor(private readonly onDone: () => void) {
    this.dialog = openDialog({ title: 'Log in', testId: 'login-dialog', body: [this.body] });
    void providerLinks().then((links) => fill(this.providers, ...links));
  }

  showPassword(): void {
    const forgot = link('Forgot password?', 'forgot-password', () => this.showForgot());
    const entry = form({
      fields: [this.email, this.password],
      more: [h('div', { class: 'login-row' }, this.remember.element, forgot)],
      action: 'Log in',
      testId: 'submit-account',
      submit: () => this.tryPassword(),
    });
    this.show('Log in', this.email.value === '' ? this.email : this.password, entry, this.providers);
  }

  private async tryPassword(): Promise<void> {
    try {
      await this.enter({});
    } catch (error) {
      if (!asksForCode(error)) throw error;
      this.showCode();
    }
  }

  private showCode(): void {
    const instead = link('Use a recovery code', 'use-recovery-code', () => this.showRecovery());
    this.askFor(codeField('totp'), 'This account asks for a code of your authenticator.', instead);
  }

  private showRecovery(): void {
    const instead = link('Use the authenticator', 'use-authenticator', () => this.showCode());
    this.askFor(recoveryCodeField('totp'), 'A recovery code takes the authenticator’s place.', instead);
  }

  private askFor(code: Field, about: string, instead: HTMLElement): void {
    const submit = async (): Promise<void> => {
      try {
        await this.enter({ totp: code.value });
      } catch (error) {
        if (!asksForCode(error)) throw error;
        code.setError(error.message);
        code.input.select();
      }
    };
    const back = link('Back', 'back-to-password', () => this.showPassword());
    const entry = form({
      fields: [code],
      action: 'Log in',
      testId: 'submit-code',
      submit,
      after: [h('div', { class: 'login-row' }, back, instead)],
    });
    this.show('Log in', code, h('p', { class: 'dialog-about' }, about), entry);
  }

  private async enter(second: Pick<LoginRequest, 'totp'>): Promise<void> {
    const [email, password, remember] = [this.email.value, this.password.value, this.remember.input.checked];
    await account.login({ email, password, remember, ...second });
    this.dialog.close();
    this.onDone();
  }

  private showForgot(): void {
    const email = emailField(this.email.value);
    const submit = async (): Promise<void> => {
      await calls.forgotPassword(email.value);
      this.showSent(email.value);
    };
    const back = link('Back to logging in', 'back-to-password', () => this.showPassword());
    const about = 'We send you a link with which you choose a new password.';
    const entry = form({
      fields: [email],
      action: 'Send the link',
      testId: 'send-reset',
      submit,
      after: [back],
    });
    this.show('New password', email, h('p', { class: 'dialog-about' }, about), entry);
  }

  /** The same words for every address: who has an account here is nobody else's business. */
  private showSent(email: string): void {
    const words = `If ${email} belongs to an account, a mail with a link is on its way. The link works once, for an hour.`;
    const back = link('Back to logging in', 'back-to-password', () => this.showPassword());
    const said = h('p', { role: 'status', tabindex: '-1', 'data-testid': 'reset-sent' }, words);
    fill(this.body, said, h('p', { class: 'hint' }, 'Nothing there? Look among the spam.'), back);
    said.focus();
  }

  private show(title: string, first: Field, ...body: Child[]): void {
    const heading = this.dialog.element.querySelector('h2');
    if (heading !== null) fill(heading, title);
    fill(this.body, ...body);
    first.input.focus();
  }
}

/** The password was right, and the account has a second factor. */
function asksForCode(error: unknown): error is ApiError {
  return error instanceof ApiError && error.details['secondFactor'] === 'totp';
}

function link(words: string, testId: string, work: () => void): HTMLButtonElement {
  return h('button', { type: 'button', class: 'text-button', 'data-testid': testId, onclick: work }, words);
}
