/**
 * The terminals of a room: which of them is shown, and what is done with it. Passes what the room says to the parts
 * that show it; the screen itself is loaded when it is first wanted.
 */
import type * as Y from 'yjs';
import { explain, ApiError } from '../api.ts';
import { confirmAction, notice } from '../dialogs.ts';
import { h } from '../dom.ts';
import type { Files } from '../files.ts';
import { openMenu } from '../menu.ts';
import type {
  ClientEvent,
  Language,
  Participant,
  Rights,
  RoomEvent,
  TerminalProgram,
  TerminalSize,
} from '../wire.ts';
import { TerminalBar, type BarState } from './bar.ts';
import { ScreenSlot } from './screen-slot.ts';
import { TerminalStart } from './start.ts';
import { TakeOver } from './take-over.ts';
import {
  mayDo,
  mayType,
  messagesOf,
  Terminals,
  type TerminalChange,
  type TerminalRecord,
} from './terminals.ts';
import { TerminalTools } from './tools.ts';
import { NO_RIGHT, programName, programsFor, refusalWords } from './words.ts';

/** UTF-16 units of one message: at most three bytes each, and the server takes 16 KB. */
const INPUT_MAX_UNITS = 5_000;
const NOT_CONNECTED = 'Not sent: there is no connection to the room.';

export interface TerminalPanelOptions {
  readonly doc: Y.Doc;
  readonly files: Files;
  readonly rights: () => Rights;
  readonly youId: () => string;
  readonly people: () => readonly Participant[];
  /** Whose prompt is offered. */
  readonly language: () => Language | null;
  /** False if there is no connection to send by. */
  readonly send: (event: ClientEvent) => boolean;
  /** There is a terminal. */
  readonly onPresent: () => void;
  /** One was opened that this person does not see. */
  readonly onNews: () => void;
  /** The person leaves the screen by the keyboard. */
  readonly onLeave: () => void;
}

export class TerminalPanel {
  readonly element: HTMLElement;
  /** Sit in the pane's head. */
  readonly tools: TerminalTools;
  private readonly terminals = new Terminals();
  private readonly bar: TerminalBar;
  private readonly start: TerminalStart;
  private readonly slot: ScreenSlot;
  private readonly takeOver: TakeOver;
  private shownId: string | null = null;
  /** Asked for here, and not there yet. */
  private isOpening = false;
  private readonly names = new Map<string, string>();

  constructor(private readonly options: TerminalPanelOptions) {
    const { doc, files, send } = options;
    this.start = new TerminalStart((program) => void this.open(program));
    this.bar = this.makeBar();
    this.takeOver = new TakeOver({ doc, files, send, onBusy: (isBusy) => this.bar.setBusy(isBusy) });
    this.slot = new ScreenSlot({
      onInput: (data) => this.input(data),
      onRefusedInput: () => this.slot.say(this.refusal()),
      onResize: (size) => this.resized(size),
      onLeave: () => options.onLeave(),
      onCopied: (isCopied) =>
        isCopied ? notice('Copied.') : notice('The browser does not allow copying here.', 'error'),
    });
    this.tools = new TerminalTools({
      onPick: (id) => this.show(id),
      onOpen: (program) => void this.open(program),
      onCopy: () => this.slot.copy(),
    });
    this.element = h(
      'div',
      { class: 'terminal', 'data-testid': 'terminal-panel' },
      ...[this.bar.element, this.slot.element, this.start.element],
    );
    setInterval(() => this.shown?.stand.kind === 'waiting' && this.render(), 1_000);
    this.render();
  }

  welcome(event: Extract<RoomEvent, { type: 'room:welcome' }>): void {
    this.isOpening = false;
    this.terminals.welcome(event.terminals);
    const shown = this.shown ?? this.terminals.list().at(-1);
    this.show(shown?.terminal.id ?? null);
    if (event.terminals.length > 0) this.options.onPresent();
  }

  /** False for an event that is not about terminals. */
  heard(event: RoomEvent): boolean {
    if (event.type === 'error') return this.refused(event);
    if (event.type === 'terminal:changes') {
      void this.takeOver.answered(event);
      return true;
    }
    const change = this.terminals.apply(event);
    if (change !== null) this.changed(change);
    return change !== null;
  }

  /** The panel comes into view. */
  reveal(): void {
    if (this.shown !== undefined || this.options.rights().terminal) void this.slot.load();
  }

  /** People, rights or the language may be others now. */
  readonly render = (): void => {
    const record = this.shown;
    const { rights, people, language } = this.options;
    for (const { id, name } of people()) this.names.set(id, name);
    const mayUse = rights().terminal;
    this.element.toggleAttribute('data-empty', record === undefined);
    this.start.element.hidden = record !== undefined;
    this.start.render(mayUse, programsFor(language()), this.isOpening);
    this.renderTools();
    if (record === undefined) return;
    this.bar.render(this.barState(record), Date.now());
    const isTyping = mayType(record, this.options.youId());
    this.slot.setMode(isTyping ? { kind: 'typing' } : { kind: 'watching', size: record.terminal.size });
  };

  private get shown(): TerminalRecord | undefined {
    return this.shownId === null ? undefined : this.terminals.get(this.shownId);
  }

  private makeBar(): TerminalBar {
    return new TerminalBar({
      onTakeKeyboard: () => this.giveKeyboard(this.options.youId()),
      onHandOver: (anchor) => this.handOver(anchor),
      onTakeFiles: () => this.shownId !== null && this.takeOver.ask(this.shownId),
      onClose: () => void this.close(),
      onAgain: () => this.shown !== undefined && void this.open(this.shown.terminal.program),
      onDismiss: () => this.dismiss(),
    });
  }

