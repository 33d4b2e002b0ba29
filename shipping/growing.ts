/** Bytes that are added to, doubling where they no longer fit. */
export interface Growing { bytes: Buffer; used: number }

export const growing = (): Growing => ({ bytes: Buffer.allocUnsafeSlow(4_096), used: 0 });

/** Makes room for so many more bytes. @returns where they begin. */
export function grow(into: Growing, more: number): number {
  const at = into.used;
  into.used = at + more;
  if (into.used > into.bytes.length) {
    const larger = Buffer.allocUnsafeSlow(Math.max(into.used, into.bytes.length * 2));
    into.bytes.copy(larger, 0, 0, at);
    into.bytes = larger;
  }
  return at;
}

/** Adds a part of other bytes; a few go one by one, which costs less than a call. */
export function addBytes(into: Growing, from: Buffer, start: number, end: number): void {
  const at = grow(into, end - start);
  if (end - start > 48) from.copy(into.bytes, at, start, end);
  else for (let i = start; i < end; i++) into.bytes[at + i - start] = from[i]!;
}

export function addInt32(into: Growing, value: number): void {
  const at = grow(into, 4);
  into.bytes.writeInt32LE(value, at);
}

export function addDouble(into: Growing, value: number): void {
  const at = grow(into, 8);
  into.bytes.writeDoubleLE(value, at);
}

/** Adds a text behind its length. */
export function addText(into: Growing, text: string): void {
  const bytes = Buffer.from(text);
  addInt32(into, bytes.length);
  addBytes(into, bytes, 0, bytes.length);
}

export const filled = ({ bytes, used }: Growing): Buffer => bytes.subarray(0, used);
