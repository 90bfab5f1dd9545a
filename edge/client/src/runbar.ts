/**
 * Run and Stop, and the choice of what runs. Starting goes over HTTP, whose answer says exactly why a run was
 * not accepted; everybody, this page included, then sees the run by its events.
 */
import * as api from './api.ts';
import { notice } from './dialogs.ts';
import { fill, h, icon } from './dom.ts';
import * as icons from './icons.ts';
import { languageOf, runnable } from './languages.ts';
import { inputOf } from './stdin.ts';
import type { Language, LanguageInfo, Rights, Run, RoomRunRequest } from './wire.ts';

/** The server's limit. */
export const STDIN_MAX_BYTES = 10 * 1024;
/** How long a run waits for the last keystrokes to be in the room. */
const SETTLE_MS = 2_000;
/** Values of the picker that are not a file of the room; a path cannot begin with a slash. */
const ACTIVE = '/active';
const AS = '/as/';
/** The list of languages is asked for again after so long, if it did not come. */
const LANGUAGES_AGAIN_MS = 10_000;

export interface RunbarOptions {
  readonly roomId: string;
  readonly token: () => Promise<string>;
  readonly settled: (patienceMs: number) => Promise<void>;
  readonly stdin: () => string;
  /** It is known now what can be run. */
  readonly onLanguages: () => void;
  /** A run of this person was accepted. */
  readonly onStarted: (run: Run) => void;
}

/** What the bar's look depends on. */
export interface RunbarState {
  readonly rights: Rights;
  readonly paths: readonly string[];
  readonly activePath: string | null;
  /** The run that Stop would stop. */
  readonly activeRun: Run | null;
}

export class Runbar {
  readonly element: HTMLElement;
  private readonly picker: HTMLSelectElement;
  private readonly runButton: HTMLButtonElement;
  private readonly stopButton: HTMLButtonElement;
  private readonly reason = h('span', { class: 'visually-hidden', id: 'run-reason' });
  private languages: readonly LanguageInfo[] = [];
  private state: RunbarState | null = null;
  private chosen = ACTIVE;
  private busy = false;

  constructor(private readonly options: RunbarOptions) {
    this.picker = h('select', {
      class: 'select compact',
      'aria-label': 'What to run',
      'data-testid': 'run-target',
      onchange: () => {
        this.chosen = this.picker.value;
        this.renderButtons();
      },
    });
    this.runButton = h(
      'button',
      {
        type: 'button',
        class: 'button primary run',
        'data-testid': 'run',
        'aria-describedby': 'run-reason',
        onclick: () => void this.run(),
      },
      icon(icons.PLAY),
      h('span', {}, 'Run'),
    );
    this.stopButton = h(
      'button',
      { type: 'button', class: 'button stop', 'data-testid': 'stop', onclick: () => void this.stop() },
      icon(icons.STOP),
      h('span', {}, 'Stop'),
    );
    this.element = h('div', { class: 'runbar' }, this.picker, this.stopButton, this.runButton, this.reason);
  }

  /** Fetches what can be run here; until it has come, nothing can. */
  async loadLanguages(): Promise<void> {
    try {
      this.languages = await runnable();
      if (this.state !== null) this.render(this.state);
      this.options.onLanguages();
    } catch (error) {
      // Without a network the room says so itself.
      if (!(error instanceof api.ApiError && error.code === 'NETWORK')) notice(api.explain(error), 'error');
      setTimeout(() => void this.loadLanguages(), LANGUAGES_AGAIN_MS);
    }
  }

  /** The language of the open file. */
  get openLanguage(): Language | null {
    const path = this.state?.activePath ?? null;
    return path === null ? null : (languageOf(path, this.languages)?.id ?? null);
  }

  /** The editor has the same shortcut for itself; dialogs have none. */
  keyPressed(event: KeyboardEvent): void {
    const isRun = event.key === 'Enter' && (event.ctrlKey || event.metaKey);
    if (!isRun || event.defaultPrevented || document.querySelector('dialog[open]') !== null) return;
    event.preventDefault();
    void this.run();
  }

  render(state: RunbarState): void {
    this.state = state;
    this.renderPicker(state);
    this.renderButtons();
  }

