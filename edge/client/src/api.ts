/**
 * Calls of `/api/v1`: the envelope, its errors, and one function for each call that the page makes. It holds no
 * state; who is asking comes as `bearer` (see account.ts and admission.ts).
 */
import type {
  ChatPage,
  CreateLinkRequest,
  CreateRoomRequest,
  RoomRunRequest,
  ErrorBody,
  ErrorCode,
  FieldError,
  Languages,
  Link,
  LinkAnswer,
  LoginRequest,
  Meta,
  Page,
  RegisterRequest,
  Room,
  RoomAnswer,
  RoomToken,
  RoomTokenRequest,
  RunAnswer,
  Session,
} from './wire.ts';

const BASE = '/api/v1';
/** Calls are small; one that takes longer than this has lost its connection. */
const TIMEOUT_MS = 20_000;

/** Why a call failed, in words for the person in front of the screen. */
export class ApiError extends Error {
  constructor(
    /** The word to switch on; `NETWORK` when no answer came at all. */
    readonly code: ErrorCode | 'NETWORK',
    message: string,
    /** The wrong fields of a `VALIDATION_FAILED`. */
    readonly fields: readonly FieldError[] = [],
    /** When to come back, if the server said so. */
    readonly retryAfterSeconds: number | null = null,
    /** Finds the failure in the logs. */
    readonly requestId: string | null = null,
    /** More, by code. */
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
  }
}

interface CallOptions {
  readonly body?: unknown;
  readonly bearer?: string | null;
  readonly idempotencyKey?: string;
}

type Answer<T> = { success: true; data: T; meta: Meta } | { success: false; error: ErrorBody; meta: Meta };

/** A call that answers with an envelope. */
export async function call<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
  const response = await send(method, path, options, AbortSignal.timeout(TIMEOUT_MS));
  const answer = await answerOf<T>(response);
  if (answer?.success) return answer.data;
  // A call that answers nothing promises nothing: its `T` is void.
  if (answer === null && response.ok) return undefined as T;
  throw errorOf(response, failureOf(answer));
}

/** A call that answers with bytes, however many; `onBytes` hears how many have come. */
export async function download(
  path: string,
  bearer: string,
  onBytes: (received: number) => void = () => undefined,
  signal?: AbortSignal,
): Promise<Blob> {
  const silence = new AbortController();
  const ends = signal === undefined ? silence.signal : AbortSignal.any([silence.signal, signal]);
  let timer = setTimeout(() => silence.abort(), TIMEOUT_MS);
  const chunks: BlobPart[] = [];
  let received = 0;
  try {
    const response = await send('GET', path, { bearer }, ends);
    if (!response.ok) throw errorOf(response, failureOf(await answerOf(response)));
    const reader = response.body?.getReader();
    for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), TIMEOUT_MS);
      chunks.push(part.value);
      received += part.value.length;
      onBytes(received);
    }
  } catch (error) {
    throw error instanceof ApiError ? error : unreachable();
  } finally {
    clearTimeout(timer);
  }
  return new Blob(chunks);
}

async function send(
  method: string,
  path: string,
  options: CallOptions,
  signal: AbortSignal,
): Promise<Response> {
  const headers = new Headers({ accept: 'application/json' });
  if (options.body !== undefined) headers.set('content-type', 'application/json');
  if (options.bearer) headers.set('authorization', `Bearer ${options.bearer}`);
  if (options.idempotencyKey) headers.set('idempotency-key', options.idempotencyKey);
  const body = options.body === undefined ? null : JSON.stringify(options.body);
  try {
    return await fetch(BASE + path, { method, headers, body, signal });
  } catch {
    throw unreachable();
  }
}

/** Null where no envelope came. */
async function answerOf<T>(response: Response): Promise<Answer<T> | null> {
  if (response.status === 204) return null;
  return (await response.json().catch(() => null)) as Answer<T> | null;
}

function failureOf(answer: Answer<unknown> | null): { error: ErrorBody; meta: Meta } | null {
  return answer?.success === false ? answer : null;
}

