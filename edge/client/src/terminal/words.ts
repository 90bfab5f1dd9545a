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
  exited: 'Its program has ended',
  closed: 'Somebody closed it',
  idle: 'It was closed because nobody typed for a long time',
  time_limit: 'It was closed because it was open for as long as a terminal may be',
  memory_limit: 'It was stopped because it needed more memory than a terminal may have',
  process_limit: 'It was stopped because it started too many processes',
  disk_limit: 'It was stopped because it wrote too much to disk',
  lost: 'Its machine was lost, or none was free in time',
  internal: 'It was closed because something failed on our side',
};

/** The programs to offer: a shell and, where the language has one, its prompt. */
export function programsFor(language: Language | null): TerminalProgram[] {
  const shell: TerminalProgram = { kind: 'shell' };
  return language === null || PROMPTS[language] === undefined ? [shell] : [shell, { kind: 'repl', language }];
}

export function programName(program: TerminalProgram): string {
  return program.kind === 'shell' ? 'shell' : (PROMPTS[program.language] ?? `Prompt of ${program.language}`);
}

/** How a terminal stands, in a sentence; nothing for one that is open. */
export function standWords(stand: Stand): string {
  if (stand.kind === 'open') return '';
  if (stand.kind === 'waiting') return 'Waiting for a machine…';
  if (stand.reason === null) return 'It has ended while this page was not connected.';
  const code = stand.exitCode === null ? '' : ` (exit ${stand.exitCode})`;
  return `${ENDS[stand.reason]}${code}.`;
}

/** How long a machine has been waited for; after a while also why that may be. */
export function waitWords(since: number, now: number): string {
  const seconds = Math.max(0, Math.round((now - since) / 1_000));
  return seconds < COLD_START_S ? `${seconds} s` : `${seconds} s. A first start can take a minute.`;
}
