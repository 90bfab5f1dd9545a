/** Mentions in the chat: `@name`, or `@"name with spaces"`. Pure; the same rules as the room's. */

/** Somebody who can be mentioned. */
export interface Named {
  readonly id: string;
  readonly name: string;
}

export interface Mention {
  /** Where it stands in the text, with its `@` and its quotes. */
  readonly from: number;
  readonly to: number;
  readonly id: string;
}

/** What is being written after an `@`. */
export interface MentionStart {
  /** Where the `@` stands. */
  readonly from: number;
  readonly typed: string;
}

const SUGGESTED_MAX = 6;
const TYPED_MAX = 40;
const LETTER = /[\p{Alphabetic}\p{N}]/u;

/** The mentions in a text. Of names that fit at one place, the longest counts. */
export function mentionsIn(text: string, people: readonly Named[]): Mention[] {
  const found: Mention[] = [];
  for (let from = text.indexOf('@'); from !== -1; from = text.indexOf('@', from + 1)) {
    if (!startsHere(text, from)) continue;
    const fitting = people
      .map(({ id, name }) => ({ id, from, to: endOf(text, from + 1, name) }))
      .filter((fit): fit is Mention => fit.to !== null);
    const longest = Math.max(...fitting.map(({ to }) => to));
    const mention = fitting.find(({ to }) => to === longest);
    if (mention !== undefined) found.push(mention);
  }
  return found;
}

/** The mention that is being written at the caret, if one is. */
export function mentionAt(text: string, caret: number): MentionStart | null {
  const from = text.lastIndexOf('@', caret - 1);
  if (from === -1 || !startsHere(text, from)) return null;
  const typed = text.slice(from + 1, caret).replace(/^"/, '');
  return typed.length > TYPED_MAX || /["\n]/.test(typed) ? null : { from, typed };
}

/** Whom what was typed may mean: names that start with it first, then those of which a word does. */
export function suggest(typed: string, people: readonly Named[]): Named[] {
  const wanted = typed.toLowerCase();
  const rank = ({ name }: Named): number => {
    const lower = name.toLowerCase();
    if (lower.startsWith(wanted)) return 0;
    return lower.split(/\s+/).some((word) => word.startsWith(wanted)) ? 1 : 2;
  };
  return people
    .filter((person) => rank(person) < 2)
    .sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name))
    .slice(0, SUGGESTED_MAX);
}

/** How a name is written in a message. */
export function spell(name: string): string {
  return /^[\p{Alphabetic}\p{N}_]+$/u.test(name) ? `@${name}` : `@"${name}"`;
}

/** Behind a letter an `@` is part of an address. */
function startsHere(text: string, at: number): boolean {
  const before = [...text.slice(Math.max(0, at - 2), at)].at(-1);
  return before === undefined || !LETTER.test(before);
}

/** Where the name ends that starts here; null if another text starts here. */
function endOf(text: string, start: number, name: string): number | null {
  const isQuoted = text[start] === '"';
  const begin = isQuoted ? start + 1 : start;
  const end = begin + name.length;
  if (name === '' || text.slice(begin, end).toLowerCase() !== name.toLowerCase()) return null;
  const next = [...text.slice(end, end + 2)][0];
  if (isQuoted) return next === '"' ? end + 1 : null;
  return next === undefined || !(LETTER.test(next) || next === '_') ? end : null;
}
