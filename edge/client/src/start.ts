/** The start page: make a room, open one by its link, go back to one; the doors to logging in are in its head. */
import * as account from './account.ts';
import { openLogin, openRegister } from './account-doors.ts';
import { parseRoomUrl } from './admission.ts';
import * as api from './api.ts';
import { confirmAction } from './dialogs.ts';
import { fill, h, icon, iconButton } from './dom.ts';
import { Field, form } from './forms.ts';
import * as icons from './icons.ts';
import { runnable } from './languages.ts';
import { forgetOnDevice, hasUnsaved } from './local-data.ts';
import { logo } from './logo.ts';
import { openSettings } from './settings.ts';
import { NAME_MAX_CHARS, rememberedName, rememberedRooms, rememberName, rememberRoom } from './storage.ts';
import type { LanguageInfo } from './wire.ts';

const ROOM_NAME_MAX_CHARS = 100;
const RECENT_MAX = 6;
const UNSAVED = 'This device has changes of yours that are not in the room yet. They would be lost.';

export class StartPage {
  readonly element: HTMLElement;
  private readonly who = h('div', { class: 'who' });
  private readonly create = h('section', { class: 'card create-card', 'aria-labelledby': 'create-title' });
  private readonly recent = h('section', {
    class: 'recent',
    'aria-labelledby': 'recent-title',
    hidden: true,
  });
  private languages: readonly LanguageInfo[] = [];

  constructor() {
    this.element = h(
      'div',
      { class: 'start' },
      h(
        'header',
        { class: 'start-head' },
        h('a', { href: '/', class: 'start-logo', 'aria-label': 'Tutti' }, logo()),
        h(
          'div',
          { class: 'start-tools' },
          this.who,
          iconButton(icons.SETTINGS, 'Settings', () => openSettings()),
        ),
      ),
      h(
        'main',
        { class: 'start-main' },
        h(
          'div',
          { class: 'pitch' },
          h('h1', {}, 'Write and run code, ', h('em', {}, 'together.')),
          h(
            'p',
            { class: 'lede' },
            'Open a room, send the link, and everybody types in the same files and sees the same output as it comes.',
          ),
          h(
            'ul',
            { class: 'points' },
            h('li', {}, icon(icons.CHECK), 'No account needed'),
            h('li', {}, icon(icons.CHECK), 'Every keystroke is saved'),
            h('li', {}, icon(icons.CHECK), 'Programs run in a sandbox, for all to see'),
          ),
          this.recent,
        ),
        h('div', { class: 'start-cards' }, this.create, this.joinCard()),
      ),
    );
  }

  async start(): Promise<void> {
    document.title = 'Tutti: write and run code together';
    this.render();
    runnable().then(
      (languages) => {
        this.languages = languages;
        this.renderLanguages();
      },
      () => {
        // The form works without: the room itself offers the languages again.
      },
    );
    await account.bearer().catch(() => null);
    this.render();
  }

  private render(): void {
    this.renderWho();
    this.renderCreate();
    void this.renderRecent();
  }

  private renderWho(): void {
    const user = account.currentUser();
    if (user !== null) {
      const leave = (): void => void account.logout().finally(() => this.render());
      return fill(
        this.who,
        h(
          'a',
          { class: 'who-name', href: '/account', title: 'Your account', 'data-testid': 'account-name' },
          user.username,
        ),
        h(
          'button',
          { type: 'button', class: 'button quiet', 'data-testid': 'log-out', onclick: leave },
          'Log out',
        ),
      );
    }
    fill(
      this.who,
      h(
        'button',
        {
          type: 'button',
          class: 'button quiet',
          'data-testid': 'log-in',
          onclick: () => openLogin(() => this.render()),
        },
        'Log in',
      ),
      h(
        'button',
        {
          type: 'button',
          class: 'button',
          'data-testid': 'register',
          onclick: () => openRegister(() => this.render()),
        },
        'Register',
      ),
    );
  }

