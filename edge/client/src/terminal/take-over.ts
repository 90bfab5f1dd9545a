/**
 * Takes files from a terminal over into the room: asks for what differs, waits for the answer, and opens the dialog,
 * whose code is loaded then. Notes which files are edited here while a terminal is open.
 */
import type * as Y from 'yjs';
import { notice } from '../dialogs.ts';
import type { Files } from '../files.ts';
import type { ClientEvent, RoomEvent } from '../wire.ts';

const PATIENCE_MS = 30_000;
/** From when a machine gets the files to when it says that the terminal is open, at most. */
const OPENING_MS = 5_000;
const NOT_CONNECTED = 'There is no connection to the room. Try again in a moment.';
const NO_ANSWER = 'The machine has not answered. Try again in a moment.';

export interface TakeOverOptions {
  readonly doc: Y.Doc;
  readonly files: Files;
  /** False if there is no connection to send by. */
  readonly send: (event: ClientEvent) => boolean;
  /** Whether an answer is being waited for. */
  readonly onBusy: (isBusy: boolean) => void;
}

type Answer = Extract<RoomEvent, { type: 'terminal:changes' }>;

export class TakeOver {
  /**
   * By terminal: the files that were edited here since it got its copy of them, and when. Nothing of one that was
   * open before this page.
   */
  private readonly edited = new Map<string, Map<string, number>>();
  private asked: { readonly id: string; readonly timer: ReturnType<typeof setTimeout> } | null = null;

  constructor(
    private readonly options: TakeOverOptions,
    private readonly now: () => number = Date.now,
  ) {
    options.files.observeEdits((paths) => {
      for (const edited of this.edited.values()) for (const path of paths) edited.set(path, this.now());
    });
  }

  /** Somebody wants a terminal: from now on, or when a machine has come for it, it has a copy of the files. */
  opened(id: string): void {
    this.edited.set(id, new Map());
  }

  /** A machine has opened it, a moment after it got the files. */
  ready(id: string): void {
    const edited = this.edited.get(id) ?? new Map<string, number>();
    for (const [path, at] of edited) if (at < this.now() - OPENING_MS) edited.delete(path);
  }

  closed(id: string): void {
    this.edited.delete(id);
    if (this.asked?.id === id) this.settle();
  }

  ask(terminalId: string): void {
    if (this.asked !== null) return;
    if (!this.options.send({ type: 'terminal:changes', terminalId })) return notice(NOT_CONNECTED, 'error');
    const timer = setTimeout(() => {
      this.settle();
      notice(NO_ANSWER, 'error');
    }, PATIENCE_MS);
    this.asked = { id: terminalId, timer };
    this.options.onBusy(true);
  }

  /** The room refused to ask the machine. */
  refused(): void {
    this.settle();
  }

  async answered(answer: Answer): Promise<void> {
    const { terminalId } = answer;
    // Another page of the same person has asked.
    if (this.asked?.id !== terminalId) return;
    try {
      const { openTakeOver } = await import('./take-over-dialog.ts');
      const edited = this.edited.get(terminalId) ?? new Map<string, number>();
      const onTaken = (paths: readonly string[]): void => paths.forEach((path) => edited.delete(path));
      openTakeOver({ ...this.options, ...answer, edited: new Set(edited.keys()), onTaken });
    } catch {
      notice('The files could not be shown. Check the connection and try again.', 'error');
    } finally {
      this.settle();
    }
  }

  private settle(): void {
    if (this.asked === null) return;
    clearTimeout(this.asked.timer);
    this.asked = null;
    this.options.onBusy(false);
  }
}
