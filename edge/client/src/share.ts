/** The share dialog: makes links with the rights that the owner chooses, lists them and withdraws them. */
import * as api from './api.ts';
import { confirmAction, notice, openDialog } from './dialogs.ts';
import { fill, h, icon, iconButton } from './dom.ts';
import * as icons from './icons.ts';
import { readJson, writeJson } from './storage.ts';
import type { CreateLinkRequest, Link, Role } from './wire.ts';

export interface ShareOptions {
  readonly roomId: string;
  readonly role: Role;
  readonly token: () => Promise<string>;
}

interface Choice {
  readonly id: string;
  readonly label: string;
  readonly hint: string;
  readonly request: CreateLinkRequest;
}

const CHOICES: readonly Choice[] = [
  {
    id: 'run',
    label: 'Edit and run',
    hint: 'Write in the files and run them',
    request: { role: 'editor', run: true },
  },
  {
    id: 'terminal',
    label: 'Edit, run and use terminals',
    hint: 'Also type commands on the room’s machine',
    request: { role: 'editor', run: true, terminal: true },
  },
  { id: 'edit', label: 'Edit', hint: 'Write in the files', request: { role: 'editor', run: false } },
  { id: 'view', label: 'View', hint: 'Follow along and chat', request: { role: 'viewer', run: false } },
];

/** Opens the dialog. Who may not make links gets told who may. */
export function openShare(options: ShareOptions): void {
  if (options.role === 'owner' || options.role === 'admin') return new ShareDialog(options).open();
  openDialog({
    title: 'Share this room',
    body: [h('p', {}, 'Only the owner of the room can make links for others. Ask them to send one.')],
  });
}

class ShareDialog {
  private readonly made = h('div', { class: 'share-made', 'aria-live': 'polite' });
  private readonly list = h('ul', { class: 'links' });
  private readonly error = h('p', { class: 'field-error', role: 'alert' });
  private links: Link[] = [];

  constructor(private readonly options: ShareOptions) {}

  open(): void {
    const radios = CHOICES.map((choice, index) =>
      h(
        'label',
        { class: 'choice' },
        h('input', {
          type: 'radio',
          name: 'share-role',
          value: choice.id,
          checked: index === 0,
          'data-testid': `share-${choice.id}`,
        }),
        h('span', { class: 'choice-text' }, h('strong', {}, choice.label), h('span', {}, choice.hint)),
      ),
    );
    const submit = (event: Event): void => {
      event.preventDefault();
      const id = new FormData(form).get('share-role');
      const choice = CHOICES.find((candidate) => candidate.id === id) ?? CHOICES[0];
      if (choice !== undefined) void this.create(choice, button);
    };
    const button = h(
      'button',
      { type: 'submit', class: 'button primary', 'data-testid': 'create-link' },
      icon(icons.LINK),
      'Create link and copy',
    );
    const form = h(
      'form',
      { onsubmit: submit },
      h('fieldset', { class: 'choices' }, h('legend', {}, 'Whoever opens the link may'), ...radios),
      button,
      this.error,
    );
    openDialog({ title: 'Share this room', testId: 'share-dialog', body: [form, this.made, this.list] });
    this.links = this.remembered();
    this.renderList();
    void this.load();
  }

  private async create(choice: Choice, button: HTMLButtonElement): Promise<void> {
    button.disabled = true;
    fill(this.error);
    try {
      const { link } = await api.createLink(this.options.roomId, choice.request, await this.options.token());
      this.links = [link, ...this.links];
      this.remember();
      this.renderList();
      await this.present(link);
    } catch (error) {
      fill(this.error, api.explain(error));
    } finally {
      button.disabled = false;
    }
  }

  private async present(link: Link): Promise<void> {
    const url = this.urlOf(link);
    if (url === null) return;
    const field = h('input', {
      class: 'input mono',
      readonly: true,
      'aria-label': 'The link',
      'data-testid': 'share-link',
      onfocus: () => field.select(),
    });
    field.value = url;
    const said = h('p', { class: 'hint' });
    const copyNow = async (): Promise<void> => fill(said, await copied(url));
    fill(
      this.made,
      h(
        'div',
        { class: 'share-row' },
        field,
        iconButton(icons.COPY, 'Copy the link', () => void copyNow()),
      ),
      said,
    );
    await copyNow();
  }

  /** The links that the room knows, with the addresses of those that were made here. */
  private async load(): Promise<void> {
    const known = this.remembered();
    try {
      const { items } = await api.links(this.options.roomId, await this.options.token());
      this.links = items.map((link) => ({ ...known.find((mine) => mine.id === link.id), ...link }));
      this.remember();
      this.renderList();
    } catch {
      // The links made here stay listed; making and withdrawing links will say what is wrong.
    }
  }

  private renderList(): void {
    const rows = this.links.map((link) => {
      const url = this.urlOf(link);
      const what = CHOICES.find(
        ({ request: { role, run, terminal = false } }) =>
          role === link.role && run === link.rights.run && terminal === link.rights.terminal,
      );
      const uses = link.uses === 1 ? 'used by 1 person' : `used by ${link.uses} people`;
      return h(
        'li',
        { class: 'link-row' },
        h('span', { class: 'link-what' }, what?.label ?? 'Custom'),
        h('span', { class: 'link-when' }, `${new Date(link.createdAt).toLocaleDateString()} · ${uses}`),
        url !== null &&
          iconButton(icons.COPY, 'Copy this link', () => void copied(url).then((said) => notice(said))),
        iconButton(icons.TRASH, 'Withdraw this link', () => void this.revoke(link), {
          'data-testid': 'revoke-link',
        }),
      );
    });
    fill(this.list, rows.length > 0 && h('li', { class: 'links-head' }, 'Links of this room'), ...rows);
  }

  private async revoke(link: Link): Promise<void> {
    const text = 'Whoever came by it loses the room within seconds, and nobody can come by it again.';
    if (!(await confirmAction('Withdraw this link?', text, 'Withdraw link'))) return;
    try {
      await api.revokeLink(this.options.roomId, link.id, await this.options.token());
      this.links = this.links.filter((other) => other.id !== link.id);
      this.remember();
      this.renderList();
      fill(this.made);
    } catch (error) {
      fill(this.error, api.explain(error));
    }
  }

  private urlOf(link: Link): string | null {
    if (link.token === undefined) return link.url ?? null;
    return `${location.origin}/r/${this.options.roomId}#link=${link.token}`;
  }

  private remembered(): Link[] {
    return readJson<Link[]>(this.key) ?? [];
  }

  private remember(): void {
    writeJson(this.key, this.links);
  }

  private get key(): string {
    return `tutti.links.${this.options.roomId}`;
  }
}

async function copied(text: string): Promise<string> {
  try {
    await navigator.clipboard.writeText(text);
    return 'Copied. Send it to whoever should join.';
  } catch {
    return 'Copy it from the field: the browser does not allow it here.';
  }
}
