/**
 * Languages twice over: those that the runner executes (from the API), and those that the editor highlights
 * (CodeMirror packs, each loaded when a file of it is first opened).
 */
import type { Extension } from '@codemirror/state';
import * as api from './api.ts';
import type { LanguageInfo } from './wire.ts';

let known: Promise<LanguageInfo[]> | null = null;

/** The languages that can be run, asked for once; a failure is forgotten so that the next call asks again. */
export function runnable(): Promise<LanguageInfo[]> {
  known ??= api.languages().then(
    (answer) => answer.items,
    (error: unknown) => {
      known = null;
      throw error;
    },
  );
  return known;
}

/** What follows the last dot of the file's name, in lower case. */
export function extensionOf(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  return dot < 0 ? '' : name.slice(dot + 1).toLowerCase();
}

/** The runnable language of a file, or null. */
export function languageOf(path: string, languages: readonly LanguageInfo[]): LanguageInfo | null {
  const extension = extensionOf(path);
  return languages.find((language) => language.extension.replace(/^\./, '') === extension) ?? null;
}

interface Highlighting {
  /** Spaces of one indentation; 0 stands for a tab. */
  readonly indent: number;
  readonly load: () => Promise<Extension>;
}

const javascript = (options: { typescript?: boolean; jsx?: boolean }): Highlighting => ({
  indent: 2,
  load: async () => (await import('@codemirror/lang-javascript')).javascript(options),
});
const python: Highlighting = {
  indent: 4,
  load: async () => (await import('@codemirror/lang-python')).python(),
};
const cpp: Highlighting = { indent: 4, load: async () => (await import('@codemirror/lang-cpp')).cpp() };
const shell: Highlighting = {
  indent: 2,
  load: async () => {
    const [{ StreamLanguage }, { shell: mode }] = await Promise.all([
      import('@codemirror/language'),
      import('@codemirror/legacy-modes/mode/shell'),
    ]);
    return StreamLanguage.define(mode);
  },
};
const html: Highlighting = { indent: 2, load: async () => (await import('@codemirror/lang-html')).html() };
const markdown: Highlighting = {
  indent: 2,
  load: async () => (await import('@codemirror/lang-markdown')).markdown(),
};

const BY_EXTENSION: Readonly<Record<string, Highlighting>> = {
  js: javascript({ jsx: true }),
  mjs: javascript({}),
  cjs: javascript({}),
  jsx: javascript({ jsx: true }),
  ts: javascript({ typescript: true }),
  tsx: javascript({ typescript: true, jsx: true }),
  py: python,
  c: cpp,
  h: cpp,
  cc: cpp,
  cpp,
  cxx: cpp,
  hpp: cpp,
  java: { indent: 4, load: async () => (await import('@codemirror/lang-java')).java() },
  go: { indent: 0, load: async () => (await import('@codemirror/lang-go')).go() },
  rs: { indent: 4, load: async () => (await import('@codemirror/lang-rust')).rust() },
  sh: shell,
  bash: shell,
  html,
  htm: html,
  css: { indent: 2, load: async () => (await import('@codemirror/lang-css')).css() },
  json: { indent: 2, load: async () => (await import('@codemirror/lang-json')).json() },
  md: markdown,
  markdown,
};

/** How the editor highlights and indents a file; null for plain text. */
export function highlightingOf(path: string): Highlighting | null {
  return BY_EXTENSION[extensionOf(path)] ?? null;
}
