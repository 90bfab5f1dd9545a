/** Makes a room of its own out of a moment, and remembers which forks this browser has made. */
import { openDialog } from '../dialogs.ts';
import { h } from '../dom.ts';
import { Field, form } from '../forms.ts';
import { readJson, rememberRoom, writeJson } from '../storage.ts';
import * as calls from './calls.ts';
import { roomName, timeWords, type HistoryContext } from './context.ts';

const ROOM_NAME_MAX_CHARS = 100;
const FORKS_KEPT = 20;

/** A fork that was made here. */
export interface KnownFork {
  readonly id: string;
  readonly name: string;
}

export function knownForks(roomId: string): KnownFork[] {
  const forks = readJson<KnownFork[]>(keyOf(roomId));
  return Array.isArray(forks) ? forks : [];
}

export function openFork(context: HistoryContext, position: number, at: number | null): void {
  const when = at === null ? 'at the beginning' : `at ${timeWords(at)}`;
  const name = new Field({
    name: 'name',
    label: 'Name of the new room',
    value: `${roomName(context.roomId)} (fork)`.slice(-ROOM_NAME_MAX_CHARS),
    maxLength: ROOM_NAME_MAX_CHARS,
    testId: 'fork-name',
  });
  const submit = async (): Promise<void> => {
    const body = { name: name.value, position };
    const { room, ownerKey } = await calls.fork(context.roomId, body, await context.token());
    rememberRoom(room.id, {
      name: room.name,
      visitedAt: Date.now(),
      ...(ownerKey === undefined ? {} : { ownerKey }),
    });
    const others = knownForks(context.roomId).filter(({ id }) => id !== room.id);
    writeJson(keyOf(context.roomId), [{ id: room.id, name: room.name }, ...others].slice(0, FORKS_KEPT));
    location.assign(`/r/${room.id}`);
  };
  openDialog({
    title: 'Fork the room',
    testId: 'fork-dialog',
    body: [
      h(
        'p',
        { class: 'dialog-text' },
        `A fork is a room of your own with the files as they were ${when}. What happens there changes nothing here, and can be merged back later.`,
      ),
      form({ fields: [name], action: 'Fork and open', testId: 'confirm-fork', submit }),
    ],
  });
  name.input.select();
}

function keyOf(roomId: string): string {
  return `tutti.forks.${roomId}`;
}
