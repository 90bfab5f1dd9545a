/**
 * What runs in the room: the runs, their output and their input, and the terminals. Passes the room's events to the
 * parts that show them.
 */
import type * as Y from 'yjs';
import * as api from './api.ts';
import { h } from './dom.ts';
import type { Files } from './files.ts';
import { InputLine } from './input-line.ts';
import { Output } from './output.ts';
import { OutputPane } from './output-pane.ts';
import { Runbar } from './runbar.ts';
import { Runs, type RunChange } from './runs.ts';
import { StdinField } from './stdin.ts';
import { TerminalPanel } from './terminal/panel.ts';
import type { ClientEvent, Language, Participant, Rights, RoomEvent, Run } from './wire.ts';

export interface ExecutionOptions {
  readonly roomId: string;
  readonly doc: Y.Doc;
  readonly files: Files;
  readonly youId: () => string;
  readonly people: () => readonly Participant[];
  /** The room's own, where it has one. */
  readonly language: () => Language | null;
  readonly rights: () => Rights;
  readonly activePath: () => string | null;
  readonly token: () => Promise<string>;
  readonly settled: (patienceMs: number) => Promise<void>;
  readonly send: (event: ClientEvent) => boolean;
  /** There is something to see in the pane. */
  readonly onOutput: () => void;
  /** Brings the pane into view on narrow screens. */
  readonly show: () => void;
}

export class Execution {
  readonly runbar: Runbar;
  readonly pane: OutputPane;
  private readonly runs = new Runs();
  private readonly output: Output;
  private readonly stdin = new StdinField();
  private readonly inputLine: InputLine;
  private readonly terminal: TerminalPanel;
  /** The run whose output is shown. */
  private shown: Run | null = null;

  constructor(private readonly options: ExecutionOptions) {
    const { roomId, token, settled, send } = options;
    this.inputLine = new InputLine({ send });
    this.output = new Output(this.runs, Date.now, (run) => this.runShown(run));
    this.runbar = new Runbar({
      ...{ roomId, token, settled },
      stdin: () => this.stdin.value,
      onLanguages: () => this.terminal.render(),
      onStarted: (run) => this.started(run),
    });
    this.terminal = new TerminalPanel({
      ...options,
      language: () => options.language() ?? this.runbar.openLanguage,
      onPresent: () => this.pane.chosen !== 'terminal' && this.pane.mark('terminal', true),
      onNews: options.onOutput,
      onLeave: () => this.pane.focusTab('terminal'),
    });
    this.pane = this.makePane();
    const { element } = this.stdin;
    element.addEventListener('input', () => this.pane.mark('stdin', this.stdin.value !== ''));
  }

  welcome(event: Extract<RoomEvent, { type: 'room:welcome' }>): void {
    this.runs.welcome(event.runs);
    this.output.welcome();
    this.terminal.welcome(event);
  }

  /** False for an event that is not about what runs. */
  heard(event: RoomEvent): boolean {
    if (this.terminal.heard(event)) return true;
    if (event.type === 'error') return this.refused(event);
    if (event.type === 'run:stdin' && event.end) this.inputLine.ended(event.runId);
    const change = this.runs.apply(event);
    this.ran(change);
    return change !== null;
  }

  /** The person's rights or the room's files are others now. */
  render(): void {
    const { options } = this;
    this.runbar.render({
      rights: options.rights(),
      paths: options.files.paths(),
      activePath: options.activePath(),
      activeRun: this.runs.active()?.run ?? null,
    });
    this.inputLine.render(this.shown, options.rights().run);
    this.terminal.render();
  }

  peopleChanged(): void {
    this.terminal.render();
  }

  private makePane(): OutputPane {
    const { output, stdin, terminal } = this;
    const withInput = h('div', { class: 'output-panel' }, output.element, this.inputLine.element);
    return new OutputPane(
      [
        { id: 'output', label: 'Output', element: withInput, tools: [output.picker, output.copyButton] },
        { id: 'stdin', label: 'Input', element: stdin.element, tools: [] },
        { id: 'terminal', label: 'Terminal', element: terminal.element, tools: terminal.tools.elements },
      ],
      (id) => id === 'terminal' && this.terminalChosen(),
    );
  }

  private terminalChosen(): void {
    this.pane.mark('terminal', false);
    this.terminal.reveal();
  }

  private refused({ regarding, error }: Extract<RoomEvent, { type: 'error' }>): boolean {
    if (regarding !== 'run:stdin') return false;
    this.inputLine.refused(api.explain(new api.ApiError(error.code, error.message)));
    return true;
  }

  private ran(change: RunChange | null): void {
    if (change === null) return;
    this.output.apply(change);
    if (change.kind === 'output') this.options.onOutput();
    else this.render();
  }

  private started(run: Run): void {
    this.output.followNewest();
    this.ran(this.runs.add(run));
    this.pane.choose('output');
    this.options.show();
  }

  private runShown(run: Run | null): void {
    this.shown = run;
    this.inputLine.render(run, this.options.rights().run);
  }
}