  private renderCreate(): void {
    const user = account.currentUser();
    const room = new Field({
      name: 'name',
      label: 'Name of the room',
      placeholder: 'Algorithms, group 3',
      maxLength: ROOM_NAME_MAX_CHARS,
      testId: 'room-name',
      value: this.create.querySelector<HTMLInputElement>('[name=name]')?.value ?? '',
    });
    const person = new Field({
      name: 'displayName',
      label: 'Your name',
      placeholder: 'Ada',
      autocomplete: 'nickname',
      maxLength: NAME_MAX_CHARS,
      testId: 'name-input',
      value: rememberedName(),
    });
    const language = h('select', { class: 'select', id: 'field-language', 'data-testid': 'language' });
    const submit = async (): Promise<void> => {
      if (user === null) rememberName(person.value);
      await this.createRoom(room.value, language.value);
    };
    const languageField = h(
      'div',
      { class: 'field' },
      h('label', { class: 'field-label', for: 'field-language' }, 'Start with'),
      language,
    );
    fill(
      this.create,
      h('h2', { id: 'create-title' }, 'New room'),
      form({
        fields: user === null ? [room, person] : [room],
        more: [
          languageField,
          user === null &&
            h('p', { class: 'hint' }, 'As a guest your room lives for 7 days. With an account it stays.'),
        ],
        action: 'Create room',
        testId: 'create-room',
        submit,
      }),
    );
    this.renderLanguages();
  }

  private renderLanguages(): void {
    const select = this.create.querySelector<HTMLSelectElement>('select');
    if (select === null) return;
    const chosen = select.value || this.languages[0]?.id;
    const options = this.languages.map(({ id, name }) =>
      h('option', { value: id, selected: id === chosen }, name),
    );
    fill(select, ...options, h('option', { value: '', selected: chosen === '' }, 'An empty room'));
  }

  private async createRoom(name: string, languageId: string): Promise<void> {
    const language = this.languages.find(({ id }) => id === languageId);
    const body = language === undefined ? { name } : { name, language: language.id };
    const { room, ownerKey } = await api.createRoom(body, await account.bearer());
    rememberRoom(room.id, {
      name: room.name,
      visitedAt: Date.now(),
      ...(ownerKey === undefined ? {} : { ownerKey }),
    });
    location.assign(`/r/${room.id}${language === undefined ? '' : `?start=${language.id}`}`);
  }

  private joinCard(): HTMLElement {
    const link = new Field({
      name: 'link',
      label: 'Link',
      placeholder: 'Paste a share link',
      testId: 'join-link',
    });
    const submit = (): Promise<void> => {
      const url = parseRoomUrl(link.value);
      if (url === null) link.setError('This is not the link of a room. It looks like …/r/…#link=…');
      else location.assign(url);
      return Promise.resolve();
    };
    return h(
      'section',
      { class: 'card join-card', 'aria-labelledby': 'join-title' },
      h('h2', { id: 'join-title' }, 'Join a room'),
      form({ fields: [link], action: 'Join', testId: 'join-room', submit }),
    );
  }

  private async renderRecent(): Promise<void> {
    const here = rememberedRooms().map(({ id, name }) => ({ id, name }));
    const token = await account.bearer().catch(() => null);
    const mine =
      token === null
        ? []
        : await api.myRooms(token).then(
            (page) => page.items,
            () => [],
          );
    const rooms = [...here, ...mine.filter(({ id }) => !here.some((room) => room.id === id))].slice(
      0,
      RECENT_MAX,
    );
    this.recent.hidden = rooms.length === 0;
    fill(
      this.recent,
      h('h2', { id: 'recent-title' }, token === null ? 'Recent rooms' : 'Your rooms'),
      h('ul', {}, ...rooms.map((room) => this.recentRow(room))),
    );
  }

  private recentRow(room: { id: string; name: string }): HTMLElement {
    const name = room.name === '' ? `Room ${room.id.slice(0, 6)}` : room.name;
    const known = rememberedRooms().find(({ id }) => id === room.id);
    const forget = async (): Promise<void> => {
      if (hasUnsaved(room.id) && !(await confirmAction(`Forget ${name}?`, UNSAVED, 'Forget'))) return;
      await forgetOnDevice(room.id);
      await this.renderRecent();
    };
    return h(
      'li',
      {},
      h('a', { class: 'recent-link', href: `/r/${room.id}` }, name),
      // The key of one's own guest room exists only here, so it is not thrown away by one click.
      known !== undefined &&
        known.ownerKey === undefined &&
        iconButton(icons.CLOSE, `Forget ${name}`, () => void forget()),
    );
  }
}
