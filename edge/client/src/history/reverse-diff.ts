/** A diff the other way round: the server compares an earlier moment with a later one only. Pure. */
import type { DocumentDiff, FileChange, FileDiff } from '../wire.ts';

const OPPOSITES: Readonly<Record<FileChange, FileChange>> = {
  added: 'removed',
  removed: 'added',
  changed: 'changed',
};

export function reversed(diff: DocumentDiff): DocumentDiff {
  return { from: diff.to, to: diff.from, files: diff.files.map(reversedFile) };
}

function reversedFile({ path, change, added, removed, unified }: FileDiff): FileDiff {
  return {
    path,
    change: OPPOSITES[change],
    added: removed,
    removed: added,
    unified: reversedUnified(unified),
  };
}

/** What goes stands before what comes, so that the lines of each piece change places as well as signs. */
function reversedUnified(unified: string): string {
  const lines: string[] = [];
  let going: string[] = [];
  let coming: string[] = [];
  let last = lines;
  const flush = (): void => {
    lines.push(...going, ...coming);
    [going, coming] = [[], []];
    last = lines;
  };
  for (const line of unified.split('\n')) {
    if (line.startsWith('+')) (last = going).push(`-${line.slice(1)}`);
    else if (line.startsWith('-')) (last = coming).push(`+${line.slice(1)}`);
    else if (line.startsWith('\\')) last.push(line);
    else {
      flush();
      lines.push(line.replace(/^@@ -(\S+) \+(\S+) @@/, '@@ -$2 +$1 @@'));
    }
  }
  flush();
  return lines.join('\n');
}
