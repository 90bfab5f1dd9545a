/**
 * When the room and this page have parted: keeps aside what the room does not have, starts over from the room's
 * state, and offers the kept text afterwards. Nothing that a person wrote is dropped without a word.
 */
import type { Admission } from './admission.ts';
import type { Connection } from './connection.ts';
import { confirmAction, notice, openDialog } from './dialogs.ts';
import { fill, h, icon, iconButton } from './dom.ts';
import type { Files } from './files.ts';
import * as icons from './icons.ts';
import { deleteKept, keep, keptOf, type Kept, type KeptFile } from './kept.ts';
import { forgetOnDevice } from './local-data.ts';
import { retire, textsOf } from './offline.ts';
import { isWithdrawal, showRefusal } from './refusal.ts';
import { NOT_ACCEPTED } from './saved.ts';
import { rememberedGrant, rememberedRoom, rememberGrant } from './storage.ts';

export interface RecoveryOptions {
  readonly admission: Admission;
  readonly files: Files;
  readonly connection: () => Connection;
}

const REBUILT = 4409;
/** A page that was restarted so recently is not restarted by itself again. */
const RESTART_PAUSE_MS = 60_000;
const RESTARTED_KEY = 'tutti.restarted';

const REASONS: Readonly<Record<number, string>> = {
  [NOT_ACCEPTED]: 'You could only view the room when it was sent.',
  4413: 'It was larger than the room accepts.',
  4422: 'The room could not read it.',
};
const REBUILT_REASON = 'The room was rebuilt before it had arrived there.';

export class Recovery {
  /** The page is about to go by what the person decided: nothing is to be asked again. */
  isLeaving = false;
  /** The room has closed for good: shows again why, and what to do. */
  showRefusal: (() => void) | null = null;
  private offered = false;
  private retired: Promise<void> = Promise.resolve();

  constructor(private readonly options: RecoveryOptions) {}

  /** The room has closed for good. */
  async refused(code: number, reason: string): Promise<void> {
    const { admission } = this.options;
    const { copy } = this.options.connection();
    if (isWithdrawal(code)) admission.withdraw();
    this.showRefusal = () =>
      showRefusal(code, reason, {
        reload: () => location.reload(),
        resume: () => this.resume(),
        startOver: () => void this.startOver(code),
      });
    if (code === REBUILT && copy.works && !restartedJustNow()) {
      await copy.flushed();
      return this.restart();
    }
    this.showRefusal?.();
  }

  /** Ends the copy of a generation that has ended; called once the page is open. */
  retireOlder(): void {
    this.retired = this.retire();
  }

  /** Shows what is kept and not in the room; called when the page has the room's state. */
  async offerOnce(): Promise<void> {
    if (this.offered) return;
    this.offered = true;
    await this.retired;
    await this.offer();
  }

  private async retire(): Promise<void> {
    const { roomId } = this.options.admission;
    const older = rememberedGrant(roomId)?.older ?? null;
    if (older === null || !(await retire(roomId, older, REBUILT_REASON))) return;
    const grant = rememberedGrant(roomId);
    if (grant?.older === older) rememberGrant(roomId, { ...grant, older: null });
  }

  /** Leaves for good, as far as this device goes. */
  async forget(): Promise<void> {
    const { roomId } = this.options.admission;
    const connection = this.options.connection();
    const unsaved =
      connection.saved === 'saved' ? '' : ' Your last changes are not in the room yet: they would be lost.';
    const key =
      rememberedRoom(roomId)?.ownerKey === undefined
        ? ''
        : ' You made this room as a guest: only this browser can manage it, and will not be able to any more.';
    const text = `Its text, and the way in, are removed from this device. The room itself stays.${unsaved}${key}`;
    if (!(await confirmAction('Forget this room?', text, 'Forget'))) return;
    this.isLeaving = true;
    await connection.copy.remove();
    connection.dispose();
    await forgetOnDevice(roomId);
    location.assign('/');
  }

