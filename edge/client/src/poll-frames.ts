/**
 * The frames of the HTTP fallback, as bytes: kind u8, length u32 big-endian, content. The content of a close frame
 * is its code, u16 big-endian, and its reason. Pure.
 */

export type Frame =
  | { readonly kind: 'binary'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'close'; readonly code: number; readonly reason: string };

const BINARY = 0;
const TEXT = 1;
const CLOSE = 2;
const HEAD_BYTES = 5;

export function encodeFrame(frame: Exclude<Frame, { kind: 'close' }>): Uint8Array<ArrayBuffer> {
  const content = frame.kind === 'binary' ? frame.bytes : new TextEncoder().encode(frame.text);
  const bytes = new Uint8Array(HEAD_BYTES + content.length);
  const head = new DataView(bytes.buffer);
  head.setUint8(0, frame.kind === 'binary' ? BINARY : TEXT);
  head.setUint32(1, content.length);
  bytes.set(content, HEAD_BYTES);
  return bytes;
}

/** Reads a whole body; null where it is not made of frames. */
export function decodeFrames(body: ArrayBuffer): Frame[] | null {
  const view = new DataView(body);
  const frames: Frame[] = [];
  let at = 0;
  while (at < body.byteLength) {
    if (body.byteLength - at < HEAD_BYTES) return null;
    const start = at + HEAD_BYTES;
    at = start + view.getUint32(at + 1);
    if (at > body.byteLength) return null;
    const frame = frameOf(view.getUint8(start - HEAD_BYTES), new Uint8Array(body.slice(start, at)));
    if (frame === null) return null;
    frames.push(frame);
  }
  return frames;
}

function frameOf(kind: number, bytes: Uint8Array<ArrayBuffer>): Frame | null {
  if (kind === BINARY) return { kind: 'binary', bytes };
  if (kind === TEXT) return { kind: 'text', text: new TextDecoder().decode(bytes) };
  if (kind !== CLOSE || bytes.length < 2) return null;
  const code = new DataView(bytes.buffer).getUint16(0);
  return { kind: 'close', code, reason: new TextDecoder().decode(bytes.subarray(2)) };
}
