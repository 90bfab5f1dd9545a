/** Reads what editors say of themselves by Yjs awareness. Everything in it came from other clients: nothing is sure. */
import type { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';

/** An editor of a participant: of several tabs the one that was heard of last. */
export interface RemoteEditor {
  readonly clientId: number;
  readonly file: string;
  /** The participant whom this one follows. */
  readonly following: string | null;
}

/** What part of a file somebody sees. */
export interface Viewport {
  readonly file: string;
  /** A relative position, as JSON: the beginning of the first visible line. */
  readonly top: unknown;
}

/** Each participant's editor. */
export function editorsOf(awareness: Awareness): Map<string, RemoteEditor> {
  const heard = (clientId: number): number =>
    clientId === awareness.clientID ? Infinity : (awareness.meta.get(clientId)?.lastUpdated ?? 0);
  const states = [...awareness.getStates()].sort(([a], [b]) => heard(a) - heard(b));
  const found = new Map<string, RemoteEditor>();
  for (const [clientId, state] of states) {
    const user = state['user'] as { id?: unknown; file?: unknown } | undefined;
    if (typeof user?.id !== 'string' || typeof user.file !== 'string') continue;
    const following: unknown = state['following'];
    found.set(user.id, {
      clientId,
      file: user.file,
      following: typeof following === 'string' ? following : null,
    });
  }
  return found;
}

/** The clients of a participant. */
export function clientsOf(awareness: Awareness, participantId: string): number[] {
  return [...awareness.getStates()]
    .filter(([, state]) => (state['user'] as { id?: unknown } | undefined)?.id === participantId)
    .map(([clientId]) => clientId);
}

/** Where an editor's cursor is in its file; null if it has none. */
export function cursorOf(awareness: Awareness, clientId: number): number | null {
  const cursor = awareness.getStates().get(clientId)?.['cursor'] as { head?: unknown } | null | undefined;
  return cursor?.head === undefined ? null : positionOf(awareness.doc, cursor.head);
}

/** The first position that an editor shows of a file; null if it does not say. */
export function topOf(awareness: Awareness, clientId: number, file: string): number | null {
  const viewport = awareness.getStates().get(clientId)?.['viewport'] as Partial<Viewport> | null | undefined;
  return viewport?.file === file ? positionOf(awareness.doc, viewport.top) : null;
}

function positionOf(doc: Y.Doc, json: unknown): number | null {
  try {
    const relative = Y.createRelativePositionFromJSON(json);
    return Y.createAbsolutePositionFromRelativePosition(relative, doc)?.index ?? null;
  } catch {
    return null;
  }
}