  private async offer(): Promise<void> {
    const { roomId } = this.options.admission;
    const here = new Map(textsOf(this.options.files).map(({ path, text }) => [path, text]));
    const kept = (await keptOf(roomId)).map((entry) => ({
      ...entry,
      files: entry.files.filter(({ path, text }) => text !== '' && here.get(path) !== text),
    }));
    const missing = kept.filter(({ files }) => files.length > 0);
    if (missing.length === 0) {
      if (kept.length > 0) await deleteKept(roomId);
      return;
    }
    openKept(roomId, missing);
  }

  private resume(): void {
    this.showRefusal = null;
    this.options.connection().resume();
  }

  private async startOver(code: number): Promise<void> {
    const { admission, files } = this.options;
    const { copy, saved } = this.options.connection();
    const { roomId } = admission;
    const reason = REASONS[code] ?? REBUILT_REASON;
    const texts = saved === 'saved' ? [] : textsOf(files);
    const isKept = texts.length === 0 || (await keep({ roomId, at: Date.now(), reason, files: texts }));
    if (!isKept) {
      const text =
        'This browser does not let Tutti keep it aside. Copy out of the editor what you need first.';
      if (!(await confirmAction('Your text would be lost', text, 'Go on without it'))) return;
    }
    await copy.remove();
    this.restart();
  }

  private restart(): void {
    this.isLeaving = true;
    try {
      sessionStorage.setItem(RESTARTED_KEY, String(Date.now()));
    } catch {
      // Without storage there was no copy, and the person has pressed a button.
    }
    location.reload();
  }
}

function restartedJustNow(): boolean {
  try {
    return Date.now() - Number(sessionStorage.getItem(RESTARTED_KEY) ?? 0) < RESTART_PAUSE_MS;
  } catch {
    return true;
  }
}

function openKept(roomId: string, kept: readonly Kept[]): void {
  const discard = async (): Promise<void> => {
    const agreed = await confirmAction('Throw this text away?', 'It exists nowhere else.', 'Throw away');
    if (!agreed) return;
    await deleteKept(roomId);
    dialog.close();
  };
  const dialog = openDialog({
    title: 'Text that is not in the room',
    testId: 'kept',
    body: [
      h('p', {}, 'This device has kept text that did not get into the room. Take out what you need.'),
      ...kept.map(entryOf),
      h(
        'div',
        { class: 'dialog-actions' },
        h('button', { type: 'button', class: 'button danger', onclick: () => void discard() }, 'Throw away'),
        h(
          'button',
          { type: 'button', class: 'button primary', autofocus: true, onclick: () => dialog.close() },
          'Decide later',
        ),
      ),
    ],
  });
}

function entryOf(kept: Kept): HTMLElement {
  const when = new Date(kept.at).toLocaleString();
  return h(
    'section',
    { class: 'kept' },
    h('p', { class: 'hint' }, `${when}. ${kept.reason}`),
    h('ul', {}, ...kept.files.map(fileRow)),
  );
}

function fileRow(file: KeptFile): HTMLElement {
  const copyText = (): void => {
    navigator.clipboard.writeText(file.text).then(
      () => notice(`${file.path} is copied.`),
      () => notice('The browser does not allow copying here. Download the file instead.', 'error'),
    );
  };
  const save = h('button', { type: 'button', class: 'button small', onclick: () => download(file) });
  fill(save, icon(icons.DOWN), h('span', {}, 'Download'));
  return h(
    'li',
    { class: 'kept-file' },
    h('span', { class: 'mono' }, file.path),
    iconButton(icons.COPY, `Copy ${file.path}`, copyText),
    save,
  );
}

function download(file: KeptFile): void {
  const url = URL.createObjectURL(new Blob([file.text], { type: 'text/plain' }));
  const name = file.path.slice(file.path.lastIndexOf('/') + 1);
  h('a', { href: url, download: name }).click();
  URL.revokeObjectURL(url);
}
