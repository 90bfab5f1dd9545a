/** Where the account is logged in, and ending that from here. */
import { confirmAction } from '../dialogs.ts';
import { h } from '../dom.ts';
import type { Login, Page } from '../wire.ts';
import * as calls from './calls.ts';
import type { Calling } from './calling.ts';
import { Answer, Loaded, section, workButton, type SectionFrame } from './parts.ts';
import { deviceName, momentOf, when } from './words.ts';

const LOST = 'Rooms that are open there close within seconds, and whoever is there has to log in again.';

export class LoginsSection {
  readonly frame: SectionFrame;
  private readonly answer = new Answer();
  private readonly list: Loaded<Page<Login>>;
  /** How many pages are shown; more were asked for. */
  private pages = 1;

  constructor(private readonly calling: Calling) {
    this.list = new Loaded(
      'your logins',
      () => this.load(),
      (page) => this.rows(page),
    );
    const about = 'Where your account is logged in. End what you do not know, and change your password then.';
    this.frame = section('logins', 'Logins', about, this.list.element, this.answer.element);
    void this.reload();
  }

  reload(): Promise<void> {
    return this.list.reload();
  }

  private async load(): Promise<Page<Login>> {
    const items: Login[] = [];
    let cursor: string | null = null;
    for (let number = 0; number < this.pages; number += 1) {
      const after: string | null = cursor;
      const page: Page<Login> = await this.calling.as((bearer) => calls.logins(after, bearer));
      items.push(...page.items);
      cursor = page.nextCursor ?? null;
      if (cursor === null) break;
    }
    return cursor === null ? { items } : { items, nextCursor: cursor };
  }

  private rows({ items, nextCursor }: Page<Login>): HTMLElement[] {
    const others = items.some(({ current }) => !current);
    const list = h('ul', { class: 'account-list' }, ...items.map((login) => this.row(login)));
    const more = workButton('Show more', { testId: 'more-logins', kind: 'small' }, this.answer, () => {
      this.pages += 1;
      return this.reload();
    });
    const endAll = workButton('End all others', { testId: 'end-other-logins' }, this.answer, () =>
      this.endOthers(),
    );
    const actions = h('div', { class: 'account-actions' });
    if (nextCursor !== undefined) actions.append(more);
    if (others) actions.append(endAll);
    return [list, actions];
  }

  private row(login: Login): HTMLElement {
    const device = deviceName(login.device);
    const now = Date.now();
    const facts = `${login.address} · last used ${when(login.lastUsedAt, now)}`;
    const title = `Began ${momentOf(login.createdAt)}; ends ${momentOf(login.expiresAt)} unless it is used`;
    const end = workButton(
      'End',
      { testId: 'end-login', kind: 'small', label: `End the login of ${device}, ${facts}` },
      this.answer,
      () => this.end(login, device),
    );
    return h(
      'li',
      { class: 'account-row', 'data-testid': 'login', 'data-current': String(login.current) },
      h(
        'div',
        { class: 'account-what', title },
        h('strong', { title: login.device }, device),
        h('span', { class: 'hint' }, facts),
      ),
      login.current ? h('span', { class: 'tag good' }, 'This one') : end,
    );
  }

  private async end(login: Login, device: string): Promise<void> {
    if (!(await confirmAction(`End the login of ${device}?`, LOST, 'End login'))) return;
    await this.calling.as((bearer) => calls.endLogin(login.id, bearer));
    await this.ended('The login is ended.');
  }

  private async endOthers(): Promise<void> {
    if (!(await confirmAction('End all other logins?', LOST, 'End all others'))) return;
    const { ended } = await this.calling.as(calls.endOtherLogins);
    await this.ended(ended === 1 ? 'One login is ended.' : `${ended} logins are ended.`);
  }

  private async ended(words: string): Promise<void> {
    await this.reload();
    this.answer.say(words);
    this.frame.focus();
  }
}
