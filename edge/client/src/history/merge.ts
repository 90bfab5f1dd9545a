/**
 * Brings two rooms of one origin together: a fork into its original, the original into the fork, or any fork in
 * here. Shows what will change before anything does.
 */
import { Admission, linkOf, NotAdmitted, parseRoomUrl } from '../admission.ts';
import * as api from '../api.ts';
import { explain } from '../api.ts';
import { notice, openDialog } from '../dialogs.ts';
import { fill, h } from '../dom.ts';
import type { MergeAnswer } from '../wire.ts';
import * as calls from './calls.ts';
import { countWords, SETTLE_MS, type HistoryContext } from './context.ts';
import { DiffPane } from './diff-view.ts';
import { knownForks } from './fork.ts';

/** Which room's changes go where. */
interface Way {
  readonly id: string;
  readonly label: string;
  readonly hint: string;
  /** The other room; null if the person names it. */
  readonly other: string | null;
  readonly isOutward: boolean;
}

/** The other room and how to get in. */
interface Other {
  readonly id: string;
  readonly link: string | null;
}

export function openMerge(context: HistoryContext): void {
  new MergeDialog(context).open();
}

/** Reads a link of a room, or a room's bare id; null if it is neither. */
export function parseOther(text: string): Other | null {
  const trimmed = text.trim();
  if (/^[0-9a-z]{20}$/.test(trimmed)) return { id: trimmed, link: null };
  const url = parseRoomUrl(trimmed);
  const id = url?.slice('/r/'.length, '/r/'.length + 20);
  if (url === null || id === undefined) return null;
  const hash = url.indexOf('#');
  return { id, link: hash < 0 ? null : linkOf(url.slice(hash)) };
}

function waysOf(roomId: string, original: string | null): Way[] {
  const back = {
    id: 'out',
    label: 'Merge back into the original',
    hint: 'The room that this one was forked from gets what changed here',
    other: original,
    isOutward: true,
  };
  const fetch = {
    id: 'in',
    label: 'Bring the original’s changes here',
    hint: 'This room gets what changed there since',
    other: original,
    isOutward: false,
  };
  const forks = knownForks(roomId).map(({ id, name }) => ({
    id,
    label: `Merge the fork “${name}”`,
    hint: 'You made it in this browser',
    other: id,
    isOutward: false,
  }));
  const any = {
    id: 'any',
    label: 'Merge another fork',
    hint: 'Paste its link below',
    other: null,
    isOutward: false,
  };
  return [...(original === null ? [] : [back, fetch]), ...forks, any];
}

class MergeDialog {
  private way: Way | null = null;
  private readonly choices = h('fieldset', { class: 'choices' });
  private readonly link = h('input', {
    class: 'input',
    type: 'text',
    hidden: true,
    autocomplete: 'off',
    spellcheck: 'false',
    placeholder: `${location.origin}/r/…#link=…`,
    'aria-label': 'Link of the other room',
    'data-testid': 'merge-link',
    oninput: () => this.reset(),
  });
  private readonly pane = new DiffPane({
    same: 'There is nothing to merge: it has all of it already.',
    explain,
  });
  private readonly error = h('p', { class: 'field-error', role: 'alert' });
  private readonly preview = this.button('Show what changes', 'merge-preview', 'button', () => this.show());
  private readonly confirm = this.button('Merge', 'confirm-merge', 'button primary', () => this.merge());
  private close: () => void = () => undefined;

  constructor(private readonly context: HistoryContext) {}

  open(): void {
    const dialog = openDialog({
      title: 'Merge',
      testId: 'merge-dialog',
      body: [
        this.choices,
        this.link,
        this.pane.element,
        this.error,
        h('div', { class: 'dialog-actions' }, this.preview, this.confirm),
      ],
    });
    dialog.element.classList.add('wide');
    this.close = () => dialog.close();
    this.reset();
    void this.load();
  }