function unreachable(): ApiError {
  return new ApiError('NETWORK', 'Tutti cannot be reached. Check your connection and try again.');
}

function errorOf(response: Response, answer: { error: ErrorBody; meta: Meta } | null): ApiError {
  if (answer === null) {
    return new ApiError(
      'UNAVAILABLE',
      `Tutti answered with an error (${response.status}). Try again in a moment.`,
    );
  }
  const { code, message, details } = answer.error;
  const fields = Array.isArray(details?.['fields']) ? (details['fields'] as FieldError[]) : [];
  const seconds = Number(response.headers.get('retry-after'));
  const retryAfter = Number.isFinite(seconds) && seconds > 0 ? seconds : null;
  return new ApiError(code, message, fields, retryAfter, answer.meta.requestId, details);
}

/** A failure as one sentence, with what to do about it where that is known. */
export function explain(error: unknown): string {
  if (!(error instanceof ApiError)) return error instanceof Error ? error.message : 'Something went wrong.';
  const said = error.message.charAt(0).toUpperCase() + error.message.slice(1);
  const sentence = /[.!?…]$/.test(said) ? said : `${said}.`;
  const saysWhen = / in \d+ s\.$/.test(sentence);
  if (error.retryAfterSeconds !== null && !saysWhen)
    return `${sentence} Try again in ${waitOf(error.retryAfterSeconds)}.`;
  if (error.code === 'INTERNAL_ERROR' && error.requestId !== null) {
    return `${sentence} If it stays, report request ${error.requestId}.`;
  }
  return sentence;
}

/** Seconds for as long as somebody would sit and wait. */
function waitOf(seconds: number): string {
  return seconds < 120 ? `${seconds} s` : `${Math.ceil(seconds / 60)} minutes`;
}

export const register = (body: RegisterRequest): Promise<Session> => call('POST', '/auth/register', { body });

export const login = (body: LoginRequest): Promise<Session> => call('POST', '/auth/login', { body });

export const refresh = (): Promise<Session> => call('POST', '/auth/refresh', { body: {} });

export const logout = (bearer: string | null): Promise<void> =>
  call('POST', '/auth/logout', { body: {}, bearer });

export const languages = (): Promise<Languages> => call('GET', '/languages');

export const createRoom = (body: CreateRoomRequest, bearer: string | null): Promise<RoomAnswer> =>
  call('POST', '/rooms', { body, bearer });

export const myRooms = (bearer: string): Promise<Page<Room>> => call('GET', '/rooms?limit=20', { bearer });

export const room = (id: string, bearer: string | null): Promise<RoomAnswer> =>
  call('GET', `/rooms/${id}`, { bearer });

export const roomToken = (id: string, body: RoomTokenRequest, bearer: string | null): Promise<RoomToken> =>
  call('POST', `/rooms/${id}/token`, { body, bearer });

export const createLink = (id: string, body: CreateLinkRequest, bearer: string): Promise<LinkAnswer> =>
  call('POST', `/rooms/${id}/links`, { body, bearer });

export const links = (id: string, bearer: string): Promise<Page<Link>> =>
  call('GET', `/rooms/${id}/links`, { bearer });

export const revokeLink = (id: string, link: string, bearer: string): Promise<void> =>
  call('DELETE', `/rooms/${id}/links/${link}`, { bearer });

export const olderChat = (id: string, before: number, bearer: string): Promise<ChatPage> =>
  call('GET', `/rooms/${id}/chat?before=${before}&limit=50`, { bearer });

/** Starts a run of the room's files. A repeated call with the same key starts nothing new. */
export const startRun = (
  id: string,
  body: RoomRunRequest,
  bearer: string,
  idempotencyKey: string,
): Promise<RunAnswer> => call('POST', `/rooms/${id}/runs`, { body, bearer, idempotencyKey });

export const cancelRun = (run: string, bearer: string): Promise<RunAnswer> =>
  call('POST', `/runs/${run}/cancel`, { bearer });
