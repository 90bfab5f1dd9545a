/** What is said of terminals: their programs, why they ended, what can be opened. Pure. */
import type { Language, TerminalEnd, TerminalProgram } from '../wire.ts';
import type { Stand } from './terminals.ts';

export const NO_RIGHT = 'Your link does not allow using a terminal. Ask the owner for one that does.';

/** A machine that has to be started first takes so long. */
const COLD_START_S = 15;

const PROMPTS: Readonly<Partial<Record<Language, string>>> = {
  python: 'Python prompt',
  javascript: 'JavaScript prompt',
  java: 'Java prompt',
};

const ENDS: Readonly<Record<TerminalEnd, string>> = {
  exited: 'its program has ended',
  closed: 'somebody closed it',
  idle: 'it was closed because nobody typed for a long time',
  time_limit: 'it was closed because it was open for as long as a terminal may be',
  memory_limit: 'it was stopped because it needed more memory than a terminal may have',
  process_limit: 'it was stopped because it started too many processes',
  disk_limit: 'it was stopped because it wrote too much to disk',
  lost: 'its machine was lost, or none was free in time',
  internal: 'it was closed because something failed on our side',
};

/** The programs to offer: a shell and, where the language has one, its prompt. */
export function programsFor(language: Language | null): TerminalProgram[] {
  const shell: TerminalProgram = { kind: 'shell' };
  return language === null || PROMPTS[language] === undefined ? [shell] : [shell, { kind: 'repl', language }];
}

export function programName(program: TerminalProgram): string {
  return program.kind === 'shell' ? 'shell' : (PROMPTS[program.language] ?? `Prompt of ${program.language}`);
}

/** The same, at the beginning of something. */
export function programTitle(program: TerminalProgram): string {
  const name = programName(program);
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** Why a terminal is gone. */
export function endWords({ reason, exitCode }: Extract<Stand, { kind: 'ended' }>): string {
  if (reason === null) return 'it ended while this page was not connected.';
  const code = exitCode === null ? '' : ` (exit ${exitCode})`;
  return `${ENDS[reason]}${code}.`;
}

/** How long a machine has been waited for; after a while also why that may be. */
export function waitWords(since: number, now: number): string {
  const seconds = Math.max(0, Math.round((now - since) / 1_000));
  return seconds < COLD_START_S ? `${seconds} s` : `${seconds} s. A first start can take a minute.`;
}

/** Why what somebody typed went nowhere. */
export function refusalWords(stand: Stand, mayUse: boolean, holder: string): string {
  if (stand.kind === 'waiting') return 'You can type as soon as the machine is there.';
  if (stand.kind === 'ended') return 'This terminal has ended.';
  return mayUse
    ? `${holder} has the keyboard. To type, press “Take the keyboard”.`
    : `${holder} has the keyboard.`;
}
