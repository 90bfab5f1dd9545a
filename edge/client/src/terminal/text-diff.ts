/**
 * How one text becomes another: by lines for a person to read, by words for a shared text, so that what others write
 * beside a change stays. Pure.
 */
import { diff } from 'lib0/diff/patience';
import type { FileDiff } from '../wire.ts';

/** Lines around each piece of a unified diff. */
const CONTEXT = 3;
const NO_NEWLINE = '\\ No newline at end of file';

/** At `from`, `removed` characters give way to `inserted`. */
export interface Replacement {
  readonly from: number;
  readonly removed: number;
  readonly inserted: string;
}

interface Piece {
  /** The line it begins at, from 0: in the one text, in the other. */
  readonly before: number;
  readonly after: number;
  readonly remove: readonly string[];
  readonly insert: readonly string[];
}

/** In the order of the text; positions are those of `before`. */
export function replacements(before: string, after: string): Replacement[] {
  const starts = startsOf(linesOf(before));
  const found: Replacement[] = [];
  for (const piece of diff(linesOf(before), linesOf(after))) {
    const old = piece.remove.join('');
    const line = starts[piece.index] ?? before.length;
    const inside = startsOf(wordsOf(old));
    for (const { index, remove, insert } of diff(wordsOf(old), wordsOf(piece.insert.join('')))) {
      const from = line + (inside[index] ?? old.length);
      found.push({ from, removed: remove.join('').length, inserted: insert.join('') });
    }
  }
  return found;
}

/** The difference of a file in the form in which the history shows it; null stands for no file. */
export function fileDiff(path: string, before: string | null, after: string | null): FileDiff {
  const old = linesOf(before ?? '');
  const pieces = piecesOf(old, linesOf(after ?? ''));
  const count = (pick: (piece: Piece) => readonly string[]): number =>
    pieces.reduce((sum, piece) => sum + pick(piece).length, 0);
  return {
    path,
    change: before === null ? 'added' : after === null ? 'removed' : 'changed',
    added: count(({ insert }) => insert),
    removed: count(({ remove }) => remove),
    unified: hunksOf(pieces)
      .map((hunk) => unified(hunk, old))
      .join(''),
  };
}

function piecesOf(before: string[], after: string[]): Piece[] {
  let shift = 0;
  return diff(before, after).map(({ index, remove, insert }) => {
    const piece = { before: index, after: index + shift, remove, insert };
    shift += insert.length - remove.length;
    return piece;
  });
}

/** Pieces whose surroundings touch belong together. */
function hunksOf(pieces: readonly Piece[]): Piece[][] {
  const hunks: Piece[][] = [];
  let end = -Infinity;
  for (const piece of pieces) {
    if (piece.before - end <= 2 * CONTEXT) hunks.at(-1)?.push(piece);
    else hunks.push([piece]);
    end = piece.before + piece.remove.length;
  }
  return hunks;
}

function unified(hunk: readonly Piece[], old: readonly string[]): string {
  const [first, last] = [hunk[0], hunk.at(-1)];
  if (first === undefined || last === undefined) return '';
  const start = Math.max(0, first.before - CONTEXT);
  const end = Math.min(old.length, last.before + last.remove.length + CONTEXT);
  const lines: string[] = [];
  let at = start;
  for (const { before, remove, insert } of hunk) {
    lines.push(...old.slice(at, before).map((line) => signed(' ', line)));
    lines.push(...remove.map((line) => signed('-', line)), ...insert.map((line) => signed('+', line)));
    at = before + remove.length;
  }
  lines.push(...old.slice(at, end).map((line) => signed(' ', line)));
  const grown = hunk.reduce((sum, { remove, insert }) => sum + insert.length - remove.length, 0);
  const length = end - start;
  const head = `@@ -${range(start, length)} +${range(start + first.after - first.before, length + grown)} @@\n`;
  return head + lines.join('');
}

/** An empty range names the line before it. */
function range(start: number, length: number): string {
  return `${length === 0 ? start : start + 1},${length}`;
}

function signed(sign: string, line: string): string {
  return line.endsWith('\n') ? sign + line : `${sign}${line}\n${NO_NEWLINE}\n`;
}

/** Each with its line end. */
function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function wordsOf(text: string): string[] {
  return text.match(/\n|[^\S\n]+|[\p{L}\p{N}_]+|./gu) ?? [];
}

function startsOf(parts: readonly string[]): number[] {
  let at = 0;
  return parts.map((part) => {
    const start = at;
    at += part.length;
    return start;
  });
}
