/** API keys: for programs that act in the account's name, with a part of its rights. */
import { confirmAction } from '../dialogs.ts';
import { h } from '../dom.ts';
import type { ApiKey, ApiKeySecret, Page } from '../wire.ts';
import { askForKey, scopeWords } from './api-key-form.ts';
import { showOnce } from './ask.ts';
import * as calls from './calls.ts';
import type { Calling } from './calling.ts';
import { Answer, copyField, Loaded, section, workButton, type SectionFrame } from './parts.ts';
import { dateOf, when } from './words.ts';

const ABOUT = 'For programs: bearers with a part of your rights. Anybody who has one may use it.';

export function apiKeysSection(calling: Calling): SectionFrame {
  return new ApiKeys(calling).frame;
}

class ApiKeys {
  readonly frame: SectionFrame;
  private readonly answer = new Answer();
  private readonly list: Loaded<Page<ApiKey>>;

  constructor(private readonly calling: Calling) {
    this.list = new Loaded(
      'your API keys',
      () => calling.as(calls.apiKeys),
      ({ items }) => this.rows(items),
    );
    this.frame = section('api-keys', 'API keys', ABOUT, this.list.element, this.answer.element);
    void this.list.reload();
  }

  private rows(keys: readonly ApiKey[]): HTMLElement[] {
    const list =
      keys.length === 0
        ? h('p', { class: 'hint' }, 'You have no API keys.')
        : h('ul', { class: 'account-list' }, ...keys.map((key) => this.row(key)));
    const make = workButton('New API key', { testId: 'new-api-key' }, this.answer, () => this.make());
    return [list, h('div', { class: 'account-actions' }, make)];
  }

  private row(key: ApiKey): HTMLElement {
    const button = (words: string, testId: string, work: () => Promise<void>): HTMLElement =>
      workButton(words, { testId, kind: 'small', label: `${words} ${key.name}` }, this.answer, work);
    const expired = isExpired(key);
    return h(
      'li',
      { class: 'account-row', 'data-testid': 'api-key' },
      h(
        'div',
        { class: 'account-what' },
        h('strong', {}, key.name, ' ', h('code', { class: 'mono' }, `${key.prefix}…`)),
        h('span', { class: 'hint' }, key.scopes.map(scopeWords).join(' · ')),
        h('span', { class: 'hint' }, factsOf(key)),
      ),
      h(
        'div',
        { class: 'account-buttons' },
        expired && h('span', { class: 'tag warn' }, 'Expired'),
        !expired && button('Rotate', 'rotate-api-key', () => this.rotate(key)),
        button('Delete', 'delete-api-key', () => this.remove(key)),
      ),
    );
  }

  private async make(): Promise<void> {
    this.answer.say('');
    const made = await askForKey((body) => this.calling.as((bearer) => calls.createApiKey(body, bearer)));
    if (made !== null) await this.shown(made, `The key ${made.apiKey.name} is made.`);
  }

  private async rotate(key: ApiKey): Promise<void> {
    const text = 'You get a new key in its place. The old one stops working within seconds.';
    if (!(await confirmAction(`Rotate ${key.name}?`, text, 'Rotate'))) return;
    const made = await this.calling.as((bearer) => calls.rotateApiKey(key.id, bearer));
    await this.shown(made, `The key ${key.name} is replaced.`);
  }

  private async remove(key: ApiKey): Promise<void> {
    const text = 'Programs that use it are refused within seconds.';
    if (!(await confirmAction(`Delete ${key.name}?`, text, 'Delete'))) return;
    await this.calling.as((bearer) => calls.deleteApiKey(key.id, bearer));
    await this.changed(`The key ${key.name} is deleted.`);
  }

  private async shown(made: ApiKeySecret, words: string): Promise<void> {
    await showOnce({
      title: made.apiKey.name,
      done: 'I have stored it',
      testId: 'api-key-secret-dialog',
      body: [
        h(
          'p',
          { class: 'dialog-about' },
          'This is the key. Store it where its program finds it: it is not shown again.',
        ),
        copyField('API key', made.secret, 'api-key-secret'),
      ],
    });
    await this.changed(words);
  }

  private async changed(words: string): Promise<void> {
    await this.list.reload();
    this.answer.say(words);
    this.frame.focus();
  }
}

function isExpired({ expiresAt }: ApiKey): boolean {
  return expiresAt !== undefined && expiresAt <= Date.now();
}

function factsOf({ createdAt, lastUsedAt, expiresAt }: ApiKey): string {
  const now = Date.now();
  const used = lastUsedAt === undefined ? 'never used' : `last used ${when(lastUsedAt, now)}`;
  const ends = expiresAt === undefined ? 'never expires' : `expires ${dateOf(expiresAt)}`;
  return `Made ${when(createdAt, now)} · ${used} · ${ends}`;
}