  /** Runs what is chosen. A reason why that is impossible is told, since the shortcut has no disabled look. */
  async run(): Promise<void> {
    const target = this.target();
    if (typeof target === 'string') return notice(target, 'error');
    if (this.busy) return;
    this.setBusy(true);
    try {
      // The sockets and this call take different ways: what was typed last has to be in the room first.
      await this.options.settled(SETTLE_MS);
      const key = crypto
        .getRandomValues(new Uint8Array(16))
        .reduce((text, byte) => text + byte.toString(36), '');
      const answer = await api.startRun(this.options.roomId, target, await this.options.token(), key);
      this.options.onStarted(answer.run);
    } catch (error) {
      notice(api.explain(error), 'error');
    } finally {
      this.setBusy(false);
    }
  }

  private async stop(): Promise<void> {
    const run = this.state?.activeRun ?? null;
    if (run === null) return;
    this.stopButton.disabled = true;
    try {
      await api.cancelRun(run.id, await this.options.token());
    } catch (error) {
      // It ended in the meantime: that is what was wanted.
      if (!(error instanceof api.ApiError && error.code === 'CONFLICT')) notice(api.explain(error), 'error');
      this.renderButtons();
    }
  }

  private setBusy(busy: boolean): void {
    this.busy = busy;
    this.renderButtons();
  }

  /** What Run would do, or a sentence why it can do nothing. */
  private target(): RoomRunRequest | string {
    const state = this.state;
    if (state === null) return 'Still connecting.';
    if (!state.rights.run) return 'Your link does not allow running. Ask the owner for one that does.';
    const as = this.chosen.startsWith(AS) ? this.chosen.slice(AS.length) : null;
    const path = this.chosen === ACTIVE || as !== null ? state.activePath : this.chosen;
    if (path === null) return 'There is no file to run yet.';
    const language =
      as === null ? languageOf(path, this.languages) : this.languages.find((known) => known.id === as);
    if (!language) {
      const endings = this.languages.map((known) => `.${known.extension}`).join(', ');
      return this.languages.length === 0
        ? 'The list of languages has not arrived yet.'
        : `${path} is in no language that can run here (${endings}). Choose what to run.`;
    }
    const stdin = this.options.stdin();
    if (new TextEncoder().encode(stdin).length > STDIN_MAX_BYTES) return 'The input is longer than 10 KB.';
    return { language: language.id, entry: path, ...inputOf(stdin) };
  }

  private renderButtons(): void {
    const target = this.target();
    const problem = typeof target === 'string' ? target : null;
    const active = this.state?.activeRun ?? null;
    this.runButton.disabled = problem !== null || this.busy;
    this.runButton.toggleAttribute('aria-busy', this.busy);
    this.runButton.title = problem ?? 'Run (Ctrl or Cmd + Enter)';
    fill(this.reason, problem);
    this.stopButton.hidden = active === null;
    this.stopButton.disabled = this.state?.rights.run !== true;
    this.stopButton.title = this.stopButton.disabled
      ? 'Your link does not allow stopping runs'
      : 'Stop the run';
    this.picker.hidden = this.state?.rights.run !== true;
  }

  private renderPicker(state: RunbarState): void {
    const kept = [ACTIVE, ...state.paths, ...this.languages.map((language) => AS + language.id)];
    if (!kept.includes(this.chosen)) this.chosen = ACTIVE;
    const option = (value: string, label: string): HTMLOptionElement =>
      h('option', { value, selected: value === this.chosen }, label);
    const open = state.activePath === null ? null : languageOf(state.activePath, this.languages);
    const runnable = state.paths.filter((path) => languageOf(path, this.languages) !== null);
    const files = h('optgroup', { label: 'Always run' }, ...runnable.map((path) => option(path, path)));
    const languages = this.languages.map((language) =>
      option(AS + language.id, `Open file as ${language.name}`),
    );
    fill(
      this.picker,
      option(ACTIVE, open === null ? 'Open file' : `Open file · ${open.name}`),
      runnable.length > 0 && files,
      languages.length > 0 && h('optgroup', { label: 'In another language' }, ...languages),
    );
  }
}
