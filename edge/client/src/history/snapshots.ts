/** The room's snapshots: lists them, takes one, opens one's moment, deletes one. */
import * as api from '../api.ts';
import { confirmAction, notice, openDialog } from '../dialogs.ts';
import { fill, h, icon, iconButton } from '../dom.ts';
import { Field, form } from '../forms.ts';
import * as icons from '../icons.ts';
import type { Snapshot } from '../wire.ts';
import * as calls from './calls.ts';
import { SETTLE_MS, timeWords, type HistoryContext } from './context.ts';

const NAME_MAX_CHARS = 100;
const MESSAGE_MAX_CHARS = 2_000;

export class Snapshots {
  readonly element: HTMLElement;
  private readonly list = h('ul', { class: 'snapshots', 'data-testid': 'snapshots' });
  private readonly state = h('div', { class: 'snapshots-state', 'aria-live': 'polite' });
  private readonly take: HTMLButtonElement;
  private items: Snapshot[] = [];
  private cursor: string | null = null;

  constructor(
    private readonly context: HistoryContext,
    private readonly onOpen: (snapshot: Snapshot) => void,
  ) {
    this.take = h(
      'button',
      {
        type: 'button',
        class: 'button',
        'data-testid': 'take-snapshot',
        onclick: () => askSnapshot(context),
      },
      icon(icons.FLAG),
      'Take a snapshot',
    );
    this.element = h('div', { class: 'snapshots-body' }, this.take, this.list, this.state);
  }

  /** Those known so far, the newest first. */
  get known(): readonly Snapshot[] {
    return this.items;
  }

  async load(): Promise<void> {
    this.items = [];
    this.cursor = null;
    await this.loadMore();
  }

  /** Somebody has taken one. */
  put(snapshot: Snapshot): void {
    this.items = [snapshot, ...this.items.filter(({ id }) => id !== snapshot.id)];
    this.render();
  }

  remove(id: string): void {
    this.items = this.items.filter((snapshot) => snapshot.id !== id);
    this.render();
  }

  private async loadMore(): Promise<void> {
    const spinner = h('span', { class: 'spinner', role: 'img', 'aria-label': 'Busy' });
    fill(this.state, h('p', { class: 'hint' }, spinner, ' Loading the snapshots…'));
    try {
      const page = await calls.snapshots(this.context.roomId, this.cursor, await this.context.token());
      const known = new Set(this.items.map(({ id }) => id));
      this.items = [...this.items, ...page.items.filter(({ id }) => !known.has(id))];
      this.cursor = page.nextCursor ?? null;
      this.render();
    } catch (error) {
      fill(
        this.state,
        h('p', { class: 'field-error', role: 'alert' }, api.explain(error)),
        this.more('Try again'),
      );
    }
  }

  private render(): void {
    this.take.hidden = !this.context.rights().edit;
    fill(this.list, ...this.items.map((snapshot) => this.row(snapshot)));
    if (this.cursor !== null) return fill(this.state, this.more('Older snapshots'));
    const empty = 'No snapshots yet. One gives a moment a name, so that everybody finds it again.';
    fill(this.state, this.items.length === 0 && h('p', { class: 'hint' }, empty));
  }

  private more(label: string): HTMLElement {
    return h('button', { type: 'button', class: 'button', onclick: () => void this.loadMore() }, label);
  }

  private row(snapshot: Snapshot): HTMLElement {
    const { name, message, authorName, at } = snapshot;
    const open = h(
      'button',
      {
        type: 'button',
        class: 'snapshot-open',
        'data-testid': 'open-snapshot',
        onclick: () => this.onOpen(snapshot),
      },
      h('span', { class: 'snapshot-name' }, name),
      message !== undefined && h('span', { class: 'snapshot-message' }, message),
      h('span', { class: 'snapshot-by' }, `${authorName}, ${timeWords(at)}`),
    );
    const remove = iconButton(icons.TRASH, `Delete the snapshot ${name}`, () => void this.delete(snapshot), {
      'data-testid': 'delete-snapshot',
    });
    return h('li', { class: 'snapshot' }, open, this.context.rights().edit && remove);
  }

  private async delete(snapshot: Snapshot): Promise<void> {
    const text = 'The moment stays in the history; only its name is gone, for everybody.';
    if (!(await confirmAction(`Delete the snapshot “${snapshot.name}”?`, text, 'Delete snapshot'))) return;
    try {
      await calls.deleteSnapshot(this.context.roomId, snapshot.id, await this.context.token());
      this.remove(snapshot.id);
    } catch (error) {
      notice(api.explain(error), 'error');
    }
  }
}

/** Asks for the name of a snapshot of the files as they are now, and takes it. */
export function askSnapshot(context: HistoryContext): void {
  const name = new Field({
    name: 'name',
    label: 'Name',
    placeholder: 'Before the big rewrite',
    maxLength: NAME_MAX_CHARS,
    testId: 'snapshot-name',
  });
  const message = h('textarea', {
    class: 'input textarea',
    id: 'snapshot-message',
    rows: 3,
    maxlength: MESSAGE_MAX_CHARS,
    'data-testid': 'snapshot-message',
  });
  const submit = async (): Promise<void> => {
    await context.settled(SETTLE_MS);
    const text = message.value.trim();
    const body = text === '' ? { name: name.value } : { name: name.value, message: text };
    await calls.takeSnapshot(context.roomId, body, await context.token());
    dialog.close();
  };
  const messageField = h(
    'div',
    { class: 'field' },
    h('label', { class: 'field-label', for: 'snapshot-message' }, 'Message (optional)'),
    message,
  );
  const fields = { fields: [name], more: [messageField], action: 'Take snapshot', testId: 'save-snapshot' };
  const dialog = openDialog({
    title: 'Snapshot of the files as they are now',
    testId: 'snapshot-dialog',
    body: [form({ ...fields, submit })],
  });
  name.input.focus();
}