  /** Whether the room is a fork itself decides what there is to choose. */
  private async load(): Promise<void> {
    const { roomId, token } = this.context;
    this.preview.disabled = true;
    const spinner = h('span', { class: 'spinner', role: 'img', 'aria-label': 'Busy' });
    fill(this.choices, h('p', { class: 'diff-wait' }, spinner, 'Looking where this room comes from…'));
    try {
      const { room } = await api.room(roomId, await token());
      const ways = waysOf(roomId, room.forkedFrom?.room ?? null);
      fill(this.choices, ...ways.map((way, index) => this.choice(way, index === 0)));
      this.choose(ways[0] ?? null);
    } catch (problem) {
      const again = (): void => void this.load();
      const retry = h('button', { type: 'button', class: 'button', onclick: again }, 'Try again');
      fill(this.choices, h('p', { class: 'field-error', role: 'alert' }, explain(problem)), retry);
    }
  }

  private choice(way: Way, isChosen: boolean): HTMLElement {
    return h(
      'label',
      { class: 'choice' },
      h('input', {
        type: 'radio',
        name: 'merge-way',
        checked: isChosen,
        'data-testid': `merge-${way.id}`,
        onchange: () => this.choose(way),
      }),
      h('span', { class: 'choice-text' }, h('strong', {}, way.label), h('span', {}, way.hint)),
    );
  }

  private choose(way: Way | null): void {
    this.way = way;
    this.link.hidden = way?.other !== null;
    this.preview.disabled = way === null;
    this.reset();
  }

  /** Another choice: what was shown for the one before does not stand. */
  private reset(): void {
    this.confirm.disabled = true;
    fill(this.error);
    fill(this.pane.element);
  }

  private async show(): Promise<void> {
    const way = this.way;
    if (way === null) return;
    fill(this.error);
    const diff = await this.pane.show(async () => (await this.ask(way, true)).diff);
    if (this.way === way) this.confirm.disabled = diff === null || diff.files.length === 0;
  }

  private async merge(): Promise<void> {
    const way = this.way;
    if (way === null) return;
    try {
      const { diff } = await this.ask(way, false);
      this.close();
      const files = countWords(diff.files.length, 'file', 'files');
      const where = way.isOutward ? 'in the original' : 'here';
      notice(diff.files.length === 0 ? 'There was nothing to merge.' : `Merged: ${files} changed ${where}.`);
    } catch (problem) {
      fill(this.error, explain(problem));
    }
  }

  private async ask(way: Way, preview: boolean): Promise<MergeAnswer> {
    const { roomId } = this.context;
    const other = way.other === null ? parseOther(this.link.value) : { id: way.other, link: null };
    if (other === null) throw new Error('This is not the link of a room. It looks like …/r/…#link=…');
    if (other.id === roomId) throw new Error('This is the room that you are in.');
    await this.context.settled(SETTLE_MS);
    const [here, there] = [await this.context.token(), await tokenOf(other, way.isOutward)];
    return way.isOutward
      ? calls.merge(other.id, { from: roomId, fromToken: here, preview }, there)
      : calls.merge(roomId, { from: other.id, fromToken: there, preview }, here);
  }

  private button(label: string, testId: string, kind: string, work: () => Promise<void>): HTMLButtonElement {
    const onclick = (): void => {
      button.setAttribute('aria-busy', 'true');
      void work().finally(() => button.removeAttribute('aria-busy'));
    };
    const button = h('button', { type: 'button', class: kind, 'data-testid': testId, onclick }, label);
    return button;
  }
}

/** A pass for the other room, by whatever this browser has for it. */
async function tokenOf(other: Other, toEdit: boolean): Promise<string> {
  const admission = new Admission(other.id, other.link, () =>
    Promise.reject(new NotAdmitted('Open the other room once, then merge.')),
  );
  try {
    const { token, rights } = await admission.token();
    if (toEdit && !rights.edit) throw new NotAdmitted('you may only view it');
    return token;
  } catch (error) {
    if (!(error instanceof NotAdmitted)) throw error;
    const what = toEdit ? 'edit the other room' : 'open the other room';
    throw new Error(
      `You need to be able to ${what} (${error.message.replace(/\.$/, '')}). Open it once by a link that allows it, then come back.`,
    );
  }
}
