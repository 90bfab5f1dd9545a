/**
 * The page `/account`: everything about one's own account, in sections that each ask for what they show. Without a
 * login it offers to log in.
 */
import * as account from '../account.ts';
import { openLogin } from '../account-doors.ts';
import { explain } from '../api.ts';
import { fill, h, iconButton } from '../dom.ts';
import * as icons from '../icons.ts';
import { logo } from '../logo.ts';
import { openSettings } from '../settings.ts';
import type { User } from '../wire.ts';
import { apiKeysSection } from './api-keys.ts';
import * as calls from './calls.ts';
import { Calling } from './calling.ts';
import { dataSection } from './data.ts';
import { LoginsSection } from './logins.ts';
import { passwordSection } from './password.ts';
import { ProfileSection } from './profile.ts';
import { providersSection } from './providers.ts';
import { SecondFactorSection } from './second-factor.ts';
import { addAccountStyle } from './style.ts';

/** Shows the page in `root`. */
export function openAccount(root: HTMLElement): void {
  const page = new AccountPage();
  fill(root, page.element);
  void page.start();
}

class AccountPage {
  readonly element: HTMLElement;
  private readonly main = h('main', { class: 'account-main' });
  private readonly who = h('div', { class: 'who' });
  private readonly calling = new Calling(() => this.showGuest());

  constructor() {
    addAccountStyle();
    this.element = h('div', { class: 'start account' }, this.head(), this.main);
  }

  async start(): Promise<void> {
    document.title = 'Account · Tutti';
    const spinner = h('span', { class: 'spinner large', role: 'img', 'aria-label': 'Loading your account' });
    fill(this.main, h('div', { class: 'opening' }, spinner));
    try {
      // A renewal brings the user with it; a token that is still good does not say what has changed.
      if ((await account.bearer()) === null) return this.showGuest();
      const { user } = await this.calling.as(calls.me);
      account.noteUser(user);
      this.showSections(user);
    } catch (error) {
      if (!this.isGuestShown()) this.showFailure(error);
    }
  }

  private head(): HTMLElement {
    return h(
      'header',
      { class: 'start-head' },
      h('a', { href: '/', class: 'start-logo', 'aria-label': 'Tutti: to the start page' }, logo()),
      h(
        'div',
        { class: 'start-tools' },
        this.who,
        iconButton(icons.SETTINGS, 'Settings', () => openSettings()),
      ),
    );
  }

  private showSections(user: User): void {
    const logOut = (): void => void account.logout().finally(() => location.assign('/'));
    fill(
      this.who,
      h(
        'button',
        { type: 'button', class: 'button quiet', 'data-testid': 'log-out', onclick: logOut },
        'Log out',
      ),
    );
    const { calling } = this;
    const logins = new LoginsSection(calling);
    const profile = new ProfileSection(calling, user);
    const secondFactor = new SecondFactorSection(calling, user);
    const data = dataSection(calling, user, () => this.showDeleted());
    fill(
      this.main,
      h('h1', {}, 'Account'),
      profile.frame.element,
      passwordSection(calling, user, () => void logins.reload()).element,
      secondFactor.frame.element,
      logins.frame.element,
      apiKeysSection(calling).element,
      data.element,
    );
    void providersSection(calling).then((providers) => {
      if (providers !== null && data.element.isConnected) logins.frame.element.before(providers.element);
    });
  }

  private isGuestShown(): boolean {
    return this.main.querySelector('.account-guest') !== null;
  }

  /** Every section that asks in vain calls for it. */
  private showGuest(): void {
    if (this.isGuestShown()) return;
    const logIn = (): void => openLogin(() => void this.start());
    fill(this.who);
    const button = h(
      'button',
      { type: 'button', class: 'button primary', 'data-testid': 'log-in', onclick: logIn },
      'Log in',
    );
    this.showNotice(
      'Log in to see your account',
      'You are not logged in, or your login was ended from another device.',
      button,
    );
  }

  private showDeleted(): void {
    fill(this.who);
    const button = h('a', { class: 'button primary', href: '/' }, 'Start page');
    this.showNotice('Your account is deleted', 'This browser has forgotten it as well.', button);
  }

  private showFailure(error: unknown): void {
    const again = h(
      'button',
      { type: 'button', class: 'button primary', onclick: () => void this.start() },
      'Try again',
    );
    this.showNotice('Your account could not be loaded', explain(error), again);
  }

  private showNotice(title: string, text: string, action: HTMLElement): void {
    // Whatever was open belongs to what is gone.
    for (const dialog of document.querySelectorAll('dialog')) dialog.close();
    const heading = h('h1', { tabindex: '-1' }, title);
    fill(
      this.main,
      h(
        'div',
        { class: 'account-guest' },
        heading,
        h('p', { role: 'status' }, text),
        h('div', { class: 'dialog-actions' }, action),
      ),
    );
    heading.focus();
  }
}
