/** Brings the files of an earlier moment back, after showing what that changes. */
import { explain } from '../api.ts';
import { notice, openDialog } from '../dialogs.ts';
import { fill, h } from '../dom.ts';
import * as calls from './calls.ts';
import { SETTLE_MS, timeWords, type HistoryContext } from './context.ts';
import { DiffPane } from './diff-view.ts';

export interface RestoreOptions {
  readonly position: number;
  readonly at: number | null;
  /** The newest position that the page knows. */
  readonly last: number;
  /** The files are back: the living room shows them. */
  readonly onRestored: () => void;
}

export function openRestore(context: HistoryContext, options: RestoreOptions): void {
  new RestoreDialog(context, options).open();
}

class RestoreDialog {
  private readonly when: string;
  private readonly pane = new DiffPane({
    same: 'The files are the same as now: there is nothing to restore.',
    explain,
  });
  private readonly error = h('p', { class: 'field-error', role: 'alert' });
  private readonly confirm = h(
    'button',
    {
      type: 'button',
      class: 'button primary',
      disabled: true,
      'data-testid': 'confirm-restore',
      onclick: () => void this.restore(),
    },
    'Restore these files',
  );
  private close: () => void = () => undefined;

  constructor(
    private readonly context: HistoryContext,
    private readonly options: RestoreOptions,
  ) {
    this.when = options.at === null ? 'the beginning' : timeWords(options.at);
  }

  open(): void {
    const words = `The files become what they were at ${this.when}, for everybody in the room, at once. Nothing is lost: what was written since stays in the history, and you can come back to it the same way.`;
    const cancel = { type: 'button', class: 'button', onclick: () => dialog.close() };
    const dialog = openDialog({
      title: 'Restore this moment',
      testId: 'restore-dialog',
      body: [
        h('p', {}, words),
        h('h3', { class: 'diff-title' }, 'What changes in the files of now'),
        this.pane.element,
        this.error,
        h('div', { class: 'dialog-actions' }, h('button', cancel, 'Cancel'), this.confirm),
      ],
    });
    dialog.element.classList.add('wide');
    this.close = () => dialog.close();
    void this.show();
  }

  private async show(): Promise<void> {
    const { roomId, token } = this.context;
    const { last, position } = this.options;
    const diff = await this.pane.show(async () => calls.diff(roomId, last, position, await token()));
    this.confirm.disabled = diff === null || diff.files.length === 0;
  }

  private async restore(): Promise<void> {
    const { roomId, token, settled } = this.context;
    this.confirm.disabled = true;
    this.confirm.setAttribute('aria-busy', 'true');
    fill(this.error);
    try {
      await settled(SETTLE_MS);
      await calls.restore(roomId, this.options.position, await token());
      this.close();
      notice(`The files are back as they were at ${this.when}.`);
      this.options.onRestored();
    } catch (problem) {
      fill(this.error, explain(problem));
      this.confirm.disabled = false;
    } finally {
      this.confirm.removeAttribute('aria-busy');
    }
  }
}