  private barState(record: TerminalRecord): BarState {
    const [{ terminal, stand }, youId] = [record, this.options.youId()];
    const id = terminal.keyboard;
    const name = this.names.get(id) ?? 'Somebody who has left';
    return {
      ...{ program: terminal.program, stand },
      holder: { id, name, isYou: id === youId },
      may: mayDo(record, youId, this.options.rights()),
    };
  }

  private renderTools(): void {
    this.tools.render({
      records: this.terminals.list(),
      shownId: this.shownId,
      mayUse: this.options.rights().terminal,
      isOpening: this.isOpening,
      programs: programsFor(this.options.language()),
    });
  }

  private show(id: string | null): void {
    this.shownId = id;
    this.slot.show(this.shown?.output ?? '');
    this.render();
    if (this.isChosen) this.reveal();
  }

  /** Chosen, though perhaps in a part of the page that a narrow screen does not show now. */
  private get isChosen(): boolean {
    return !this.element.hidden;
  }

  private changed(change: TerminalChange): void {
    if (change.kind === 'opened') return this.opened(change.id);
    if (change.kind === 'ended') this.takeOver.closed(change.id);
    if (change.kind === 'ready') this.takeOver.ready(change.id);
    if (change.id !== this.shownId) return this.renderTools();
    if (change.kind === 'output') return this.slot.write(change.data);
    this.slot.say('');
    this.render();
  }

  private opened(id: string): void {
    const { openedBy, program } = this.terminals.get(id)?.terminal ?? {};
    const isMine = this.isOpening && openedBy === this.options.youId();
    this.takeOver.opened(id);
    if (isMine) this.isOpening = false;
    const isFree = this.shown === undefined || this.shown.stand.kind === 'ended';
    if (isMine || isFree) this.show(id);
    else this.render();
    if (isMine) return this.slot.focus();
    // On narrow screens the chosen panel may be out of sight.
    if (this.element.getClientRects().length > 0) return;
    this.options.onPresent();
    this.options.onNews();
    if (program !== undefined) {
      notice(`${this.names.get(openedBy ?? '') ?? 'Somebody'} opened a terminal: ${programName(program)}.`);
    }
  }

  private async open(program: TerminalProgram): Promise<void> {
    if (this.isOpening) return;
    if (!this.options.rights().terminal) return notice(NO_RIGHT, 'error');
    this.isOpening = true;
    this.render();
    const size = await this.slot.size();
    this.isOpening = this.options.send({ type: 'terminal:open', program, size });
    if (!this.isOpening) notice(NOT_CONNECTED, 'error');
    this.render();
  }

  private input(data: string): void {
    const terminalId = this.shownId;
    if (terminalId === null) return;
    for (const part of messagesOf(data, INPUT_MAX_UNITS)) {
      if (!this.options.send({ type: 'terminal:input', terminalId, data: part })) {
        return this.slot.say(NOT_CONNECTED);
      }
    }
  }

  private refusal(): string {
    const record = this.shown;
    const holder = this.names.get(record?.terminal.keyboard ?? '') ?? 'Somebody else';
    return record === undefined ? '' : refusalWords(record.stand, this.options.rights().terminal, holder);
  }

  private resized(size: TerminalSize): void {
    const record = this.shown;
    if (record === undefined) return;
    const { rows, cols } = record.terminal.size;
    if (rows === size.rows && cols === size.cols) return;
    this.options.send({ type: 'terminal:resize', terminalId: record.terminal.id, size });
  }

  private handOver(anchor: HTMLElement): void {
    const youId = this.options.youId();
    const others = this.options.people().filter(({ id, role }) => id !== youId && role !== 'viewer');
    if (others.length === 0) return notice('Nobody else is here who could type.');
    const items = others.map(({ id, name }) => ({
      label: name,
      testId: 'hand-over-to',
      work: () => this.giveKeyboard(id),
    }));
    openMenu(anchor, 'Who gets the keyboard', items);
  }

  private giveKeyboard(to: string): void {
    const terminalId = this.shownId;
    if (terminalId === null) return;
    if (!this.options.send({ type: 'terminal:keyboard', terminalId, to })) notice(NOT_CONNECTED, 'error');
    else if (to === this.options.youId()) this.slot.focus();
  }

  private async close(): Promise<void> {
    const record = this.shown;
    if (record === undefined) return;
    const terminalId = record.terminal.id;
    const text =
      'Its program ends for everybody, and changes of files that nobody has taken over are lost with it.';
    const asks = record.stand.kind === 'open';
    if (asks && !(await confirmAction('Close this terminal?', text, 'Close it'))) return;
    if (!this.options.send({ type: 'terminal:close', terminalId })) notice(NOT_CONNECTED, 'error');
  }

  private dismiss(): void {
    if (this.shownId !== null) this.terminals.dismiss(this.shownId);
    this.show(this.terminals.list().at(-1)?.terminal.id ?? null);
    this.options.onLeave();
  }

  private refused({ regarding, error }: Extract<RoomEvent, { type: 'error' }>): boolean {
    if (regarding === undefined || !regarding.startsWith('terminal:')) return false;
    if (regarding === 'terminal:open') this.isOpening = false;
    if (regarding === 'terminal:changes') this.takeOver.refused();
    const words = explain(new ApiError(error.code, error.message));
    if (regarding === 'terminal:input' || regarding === 'terminal:resize') this.slot.say(words);
    else notice(words, 'error');
    this.render();
    return true;
  }
}
