/**
 * The living room's door to its history: opens and closes the view, whose code is loaded when it is first wanted,
 * and tells everybody what others did to the room as a whole.
 */
import { explain } from '../api.ts';
import { notice } from '../dialogs.ts';
import type { RoomEvent } from '../wire.ts';
import * as calls from './calls.ts';
import { timeWords, type HistoryContext } from './context.ts';
import type { HistoryView } from './view.ts';

export interface HistoryEntryOptions {
  readonly context: HistoryContext;
  /** The file that is open. */
  readonly path: () => string | null;
  /** Puts the view in the room's place, or takes it away again. */
  readonly mount: (view: HTMLElement | null) => void;
}

export class HistoryEntry {
  private view: HistoryView | null = null;
  private opening = false;

  constructor(private readonly options: HistoryEntryOptions) {}

  get isOpen(): boolean {
    return this.view !== null;
  }

  /** Opens the history, at a position where one is named. */
  async open(position: number | null = null): Promise<void> {
    if (this.view !== null || this.opening) return;
    this.opening = true;
    try {
      const { HistoryView } = await import('./view.ts');
      const { context } = this.options;
      this.view = new HistoryView({ context, path: this.options.path(), onClose: () => this.close() });
      this.options.mount(this.view.element);
      this.view.start(position);
    } catch (error) {
      notice(`The history could not be opened. ${explain(error)}`, 'error');
    } finally {
      this.opening = false;
    }
  }

  close(): void {
    if (this.view === null) return;
    this.view.dispose();
    this.view = null;
    this.options.mount(null);
  }

  heard(event: RoomEvent): void {
    this.view?.heard(event);
    switch (event.type) {
      case 'room:snapshot':
        return notice(
          `${this.who(event.snapshot.authorId, event.snapshot.authorName)} took the snapshot “${event.snapshot.name}”.`,
        );
      case 'room:restored':
        return void this.restored(event.authorId, event.to);
      case 'room:merged':
        return notice(`${this.who(event.authorId)} merged another room’s changes into this one.`);
      default:
        return undefined;
    }
  }

  private async restored(author: string, to: number): Promise<void> {
    const when = await this.timeOf(to);
    notice(`${this.who(author)} set the files back to how they were ${when}. The history has the others.`);
  }

  /** When a position was, in words; the notice comes also where that cannot be found out. */
  private async timeOf(position: number): Promise<string> {
    const { roomId, token } = this.options.context;
    try {
      const page = await calls.page(roomId, Math.max(0, position - 1), await token(), 1);
      const item = page.items.find((candidate) => candidate.position === position);
      return item === undefined ? 'at the beginning' : `at ${timeWords(item.at)}`;
    } catch {
      return 'at an earlier moment';
    }
  }

  private who(participant: string, name = 'Somebody'): string {
    const { context } = this.options;
    return participant === context.youId() ? 'You' : (context.nameOf(participant) ?? name);
  }
}
