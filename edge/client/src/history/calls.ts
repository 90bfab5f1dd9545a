/** Calls of a room's past: one function for each. Who is asking comes as `bearer`: a token of the room. */
import { call, download } from '../api.ts';
import type {
  CreateSnapshotRequest,
  DocumentDiff,
  ForkRoomRequest,
  HistoryPage,
  MergeAnswer,
  MergeRequest,
  RestoreAnswer,
  RoomAnswer,
  SnapshotAnswer,
  SnapshotPage,
} from '../wire.ts';
import { reversed } from './reverse-diff.ts';

/** The most that one page holds. */
const PAGE_ITEMS = 1_000;
const SNAPSHOTS_PER_PAGE = 20;

/** The log after a position. */
export const page = (room: string, after: number, bearer: string, limit = PAGE_ITEMS): Promise<HistoryPage> =>
  call('GET', `/rooms/${room}/history?after=${after}&limit=${limit}`, { bearer });

/** The document at a position, as an update of an empty one. */
export async function state(
  room: string,
  at: number,
  bearer: string,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const blob = await download(`/rooms/${room}/history/state?at=${at}`, bearer, undefined, signal);
  return new Uint8Array(await blob.arrayBuffer());
}

/** What changes from one position to another, whichever of them is the later. */
export async function diff(room: string, from: number, to: number, bearer: string): Promise<DocumentDiff> {
  if (to < from) return reversed(await diff(room, to, from, bearer));
  return call('GET', `/rooms/${room}/history/diff?from=${from}&to=${to}`, { bearer });
}

export const snapshots = (room: string, cursor: string | null, bearer: string): Promise<SnapshotPage> => {
  const after = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
  return call('GET', `/rooms/${room}/snapshots?limit=${SNAPSHOTS_PER_PAGE}${after}`, { bearer });
};

export const takeSnapshot = (
  room: string,
  body: CreateSnapshotRequest,
  bearer: string,
): Promise<SnapshotAnswer> => call('POST', `/rooms/${room}/snapshots`, { body, bearer });

export const deleteSnapshot = (room: string, snapshot: string, bearer: string): Promise<void> =>
  call('DELETE', `/rooms/${room}/snapshots/${snapshot}`, { bearer });

export const restore = (room: string, position: number, bearer: string): Promise<RestoreAnswer> =>
  call('POST', `/rooms/${room}/restore`, { body: { position }, bearer });

export const fork = (room: string, body: ForkRoomRequest, bearer: string): Promise<RoomAnswer> =>
  call('POST', `/rooms/${room}/fork`, { body, bearer });

export const merge = (room: string, body: MergeRequest, bearer: string): Promise<MergeAnswer> =>
  call('POST', `/rooms/${room}/merge`, { body, bearer });

export const eraseAuthor = (room: string, author: string, bearer: string): Promise<void> =>
  call('DELETE', `/rooms/${room}/authors/${author}`, { bearer });

/** The whole room in one archive. */
export const archive = (room: string, bearer: string, onBytes: (received: number) => void): Promise<Blob> =>
  download(`/rooms/${room}/export.zip`, bearer, onBytes);
