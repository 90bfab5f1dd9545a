/** The pages behind the links of mails: choosing a new password, and confirming an address. */
import { bearer } from '../account.ts';
import { openLogin } from '../account-doors.ts';
import { ApiError, explain } from '../api.ts';
import { fill, h, type Child } from '../dom.ts';
import { form } from '../forms.ts';
import { logo } from '../logo.ts';
import type { MailedToken } from '../mailed-token.ts';
import * as calls from './calls.ts';
import { newPasswordField } from './fields.ts';
import { addAccountStyle } from './style.ts';

/** Shows the page of a link in `root`. */
export function openMailed(root: HTMLElement, mailed: MailedToken): void {
  addAccountStyle();
  const page = h('main', { class: 'not-opened mailed' });
  fill(root, page);
  if (mailed.kind === 'reset') showReset(page, mailed.token);
  else void verify(page, mailed.token);
}

function showReset(page: HTMLElement, token: string): void {
  document.title = 'New password · Tutti';
  const password = newPasswordField('newPassword', 'New password', 'newPassword');
  const submit = async (): Promise<void> => {
    try {
      await calls.resetPassword({ token, newPassword: password.value });
      show(
        page,
        'Your password is changed',
        [said('All your logins are ended. Log in with the new one.')],
        logInButton(),
      );
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'FORBIDDEN') throw error;
      showRefused(page, error);
    }
  };
  const entry = form({ fields: [password], action: 'Change password', testId: 'reset-password', submit });
  fill(page, logo(), h('h1', {}, 'Choose a new password'), entry);
  password.input.focus();
}

/** The link is spent: only another mail helps. */
function showRefused(page: HTMLElement, error: ApiError): void {
  const hint = h('p', { class: 'hint' }, 'Choose “Log in”, then “Forgot password?” to be sent another.');
  show(page, 'This link does not work', [alert(error), hint], logInButton());
}

async function verify(page: HTMLElement, token: string): Promise<void> {
  document.title = 'Confirm your address · Tutti';
  const waiting = h(
    'p',
    { class: 'waiting', role: 'status' },
    h('span', { class: 'spinner' }),
    'One moment…',
  );
  fill(page, logo(), h('h1', {}, 'Confirming your address'), waiting);
  const account = h(
    'a',
    { class: 'button primary', href: '/account', 'data-testid': 'to-account' },
    'Your account',
  );
  try {
    await calls.verifyEmail(token);
    const isLoggedIn = (await bearer().catch(() => null)) !== null;
    const next = isLoggedIn ? account : logInButton();
    show(page, 'Your address is confirmed', [said('Mails about your account go there.')], next);
  } catch (error) {
    const again = h(
      'button',
      { type: 'button', class: 'button primary', onclick: () => void verify(page, token) },
      'Try again',
    );
    const isSpent = error instanceof ApiError && error.code === 'FORBIDDEN';
    const hint = isSpent && h('p', { class: 'hint' }, 'Your account’s page sends you another.');
    show(page, 'Your address is not confirmed', [alert(error), hint], isSpent ? account : again);
  }
}

function show(page: HTMLElement, title: string, body: readonly Child[], action: HTMLElement): void {
  const heading = h('h1', { tabindex: '-1' }, title);
  const start = h('a', { class: 'button', href: '/' }, 'Start page');
  fill(page, logo(), heading, ...body, h('div', { class: 'dialog-actions' }, start, action));
  heading.focus();
}

function said(text: string): HTMLElement {
  return h('p', { role: 'status', 'data-testid': 'mailed-done' }, text);
}

function alert(error: unknown): HTMLElement {
  return h('p', { class: 'field-error', role: 'alert', 'data-testid': 'mailed-refused' }, explain(error));
}

function logInButton(): HTMLElement {
  const logIn = (): void => openLogin(() => location.assign('/account'));
  return h(
    'button',
    { type: 'button', class: 'button primary', 'data-testid': 'log-in', onclick: logIn },
    'Log in',
  );
}
