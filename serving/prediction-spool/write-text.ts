/** Writes a text's length in bytes (4) and the text in UTF-8. @returns where it ends. */
export function writeText(into: Buffer, at: number, text: string): number {
  const { length } = text;
  const start = at + 4;
  if (length > 64) return writeLong(into, at, text);
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return writeLong(into, at, text);
    into[start + i] = code;
  }
  return lengthAt(into, at, length);
}

function writeLong(into: Buffer, at: number, text: string): number {
  return lengthAt(into, at, into.write(text, at + 4, "utf8"));
}

function lengthAt(into: Buffer, at: number, bytes: number): number {
  into[at] = bytes;
  into[at + 1] = bytes >>> 8;
  into[at + 2] = bytes >>> 16;
  into[at + 3] = bytes >>> 24;
  return at + 4 + bytes;
}

/** Copies numbers as they lie in memory. A handful goes byte by byte, which costs less than a view. */
export function writeBytes(into: Buffer, at: number, values: Float32Array | Float64Array | BigInt64Array): number {
  if (values.length === 1) return writeOne(into, at, values);
  into.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
  return at + values.byteLength;
}

const scratch = new Uint8Array(8);
const float32 = new Float32Array(scratch.buffer, 0, 1);
const float64 = new Float64Array(scratch.buffer);
const int64 = new BigInt64Array(scratch.buffer);

function writeOne(into: Buffer, at: number, values: Float32Array | Float64Array | BigInt64Array): number {
  if (values instanceof Float32Array) float32[0] = values[0]!;
  else if (values instanceof Float64Array) float64[0] = values[0]!;
  else int64[0] = values[0]!;
  const { byteLength } = values;
  for (let i = 0; i < byteLength; i++) into[at + i] = scratch[i]!;
  return at + byteLength;
}
