import { crc32 } from "node:zlib";

/** A segment begins with it. */
export const segmentMagic = Buffer.from("RLSPOOL1", "latin1");
/** Length and CRC-32 of what follows, both 32 bits, little-endian. */
export const frameHeaderBytes = 8;

/** What an entry within a frame is. Each begins with its kind (1 byte) and the length of what follows (4). */
export const entryKinds = { contract: 1, prediction: 2, feedback: 3 } as const;
export const entryHeaderBytes = 5;

/** Completes a frame whose entries lie in `bytes` from `frameHeaderBytes` to `end`. */
export function sealFrame(bytes: Buffer, end: number): Buffer {
  bytes.writeUInt32LE(end - frameHeaderBytes, 0);
  bytes.writeUInt32LE(crc32(bytes.subarray(frameHeaderBytes, end)), 4);
  return bytes.subarray(0, end);
}

export interface Entry { readonly kind: number; readonly body: Buffer }

export interface SegmentRead {
  readonly entries: readonly Entry[];
  /** Bytes at the end that were never written whole: what was being written when the process died. */
  readonly torn: number;
  /** Frames before the end whose checksum is wrong: the disk changed them. */
  readonly damaged: number;
}

/** Reads all that a segment holds whole. */
export function readSegment(bytes: Buffer): SegmentRead {
  if (!bytes.subarray(0, segmentMagic.length).equals(segmentMagic)) return { entries: [], torn: 0, damaged: bytes.length < segmentMagic.length ? 0 : 1 };
  const entries: Entry[] = [];
  let damaged = 0;
  let at = segmentMagic.length;
  while (at + frameHeaderBytes <= bytes.length) {
    const end = at + frameHeaderBytes + bytes.readUInt32LE(at);
    if (end > bytes.length) break;
    const payload = bytes.subarray(at + frameHeaderBytes, end);
    const whole = payload.length > 0 && crc32(payload) === bytes.readUInt32LE(at + 4);
    if (!whole && end === bytes.length) break;
    if (whole) entries.push(...entriesOf(payload));
    else damaged++;
    at = end;
  }
  return { entries, torn: bytes.length - at, damaged };
}

function entriesOf(payload: Buffer): Entry[] {
  const entries: Entry[] = [];
  for (let at = 0; at < payload.length;) {
    const end = at + entryHeaderBytes + payload.readUInt32LE(at + 1);
    entries.push({ kind: payload[at]!, body: payload.subarray(at + entryHeaderBytes, end) });
    at = end;
  }
  return entries;
}
